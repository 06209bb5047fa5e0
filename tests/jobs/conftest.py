"""A store of its own for each test, and a server of jobs in a thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from recsys.accounts.account import Account, open_local_account
from recsys.database.engine import VARIABLE, Store, open_store
from recsys.jobs import kinds, server
from recsys.jobs.queue import Job, get_job
from tests.jobs.worker import SETTINGS, TEST_KINDS


@pytest.fixture(autouse=True)
def small_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of jobs for tests, and no waiting."""
    for name, kind in TEST_KINDS.items():
        monkeypatch.setitem(kinds.KINDS, name, kind)
    for module, name, value in SETTINGS:
        monkeypatch.setattr(module, name, value)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(own_home: None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "postgresql":
        monkeypatch.setenv(VARIABLE, request.getfixturevalue("postgres_url"))
    return open_store()


@pytest.fixture
def account(store: Store) -> Account:
    return open_local_account(store)


@contextmanager
def serving() -> Iterator[None]:
    """Run jobs in a thread, as a server does."""
    stop = Event()
    thread = Thread(target=server.serve_jobs, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return the first true value of a function."""
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return value


def wait_until_ended(store: Store, account: Account, job_id: str) -> Job:
    wait_for(lambda: not get_job(store, account, job_id).active)
    return get_job(store, account, job_id)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
