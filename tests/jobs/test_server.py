"""Jobs of a real server: they run while it runs, and a first look at it makes no store."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from pages import server
from recsys.accounts.account import Account
from recsys.database.engine import Store
from recsys.jobs.queue import get_job, submit_job
from recsys.storage.paths import home
from tests.jobs.conftest import lines, wait_for


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
