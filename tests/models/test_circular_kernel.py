"""Sums of a kernel on a circle against all pairs of queries and points, and the model that uses them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from recsys.core import Dataset, History
from recsys.evaluation.replay import replay_history
from recsys.models.base.circular_kernel import add_circular_kernel

HOURS = some.integers(0, 47).map(lambda half: half / 2)  # many points and queries coincide or are opposite


@settings(max_examples=400)
@given(
    some.lists(HOURS | some.floats(0, 23.99), min_size=1, max_size=12),
    some.lists(some.tuples(HOURS | some.floats(0, 23.99), some.floats(0, 5), some.integers(0, 2)), max_size=40),
    some.sampled_from([0.05, 0.7, 2.0, 30.0]),
)
def test_sums_are_those_of_all_pairs(queries: list[float], points: list[tuple[float, float, int]], scale: float) -> None:
    places, weights, groups = (np.array([each[at] for each in points], dtype=kind) for at, kind in enumerate((float, float, np.int64)))
    found = np.zeros((len(queries) + 1, 3))
    add_circular_kernel(found, np.arange(len(queries)) + 1, np.array(queries), places, weights, groups, scale, 24.0)
    assert not found[0].any()
    apart = np.abs(np.array(queries)[:, None] - places[None, :])
    pairs = weights * np.exp(-np.minimum(apart, 24 - apart) / scale)
    expected = np.stack([pairs[:, groups == group].sum(axis=1) for group in range(3)], axis=1)
    np.testing.assert_allclose(found[1:], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("offsets", [False, True])
def test_a_long_history_of_favourites_is_ranked_as_event_by_event(
    offsets: bool, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranks are equal but for ties within the last bits; scores to a relative 1e-5."""
    random, length = np.random.default_rng(3), 1_500
    times = 1.6e9 + np.sort(random.integers(0, 400 * 86_400, size=length)).astype(np.float64)
    items = np.array([f"i{code:02}" for code in random.integers(0, 15, size=length)], dtype=object)
    history = History(items, times=times, utc_offsets=random.choice([-240.0, 0.0, 330.0], size=length) if offsets else None, user_id="u02")
    model = trained("frequency", tiny)
    pairs = replay_history(model, history, repeats=True)
    used: list[int] = []
    shares = type(model)._shares_of_long_history
    monkeypatch.setattr("recsys.models.frequency.SHARED_EVENTS", 300)
    monkeypatch.setattr(type(model), "_shares_of_long_history", lambda self, *given: used.append(given[2]) or shares(self, *given))
    shared = replay_history(model, history, repeats=True)
    assert used and min(used) >= 300
    np.testing.assert_allclose(shared.top_scores, pairs.top_scores, rtol=1e-5)
    different = shared.ranks[:-1] != pairs.ranks[:-1]
    assert different.mean() < 0.001 and (np.abs(shared.ranks - pairs.ranks)[:-1] <= 1).all()
