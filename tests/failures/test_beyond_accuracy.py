"""Properties of lists beyond accuracy, against brute force over single cases."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys.core import Dataset, Request, recommend
from recsys.core.split import split_interactions
from recsys.core.vocabulary import Vocabulary
from recsys.evaluation.cases import Cases
from recsys.failures import beyond_accuracy
from recsys.failures.beyond_accuracy import SMOOTHING, compute_calibration, measure_beyond_accuracy


class Fixed:
    """Scores by a table of the user's last item and the item."""

    def __init__(self, item_ids: np.ndarray, table: np.ndarray):
        self.item_ids, self.vocabulary, self._table = item_ids, Vocabulary(item_ids), table

    def score(self, requests: list[Request]) -> np.ndarray:
        rows = [int(request.history.items[-1][1:]) if len(request.history) else 0 for request in requests]
        return self._table[rows].astype(np.float32)


@pytest.fixture
def shop(make_dataset: Callable[..., Dataset]) -> Dataset:
    random = np.random.default_rng(7)
    events = [(f"u{user:02}", f"i{item:02}") for user in range(30) for item in random.choice(40, random.integers(5, 12), replace=False)]
    kinds = [None if at % 13 == 5 else "abcd"[at % 4] for at in range(40)]
    return make_dataset(events, name="shop", items=pd.DataFrame({"category": kinds}, index=[f"i{at:02}" for at in range(40)]))


@pytest.fixture
def model(shop: Dataset) -> Fixed:
    return Fixed(shop.item_ids, np.random.default_rng(1).normal(size=(40, len(shop.item_ids))))


def test_against_brute_force(shop: Dataset, model: Fixed) -> None:
    split = split_interactions(shop, "last-out")
    found = measure_beyond_accuracy(model, shop, split)
    cases = Cases.from_split(shop, split, "validation")
    training = pd.Series(shop.interactions["item_id"].astype(str)[split.labels == 0]).value_counts()
    kind_of = shop.items["category"].to_dict()
    shown_means, past_means, diversities, calibrations, listed = [], [], [], [], []
    for request in cases.requests(np.arange(len(cases.rows))):
        shown = [each.item_id for each in recommend(model, request, 10, repeats=shop.repeats)]
        past = [str(item) for item in request.history.items]
        listed.extend(shown)
        shown_means.append(np.mean([training.get(item, 0) for item in shown]))
        past_means.append(np.mean([training.get(item, 0) for item in past]))
        pairs = [(a, b) for at, a in enumerate(shown) for b in shown[at + 1 :]]
        diversities.append(np.mean([kind_of[a] != kind_of[b] or pd.isna(kind_of[a]) for a, b in pairs]))
        history, shares = (pd.Series([kind_of[item] for item in items]).dropna().value_counts(normalize=True) for items in (past, shown))
        calibrations.append(
            sum(share * np.log2(share / ((1 - SMOOTHING) * shares.get(kind, 0) + SMOOTHING * share)) for kind, share in history.items())
        )
    assert found.popularity_lift.value == pytest.approx(np.mean(shown_means) / np.mean(past_means) - 1)
    assert found.diversity is not None and found.diversity.value == pytest.approx(np.mean(diversities))
    assert found.calibration is not None and found.calibration.value == pytest.approx(np.mean(calibrations))
    assert found.coverage == pytest.approx(len(set(listed)) / len(shop.item_ids))
    assert found.popularity_lift.low < found.popularity_lift.value < found.popularity_lift.high
    popular = sorted(shop.item_ids, key=lambda item: (-training.get(str(item), 0), list(shop.item_ids).index(item)))
    first = {str(item) for item in popular[: len(popular) // 10]}
    assert found.exposure[0] == pytest.approx(np.mean([item in first for item in listed]))
    assert found.exposure.sum() == pytest.approx(1) and found.taken.sum() == pytest.approx(1)


def test_lists_as_popular_as_histories_on_average_are_called_so() -> None:
    own, shown = np.array([1.0, 1.0, 1.0, 97.0]), np.array([25.0, 25.0, 25.0, 25.0])  # the mean of the ratios would be 18.8
    found = beyond_accuracy._compare_popularity(shown, own, np.arange(4), seed=0)
    assert found.value == pytest.approx(0)
    assert found.low < 0 < found.high
    assert np.isnan(beyond_accuracy._compare_popularity(shown, np.full(4, np.nan), np.arange(4), seed=0)).all()
    of_one_user = beyond_accuracy._compare_popularity(shown, own, np.zeros(4, dtype=int), seed=0)
    assert of_one_user.value == pytest.approx(0) and np.isnan(of_one_user.low)


def test_users_with_unpopular_histories_come_first(shop: Dataset, model: Fixed) -> None:
    means = measure_beyond_accuracy(model, shop, split_interactions(shop, "last-out")).group_popularity
    assert (np.diff(means[:, 0]) > 0).all()


def test_a_list_with_the_shares_of_the_history_is_calibrated() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(compute_calibration(shares, shares), 0, atol=1e-12)
    assert compute_calibration(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))[0] == pytest.approx(-np.log2(SMOOTHING))


@given(arrays(float, (2, 4), elements=st.floats(0.01, 1)))
def test_calibration_is_never_negative_nor_above_its_bound(weights: np.ndarray) -> None:
    history, shown = (weights / weights.sum(axis=1, keepdims=True))[:, None]
    assert -1e-9 <= compute_calibration(history, shown)[0] <= -np.log2(SMOOTHING) + 1e-9


def test_without_categories(make_dataset: Callable[..., Dataset]) -> None:
    events = [(f"u{user}", f"i{(user + step) % 12:02}") for user in range(8) for step in range(5)]
    bare = make_dataset(events, name="bare")
    found = measure_beyond_accuracy(Fixed(bare.item_ids, np.zeros((40, 12))), bare, split_interactions(bare, "last-out"))
    assert found.diversity is None and found.calibration is None and not found.categories
    assert 0 < found.coverage <= 1


def test_cases_are_drawn_where_there_are_many(shop: Dataset, model: Fixed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beyond_accuracy, "MOST_CASES", 7)
    found = measure_beyond_accuracy(model, shop, split_interactions(shop, "last-out"))
    assert (found.cases, found.all_cases) == (7, 30)
