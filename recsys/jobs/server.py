"""The part of a server that runs jobs: one at a time, the others wait; and starts those that a schedule asks for."""

import logging
import time
from pathlib import Path
from threading import Event

from sqlalchemy import make_url

from recsys.core.errors import RecsysError
from recsys.database.engine import Store, get_database_url, open_store
from recsys.jobs.lifecycle import claim_job, fail_lost_jobs
from recsys.jobs.processes import JobProcess, end_process, has_ended, start_process
from recsys.jobs.schedules import start_due_jobs

POLL_SECONDS = 1.0
SCHEDULE_SECONDS = 10.0
"""Seconds between two checks of the schedules and for lost jobs."""


def serve_jobs(stop: Event) -> None:
    """Run the jobs of the store until `stop` is set; the job that runs then ends too. Meant for a thread of its own."""
    log = logging.getLogger(__name__)
    store: Store | None = None
    running: JobProcess | None = None
    checked, is_silent = -SCHEDULE_SECONDS, False
    while not stop.wait(POLL_SECONDS):
        try:
            store = store or _find_store()
            if store is None:
                continue
            if running is not None and has_ended(store, running):
                running = None
            if time.monotonic() - checked >= SCHEDULE_SECONDS:
                checked = time.monotonic()
                fail_lost_jobs(store, running.job_id if running else None)
                start_due_jobs(store)
            if running is None:
                claimed = claim_job(store)
                running = start_process(store, claimed) if claimed else None
            is_silent = False
        except Exception as error:  # no caller above this thread could show it
            if not is_silent:  # once, not every second while the store is away
                log.warning("jobs wait: %s", error, exc_info=not isinstance(error, RecsysError))
            is_silent = True
    if running is not None and store is not None:
        end_process(store, running)


def _find_store() -> Store | None:
    """Return the store; None as long as nobody has made it, which a server does not do by itself."""
    url = get_database_url()
    if url.startswith("sqlite") and not Path(make_url(url).database or "").is_file():
        return None
    return open_store()
