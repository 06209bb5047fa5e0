"""The queue of jobs in the store as their owners see it: ask for one, look at it, stop it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import check_allowed
from recsys.core.errors import DataError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, JobRow
from recsys.jobs.kinds import KINDS
from recsys.jobs.lifecycle import fail_lost_jobs

ACTIVE = ("waiting", "running")


@dataclass(frozen=True)
class Job:
    """A job as it is now. `owner` is the name of its account, empty once that is erased; `share` between 0 and 1, `status` says in words what is done now."""

    id: str
    account_id: str
    owner: str
    kind: str
    arguments: Mapping[str, Any]
    state: str
    share: float
    status: str
    result: Mapping[str, Any]
    error: str
    stopping: bool
    created: float
    started: float | None
    ended: float | None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


def submit_job(store: Store, account: Account, kind: str, arguments: Mapping[str, Any], force: bool = False) -> str:
    """Add a job of an account to the queue, and return its id. The role is checked here.

    While another job is active on the same subject, be it of another account, this is a DataError unless it is forced.
    """
    fail_lost_jobs(store)
    with store.write() as session:
        if not force and is_busy(session, kind, arguments):
            raise DataError(_(KINDS[kind].busy, **{name: arguments[name] for name in KINDS[kind].subject}))
        return add_job(session, account, kind, arguments)


def is_busy(session: Session, kind: str, arguments: Mapping[str, Any]) -> bool:
    """Return whether a job of any account with the same subject waits or runs."""
    subject = KINDS[kind].subject if kind in KINDS else ()
    if not subject:
        return False
    active = session.scalars(select(JobRow.arguments).where(JobRow.state.in_(ACTIVE), JobRow.kind == kind))
    return any(all(each.get(name) == arguments.get(name) for name in subject) for each in active)


def add_job(session: Session, account: Account, kind: str, arguments: Mapping[str, Any]) -> str:
    """Add a job within a transaction."""
    if kind not in KINDS:
        raise unknown("kind of job", kind, KINDS)
    check_allowed(account, KINDS[kind].action)
    row = JobRow(account_id=account.id, kind=kind, arguments=dict(arguments))
    session.add(row)
    session.flush()
    record_action(session, account, f"submit {kind}", row.id)
    return row.id


def list_jobs(store: Store, account: Account, limit: int = 50) -> list[Job]:
    """Return the latest jobs of an account, the newest first; those of everybody for an admin. Lost ones are marked as failed first."""
    fail_lost_jobs(store)
    with store.read() as session:
        found = session.execute(_visible(account).order_by(JobRow.created.desc(), JobRow.id.desc()).limit(limit)).all()
    return [_describe(row, owner) for row, owner in found]


def get_job(store: Store, account: Account, job_id: str) -> Job:
    """Return a job of an account; an admin may see every job."""
    with store.read() as session:
        found = session.execute(_visible(account).where(JobRow.id == job_id)).one_or_none()
        known = [] if found else list(session.scalars(_visible(account).with_only_columns(JobRow.id).limit(5)))
    if found is None:
        raise unknown("job", job_id, known)
    return _describe(*found)


def stop_job(store: Store, account: Account, job_id: str) -> None:
    """End a job that waits, and ask one that runs to stop; a job that has ended stays as it is."""
    get_job(store, account, job_id)
    now = time.time()
    with store.write() as session:
        this = update(JobRow).where(JobRow.id == job_id)
        waiting = session.execute(this.where(JobRow.state == "waiting").values(state="stopped", stop_requested=now, ended=now))
        running = session.execute(this.where(JobRow.state == "running", JobRow.stop_requested.is_(None)).values(stop_requested=now))
        if waiting.rowcount or running.rowcount:  # type: ignore[attr-defined]
            record_action(session, account, "stop job", job_id)


def count_jobs_before(store: Store, job: Job) -> int:
    """Return the number of jobs that were waiting or running when this one was added."""
    with store.read() as session:
        wanted = select(func.count()).select_from(JobRow).where(JobRow.state.in_(ACTIVE), JobRow.created < job.created)
        return session.scalar(wanted) or 0


def _visible(account: Account) -> Any:
    wanted = select(JobRow, func.coalesce(AccountRow.name, "")).outerjoin(AccountRow, AccountRow.id == JobRow.account_id)
    return wanted if account.is_admin else wanted.where(JobRow.account_id == account.id)


def _describe(row: JobRow, owner: str) -> Job:
    return Job(
        row.id,
        row.account_id,
        owner,
        row.kind,
        row.arguments,
        row.state,
        1.0 if row.state == "done" else float(row.progress.get("share", 0.0)),  # the last report is from before its end
        str(row.progress.get("status", "")),
        row.result,
        row.error,
        row.stop_requested is not None,
        row.created,
        row.started,
        row.ended,
    )
