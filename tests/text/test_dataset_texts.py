"""Texts of items and histories, and whitening."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset, Event, empty_history
from recsys.datasets import open_dataset
from recsys.models import MODELS
from recsys.text import TextEncoder, history_text, item_texts, item_vectors, whiten


@pytest.fixture
def places(make_dataset: Callable[..., Dataset]) -> Dataset:
    columns = {
        "title": ["It", "Fat Cat", None],
        "category": ["Drama", "Music Venue", None],
        "text": ["Drama, Horror. Wait for it!", "Jazz bar", float("nan")],
        "district": ["North", "jazz", None],
        "latitude": [1.0, 2.0, 3.0],
        "longitude": [1.0, 2.0, 3.0],
    }
    items = pd.DataFrame(columns, index=["a", "b", "c"])
    return make_dataset([("ann", "a"), ("ann", "b"), ("ann", "c"), ("bob", "b")], items=items, behaviour=["visit", "view", "view", "visit"])


def test_an_item_in_words_says_nothing_twice(places: Dataset) -> None:
    assert item_texts(places) == ["It. North. Drama, Horror. Wait for it!", "Fat Cat. Music Venue. Jazz bar.", ""]


def test_without_words_there_is_silence(order_only: Dataset, make_encoder: Callable[..., Path]) -> None:
    assert item_texts(order_only) == [""] * 15
    assert not item_vectors(order_only, TextEncoder(str(make_encoder("bar")))).any()


def test_names_made_of_ids_are_no_words(make_dataset: Callable[..., Dataset]) -> None:
    def named(*titles: str) -> tuple[str, ...]:
        return make_dataset([("ann", "a"), ("ann", "b")], items=pd.DataFrame({"title": titles}, index=["a", "b"])).has

    assert MODELS["content"].lacks(named("Product 1", "Product 22")) == ["words"]
    assert MODELS["content"].lacks(named("Lip balm 1", "Shampoo 22")) == []


def test_the_demo_speaks_of_districts() -> None:
    city = open_dataset("demo-city")
    texts = item_texts(city)
    assert all(str(district) in text for district, text in zip(city.items["district"], texts))
    assert all(text.startswith(str(title)) for title, text in zip(city.items["title"], texts))


def test_a_history_in_words_is_newest_first(places: Dataset) -> None:
    history = places.history("ann").then(Event("no such item"))
    assert history_text(places, history) == "c (view); Fat Cat (Music Venue, view); It (Drama, visit)"
    assert history_text(places, history, last=1) == "c (view)"
    said = replace(history, texts=np.array([None, "late jazz", "", None], dtype=object))
    assert history_text(places, said, last=2) == "c (view); Fat Cat (Music Venue, view, late jazz)"
    assert history_text(places, empty_history()) == ""


def test_vectors_follow_the_items(places: Dataset, make_encoder: Callable[..., Path]) -> None:
    encoder = TextEncoder(str(make_encoder("fat cat music venue jazz bar drama")))
    vectors = item_vectors(places, encoder)
    np.testing.assert_array_equal(vectors[1], encoder.encode(["Fat Cat. Music Venue. Jazz bar."])[0])
    assert not vectors[2].any()
    swapped = replace(places, items=places.items.assign(title=["One", "Two", "Three"]))
    assert np.abs(item_vectors(swapped, encoder)[1] - vectors[1]).max() > 1e-4


def test_whitening_gives_even_directions_of_length_one() -> None:
    random = np.random.default_rng(0)
    skewed = (random.normal(size=(3000, 12)) * np.arange(1, 13) + 40).astype(np.float32)
    white = whiten(skewed, 6)
    assert white.shape == (3000, 6) and white.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(white, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(6) / 6, atol=0.01)
    assert abs(white @ white.T).mean() < 0.4 < 0.9 < (skewed @ skewed.T / np.outer(*[np.linalg.norm(skewed, axis=1)] * 2)).mean()
    np.testing.assert_array_equal(white, whiten(skewed, 6))


def test_the_sign_of_a_direction_is_fixed() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(50, 8))
    np.testing.assert_allclose(whiten(vectors, 8), whiten(vectors[::-1], 8)[::-1], atol=1e-5)


def test_more_directions_than_there_are_stay_zero() -> None:
    vectors = np.random.default_rng(2).normal(size=(5, 30)).astype(np.float32)
    white = whiten(vectors, 64)
    assert white.shape == (5, 64) and white[:, :4].any(axis=0).all() and not white[:, 4:].any()


def test_items_without_words_stay_out() -> None:
    vectors = np.random.default_rng(3).normal(size=(20, 6)).astype(np.float32)
    with_silence = np.insert(vectors, [0, 7], 0, axis=0)
    white = whiten(with_silence, 4)
    assert not white[[0, 8]].any()
    np.testing.assert_allclose(np.delete(white, [0, 8], axis=0), whiten(vectors, 4), atol=1e-5)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_items_to_whiten(rows: int) -> None:
    white = whiten(np.ones((rows, 6), dtype=np.float32), 4)
    assert white.shape == (rows, 4) and not white.any()
