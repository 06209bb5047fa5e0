"""The commands jobs, schedules and refit --every, as scripts rely on them."""

import json

import pytest

from recsys.__main__ import main
from recsys.accounts.account import open_local_account
from recsys.database.engine import open_store
from recsys.jobs.queue import get_job, submit_job


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_jobs_are_listed_and_stopped(own_home: None, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store()
    account = open_local_account(store)
    job_id = submit_job(store, account, "refit", {"dataset": "demo-city", "checkpoint": "association"})
    code, out, _err = run(capsys, "jobs", "--json")
    (found,) = json.loads(out)["jobs"]
    assert code == 0 and (found["id"], found["state"], found["owner"]) == (job_id, "waiting", "local")
    code, out, err = run(capsys, "jobs", "stop", job_id)
    assert code == 0 and "demo-city/association" in out and "stopped" in out and "has ended" in err
    assert get_job(store, account, job_id).state == "stopped"
    for arguments in (("jobs", "stop"), ("jobs", "stop", "f" * 32)):
        code, out, err = run(capsys, *arguments)
        assert code == 2 and not out and err.count("\n") == 1


def test_a_second_refit_at_once_is_refused_unless_it_is_forced(own_home: None, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store()
    submit_job(store, open_local_account(store), "refit", {"dataset": "demo-city", "checkpoint": "association"})
    for name in ("association", "association@1"):
        code, out, err = run(capsys, "refit", name, "demo-city")
        assert code == 2 and not out and "a refit of 'association' on demo-city is waiting or at work already" in err
    code, out, err = run(capsys, "refit", "association@1", "demo-city", "--force")
    assert code == 2 and not out and "'association' has 0 answers to learn from" in err


def test_a_schedule_is_made_listed_and_deleted(own_home: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "refit", "association", "demo-city", "--every", "50")
    assert code == 0 and "a running server" in out and "after every 50" in out
    code, out, _err = run(capsys, "schedules", "--json")
    (found,) = json.loads(out)["schedules"]
    assert (found["dataset"], found["checkpoint"], found["every"], found["new"]) == ("demo-city", "association", 50, 0)
    assert run(capsys, "schedules", "delete")[0] == 2
    code, out, _err = run(capsys, "schedules", "delete", found["id"], "--json")
    assert code == 0 and json.loads(out) == {"schedules": []}
    code, _out, err = run(capsys, "refit", "content", "demo-city", "--every", "50")
    assert code == 2 and "learns nothing" in err
