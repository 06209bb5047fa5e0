"""The audit log: each entry is added in the transaction of what was done, and admins read them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.accounts.roles import check_allowed
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, AuditRow


@dataclass(frozen=True)
class AuditEntry:
    """An action in the audit log. `account` is the name of who did it, or their id where the account is erased."""

    time: float
    account_id: str
    account: str
    action: str
    subject: str


def record_action(session: Session, account: Account, action: str, subject: str) -> None:
    """Add an entry to the audit log, in the transaction of what was done."""
    session.add(AuditRow(account_id=account.id, action=action, subject=subject))


def list_actions(
    store: Store, account: Account, account_id: str | None = None, action: str | None = None, since: float | None = None, limit: int = 1_000
) -> list[AuditEntry]:
    """Return entries of the audit log for an admin, the latest first: those of one account, of one kind, or since a time."""
    check_allowed(account, "manage accounts")
    query = select(AuditRow, AccountRow.name).outerjoin(AccountRow, AccountRow.id == AuditRow.account_id)
    if account_id is not None:
        query = query.where(AuditRow.account_id == account_id)
    if action is not None:
        query = query.where(AuditRow.action == action)
    if since is not None:
        query = query.where(AuditRow.created >= since)
    with store.read() as session:
        found = session.execute(query.order_by(AuditRow.created.desc(), AuditRow.id.desc()).limit(limit))
        return [AuditEntry(row.created, row.account_id, name or row.account_id, row.action, row.subject) for row, name in found]


def list_action_kinds(store: Store, account: Account) -> list[str]:
    """Return the kinds of actions in the audit log for an admin."""
    check_allowed(account, "manage accounts")
    with store.read() as session:
        return list(session.scalars(select(AuditRow.action).distinct().order_by(AuditRow.action)))
