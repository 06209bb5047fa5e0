"""Erasure of a person's data from the store, complete or not at all. The audit log keeps that it was done, with an id and nothing else."""

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, true, update
from sqlalchemy.orm import Session

from recsys.accounts.account import LOCAL, Account
from recsys.accounts.administration import find_account_row
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import check_allowed
from recsys.database.counts import change_counts, count_rows, filter_first
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, CaseRow, ComparisonRow, FeedbackRow, ImpressionRow, ScheduleRow, TokenRow, VersionRow
from recsys.feedback.version_names import join_version

OF_DATASETS = (FeedbackRow, ImpressionRow, ComparisonRow, CaseRow)
"""Tables whose rows are about a user of a dataset. Feedback goes before the impressions that it refers to."""
OF_ACCOUNTS = (TokenRow, ScheduleRow)


@dataclass(frozen=True)
class Erasure:
    """Rows that were erased by table, or that would be.

    `refitted` are the versions of the checkpoints concerned that were made after the first erased feedback: they may have learnt from it
    and keep that until they are deleted. Later refits do not learn from it.
    """

    subject: str
    rows: Mapping[str, int]
    refitted: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def erase_account(store: Store, account: Account, whom: str, dataset: str | None = None, rehearse: bool = False) -> Erasure:
    """Erase what an account did, on one dataset or on all; without a dataset also its tokens, schedules, name and address.

    `whom` is the id or the verified address of the account, or "local", whose row stays: it names nobody. With `rehearse` rows are only
    counted. Cases of others that the person has changed stay, without the name. Erasing another person's data needs the role admin.
    """
    with _open(store, rehearse) as session:
        row = find_account_row(session, whom)
        if row.id != account.id:
            check_allowed(account, "delete")
        conditions: dict[Any, ColumnElement[bool]] = {}
        for table in OF_DATASETS:
            conditions[table] = (
                table.account_id == row.id if dataset is None else and_(table.account_id == row.id, table.dataset == dataset)
            )
        if dataset is None:
            conditions |= {table: table.account_id == row.id for table in OF_ACCOUNTS}
            if row.issuer != LOCAL:
                conditions[AccountRow] = AccountRow.id == row.id
        subject = f"account {row.id}" + ("" if dataset is None else f" on {dataset}")
        erasure = _erase(session, account, subject, conditions, rehearse)
        if not rehearse:
            where = true() if dataset is None else CaseRow.dataset == dataset
            session.execute(update(CaseRow).where(CaseRow.changed_by == row.id, where).values(changed_by=None))
    store.remove_traces()
    return erasure


def erase_user(store: Store, account: Account, dataset: str, user_id: str, rehearse: bool = False) -> Erasure:
    """Erase what was shown and answered on the timeline of a user of a dataset, by whomever. Needs the role admin."""
    check_allowed(account, "delete")
    with _open(store, rehearse) as session:
        conditions = {table: and_(table.dataset == dataset, table.user_id == user_id) for table in OF_DATASETS}
        erasure = _erase(session, account, f"user {user_id} of {dataset}", conditions, rehearse)
    store.remove_traces()
    return erasure


def _open(store: Store, rehearse: bool) -> AbstractContextManager[Session]:
    return store.read() if rehearse else store.write()


def _erase(session: Session, account: Account, subject: str, conditions: Mapping[Any, ColumnElement[bool]], rehearse: bool) -> Erasure:
    refitted = _find_refitted(session, conditions[FeedbackRow])
    if rehearse:
        counted = {
            table.__tablename__: session.scalar(select(func.count()).select_from(table).where(condition)) or 0
            for table, condition in conditions.items()
        }
        return Erasure(subject, counted, refitted)
    lost = count_rows(session, impressions=conditions[ImpressionRow], feedback=conditions[FeedbackRow])
    erased = {}
    for table, condition in conditions.items():
        done: Any = session.execute(delete(table).where(condition).execution_options(synchronize_session=False))
        erased[table.__tablename__] = int(done.rowcount)
    change_counts(session.connection(), Counter({key: -number for key, number in lost.items()}))
    record_action(session, account, "erase", subject)
    return Erasure(subject, erased, refitted)


def _find_refitted(session: Session, condition: ColumnElement[bool]) -> tuple[str, ...]:
    """Return the versions that may have learnt from the feedback under a condition, as DATASET/NAME@2."""
    rows = filter_first(select(FeedbackRow.dataset, FeedbackRow.checkpoint, FeedbackRow.created).where(condition)).c
    first = select(rows.dataset, rows.checkpoint, func.min(rows.created)).group_by(rows.dataset, rows.checkpoint)
    found = []
    for dataset, checkpoint, since in session.execute(first).all():
        later = select(VersionRow.version).where(
            VersionRow.dataset == dataset,
            VersionRow.checkpoint == checkpoint,
            VersionRow.version > 1,
            VersionRow.created >= since,
            VersionRow.deleted.is_(None),
        )
        found += [f"{dataset}/{join_version(checkpoint, version)}" for version in session.scalars(later.order_by(VersionRow.version))]
    return tuple(found)
