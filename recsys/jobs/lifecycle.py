"""The life of a job in the store, as the machines that run jobs see it: taken by one of them, signs of life, the end.

Every change of a state is one UPDATE that names the state before it, so two servers on one store never run the same job.
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import aliased

from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import JobRow
from recsys.storage.paths import home

START_SECONDS = 30.0
"""Seconds in which a job that was taken must have its process."""
GONE_SECONDS = 5.0
"""Seconds after its last sign of life in which the server of a job may say itself how the process ended."""
SILENT_SECONDS = 60.0
"""Seconds without a sign of life after which a job of another machine, whose processes cannot be seen, counts as lost."""
TAIL = 4000
"""Characters of a failed job's output that are kept."""
PROCESSES = Path("/proc")


def claim_job(store: Store, job_id: str | None = None) -> str | None:
    """Take a waiting job for this machine, and return its id; None where nothing waits, or another server was faster.

    The account whose last job started longest ago has the first turn, so nobody waits behind all the jobs of another one.
    """
    with store.write() as session:
        if job_id is None:
            earlier = aliased(JobRow)
            last_turn = select(func.max(earlier.started)).where(earlier.account_id == JobRow.account_id).scalar_subquery()
            waiting = select(JobRow.id).where(JobRow.state == "waiting")
            job_id = session.scalar(waiting.order_by(func.coalesce(last_turn, 0.0), JobRow.created, JobRow.id).limit(1))
        now = time.time()
        this = update(JobRow).where(JobRow.id == job_id, JobRow.state == "waiting")
        done = session.execute(this.values(state="running", host=socket.gethostname(), started=now, heartbeat=now))
        return job_id if done.rowcount else None  # type: ignore[attr-defined]


def record_process(store: Store, job_id: str, process: int) -> None:
    """Save the id of the process of a running job."""
    with store.write() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id, JobRow.state == "running").values(process=process))


def record_heartbeat(store: Store, job_id: str, progress: Mapping[str, Any]) -> float | None:
    """Save a sign of life with the progress, and return when to stop was asked for, if it was; 0.0 where the job counts as ended."""
    with store.write() as session:
        this = update(JobRow).where(JobRow.id == job_id, JobRow.state == "running")
        done = session.execute(this.values(heartbeat=time.time(), progress=dict(progress)))
        if not done.rowcount:  # type: ignore[attr-defined]
            return 0.0
        return session.scalar(select(JobRow.stop_requested).where(JobRow.id == job_id))


def finish_job(store: Store, job_id: str, state: str, result: Mapping[str, Any] | None = None, error: str = "") -> bool:
    """Save how a running job ended; return whether it was running."""
    with store.write() as session:
        this = update(JobRow).where(JobRow.id == job_id, JobRow.state == "running")
        done = session.execute(this.values(state=state, result=dict(result or {}), error=error, ended=time.time()))
        return bool(done.rowcount)  # type: ignore[attr-defined]


def fail_job(store: Store, job_id: str, error: str) -> bool:
    """Mark a running job as failed, with the end of its output, whose file is removed."""
    log = get_log(job_id)
    output = log.read_text(encoding="utf-8", errors="replace")[-TAIL:] if log.is_file() else ""
    failed = finish_job(store, job_id, "failed", {"output": output}, error)
    log.unlink(missing_ok=True)
    return failed


def fail_lost_jobs(store: Store, own: str | None = None) -> None:
    """Mark the jobs as failed whose process is gone, be it that it was killed or that its server was.

    `own` is the job that the caller itself runs: it knows better how that ended.
    """
    here, now = socket.gethostname(), time.time()
    silent = JobRow.heartbeat < now - SILENT_SECONDS
    gone = and_(JobRow.host == here, JobRow.heartbeat < now - GONE_SECONDS)
    with store.read() as session:
        rows = session.scalars(select(JobRow).where(JobRow.state == "running", or_(silent, gone))).all()
    for row in rows:
        if row.id == own:
            continue
        if row.host != here:
            fail_job(store, row.id, _("the machine {host} gave no sign of life any more; start it again", host=row.host))
        elif row.process is None and (row.heartbeat or 0) < now - START_SECONDS:
            fail_job(store, row.id, _("its server ended before the work began; start it again"))
        elif row.process is not None and not _is_alive(row.process, row.id):
            fail_job(store, row.id, _("its process or its server ended in the middle of the work; start it again"))


def get_log(job_id: str) -> Path:
    """Return the file that a running job's output goes to."""
    return home() / "jobs" / f"{job_id}.log"


def _is_alive(process: int, job_id: str) -> bool:
    """Return whether a process of this machine is that of the job: ids of processes are used again."""
    try:
        os.kill(process, 0)
        if PROCESSES.is_dir():
            return job_id.encode() in (PROCESSES / str(process) / "cmdline").read_bytes()
    except PermissionError:
        return not PROCESSES.is_dir()
    except OSError:
        return False
    return True
