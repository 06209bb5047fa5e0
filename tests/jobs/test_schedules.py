"""Refits that a server starts when enough new feedback has come: counted by hand here, once for any number of servers."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys.accounts.account import Account, save_account
from recsys.core.errors import DataError, NotAllowedError, NotTrainedError, UnknownNameError
from recsys.database.engine import Store
from recsys.feedback.recording import Impression, record_feedback, record_impression, withdraw_feedback
from recsys.jobs.lifecycle import claim_job, finish_job
from recsys.jobs.queue import list_jobs
from recsys.jobs.schedules import delete_schedule, find_schedule, list_schedules, save_schedule, start_due_jobs

CITY = "demo-city"
ITEMS = [f"i{at}" for at in range(10)]


def answer(store: Store, account: Account, *items: str, dataset: str = CITY, user: str = "u", action: str = "like") -> None:
    """Show a list, and like items of it."""
    impression = Impression(dataset, "fingerprint", "association", "fingerprint", user, 3, ITEMS, [1.0] * 10)
    shown = record_impression(store, account, impression)
    for item in items:
        record_feedback(store, account, shown, item, action)


@pytest.fixture
def editor(store: Store) -> Account:
    return save_account(store, "https://people.test", "ada", "Ada", "", "editor")


def test_a_refit_starts_after_so_many_new_answers_and_again(store: Store, account: Account, editor: Account) -> None:
    answer(store, account, *ITEMS)  # before the schedule: they do not count
    time.sleep(0.002)
    save_schedule(store, editor, CITY, "association", 3)
    answer(store, account, "i0", "i1")
    answer(store, account, "i0", "i1", dataset="another")
    answer(store, account, "i4", user="v", action="take")  # and four skipped ones above
    withdraw_feedback(store, account, CITY, "v")
    assert start_due_jobs(store) == [] and find_schedule(store, CITY, "association").new == 2  # type: ignore[union-attr]
    answer(store, account, "i2", action="dislike")
    (started,) = start_due_jobs(store)
    (job,) = list_jobs(store, editor)
    assert (job.id, job.owner, job.arguments) == (started, "Ada", {"dataset": CITY, "checkpoint": "association"})
    answer(store, account, "i3", "i4", "i5")
    assert start_due_jobs(store) == []  # the first one has not ended
    claim_job(store, started)
    finish_job(store, started, "done")
    assert len(start_due_jobs(store)) == 1 and start_due_jobs(store) == []


def test_of_many_servers_one_starts_the_refit(store: Store, account: Account) -> None:
    save_schedule(store, account, CITY, "association", 2)
    answer(store, account, "i0", "i1")
    servers = [Store(store.url) for _each in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(len(started) for started in pool.map(start_due_jobs, servers)) == 1


def test_nothing_starts_for_an_account_that_may_no_longer_refit(store: Store, account: Account, editor: Account) -> None:
    save_schedule(store, editor, CITY, "association", 1)
    save_account(store, "https://people.test", "ada", "Ada", "", "viewer")
    answer(store, account, "i0")
    assert start_due_jobs(store) == []


def test_a_checkpoint_has_one_schedule_of_one_owner(store: Store, account: Account, editor: Account) -> None:
    other = save_account(store, "https://people.test", "bob", "Bob", "", "editor")
    viewer = save_account(store, "https://people.test", "vera", "Vera", "", "viewer")
    save_schedule(store, editor, CITY, "association", 50)
    save_schedule(store, editor, CITY, "association@2", 60)
    for who in (other, viewer):
        with pytest.raises(NotAllowedError):
            save_schedule(store, who, CITY, "association", 1)
    with pytest.raises(DataError, match="for example 50"):
        save_schedule(store, editor, CITY, "association", 0)
    for checkpoint, error in (("popularity-of-mars", NotTrainedError), ("content", DataError)):
        with pytest.raises(error):
            save_schedule(store, editor, CITY, checkpoint, 50)
    (kept,) = list_schedules(store)
    assert (kept.every, kept.owner) == (60, "Ada")
    with pytest.raises(UnknownNameError):
        delete_schedule(store, other, kept.id)
    delete_schedule(store, account, kept.id)
    assert list_schedules(store) == []
