"""Jobs of a real server: they run while it runs, and a first look at it makes no store."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from pages import server
from recsys.accounts.account import Account
from recsys.database.engine import Store
from recsys.feedback.recording import Impression, record_feedback, record_impression
from recsys.jobs.queue import get_job, list_jobs, submit_job
from recsys.jobs.schedules import save_schedule
from recsys.storage.paths import home
from tests.jobs.conftest import lines, serving, wait_for, wait_until_ended


async def visit(app: Any, *parts: Any, while_open: Any) -> None:
    async with server.compose_lifespan(*parts)(app):
        await asyncio.to_thread(while_open)


def test_jobs_run_while_the_server_runs(store: Store, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "JOBS_AFTER", 0.0)
    done, ended = (submit_job(store, account, "go_on", {"file": str(tmp_path / name)}) for name in ("first", "second"))
    (tmp_path / "first.end").touch()
    asyncio.run(visit(None, server.own_temporary_files, server.run_jobs, while_open=lambda: wait_for(lambda: lines(tmp_path / "second"))))
    assert get_job(store, account, done).state == "done"
    assert get_job(store, account, ended).state == "failed" and "server" in get_job(store, account, ended).error


def test_a_server_makes_no_store_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "JOBS_AFTER", 0.0)
    asyncio.run(visit(None, server.run_jobs, while_open=lambda: time.sleep(0.3)))
    assert list(home().iterdir()) == []


def test_a_due_schedule_starts_a_refit_that_says_what_it_lacks(store: Store, account: Account) -> None:
    save_schedule(store, account, "demo-city", "markov", 1)
    impression = Impression("demo-city", "another state of it", "markov", "fingerprint", "p0001", 3, ["v1", "v2"], [1.0, 0.5])
    record_feedback(store, account, record_impression(store, account, impression), "v1", "like")
    with serving():
        wait_for(lambda: list_jobs(store, account))
        (job,) = list_jobs(store, account)
        failed = wait_until_ended(store, account, job.id)
    assert (failed.kind, failed.state) == ("refit", "failed") and "a refit needs 20" in failed.error
    assert list_jobs(store, account) == [failed]
