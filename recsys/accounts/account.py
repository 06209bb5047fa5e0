"""One account, as it is known after signing in, and the local account of a server without sign-in."""

import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from recsys.database.engine import Store
from recsys.database.schema import AccountRow, AuditRow

LOCAL = "local"
"""Issuer and subject of the account of a server without sign-in, and of the command line."""


@dataclass(frozen=True)
class Account:
    """An account that acts. `id` is that of its row in the store."""

    id: str
    name: str
    role: str

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


def open_local_account(store: Store) -> Account:
    """Return the account of the owner of this machine, who may do everything."""
    return save_account(store, LOCAL, LOCAL, name=LOCAL, email="", role="admin")


def save_account(store: Store, issuer: str, subject: str, name: str, email: str, role: str) -> Account:
    """Return the account of a person who signs in, with a row in the store; name, email, role and the last sign-in are brought up to date."""
    with store.write() as session:
        row = session.scalar(select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == subject))
        if row is None:
            row = AccountRow(issuer=issuer, subject=subject)
            session.add(row)
        row.name, row.email, row.role, row.last_seen = name, email, role, time.time()
        session.flush()
        return Account(row.id, row.name, row.role)


def record_action(session: Session, account: Account, action: str, subject: str) -> None:
    """Add an entry to the audit log, in the transaction of what was done."""
    session.add(AuditRow(account_id=account.id, action=action, subject=subject))
