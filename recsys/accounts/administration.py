"""Accounts and their roles as admins see and change them."""

from collections.abc import Sequence

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.orm import Session

from recsys.accounts.account import LOCAL, Account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import ROLES, check_allowed
from recsys.accounts.tokens import ISSUER as TOKEN
from recsys.core.errors import DataError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow


def list_accounts(store: Store, account: Account) -> list[AccountRow]:
    """Return all accounts for an admin, the latest visitor first."""
    check_allowed(account, "manage accounts")
    with store.read() as session:
        return list(session.scalars(select(AccountRow).order_by(AccountRow.last_seen.desc(), AccountRow.id)))


def set_role(store: Store, account: Account, whom: str, role: str | None) -> Account:
    """Set the role of an account, by its id or verified address; None gives back the role by sign-in. Return the changed account."""
    check_allowed(account, "manage accounts")
    if role is not None and role not in ROLES:
        raise unknown("role", role, ROLES)
    with store.write() as session:
        row = find_account_row(session, whom)
        if row.issuer == TOKEN:
            raise DataError(_("the role of the token {name} was given when it was made; revoke it and make another", name=row.name))
        if row.issuer == LOCAL:
            raise DataError(_("the account {name} is that of the owner of this machine, whose role is always admin", name=row.name))
        row.assigned_role = role
        row.role = role or row.claimed_role or ROLES[0]
        record_action(session, account, "set role", f"{row.id} {row.role}" if role else f"{row.id} by sign-in ({row.role})")
        return Account(row.id, row.name, row.role)


def find_account_row(session: Session, whom: str) -> AccountRow:
    """Return the row of an account by its id or verified address, or "local"; raise a DataError where there is none or several."""
    has_address = and_(AccountRow.email != "", func.lower(AccountRow.email) == whom.lower())  # it is empty unless verified
    is_local = and_(AccountRow.issuer == LOCAL, literal(whom == LOCAL))
    return _choose(session.scalars(select(AccountRow).where(or_(AccountRow.id == whom, has_address, is_local))).all(), whom)


def _choose(rows: Sequence[AccountRow], whom: str) -> AccountRow:
    if not rows:
        raise DataError(
            _("there is no account {name}; give the id or the verified address of a person who has signed in before", name=whom)
        )
    if len(rows) > 1:
        raise DataError(
            _("several accounts have the address {name}; give an id: {ids}", name=whom, ids=", ".join(sorted(row.id for row in rows)))
        )
    return rows[0]
