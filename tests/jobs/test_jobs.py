"""Jobs in real processes: done, stopped, killed, lost with their server, and taken by one server only."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from recsys.accounts.account import Account, save_account
from recsys.core.errors import DataError, NotAllowedError, UnknownNameError
from recsys.database.engine import Store, open_store
from recsys.database.schema import AuditRow, JobRow
from recsys.jobs.lifecycle import SILENT_SECONDS, claim_job, fail_lost_jobs, finish_job, get_log
from recsys.jobs.queue import count_jobs_before, get_job, list_jobs, stop_job, submit_job
from tests.jobs.conftest import lines, serving, wait_for, wait_until_ended
from tests.jobs.worker import MODULE

ROOT = Path(__file__).resolve().parents[2]


def row_of(store: Store, job_id: str) -> JobRow:
    with store.read() as session:
        return session.get_one(JobRow, job_id)


@pytest.fixture
def ada(store: Store) -> Account:
    return save_account(store, "https://people.test", "ada", "Ada", "", "editor")


@pytest.fixture
def bob(store: Store) -> Account:
    return save_account(store, "https://people.test", "bob", "Bob", "", "editor")


def test_a_job_runs_in_a_process_of_its_own_and_shows_how_far_it_is(store: Store, ada: Account, tmp_path: Path) -> None:
    job_id = submit_job(store, ada, "go_on", {"file": str(tmp_path / "ran")})
    with serving():
        wait_for(lambda: get_job(store, ada, job_id).share)
        running = get_job(store, ada, job_id)
        assert (running.state, running.share, running.status, running.owner) == ("running", 0.5, "half of it", "Ada")
        assert row_of(store, job_id).process not in (None, os.getpid())
        assert os.getsid(row_of(store, job_id).process or 0) != os.getsid(0)
        (tmp_path / "ran.end").touch()
        done = wait_until_ended(store, ada, job_id)
        wait_for(lambda: not get_log(job_id).exists())
    assert (done.state, done.share, done.result, done.error) == ("done", 1.0, {"answer": 42}, "")
    assert lines(tmp_path / "ran") == [ada.id]


def test_a_job_stops_when_its_owner_asks(store: Store, ada: Account, tmp_path: Path) -> None:
    running, waiting = (submit_job(store, ada, "go_on", {"file": str(tmp_path / name)}) for name in ("first", "second"))
    with serving():
        wait_for(lambda: lines(tmp_path / "first"))
        assert get_job(store, ada, waiting).state == "waiting"
        assert count_jobs_before(store, get_job(store, ada, waiting)) == 1
        stop_job(store, ada, waiting)
        stop_job(store, ada, running)
        assert wait_until_ended(store, ada, running).state == "stopped"
    assert get_job(store, ada, waiting).state == "stopped" and not lines(tmp_path / "second")
    with store.read() as session:
        log = session.execute(select(AuditRow.account_id, AuditRow.action).order_by(AuditRow.id)).all()
    assert sorted(log) == sorted([(ada.id, "submit go_on")] * 2 + [(ada.id, "stop job")] * 2)


def test_a_checkpoint_is_refitted_once_at_a_time_unless_that_is_forced(store: Store, ada: Account, bob: Account) -> None:
    asked = {"dataset": "demo-city", "checkpoint": "association"}
    first = submit_job(store, ada, "refit", asked)
    for state in ("waiting", "running"):
        assert get_job(store, ada, first).state == state
        with pytest.raises(DataError, match="a refit of 'association' on demo-city is waiting or at work already"):
            submit_job(store, bob, "refit", asked | {"seed": 2})
        claim_job(store, first)
    assert list_jobs(store, bob) == []
    for other in ({"checkpoint": "markov"}, {"dataset": "demo-shop"}):
        submit_job(store, bob, "refit", asked | other)
    forced = submit_job(store, bob, "refit", asked, force=True)
    finish_job(store, first, "done")
    stop_job(store, bob, forced)
    submit_job(store, bob, "refit", asked)
    assert len(list_jobs(store, bob)) == 4


def test_of_two_editors_at_the_same_moment_one_refits(store: Store, ada: Account, bob: Account) -> None:
    asked = {"dataset": "demo-city", "checkpoint": "association"}

    def submit(account: Account) -> str | None:
        try:
            return submit_job(Store(store.url), account, "refit", asked)
        except DataError:
            return None

    with ThreadPoolExecutor(4) as pool:
        assert sum(each is not None for each in pool.map(submit, [ada, bob] * 2)) == 1


def test_a_lost_refit_keeps_nobody_waiting(store: Store, ada: Account, bob: Account) -> None:
    asked = {"dataset": "demo-city", "checkpoint": "association"}
    lost = submit_job(store, ada, "refit", asked)
    claim_job(store, lost)
    with store.write() as session:
        session.execute(update(JobRow).values(host="another machine", heartbeat=time.time() - SILENT_SECONDS - 1))
    submit_job(store, bob, "refit", asked)
    assert get_job(store, ada, lost).state == "failed"


def test_work_that_does_not_stop_by_itself_is_ended(store: Store, ada: Account) -> None:
    job_id = submit_job(store, ada, "ignore", {})
    with serving():
        wait_for(lambda: get_job(store, ada, job_id).state == "running")
        stop_job(store, ada, job_id)
        assert wait_until_ended(store, ada, job_id).state == "stopped"


@pytest.mark.parametrize(
    ("kind", "error", "output"), [("refuse", "there is too little feedback", "the last words"), ("break", "KeyError", "Traceback")]
)
def test_a_failed_job_says_why_and_keeps_the_end_of_its_output(store: Store, ada: Account, kind: str, error: str, output: str) -> None:
    job_id = submit_job(store, ada, kind, {})
    with serving():
        failed = wait_until_ended(store, ada, job_id)
    assert failed.state == "failed" and error in failed.error and output in failed.result["output"]
    assert not get_log(job_id).exists()


def test_a_killed_process_fails_its_job_and_the_next_one_runs(store: Store, ada: Account, tmp_path: Path) -> None:
    killed, after = (submit_job(store, ada, "go_on", {"file": str(tmp_path / name)}) for name in ("first", "second"))
    with serving():
        wait_for(lambda: lines(tmp_path / "first"))
        os.kill(row_of(store, killed).process or 0, signal.SIGKILL)
        failed = wait_until_ended(store, ada, killed)
        assert failed.state == "failed" and "killed" in failed.error
        (tmp_path / "second.end").touch()
        assert wait_until_ended(store, ada, after).state == "done"


@pytest.mark.parametrize("is_stopped_too", [False, True], ids=["the job notices", "the job is killed too"])
def test_a_killed_server_fails_its_job(store: Store, ada: Account, tmp_path: Path, is_stopped_too: bool) -> None:
    job_id = submit_job(store, ada, "go_on", {"file": str(tmp_path / "ran")})
    server = subprocess.Popen([sys.executable, "-m", MODULE, "serve"], cwd=ROOT)
    try:
        wait_for(lambda: lines(tmp_path / "ran"))
        process = row_of(store, job_id).process or 0
        if is_stopped_too:
            os.kill(process, signal.SIGSTOP)  # so that it cannot say that its server has ended
    finally:
        server.kill()
        server.wait()
    if is_stopped_too:
        assert get_job(store, ada, job_id).state == "running"
        os.kill(process, signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{process}/cmdline").exists() or not Path(f"/proc/{process}/cmdline").read_bytes())
        with serving():  # the next start
            failed = wait_until_ended(store, ada, job_id)
    else:
        failed = wait_until_ended(store, ada, job_id)
        wait_for(lambda: not Path(f"/proc/{process}").exists() or not Path(f"/proc/{process}/cmdline").read_bytes())
    assert failed.state == "failed" and "start it again" in failed.error and "server" in failed.error
    assert not get_log(job_id).exists()


def test_a_server_that_ends_takes_its_job_with_it(store: Store, ada: Account, tmp_path: Path) -> None:
    job_id = submit_job(store, ada, "go_on", {"file": str(tmp_path / "ran")})
    with serving():
        wait_for(lambda: lines(tmp_path / "ran"))
    failed = get_job(store, ada, job_id)
    assert failed.state == "failed" and "server" in failed.error


def test_two_servers_never_run_the_same_job_twice(store: Store, ada: Account) -> None:
    submitted = {submit_job(store, ada, "go_on", {"file": "unused"}) for _each in range(24)}
    other = Store(store.url)

    def claim(one: Store) -> list[str]:
        return [job for job in iter(lambda: claim_job(one), None) if job]

    with ThreadPoolExecutor(4) as pool:
        taken = [job for jobs in pool.map(claim, [store, other] * 2) for job in jobs]
    assert sorted(taken) == sorted(submitted)


def test_accounts_take_turns(store: Store, ada: Account, bob: Account) -> None:
    order = [submit_job(store, who, "go_on", {"file": "unused"}) for who in (ada, ada, ada, bob, bob)]
    assert [claim_job(store) for _each in order] == [order[at] for at in (0, 3, 1, 4, 2)]


def test_jobs_are_their_owners_and_an_admin_sees_all(store: Store, account: Account, ada: Account, bob: Account) -> None:
    job_id = submit_job(store, ada, "go_on", {"file": "unused"})
    assert [each.id for each in list_jobs(store, ada)] == [each.id for each in list_jobs(store, account)] == [job_id]
    assert list_jobs(store, bob) == []
    for see in (get_job, stop_job):
        with pytest.raises(UnknownNameError):
            see(store, bob, job_id)
    assert get_job(store, ada, job_id).state == "waiting"
    stop_job(store, account, job_id)
    assert get_job(store, ada, job_id).state == "stopped"


def test_a_viewer_may_not_start_a_job(store: Store) -> None:
    viewer = save_account(store, "https://people.test", "vera", "Vera", "", "viewer")
    with pytest.raises(NotAllowedError, match="refit"):
        submit_job(store, viewer, "go_on", {})
    with pytest.raises(UnknownNameError):
        submit_job(store, viewer, "tidy", {})


def test_a_silent_job_of_another_machine_is_lost(store: Store, ada: Account) -> None:
    lost, lively, late = (submit_job(store, ada, "go_on", {"file": "unused"}) for _each in range(3))
    values: dict[str, dict[str, Any]] = {
        lost: {"host": "elsewhere", "process": 1, "heartbeat": time.time() - SILENT_SECONDS - 1},
        lively: {"host": "elsewhere", "process": 1, "heartbeat": time.time()},
        late: {"heartbeat": time.time() - 1000},
    }
    for job_id, columns in values.items():
        claim_job(store, job_id)
        with store.write() as session:
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**columns))
    fail_lost_jobs(open_store())
    assert [get_job(store, ada, each).state for each in (lost, lively, late)] == ["failed", "running", "failed"]
    assert "elsewhere" in get_job(store, ada, lost).error
