"""Cosines of co-occurrence, by hand and by a plain loop."""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, History, Request, empty_history
from recsys.core.split import TEST, TRAIN, VALIDATION, Split
from recsys.models.item_knn import ItemKnn, ItemKnnConfig

FLAT = {"half_life": 1e12, "shrinkage": 0.0}


def fit(dataset: Dataset, **settings: float) -> ItemKnn:
    train = Split("temporal", np.full(len(dataset.interactions), TRAIN, dtype=np.int8))
    return ItemKnn.fit(dataset, train, ItemKnnConfig(**settings))


def request_after(*items: str) -> Request:
    return Request(History(np.array(items, dtype=object)))


def test_cosine_by_hand(make_dataset: Callable[..., Dataset]) -> None:
    model = fit(make_dataset([("u", "a"), ("u", "b"), ("u", "b"), ("v", "a"), ("w", "b"), ("w", "c")]), **FLAT)
    np.testing.assert_allclose(model.score([request_after("a")])[0], [1, 1 / 2, 0], atol=1e-5)
    np.testing.assert_allclose(model.score([request_after("a", "c")])[0], [1, 1 / 2 + 1 / sqrt(2), 1], atol=1e-5)


@given(
    events=st.lists(st.tuples(st.sampled_from("uvwxy"), st.sampled_from("abcdef")), min_size=1, max_size=40),
    history=st.lists(st.sampled_from("abcdef"), max_size=6),
    shrinkage=st.sampled_from([0.0, 3.0]),
    half_life=st.sampled_from([1.0, 4.0]),
)
def test_it_is_a_plain_sum(
    make_dataset: Callable[..., Dataset], events: list[tuple[str, str]], history: list[str], shrinkage: float, half_life: float
) -> None:
    dataset = make_dataset(sorted(events))
    took = {item: {user for user, other in events if other == item} for item in dataset.item_ids}
    known = [item for item in history if item in took]
    scores = fit(dataset, shrinkage=shrinkage, half_life=half_life).score([request_after(*history)])[0]
    for item, score in zip(dataset.item_ids, scores, strict=True):
        expected = 0.0
        for age, other in enumerate(reversed(known)):
            cosine = len(took[item] & took[other]) / (sqrt(len(took[item]) * len(took[other])) + shrinkage)
            expected += 0.5 ** (age / half_life) * (1.0 if item == other else cosine)
        assert score == pytest.approx(expected, rel=1e-4, abs=3e-6)


def test_only_the_nearest_neighbours_are_kept(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b"), ("u", "c"), ("v", "a"), ("v", "b"), ("w", "c")])
    assert (fit(dataset, neighbours=2, **FLAT).score([request_after("a")])[0] > 1e-3).tolist() == [True, True, False]


def test_blocks_give_the_same(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit(tiny, neighbours=4)
    monkeypatch.setattr("recsys.models.item_knn.BLOCK_BYTES", 8 * 15 * 4)
    for name, value in fit(tiny, neighbours=4).arrays().items():
        np.testing.assert_array_equal(value, whole.arrays()[name])


def test_a_like_counts_as_an_event(make_dataset: Callable[..., Dataset]) -> None:
    model = fit(make_dataset([("u", "a"), ("u", "b"), ("w", "c"), ("w", "d")]), **FLAT)
    liked = replace(request_after("a"), history=replace(request_after("a").history, likes=("c", "no such item")))
    np.testing.assert_allclose(model.score([liked, request_after("a")]), [[1, 1, 1, 1], [1, 1, 0, 0]], atol=1e-5)
    assert model.fallback(Request(replace(empty_history(), likes=("c",)))) is None


def test_fallbacks(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b"), ("v", "b")])
    labels = np.array([VALIDATION, TEST, TRAIN], dtype=np.int8)  # nobody took a as far as training knows
    model = ItemKnn.fit(dataset, Split("temporal", labels), ItemKnnConfig())
    assert "no item is similar" in str(model.fallback(request_after("a")))
    assert "no history" in str(model.fallback(request_after("unknown")))
    assert model.fallback(request_after("b", "a")) is None
    assert model.score([request_after("a")])[0].argmax() == 1
