"""The process of a job in tests: kinds that do nothing but what is asked of them, and a server that is a process of its own."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from recsys.accounts.account import Account
from recsys.core.errors import DataError
from recsys.database.engine import Store, open_store
from recsys.jobs import kinds, lifecycle, processes, server, worker

MODULE = "tests.jobs.worker"


def _go_on(_store: Store, account: Account, arguments: Mapping[str, Any], report: Any, should_stop: Callable[[], bool]) -> Any:
    """Write a line to a file, then go on until the job is stopped or a file appears."""
    with Path(arguments["file"]).open("a") as file:
        file.write(f"{account.id}\n")
    report(0.5, "half of it")
    while not should_stop():
        if Path(f"{arguments['file']}.end").exists():
            return {"answer": 42}
        time.sleep(0.01)
    return None


def _refuse(*_arguments: Any) -> Any:
    print("the last words")
    raise DataError("there is too little feedback")


def _break(*_arguments: Any) -> Any:
    raise KeyError("lost")


def _ignore(*_arguments: Any) -> Any:
    time.sleep(60)


TEST_KINDS = {each.__name__.strip("_"): kinds.JobKind("refit", each) for each in (_go_on, _refuse, _break, _ignore)}
SETTINGS: list[tuple[Any, str, Any]] = [
    (processes, "MODULE", MODULE),
    (lifecycle, "GONE_SECONDS", 1.0),
    (worker, "BEAT_SECONDS", 0.05),
    (worker, "STOP_SECONDS", 1.0),
    (server, "POLL_SECONDS", 0.05),
    (server, "SCHEDULE_SECONDS", 0.05),
]

if __name__ == "__main__":
    kinds.KINDS.update(TEST_KINDS)
    for each in SETTINGS:
        setattr(*each)
    if sys.argv[1] == "serve":
        server.serve_jobs(Event())
    worker.work_on(open_store(), sys.argv[1])
