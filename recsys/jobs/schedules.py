"""Schedules: refits that a server starts when enough new feedback has come. They run only while a server runs."""

import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from recsys.accounts.account import Account, to_account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import check_allowed, is_allowed
from recsys.core.errors import DataError, NotAllowedError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, FeedbackRow, ScheduleRow
from recsys.feedback.refit import find_refusal
from recsys.feedback.version_names import split_version
from recsys.jobs.queue import add_job, is_busy
from recsys.training.checkpoints import find_checkpoint, read_card

KIND = "refit"
MOST = 1_000_000


@dataclass(frozen=True)
class Schedule:
    """A refit of a checkpoint after every `every` new answers; `new` of them have come since the last one. `owner` is a name."""

    id: str
    account_id: str
    owner: str
    dataset: str
    checkpoint: str
    every: int
    new: int
    created: float


def save_schedule(store: Store, account: Account, dataset: str, checkpoint: str, every: int) -> None:
    """Refit a checkpoint after every so many new answers from now on; a checkpoint has one schedule, and a later one replaces it."""
    check_allowed(account, KIND)
    checkpoint = split_version(checkpoint)[0]
    refusal = find_refusal(read_card(find_checkpoint(checkpoint, dataset)))
    if refusal is not None:
        raise DataError(refusal)
    if not 1 <= every <= MOST:
        raise DataError(_("a schedule needs a number of answers from 1 to {most}, for example 50", most=f"{MOST:,}"))
    with store.write() as session:
        row = session.scalar(select(ScheduleRow).where(ScheduleRow.dataset == dataset, ScheduleRow.checkpoint == checkpoint))
        if row is None:
            row = ScheduleRow(dataset=dataset, checkpoint=checkpoint)
            session.add(row)
        elif not account.is_admin and row.account_id != account.id:
            raise NotAllowedError(
                _("another account has a schedule for {checkpoint}; ask it or an admin to delete it", checkpoint=checkpoint)
            )
        row.account_id, row.every, row.since = account.id, every, time.time()
        record_action(session, account, "save schedule", f"{dataset}/{checkpoint} every {every}")


def list_schedules(store: Store) -> list[Schedule]:
    """Return all schedules by dataset and checkpoint."""
    return _load_schedules(store)


def find_schedule(store: Store, dataset: str, checkpoint: str) -> Schedule | None:
    """Return the schedule of a checkpoint, if it has one."""
    return next(iter(_load_schedules(store, ScheduleRow.dataset == dataset, ScheduleRow.checkpoint == checkpoint)), None)


def _load_schedules(store: Store, *conditions: ColumnElement[bool]) -> list[Schedule]:
    wanted = select(ScheduleRow, AccountRow.name).join(AccountRow, AccountRow.id == ScheduleRow.account_id).where(*conditions)
    with store.read() as session:
        return [
            Schedule(row.id, row.account_id, owner, row.dataset, row.checkpoint, row.every, _count_new(session, row), row.created)
            for row, owner in session.execute(wanted.order_by(ScheduleRow.dataset, ScheduleRow.checkpoint))
        ]


def delete_schedule(store: Store, account: Account, schedule_id: str) -> None:
    """Delete a schedule: one's own, for an admin any."""
    check_allowed(account, KIND)
    with store.write() as session:
        row = session.get(ScheduleRow, schedule_id)
        if row is None or not (account.is_admin or row.account_id == account.id):
            mine = select(ScheduleRow.id) if account.is_admin else select(ScheduleRow.id).where(ScheduleRow.account_id == account.id)
            raise unknown("schedule", schedule_id, session.scalars(mine).all())
        record_action(session, account, "delete schedule", f"{row.dataset}/{row.checkpoint}")
        session.delete(row)


def start_due_jobs(store: Store) -> list[str]:
    """Add a job for every schedule whose feedback has come, and return the ids; of two servers only one does.

    A checkpoint that a job refits already waits until that has ended.
    """
    started = []
    with store.read() as session:
        free = [row for row in session.scalars(select(ScheduleRow)) if not is_busy(session, KIND, _arguments(row))]
        due = [row for row in free if _count_new(session, row) >= row.every]
    for row in due:
        with store.write() as session:
            if is_busy(session, KIND, _arguments(row)):  # since the reading above
                continue
            this = update(ScheduleRow).where(ScheduleRow.id == row.id, ScheduleRow.since == row.since)
            taken = session.execute(this.values(since=time.time()))
            account = to_account(session.get_one(AccountRow, row.account_id))
            if taken.rowcount and is_allowed(account, KIND):  # type: ignore[attr-defined]
                started.append(add_job(session, account, KIND, _arguments(row)))
    return started


def _arguments(row: ScheduleRow) -> dict[str, str]:
    return {"checkpoint": row.checkpoint, "dataset": row.dataset}


def _count_new(session: Session, row: ScheduleRow) -> int:
    """Return the number of answers to the lists of a checkpoint since the last refit, at most `every`; skips do not count."""
    new = select(FeedbackRow.id).where(
        FeedbackRow.dataset == row.dataset,
        FeedbackRow.checkpoint == row.checkpoint,
        FeedbackRow.created >= row.since,
        FeedbackRow.action != "skip",
        FeedbackRow.withdrawn.is_(None),
    )
    return session.scalar(select(func.count()).select_from(new.limit(row.every).subquery())) or 0
