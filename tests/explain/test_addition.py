"""Counterfactual additions against enumeration of all single items and pairs in small catalogues."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Event, Request, recommend, request_at
from recsys.core.errors import DataError, RecsysError
from recsys.explain.counterfactual.addition import smallest_addition
from recsys.explain.counterfactual.topk_membership import make_event_factory
from recsys.explain.game import Game
from recsys.models import MODELS
from tests.conftest import WHOLE
from tests.explain.test_counterfactual import SumOf, _history

K = 3
UNMOVED = ("popularity", "ease", "fusion")  # on so little data, one or two events turn none of their lists


def after(request: Request, dataset: Dataset, items: tuple[str, ...]) -> Request:
    """The request after events of these items, at its time and at their places."""
    history, times = request.history, request.history.times
    last = float(times[-1]) if times is not None and len(times) else np.nan
    for item in items:
        place = dataset.item_places[dataset.vocabulary.encode([item])[0] - 1] if dataset.item_places is not None else (np.nan, np.nan)
        time = last if request.time is None else request.time
        history = history.then(Event(item, time, np.nan if request.utc_offset is None else request.utc_offset, tuple(place)))
    return replace(request, history=history)


def smallest_by_enumeration(model: Any, request: Request, wanted: str, dataset: Dataset) -> int | None:
    """1 or 2, or None, by scoring all sets at once; added items stay in the list, items of the history do not."""
    ids = [str(item) for item in model.item_ids]
    taken = [] if dataset.repeats else list(request.history.items)
    free = [item for item in ids if item != wanted and item not in taken]
    for size in (1, 2):
        sets = [each for each in product(free, repeat=size) if dataset.repeats or len(set(each)) == size]
        scores = np.array(model.score([after(request, dataset, items) for items in sets]))
        scores[:, [ids.index(item) for item in taken]] = -np.inf
        at = ids.index(wanted)
        places = 1 + (scores > scores[:, [at]]).sum(1) + (scores[:, :at] == scores[:, [at]]).sum(1)
        if (places <= K).any():
            return size
    return None


@pytest.mark.parametrize("people_return", [True, False], ids=["they return", "each item once"])
@pytest.mark.parametrize("name", ["popularity", "markov", "ngram", "item-knn", "ease", "sasrec", "sasrec-time", "spatiotemporal", "fusion"])
def test_enumeration_finds_no_smaller_set(
    name: str, people_return: bool, tiny: Dataset, order_only: Dataset, trained: Callable[..., Any]
) -> None:
    if not people_return and name in ("sasrec-time", "spatiotemporal", "fusion"):
        pytest.skip("needs times")
    dataset = tiny if people_return else order_only
    model, sizes = trained(name, dataset), set()
    for user, step, behind in (("u03", 6, 5), ("u05", 4, 3), ("u07", 5, 3), ("u09", 3, 11), ("u11", 3, 4), ("u01", 2, 3)):
        history = dataset.history(user)
        request = request_at(history, min(step, len(history)))
        listed = recommend(model, request, 15, repeats=dataset.repeats)
        if behind >= len(listed):
            continue
        wanted = listed[behind].item_id
        game = Game(model, request, wanted, aware=MODELS[name].aware, repeats=dataset.repeats)
        found = smallest_addition(game, K, event_of=make_event_factory(request, dataset))
        fewest = smallest_by_enumeration(model, request, wanted, dataset)
        sizes.add(fewest)
        assert found.verified == bool(found.added) == (found.rank_after is not None)
        assert wanted not in found.added
        if fewest is None:
            assert len(found.added) in (0, 3)
            continue
        assert len(found.added) == fewest
        then = [each.item_id for each in recommend(model, after(request, dataset, found.added), K, repeats=dataset.repeats)]
        assert then.index(wanted) + 1 == found.rank_after
        assert found.rank_before == behind + 1
        left = {each.item_id for each in listed[:K]} - set(then)
        assert found.displaced in left - set(found.added) if left - set(found.added) else found.displaced is None
    if name not in UNMOVED:
        assert sizes - {None}, "no case could tell a search from none"


def test_the_fewest_further_events_bring_an_item_in() -> None:
    model = SumOf(["a", "b", "c", "d"], {("a", "d"): 2.0, ("b", "d"): 2.0}, {"a": -3.0, "b": -3.0, "c": 3.0})
    found = smallest_addition(Game(model, _history(["c"]), "d"), 1)
    assert set(found.added) == {"a", "b"} and found.verified
    assert (found.rank_before, found.rank_after, found.displaced) == (2, 1, "c")
    never = smallest_addition(Game(SumOf(["a", "b"], {}, {"a": 1.0}), _history([]), "b"), 1)
    assert never.added == () and not never.verified and never.rank_after is None
    with pytest.raises(DataError, match="already"):
        smallest_addition(Game(model, _history(["c"]), "c"), 1)


def test_making_room_is_not_an_addition() -> None:
    """An event of the item before it would lift "b" to rank 1 without raising its score."""
    model = SumOf(["a", "b", "c"], {}, {"a": 2.0, "b": 1.0})
    assert not smallest_addition(Game(model, _history([]), "b", repeats=False), 1).verified
    pushed = SumOf(["a", "b", "c"], {("c", "b"): 5.0}, {"a": 2.0, "b": 1.0, "c": 1.5})
    assert smallest_addition(Game(pushed, _history([]), "b", repeats=False), 1).added == ("c",)
    assert not smallest_addition(Game(pushed, _history(["c", "c"]), "a", repeats=False), 1).verified


def test_scores_that_are_not_numbers_name_the_model() -> None:
    model = SumOf(["a", "b", "c"], {("a", "b"): float("nan")}, {"a": 2.0, "c": 1.0})
    with pytest.raises(RecsysError, match="SumOf gave scores that are not numbers"):
        smallest_addition(Game(model, _history([]), "b"), 1)


def test_events_of_unknown_items_are_left_where_they_are() -> None:
    model = SumOf(["a", "b", "c"], {("c", "b"): 5.0}, {"a": 2.0})
    found = smallest_addition(Game(model, _history(["never heard of", "a", "never heard of"]), "b"), 1)
    assert found.added == ("c",)


def test_a_small_budget_ends_the_search() -> None:
    names = [f"e{at}" for at in range(400)]
    model = SumOf([*names, "good", "other"], {}, {"other": 5.0})
    game = Game(model, _history(names[:30]), "good")
    few, many = smallest_addition(game, 1, budget=60), smallest_addition(game, 1)
    assert not few.verified and not many.verified
    assert few.evaluations < 200 < many.evaluations < 2_500


@pytest.mark.parametrize("name", WHOLE)
def test_every_model_at_the_first_steps(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    for step in (0, 1):
        request = request_at(tiny.history("u03"), step)
        wanted = str(model.item_ids[int(np.argmin(model.score([request])[0]))])
        found = smallest_addition(Game(model, request, wanted, aware=MODELS[name].aware), K, event_of=make_event_factory(request, tiny))
        assert found.rank_before > K and found.evaluations > 0
        assert (found.rank_after or K) <= K
