"""Counterfactual removals against enumeration of all sets of events in small histories."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Request, Vocabulary, candidate_scores, empty_history, request_at
from recsys.core.errors import DataError, RecsysError
from recsys.explain.counterfactual.removal import smallest_removal
from recsys.explain.game import Game
from recsys.models import MODELS
from tests.conftest import WHOLE

K = 3


class SumOf:
    """A model whose scores are sums of what the events add to items: `adds` maps (event's item, item) to points."""

    def __init__(self, item_ids: list[str], adds: dict[tuple[str, str], float], start: dict[str, float] | None = None):
        self.item_ids, self.adds, self.start = np.array(item_ids, dtype=object), adds, start or {}

    def score(self, requests: Any) -> np.ndarray:
        def of(taken: set[str], item: str) -> float:
            return self.start.get(item, 0.0) + sum(self.adds.get((each, item), 0.0) for each in taken)

        return np.array([[of(set(map(str, each.history.items)), item) for item in self.item_ids] for each in requests], dtype=np.float32)


def smallest_by_enumeration(model: Any, request: Any, item_id: str, k: int, most: int) -> int | None:
    """The size of the smallest set, by scoring each set alone; None if no set of up to `most` events suffices."""
    vocabulary = Vocabulary(model.item_ids)
    at = int(vocabulary.encode([item_id])[0]) - 1
    for size in range(1, most + 1):
        for removed in combinations(range(len(request.history)), size):
            asked = request_at(request.history.without(removed), len(request.history) - size)
            scores = candidate_scores(model, [_at(asked, request)], vocabulary, repeats=True)[0]
            if 1 + (scores > scores[at]).sum() + (scores[:at] == scores[at]).sum() > k:
                return size
    return None


def _at(asked: Any, request: Any) -> Any:
    """The request of the shortened history at the time and place of the full one."""
    history = request.history
    time, offset = (request.time, request.utc_offset) if request.time is not None else (history.times[-1], history.utc_offsets[-1])
    return replace(asked, time=time, utc_offset=offset, place=tuple(history.places[-1]))


@pytest.mark.parametrize("name", WHOLE)
def test_enumeration_finds_no_smaller_set(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    for user, step in (("u03", 9), ("u05", 7), ("u07", 8)):
        history = tiny.history(user)
        request = request_at(history, min(step, len(history)))
        scores = candidate_scores(model, [request], Vocabulary(model.item_ids), repeats=True)[0]
        item_id = str(model.item_ids[np.argsort(-scores, kind="stable")[1]])
        found = smallest_removal(Game(model, request, item_id, aware=MODELS[name].aware), K)
        fewest = smallest_by_enumeration(model, request, item_id, K, 3)
        assert found.verified == bool(found.removed)
        if fewest is not None:
            assert found.verified and len(found.removed) == fewest
            assert found.rank_before <= K < (found.rank_after or 0)
            assert found.replacement is not None and found.replacement != item_id


def test_the_replacement_is_named() -> None:
    model = SumOf(["a", "b", "c", "d"], {("x", "b"): 5, ("y", "b"): 5}, {"a": 9, "c": 1, "d": 0})
    model.item_ids = np.array(["a", "b", "c", "d", "x", "y"], dtype=object)
    request = _history(["x", "y", "a"])
    found = smallest_removal(Game(model, request, "b"), 2)
    assert set(found.removed) == {0, 1} and found.rank_before == 1 and found.rank_after == 3 and found.replacement == "c"
    assert found.verified and found.evaluations > 0


def test_sets_of_more_than_three_events() -> None:
    """Six events each add one point, and half a point more must go than any three hold."""
    names = [f"e{at}" for at in range(12)]
    adds = {(name, "good"): 1.0 for name in names[:8]}
    model = SumOf([*names, "good", "other"], adds, {"other": 2.5, **dict.fromkeys(names, -9.0)})
    found = smallest_removal(Game(model, _history(names), "good"), 1)
    assert len(found.removed) == 6 and set(found.removed) <= set(range(8))
    assert found.replacement == "other"


def test_an_item_that_no_removal_drops() -> None:
    model = SumOf(["a", "b", "c"], {("a", "b"): 1.0}, {"c": 5.0})
    found = smallest_removal(Game(model, _history(["a", "a"]), "c"), 1)
    assert found.removed == () and not found.verified and found.rank_after is None and found.replacement is None


def test_items_of_the_history_stay_excluded() -> None:
    """Without its event, "x" would be the best of all, but it must not be the replacement."""
    model = SumOf(["x", "b", "c"], {("x", "b"): 5.0}, {"x": 99.0, "c": 1.0})
    found = smallest_removal(Game(model, _history(["x"]), "b", repeats=False), 1)
    assert found.removed == (0,) and found.replacement == "c"


def test_a_long_history_is_searched_where_it_matters() -> None:
    names = [f"e{at}" for at in range(400)]
    model = SumOf([*names, "good", "other"], {("e123", "good"): 5.0, ("e7", "good"): 5.0}, {"other": 4.0, **dict.fromkeys(names, -9.0)})
    found = smallest_removal(Game(model, _history(names), "good"), 1)
    assert found.removed == (7, 123)


def test_a_small_budget_still_tries_pairs_of_the_latest() -> None:
    older = [f"o{at}" for at in range(38)]

    class EitherOfTwo(SumOf):
        """The last two each do alone what both do; every older event helps a little, so that it looks more promising."""

        def score(self, requests: Any) -> np.ndarray:
            scores = super().score(requests)
            scores[:, 0] += [5.0 * bool({"p", "q"} & set(map(str, each.history.items))) for each in requests]
            return scores

    model = EitherOfTwo(["b", "c", "d", *older, "p", "q"], {(name, "b"): 0.01 for name in older}, {"c": 2, "d": 1})
    found = smallest_removal(Game(model, _history([*older, "p", "q"]), "b"), 1, budget=64)
    assert found.removed == (38, 39) and found.verified


def test_the_latest_events_are_tried_together_on_any_budget() -> None:
    """Only the last event counts, and each of the last four does: to a search by single effects no event looks promising."""
    older = [f"o{at}" for at in range(60)]

    class LastOf(SumOf):
        def score(self, requests: Any) -> np.ndarray:
            scores = super().score(requests)
            scores[:, 0] += [5.0 * (str(each.history.items[-1]) in "pqrs") if len(each.history) else 0.0 for each in requests]
            return scores

    model = LastOf(["b", "c", "d", *older, *"pqrs"], {}, {"c": 2, "d": 1})
    found = smallest_removal(Game(model, _history([*older, *"pqrs"]), "b"), 1, budget=64)
    assert found.removed == (60, 61, 62, 63) and found.replacement == "c"


def test_all_events_of_a_repeated_item_are_removed() -> None:
    model = SumOf(["a", "b", "c", "x", "y"], {("x", "b"): 5.0}, {"c": 1.0})
    found = smallest_removal(Game(model, _history(["x", "y", "x", "y", "x"]), "b"), 1)
    assert found.removed == (0, 2, 4) and found.replacement == "c"


def test_scores_that_are_not_numbers_name_the_model() -> None:
    model = SumOf(["a", "b"], {}, {"a": np.nan})
    with pytest.raises(RecsysError, match="SumOf gave scores that are not numbers"):
        smallest_removal(Game(model, _history(["a"]), "b"), 1)


def test_an_item_outside_the_list_is_refused(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("popularity", tiny)
    request = request_at(tiny.history("u03"), 5)
    last = str(model.item_ids[int(np.argmin(model.score([request])[0]))])
    with pytest.raises(DataError, match="not in the top 3"):
        smallest_removal(Game(model, request, last), K)
    with pytest.raises(DataError, match="k is 0"):
        smallest_removal(Game(model, request, last), 0)
    with pytest.raises(DataError, match="not a candidate"):
        taken = str(request.history.items[0])
        smallest_removal(Game(model, request, taken, repeats=False), K)


@pytest.mark.parametrize("length", [0, 1])
def test_the_shortest_histories(length: int, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("markov", tiny)
    request = request_at(tiny.history("u03"), length)
    best = str(model.item_ids[int(np.argmax(model.score([request])[0]))])
    found = smallest_removal(Game(model, request, best), K)
    assert found.removed in ((), (0,)) and (length or found.removed == ())


def _history(items: list[str]) -> Any:
    return Request(replace(empty_history(), items=np.array(items, dtype=object)))
