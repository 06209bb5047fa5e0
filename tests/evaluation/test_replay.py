"""A replay is step-by-step asking, and never sees the future."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, FallsBack, History, candidate_scores, empty_history, recommend, request_at
from recsys.core.errors import DataError
from recsys.core.split import split_interactions
from recsys.evaluation import compute_ranks
from recsys.evaluation.replay import compute_step_attention, replay_history
from tests.conftest import WHOLE

ITEMS = [*(f"i{i:02}" for i in range(15)), "no such item", "another"]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to 12 events of known and unknown items, with or without times and places, some of them missing."""
    length = draw(st.integers(0, 12))

    def column(values: st.SearchStrategy[Any]) -> np.ndarray | None:
        return np.array(draw(st.lists(values, min_size=length, max_size=length)), dtype=np.float64) if draw(st.booleans()) else None

    places = column(st.sampled_from([40.1, 40.5, 41.0, np.nan]))
    times = column(st.integers(0, 100).map(lambda days: 1.704e9 + 86_000 * days))
    return History(
        items=np.array(draw(st.lists(st.sampled_from(ITEMS), min_size=length, max_size=length)), dtype=object),
        times=None if times is None else np.where(draw(st.booleans()) and np.arange(length) % 3 == 1, np.nan, np.sort(times)),
        utc_offsets=column(st.sampled_from([-240.0, 60.0, np.nan])),
        places=None if places is None else np.column_stack([places, places - 114]),
        dislikes=tuple(draw(st.lists(st.sampled_from(ITEMS), max_size=2))),
    )


@pytest.mark.parametrize("name", WHOLE)
class TestReplayOfEveryModel:
    @given(history=histories(), repeats=st.booleans())
    def test_it_is_step_by_step_scoring(
        self, name: str, tiny: Dataset, trained: Callable[..., Any], history: History, repeats: bool
    ) -> None:
        model, vocabulary = trained(name, tiny), tiny.vocabulary
        found = replay_history(model, history, repeats, k=4)
        assert found.length == len(history)
        assert len(found.ranks) == len(found.top_items) == len(found.top_scores) == len(found.fallbacks) == len(history) + 1
        assert np.isnan(found.ranks[-1])
        requests = [request_at(history, step) for step in range(len(history) + 1)]
        every = candidate_scores(model, requests, vocabulary, repeats)
        for step, request in enumerate(requests):
            scores = every[[step]]
            best = np.sort(scores[0])[::-1][:4]
            np.testing.assert_allclose(found.top_scores[step], best, rtol=1e-4, atol=1e-5)
            listed = [item for item in found.top_items[step] if item]
            assert len(listed) == min(4, int(np.isfinite(scores).sum()))
            np.testing.assert_allclose(scores[0, vocabulary.encode(listed) - 1], best[: len(listed)], rtol=1e-4, atol=1e-5)
            assert found.fallbacks[step] == (model.fallback(request) if isinstance(model, FallsBack) else None)
            if step < len(history):
                code = vocabulary.encode(history.items[[step]])
                assert found.ranks[step] == (compute_ranks(scores, code - 1)[0] if code[0] else len(vocabulary))
        assert found.unknown == int((vocabulary.encode(history.items) == 0).sum())

    @given(history=histories(), data=st.data())
    def test_the_future_does_not_change_a_step(
        self, name: str, tiny: Dataset, trained: Callable[..., Any], history: History, data: st.DataObject
    ) -> None:
        step = data.draw(st.integers(0, len(history)))
        model = trained(name, tiny)
        whole, cut = replay_history(model, history, False, k=4), replay_history(model, history.until(step), False, k=4)
        np.testing.assert_array_equal(whole.ranks[:step], cut.ranks[:step])
        np.testing.assert_allclose(whole.top_scores[:step], cut.top_scores[:step], rtol=1e-4, atol=1e-5)
        assert whole.fallbacks[:step] == cut.fallbacks[:step]

    def test_lists_are_the_recommendations(self, name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
        model, history = trained(name, tiny), tiny.history("u02")
        found = replay_history(model, history, False, k=3)
        for step in (0, 3, len(history)):
            assert list(found.top_items[step]) == [each.item_id for each in recommend(model, request_at(history, step), 3, repeats=False)]

    def test_small_chunks_give_the_same(
        self, name: str, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model, history = trained(name, tiny), tiny.history("u02")
        whole = replay_history(model, history, False)
        monkeypatch.setattr("recsys.evaluation.cases.CHUNK_BYTES", 4 * 15 * 2)
        pieces = replay_history(model, history, False)
        np.testing.assert_array_equal(pieces.ranks, whole.ranks)
        np.testing.assert_allclose(pieces.top_scores, whole.top_scores, rtol=1e-4, atol=1e-5)


def test_nothing_and_one_event(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("markov", tiny)
    nothing = replay_history(model, empty_history("nobody"), True)
    assert (nothing.length, nothing.user_id, nothing.ranks.shape) == (0, "nobody", (1,))
    assert nothing.fallbacks == ("no history yet: most popular items",)
    one = replay_history(model, History(np.array(["i02"], dtype=object)), True)
    assert one.ranks[0] >= 1
    assert np.isnan(one.ranks[1])


def test_nothing_left_to_recommend(tiny: Dataset, trained: Callable[..., Any]) -> None:
    everything = History(np.array(tiny.item_ids, dtype=object))
    found = replay_history(trained("item-knn", tiny), everything, False, k=20)
    assert found.top_items.shape == (16, 15)
    assert (found.top_items[-1] == "").all()
    assert (found.top_items[-2] != "").sum() == 1
    assert found.ranks[14] == 1


def test_events_are_marked_by_split(tiny: Dataset, trained: Callable[..., Any]) -> None:
    labels = split_interactions(tiny, "last-out").labels[tiny.rows("u02")]
    found = replay_history(trained("popularity", tiny), tiny.history("u02"), True, labels=labels)
    assert list(found.splits[-3:]) == ["train", "validation", "test"]
    assert set(replay_history(trained("popularity", tiny), tiny.history("u02"), True).splits) == {""}


def test_wrong_questions(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model, history = trained("popularity", tiny), tiny.history("u02")
    with pytest.raises(DataError, match="at least one item"):
        replay_history(model, history, True, k=0)
    with pytest.raises(DataError, match="do not match"):
        replay_history(model, history, True, labels=np.zeros(1, dtype=np.int8))
    with pytest.raises(DataError, match="no attention"):
        compute_step_attention(model, history, 1)
    with pytest.raises(DataError, match="outside this history"):
        compute_step_attention(trained("sasrec", tiny), history, len(history) + 1)


@pytest.mark.parametrize("name", ["sasrec", "sasrec-time"])
@pytest.mark.parametrize("step", [0, 1, 9, 17])
def test_attention_at_a_step(name: str, step: int, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    history = max((tiny.history(user) for user in tiny.user_ids), key=len)
    items = history.items.copy()
    items[3] = "no such item"
    history = replace(history, items=items)
    found = compute_step_attention(model, history, step)
    known = [index for index in range(step) if index != 3]
    expected = [-1, *known[-(2 * model.config.max_length - 1) :]]
    assert list(found.steps) == expected
    n = len(expected)
    assert found.weights.shape == (model.config.n_blocks, model.config.n_heads, n, n)
    np.testing.assert_allclose(found.weights.sum(axis=-1), 1, rtol=1e-5)
    assert np.triu(found.weights, 1).max() == 0
    assert set(found.terms) == ({"content", "order"} if name == "sasrec" else {"content", "order", "time", "distance"})
    assert all(term.shape == found.weights.shape for term in found.terms.values())


def test_attention_over_the_window_is_that_of_the_whole_history(tiny: Dataset, trained: Callable[..., Any]) -> None:
    """Cutting the history to the receptive field of two blocks does not change the last row of attention."""
    model = trained("sasrec-time", tiny)
    history = max((tiny.history(user) for user in tiny.user_ids), key=len)
    reach = 2 * model.config.max_length - 1
    assert len(history) > reach
    found = compute_step_attention(model, history, len(history))
    assert list(found.steps[1:]) == list(range(len(history) - reach, len(history)))
    window = history.without(range(len(history) - reach))
    np.testing.assert_allclose(model.trace(window).states[-1], model.trace(history).states[-1], rtol=1e-4, atol=1e-5)
