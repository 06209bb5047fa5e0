"""A part of a replay is the same steps of the whole, an interrupted replay is none, and bins hold every event once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from recsys.core import Dataset, FallsBack
from recsys.core.errors import DataError
from recsys.evaluation.replay import replay_history
from recsys.evaluation.replay_bins import bin_ranks
from tests.conftest import WHOLE
from tests.evaluation.test_long_replay import random_history


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_a_part_is_the_same_steps_of_the_whole(
    name: str, unknown: float, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.evaluation.replay.CHUNK_STEPS", 8)
    monkeypatch.setattr("recsys.evaluation.replay.PASS_STEPS", 32)
    model, history = trained(name, tiny), random_history(90, 7, unknown)
    labels = np.arange(90, dtype=np.int8) % 3
    whole = replay_history(model, history, repeats=False, k=4, labels=labels)
    for steps in (range(5), range(37, 62), range(71, 91), range(90, 91)):
        part, inside = replay_history(model, history, repeats=False, k=4, labels=labels, steps=steps), slice(steps.start, steps.stop)
        assert part.steps == steps and part.length == 90 and not part.is_whole and part.unknown == whole.unknown
        for column in ("ranks", "top_items", "top_scores", "item_ids", "splits", "interest"):
            mine, other = getattr(part, column), getattr(whole, column)
            assert (mine is None) == (other is None)
            if mine is not None:
                np.testing.assert_array_equal(mine, other[inside], err_msg=column)
        for gate, values in part.gates.items():
            np.testing.assert_array_equal(values, whole.gates[gate][inside])
        assert part.fallbacks == whole.fallbacks[inside]
        assert set(part.misses) == set(whole.misses) & set(steps)


@pytest.mark.parametrize("name", WHOLE)
def test_passes_do_not_change_a_replay(name: str, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, history = trained(name, tiny), random_history(120, 8, 0.0)
    whole = replay_history(model, history, repeats=True)
    monkeypatch.setattr("recsys.evaluation.replay.PASS_STEPS", 16)
    monkeypatch.setattr("recsys.evaluation.replay.CHUNK_STEPS", 16)
    monkeypatch.setattr("recsys.models.base.causal.PASS_TOKENS", 16, raising=False)
    pieces = replay_history(model, history, repeats=True)
    np.testing.assert_allclose(pieces.top_scores, whole.top_scores, rtol=2e-4, atol=2e-5)
    assert np.nanmax(np.abs(pieces.ranks - whole.ranks)) <= 1


@pytest.mark.parametrize("steps", [range(0), range(-1, 3), range(5, 92), range(0, 10, 2)])
def test_steps_outside_of_the_history_are_refused(steps: range, tiny: Dataset, trained: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="not a part of this history"):
        replay_history(trained("markov", tiny), random_history(90, 7, 0.0), repeats=True, steps=steps)


def test_progress_reaches_the_end_and_an_error_ends_the_replay(
    tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.evaluation.replay.CHUNK_STEPS", 16)
    model, history = trained("markov", tiny), random_history(90, 7, 0.0)
    seen: list[tuple[int, int]] = []
    replay_history(model, history, repeats=True, report=lambda *now: seen.append(now))
    assert seen[-1] == (91, 91) and seen == sorted(seen) and len(seen) == 6
    seen.clear()
    replay_history(model, history, repeats=True, steps=range(20, 50), report=lambda *now: seen.append(now))
    assert seen[-1] == (30, 30)

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done > 30:
            raise KeyboardInterrupt

    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        replay_history(model, history, repeats=True, report=stop)
    assert seen == [(16, 91), (32, 91)]


@pytest.mark.parametrize("name", WHOLE)
def test_fallbacks_of_many_requests_are_those_of_each(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    from recsys.core import request_at

    model, history = trained(name, tiny), random_history(40, 9, 0.6)
    if isinstance(model, FallsBack):
        requests = [request_at(history, step) for step in range(len(history) + 1)]
        assert model.fallbacks(requests) == [model.fallback(request) for request in requests]


@given(some.lists(some.sampled_from([1.0, 4.5, 10.0, 10.5, 800.0]), max_size=300), some.integers(1, 50), some.integers(0, 9))
def test_bins_sum_to_the_events(ranks: list[float], most: int, first: int) -> None:
    splits = np.array((["train", "test"] * 150)[: len(ranks)], dtype=object)
    bins = bin_ranks(np.array(ranks), splits, first, most)
    assert len(bins.counts) <= most and bins.counts.sum() == len(ranks)
    assert bins.hits.sum() == sum(rank <= 10 for rank in ranks) and bins.trained.sum() == (splits == "train").sum()
    frame = pd.DataFrame({"rank": ranks, "bin": np.repeat(np.arange(len(bins.counts)), bins.counts)})
    np.testing.assert_array_equal(bins.medians, frame.groupby("bin")["rank"].median())
    np.testing.assert_array_equal(np.diff(bins.edges), bins.counts)
    assert bins.edges[0] == first and bins.edges[-1] == first + len(ranks)
