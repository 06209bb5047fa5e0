"""One account, as it is known after signing in, and the local account of a server without sign-in."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from recsys.core.errors import StoreError
from recsys.database.engine import Store
from recsys.database.schema import AccountRow

LOCAL = "local"
"""Issuer and subject of the account of a server without sign-in, and of the command line."""

LONGEST_NAME = 255
SEEN_SECONDS = 300.0
"""Seconds between two updates of the time at which an account was last seen."""


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
    """Return the account of the owner of this machine, who may do everything.

    The store is written only now and then: each write waits for the disk.
    """
    with store.read() as session:
        row = find_row(session, LOCAL, LOCAL)
        if row is not None and row.role == "admin" and is_lately_seen(row):  # an import adds people without a role
            return to_account(row)
    return save_account(store, LOCAL, LOCAL, name=LOCAL, email="", role="admin")


def save_account(store: Store, issuer: str, subject: str, name: str, email: str, role: str) -> Account:
    """Return the account of a person, with a row in the store; name, email, role and the last visit are brought up to date.

    A role that an admin has set stays.
    """

    def fill(session: Session, row: AccountRow) -> None:
        row.name, row.email, row.role = name, email, row.assigned_role or role

    return update_account(store, issuer, subject, fill)


def update_account(store: Store, issuer: str, subject: str, fill: Callable[[Session, AccountRow], None]) -> Account:
    """Fill in the row of a person, a new one where there is none, in one transaction; return the account."""
    try:
        return _update(store, issuer, subject, fill)
    except StoreError as error:
        if isinstance(error.__cause__, IntegrityError):  # another session has added the same person in between
            return _update(store, issuer, subject, fill)
        raise


def _update(store: Store, issuer: str, subject: str, fill: Callable[[Session, AccountRow], None]) -> Account:
    with store.write() as session:
        row = find_row(session, issuer, subject)
        if row is None:
            row = AccountRow(issuer=issuer, subject=subject, name="", email="", role="none")
            session.add(row)
            session.flush()
        fill(session, row)
        row.last_seen = time.time()
        return to_account(row)


def find_row(session: Session, issuer: str, subject: str) -> AccountRow | None:
    """Return the row of a person, None where there is none."""
    return session.scalar(select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == subject))


def is_lately_seen(row: AccountRow) -> bool:
    """Return whether the time at which a person was last seen is recent enough to stay as it is."""
    return time.time() - row.last_seen < SEEN_SECONDS


def to_account(row: AccountRow) -> Account:
    """Return the account of a row."""
    return Account(row.id, row.name, row.role)
