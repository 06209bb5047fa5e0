"""The process of one job: does the work, gives signs of life, and ends when its owner or the end of its server asks for it."""

import os
import sys
import threading
import time
import traceback
from typing import Any

from recsys.accounts.account import to_account
from recsys.core.errors import DataError, RecsysError, StoreError
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, JobRow
from recsys.jobs.kinds import KINDS
from recsys.jobs.lifecycle import fail_job, finish_job, record_heartbeat

BEAT_SECONDS = 1.0
STOP_SECONDS = 30.0
"""Seconds that the work gets to stop by itself; then the process ends."""
STORE_SECONDS = 120.0
"""Seconds for which the end of a job is tried to be saved while the store does not answer."""
PRIORITY = 5
"""Niceness of the process: the server, whose pages people wait for, goes first."""


class _Heartbeat:
    """Signs of life and progress of the job of this process, and whether it should stop."""

    def __init__(self, store: Store, job_id: str) -> None:
        self._store, self._job_id = store, job_id
        self._progress: dict[str, Any] = {}
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        threading.Thread(target=self._follow_server, daemon=True).start()

    def report(self, share: float, status: str) -> None:
        self._progress = {"share": min(max(share, 0.0), 1.0), "status": status}

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                asked = record_heartbeat(self._store, self._job_id, self._progress)
            except StoreError:
                continue  # the next beat comes soon, and the work goes on
            if asked is not None:
                self._stop.set()
                if time.time() - asked > STOP_SECONDS:
                    finish_job(self._store, self._job_id, "stopped")
                    os._exit(1)

    def _follow_server(self) -> None:
        # Standard input is a pipe that the server holds open: it ends with the server, however that ends. Not read by sys.stdin, whose
        # lock a daemon thread would hold at the end of this process.
        while os.read(0, 1024):
            pass
        if not self._ended.is_set():
            fail_job(self._store, self._job_id, _("the server that ran it has ended; start it again"))
            os._exit(1)


def work_on(store: Store, job_id: str) -> None:
    """Do a job that was taken for this process, and save how it ended."""
    os.nice(PRIORITY)
    with store.read() as session:
        row = session.get_one(JobRow, job_id)
        owner = session.get(AccountRow, row.account_id)
    life = _Heartbeat(store, job_id)
    state, result, error = "failed", None, ""
    try:
        if owner is None:
            raise DataError(_("the account that asked for it no longer exists"))
        result = KINDS[row.kind].work(store, to_account(owner), row.arguments, life.report, life.should_stop)
        state = "stopped" if result is None else "done"
    except RecsysError as failure:
        error = str(failure)
    except Exception as failure:  # no caller above this process could show it
        traceback.print_exc()
        error = _("unexpected error, {kind}: {error}. This is a bug.", kind=type(failure).__name__, error=failure)
    life.end()
    _save_end(store, job_id, state, dict(result or {}), error)


def _save_end(store: Store, job_id: str, state: str, result: dict[str, Any], error: str) -> None:
    sys.stdout.flush()
    end = time.monotonic() + STORE_SECONDS
    while True:
        try:
            if state == "failed":
                fail_job(store, job_id, error)
            else:
                finish_job(store, job_id, state, result)
            return
        except StoreError:
            if time.monotonic() > end:
                raise
            time.sleep(BEAT_SECONDS)
