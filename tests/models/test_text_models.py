"""Scores from texts: by neighbours of each event, and by one profile of the history. Vectors are given by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from recsys import text
from recsys.core import Dataset, History, Request
from recsys.core.split import TRAIN, Split
from recsys.models import item_knn_text
from recsys.models.content import Content, ContentConfig
from recsys.models.item_knn_text import ItemKnnText, ItemKnnTextConfig

VECTORS = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.6, 0.8, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32)


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(text, "item_vectors", lambda *_: VECTORS)
    monkeypatch.setattr(text, "whiten", lambda vectors, size: vectors)
    items = pd.DataFrame({"title": list("abcdef")}, index=list("abcdef"))
    return make_dataset([("u", item) for item in "abcdef"] + [("v", "e")], items=items)


def everything(dataset: Dataset) -> Split:
    return Split("temporal", np.full(len(dataset.interactions), TRAIN, dtype=np.int8))


def request_after(*items: str) -> Request:
    return Request(History(np.array(items, dtype=object)))


def test_similar_texts_are_summed_cosines(dataset: Dataset) -> None:
    model = ItemKnnText.fit(dataset, everything(dataset), ItemKnnTextConfig(half_life=1.0))
    expected = 0.5 * np.maximum(VECTORS @ VECTORS[0], 0) + VECTORS @ VECTORS[4]
    np.testing.assert_allclose(model.score([request_after("a", "e")])[0], expected, atol=1e-5)
    np.testing.assert_allclose(model.score([request_after("f")])[0], [0, 0, 0, 0, 0, 1], atol=1e-5)  # silent, but its own neighbour


def test_only_the_nearest_texts_are_stored_and_blocks_do_not_matter(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ItemKnnText.fit(dataset, everything(dataset), ItemKnnTextConfig(neighbours=2))
    assert (model.score([request_after("a"), request_after("d")]) > 1e-3).tolist() == [
        [True, True] + [False] * 4,
        [False, False, True, True, False, False],
    ]
    monkeypatch.setattr(item_knn_text, "BLOCK", 4)
    again = ItemKnnText.fit(dataset, everything(dataset), ItemKnnTextConfig(neighbours=2))
    for name, value in model.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], value)


def test_the_profile_is_a_weighted_ridge_regression(dataset: Dataset) -> None:
    """The profile must minimise the loss that its closed form claims to."""
    config = ContentConfig(half_life=1.0, weight=4.0, own=0.0)
    model = Content.fit(dataset, everything(dataset), config)
    shares = {0: 1 / 7, 1: 2 / 7, 4: 4 / 7}  # a b e, each counting half of the next

    def loss(profile: np.ndarray) -> float:
        everybody = ((VECTORS @ profile) ** 2).sum() * 3 / 5 + 0.01 * profile @ profile
        return float(everybody + sum(config.weight * share * ((1 - VECTORS[item] @ profile) ** 2) for item, share in shares.items()))

    scores = model.score([request_after("a", "b", "e")])[0].astype(np.float64)
    profile = np.linalg.lstsq(VECTORS.astype(np.float64), scores, rcond=None)[0]
    gradient = [(loss(profile + step) - loss(profile - step)) / 2e-4 for step in np.eye(3) * 1e-4]
    # everybody's half counts squared scores, the own ones squared misses: at the least loss the gradient is nought
    np.testing.assert_allclose(gradient, 0, atol=0.02)


def test_more_of_the_same_adds_less_and_less(dataset: Dataset) -> None:
    """item-knn-text adds the neighbours of every event; the profile weighs equal texts once."""
    settings = {"half_life": 1e12, "own": 0.0}
    profile = Content.fit(dataset, everything(dataset), ContentConfig(**settings, weight=10.0))
    neighbours = ItemKnnText.fit(dataset, everything(dataset), ItemKnnTextConfig(half_life=1e12))
    many = request_after(*"aaaaaaaae")
    ratio = [float(scores[4] / scores[1]) for scores in (profile.score([many])[0], neighbours.score([many])[0])]
    assert ratio[0] > 2 * ratio[1]


def test_fallbacks(dataset: Dataset) -> None:
    model = Content.fit(dataset, everything(dataset), ContentConfig())
    assert model.fallback(request_after("f", "a")) is None
    assert "no texts for" in str(model.fallback(request_after("f")))
    assert "no history" in str(model.fallback(request_after("unknown")))
    assert model.score([request_after()])[0].argmax() == 4
