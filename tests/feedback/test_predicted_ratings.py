"""Predicted beside given ratings of lists, against the model asked one request at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.accounts.account import Account, save_account
from recsys.core import Dataset, request_at
from recsys.core.split import TRAIN, split_interactions
from recsys.database.engine import Store
from recsys.feedback import predicted_ratings
from recsys.feedback.predicted_ratings import load_given_ratings, predict_given_ratings
from recsys.feedback.recording import Impression, record_feedback, record_impression, withdraw_feedback


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'recscope.db'}")


@pytest.fixture
def ann(store: Store) -> Account:
    return save_account(store, "issuer", "ann", "Ann", "", "editor")


def show(store: Store, account: Account, dataset: Dataset, user: str, step: int, fingerprint: str | None = None, **context: Any) -> str:
    items = [str(each) for each in dataset.item_ids[:5]]
    impression = Impression(dataset.name, fingerprint or dataset.fingerprint, "markov", "f", user, step, items, [1.0] * 5, context)
    return record_impression(store, account, impression)


def test_each_rating_is_predicted_from_the_request_of_its_list(
    store: Store, ann: Account, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, split = trained("long-short", tiny), split_interactions(tiny, "last-out")
    rated = [("u03", 2, 0, 4.0), ("u03", 2, 1, 1.0), ("u05", 3, 4, 5.0)]
    for user, step, at, rating in rated:
        record_feedback(store, ann, show(store, ann, tiny, user, step), str(tiny.item_ids[at]), "rating", rating)
    record_feedback(store, ann, show(store, ann, tiny, "u04", 1), str(tiny.item_ids[0]), "like")
    record_feedback(store, ann, show(store, ann, tiny, "u04", 1, fingerprint="other data"), str(tiny.item_ids[0]), "rating", 2.0)
    record_feedback(store, ann, show(store, ann, tiny, "u06", 1), str(tiny.item_ids[0]), "rating", 2.0)
    assert withdraw_feedback(store, ann, "tiny", "u06") == 1
    monkeypatch.setattr(predicted_ratings, "BATCH_BYTES", 1)
    found = predict_given_ratings(model, tiny, split, load_given_ratings(store, tiny))
    expected = [model.ratings([request_at(tiny.history(user), step)])[0, at] for user, step, at, _rating in rated[::-1]]
    assert list(found.given) == [5.0, 1.0, 4.0] and np.allclose(found.expected, expected)
    assert tiny.ratings is not None and found.mean == pytest.approx(float(np.mean(tiny.ratings[split.labels == TRAIN])))
    assert (np.diff(found.times) <= 0).all() and len(load_given_ratings(store, tiny, most=3)) == 2  # and one on other data


def test_what_was_changed_for_the_list_is_in_the_request(store: Store, ann: Account, tiny: Dataset) -> None:
    identity = show(store, ann, tiny, "u03", 2, taken=["i04"], likes=["i05"])
    record_feedback(store, ann, identity, str(tiny.item_ids[0]), "rating", 3.0)
    (given,) = load_given_ratings(store, tiny)
    assert [*given.request.history.items] == [*tiny.history("u03").items[:2], "i04"] and given.request.history.likes == ("i05",)


def test_nothing_rated_nothing_predicted(store: Store, tiny: Dataset, trained: Callable[..., Any]) -> None:
    found = predict_given_ratings(trained("long-short", tiny), tiny, split_interactions(tiny, "last-out"), load_given_ratings(store, tiny))
    assert len(found.given) == len(found.expected) == len(found.times) == 0
