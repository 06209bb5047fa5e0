"""Feedback as training data: the request that was shown, what counts, who is held out, and added events."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.accounts.account import Account, save_account
from recsys.core import Dataset, Event, request_at
from recsys.core.split import TRAIN, split_interactions
from recsys.database.engine import Store
from recsys.database.schema import AccountRow
from recsys.feedback.recording import record_feedback, withdraw_feedback
from recsys.feedback.training_data import (
    HELD_OUT,
    RATING_WEIGHTS,
    WEIGHTS,
    Answer,
    add_events,
    load_training_feedback,
    restore_request,
    split_accounts,
)
from tests.feedback.conftest import show

ITEMS = ["i03", "i05", "i01", "i07"]


@pytest.fixture
def ann(home_store: Store) -> Account:
    return save_account(home_store, "test", "ann", "Ann", "", "editor")


def weights_of(store: Store, dataset: Dataset, checkpoint: str = "markov", **other: Any) -> dict[str, float]:
    return {each.item_id: each.weight for each in load_training_feedback(store, dataset, checkpoint, **other).answers}


def test_each_answer_has_the_request_and_the_weight_of_its_action(tiny: Dataset, home_store: Store, ann: Account) -> None:
    shown = show(home_store, ann, tiny, "markov@2", "u02", ITEMS, step=4)
    record_feedback(home_store, ann, shown, "i05", "like")
    record_feedback(home_store, ann, shown, "i01", "take")  # i03 above it is skipped
    record_feedback(home_store, ann, shown, "i07", "rating", rating=5.0)
    feedback = load_training_feedback(home_store, tiny, "markov")
    weights = {each.item_id: (each.weight, each.rank) for each in feedback.answers}
    assert weights == {"i05": (WEIGHTS["like"], 2), "i01": (WEIGHTS["take"], 3), "i03": (WEIGHTS["skip"], 1), "i07": (RATING_WEIGHTS[1], 4)}
    (made,) = feedback.lists
    assert (made.items, made.ranks, made.is_filtered, made.account_id) == (tuple(ITEMS), (1, 2, 3, 4), False, ann.id)
    expected = request_at(tiny.history("u02"), 4)
    assert list(made.request.history.items) == list(expected.history.items) and made.request.time == expected.time
    assert all(each.request is made.request for each in feedback.answers)
    assert WEIGHTS["dislike"] < WEIGHTS["skip"] < 0 < WEIGHTS["like"] and abs(WEIGHTS["dislike"]) < WEIGHTS["like"]  # weighted down


def test_only_what_still_counts_is_learnt_from(tiny: Dataset, home_store: Store, ann: Account) -> None:
    bob = save_account(home_store, "test", "bob", "Bob", "", "editor")
    for person, items in ((ann, ITEMS), (bob, ["i10", "i11"])):
        shown = show(home_store, person, tiny, "markov", "u02", items)
        for item in items:
            record_feedback(home_store, person, shown, item, "like")
    elsewhere = replace(tiny, fingerprint="another")
    record_feedback(home_store, ann, show(home_store, ann, elsewhere, "markov", "u02", ["i12"]), "i12", "like")
    record_feedback(home_store, ann, show(home_store, ann, tiny, "popularity", "u02", ["i13"]), "i13", "like")
    record_feedback(home_store, ann, show(home_store, ann, tiny, "markov", "u02", ["gone"]), "gone", "like")
    assert set(weights_of(home_store, tiny)) == {*ITEMS, "i10", "i11"}
    withdraw_feedback(home_store, ann, "tiny", "u02", "i05")
    assert "i05" not in weights_of(home_store, tiny)
    later = time.time()
    record_feedback(home_store, bob, show(home_store, bob, tiny, "markov@5", "u03", ["i14"]), "i14", "dislike")
    assert weights_of(home_store, tiny, since=later) == {"i14": WEIGHTS["dislike"]}
    with home_store.write() as session:  # erased
        session.delete(session.get_one(AccountRow, bob.id))
    assert set(weights_of(home_store, tiny)) == {"i03", "i01", "i07"}


def test_a_low_rating_is_not_wanted(tiny: Dataset, home_store: Store, ann: Account) -> None:
    shown = show(home_store, ann, tiny, "markov", "u02", ITEMS)
    record_feedback(home_store, ann, shown, "i03", "rating", rating=2.0)
    assert weights_of(home_store, tiny) == {"i03": RATING_WEIGHTS[0]}


def test_the_context_of_a_list_is_in_its_request(tiny: Dataset) -> None:
    base = request_at(tiny.history("u02"), 4)
    assert base.time is not None
    context = {
        "taken": ["i09"],
        "likes": ["i01"],
        "dislikes": ["i02"],
        "place": [40.5, -73.5],
        "hour": 7,
        "weekday": 6,
        "candidates": ["i01"],
    }
    made = restore_request(tiny, "u02", 4, context)
    assert list(made.history.items) == [*base.history.items, "i09"] and made.history.likes == ("i01",) and made.history.dislikes == ("i02",)
    assert made.history.places is not None and tiny.item_places is not None
    assert made.history.places[-1].tolist() == tiny.item_places[9].tolist()
    assert made.place == (40.5, -73.5) and made.candidates == ("i01",)
    assert made.time is not None and made.utc_offset is not None
    local, before = (pd.Timestamp(each + 60 * made.utc_offset, unit="s") for each in (made.time, base.time))
    assert (local.hour, local.weekday(), local.minute) == (7, 6, before.minute)
    assert local.isocalendar().week == before.isocalendar().week
    stranger = restore_request(
        tiny, "", 0, {"history": ["i04", {"item_id": "i05", "time": 9.0}], "time": 12.0, "place": {"latitude": 1, "longitude": 2}}
    )
    assert (list(stranger.history.items), stranger.time, stranger.place) == (["i04", "i05"], 12.0, (1.0, 2.0))


@given(st.frozensets(st.text(min_size=1, max_size=8), max_size=40), st.integers(0, 5))
def test_accounts_are_learnt_from_or_held_out(accounts: frozenset[str], seed: int) -> None:
    learnt, held = split_accounts(accounts, seed)
    assert learnt | held == accounts and not learnt & held
    assert (learnt, held) == split_accounts(frozenset(sorted(accounts)), seed)
    assert bool(learnt) == bool(accounts) and bool(held) == (len(accounts) > 1)


def test_about_the_stated_share_is_held_out_and_the_seed_says_who() -> None:
    accounts = frozenset(f"{number:032x}" for number in range(4_000))
    held = [split_accounts(accounts, seed)[1] for seed in (0, 1)]
    assert all(abs(len(each) / 4_000 - HELD_OUT) < 0.03 for each in held)
    assert abs(len(held[0] & held[1]) / 4_000 - HELD_OUT**2) < 0.03


def test_added_events_stand_at_their_step(tiny: Dataset, order_only: Dataset) -> None:
    for dataset in (tiny, order_only):
        split, rng = split_interactions(dataset, "last-out"), np.random.default_rng(1)
        expected = {user: list(dataset.history(user).items) for user in dataset.user_ids}
        answers = []
        for user in rng.permutation(dataset.user_ids)[:6]:
            step, item = int(rng.integers(0, len(expected[user]) + 1)), str(rng.choice(dataset.item_ids))
            request, later = request_at(dataset.history(user), step), str(rng.choice(dataset.item_ids))
            extended = replace(request, history=request.history.then(Event(item)))  # the list after the item was taken
            answers.append(Answer("", "", request, item, 1.0, 1, step))
            answers.append(Answer("", "", request, item, -0.5, 1, step))  # not wanted: not added
            answers.append(Answer("", "", extended, later, 1.0, 1, step))
            expected[user][step:step] = [item, later]
        made, labels = add_events(dataset, split, answers)
        assert {user: list(made.history(user).items) for user in made.user_ids} == expected
        assert made.interactions["order"].tolist() == made.interactions.groupby("user_id", observed=True).cumcount().tolist()
        assert (labels.labels == TRAIN).sum() == (split.labels == TRAIN).sum() + 12
        if made.times is not None:
            assert all((np.diff(made.history(user).times) >= 0).all() for user in made.user_ids)
        assert list(made.interactions.dtypes) == list(dataset.interactions.dtypes)
        assert len(dataset.interactions) == sum(map(len, expected.values())) - 12  # the data itself is as it was
