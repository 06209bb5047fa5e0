"""User neighbours compared with a plain loop, by items and by texts."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import text
from recsys.core import Dataset, History, Request, empty_history
from recsys.core.split import TEST, TRAIN, Split
from recsys.models.user_knn import UserKnn, UserKnnConfig
from recsys.models.user_knn_text import UserKnnText, UserKnnTextConfig


def everything(dataset: Dataset) -> Split:
    return Split("temporal", np.full(len(dataset.interactions), TRAIN, dtype=np.int8))


def fit(dataset: Dataset, **settings: float) -> UserKnn:
    return UserKnn.fit(dataset, everything(dataset), UserKnnConfig(**settings))


def request_after(*items: str, user: str | None = None) -> Request:
    return Request(History(np.array(items, dtype=object), user_id=user))


@given(
    events=st.lists(st.tuples(st.sampled_from("uvwxy"), st.sampled_from("abcdef")), min_size=1, max_size=40),
    history=st.lists(st.sampled_from("abcdef"), max_size=6),
    user=st.sampled_from([None, "u", "nobody"]),
    rarity=st.sampled_from([0.0, 1.0]),
    half_life=st.sampled_from([1.0, 1e9]),
)
def test_it_is_a_plain_sum_over_users(
    make_dataset: Callable[..., Dataset],
    events: list[tuple[str, str]],
    history: list[str],
    user: str | None,
    rarity: float,
    half_life: float,
) -> None:
    dataset = make_dataset(sorted(events))
    took = {person: {item for other, item in events if other == person} for person in dataset.user_ids}
    weight = {item: (len(took) / sum(item in items for items in took.values())) ** rarity for item in dataset.item_ids}
    known = [item for item in history if item in weight]
    own = {item: sum(0.5 ** (age / half_life) for age, other in enumerate(reversed(known)) if other == item) for item in known}
    length = sqrt(sum(value**2 * weight[item] for item, value in own.items()))
    alike = {
        person: sum(own.get(item, 0) * weight[item] for item in items) / (length or 1) / sqrt(sum(weight[item] for item in items))
        for person, items in took.items()
        if person != user
    }
    model = fit(dataset, neighbours=10, own=0.3, rarity=rarity, half_life=half_life)
    scores = model.score([request_after(*history, user=user)])[0]
    for item, score in zip(dataset.item_ids, scores, strict=True):
        expected = sum(likeness for person, likeness in alike.items() if item in took[person]) / (sum(alike.values()) or 1)
        expected += 0.3 * own.get(item, 0) / (sum(own.values()) or 1)
        assert score == pytest.approx(expected, rel=1e-4, abs=3e-6)


def test_only_the_nearest_users_count(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b"), ("u", "c"), ("v", "a"), ("v", "d"), ("v", "e"), ("v", "f")])
    near = fit(dataset, neighbours=1, own=0.0).score([request_after("a", "b")])[0] > 1e-3
    assert near.tolist() == [True, True, True, False, False, False]


def test_who_asks_is_not_their_own_neighbour(make_dataset: Callable[..., Dataset]) -> None:
    """Their row holds events that a step of their history must not know."""
    model = fit(make_dataset([("u", "a"), ("u", "secret"), ("v", "a"), ("v", "b")]), own=0.0)
    by_name, unknown = model.score([request_after("a", user="u"), request_after("a")])
    assert by_name[2] < 1e-3 < by_name[1] and unknown[2] > 1e-3
    assert model.fallback(request_after("secret")) is None
    assert "no similar users" in str(model.fallback(request_after("secret", user="u")))
    assert "no history" in str(model.fallback(Request(empty_history("u"))))


def test_a_checkpoint_has_no_user_ids(tiny: Dataset) -> None:
    model = fit(tiny)
    assert all(value.dtype.kind in "uif" for value in model.arrays().values())


def test_users_without_training_events_are_not_neighbours(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("v", "a"), ("v", "b")])
    labels = np.array([TEST, TRAIN, TRAIN], dtype=np.int8)
    scores = UserKnn.fit(dataset, Split("temporal", labels), UserKnnConfig(own=0.0)).score([request_after("a")])[0]
    np.testing.assert_allclose(scores, [1, 1], atol=1e-5)


@pytest.fixture
def readers(make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Two kinds of texts; u and v never met at an item."""
    vectors = np.array([[1, 0], [0.9, 0.1], [0.8, 0.2], [0, 1], [0.1, 0.9], [0, 0]], dtype=np.float32)
    monkeypatch.setattr(text, "item_vectors", lambda *_: vectors)
    monkeypatch.setattr(text, "whiten", lambda given, size: given / np.maximum(np.linalg.norm(given, axis=1, keepdims=True), 1e-9))
    events = [("u", "a"), ("v", "b"), ("v", "c"), ("w", "d"), ("w", "e"), ("z", "f")]
    return make_dataset(events, items=pd.DataFrame({"title": list("abcdef")}, index=list("abcdef")))


def test_users_without_common_items_are_neighbours_by_text(readers: Dataset) -> None:
    model = UserKnnText.fit(readers, everything(readers), UserKnnTextConfig(neighbours=1, own=0.0))
    scores = model.score([request_after("a", user="u"), request_after("d"), request_after("f")])
    assert (scores > 1e-3).tolist() == [[False, True, True, False, False, False], [False, False, False, True, True, False], [False] * 6]
    assert fit(readers, own=0.0).score([request_after("a", user="u")]).max() < 1e-3
    assert "no similar users" in str(model.fallback(request_after("f")))


def test_likeness_by_text_is_the_cosine_of_means(readers: Dataset) -> None:
    model = UserKnnText.fit(readers, everything(readers), UserKnnTextConfig(own=0.0, half_life=1.0))
    vectors = model.arrays()["vectors"].astype(np.float64)
    profile = vectors[0] * 0.5 + vectors[4]
    people = [vectors[[0]].mean(0), vectors[[1, 2]].mean(0), vectors[[3, 4]].mean(0)]
    alike = [profile @ each / np.linalg.norm(profile) / np.linalg.norm(each) for each in people]
    expected = np.array([alike[0], alike[1], alike[1], alike[2], alike[2], 0]) / sum(alike)
    np.testing.assert_allclose(model.score([request_after("a", "e")])[0], expected, atol=1e-3)
