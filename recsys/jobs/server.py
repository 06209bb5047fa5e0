"""The part of a server that runs jobs: one at a time, the others wait; and starts those that a schedule asks for."""

import logging
import time
from threading import Event

from recsys.core.errors import StoreError
from recsys.database.engine import Store, open_store
from recsys.jobs.lifecycle import claim_job, fail_lost_jobs
from recsys.jobs.processes import JobProcess, end_process, has_ended, start_process
from recsys.jobs.schedules import start_due_jobs

POLL_SECONDS = 1.0
SCHEDULE_SECONDS = 10.0
"""Seconds between two looks at the schedules and for lost jobs."""


def serve_jobs(stop: Event) -> None:
    """Run the jobs of the store until `stop` is set; the job that runs then ends too. Meant for a thread of its own."""
    log = logging.getLogger(__name__)
    store: Store | None = None
    running: JobProcess | None = None
    looked, is_silent = -SCHEDULE_SECONDS, False
    while not stop.wait(POLL_SECONDS):
        try:
            store = store or open_store()
            if time.monotonic() - looked >= SCHEDULE_SECONDS:
                looked = time.monotonic()
                fail_lost_jobs(store)
                start_due_jobs(store)
            if running is None or has_ended(store, running):
                claimed = claim_job(store)
                running = start_process(store, claimed) if claimed else None
            is_silent = False
        except StoreError as error:
            if not is_silent:  # once, not every second while the store is away
                log.warning("jobs wait for the store: %s", error)
            is_silent = True
        except Exception:
            log.exception("running jobs failed")
    if running is not None and store is not None:
        end_process(store, running)
