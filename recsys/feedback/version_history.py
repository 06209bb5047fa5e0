"""The history of a checkpoint and its versions in the audit log: who refitted, promoted or deleted what, and when."""

from dataclasses import dataclass

from sqlalchemy import func, select

from recsys.database.engine import Store
from recsys.database.schema import AccountRow, AuditRow
from recsys.feedback.version_names import SEPARATOR

AUDITED_ACTIONS = ("refit", "promote version", "roll back", "delete version", "save schedule", "delete schedule")


@dataclass(frozen=True)
class HistoryEntry:
    """One entry of the audit log about a checkpoint. `account` is a name, empty once the account is erased; `subject` the versions."""

    account: str
    action: str
    subject: str
    created: float


def list_history(store: Store, dataset: str, checkpoint: str, limit: int = 20) -> list[HistoryEntry]:
    """Return the latest entries about a checkpoint, its versions and its schedule, the newest first."""
    about = f"{dataset}/{checkpoint}"
    wanted = (
        select(AuditRow, func.coalesce(AccountRow.name, ""))
        .outerjoin(AccountRow, AccountRow.id == AuditRow.account_id)
        .where(AuditRow.action.in_(AUDITED_ACTIONS))
        .where(
            AuditRow.subject.startswith(f"{about}{SEPARATOR}", autoescape=True)
            | AuditRow.subject.startswith(f"{about} ", autoescape=True)
            | (AuditRow.subject == about)
        )
        .order_by(AuditRow.created.desc(), AuditRow.id.desc())
        .limit(limit)
    )
    with store.read() as session:
        rows = session.execute(wanted).tuples().all()
    return [HistoryEntry(name, row.action, row.subject.removeprefix(f"{dataset}/"), row.created) for row, name in rows]
