"""Transitions, counted by hand and by a plain loop."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, History, Request, empty_history
from recsys.core.split import TRAIN, Split, split_interactions
from recsys.models.markov import Markov, MarkovConfig


def request_after(*items: str) -> Request:
    return Request(History(np.array(items, dtype=object)))


def test_counts_and_back_off(make_dataset: Callable[..., Dataset]) -> None:
    # for training: a b a c, and of v only a
    dataset = make_dataset([("u", item) for item in "abacbb"] + [("v", item) for item in "acc"])
    model = Markov.fit(dataset, split_interactions(dataset, "last-out"), MarkovConfig(backoff=0.5))
    popular = np.array([3, 1, 1]) / 5
    np.testing.assert_allclose(model.score([request_after("c", "a")])[0], (np.array([0, 1, 1]) + 0.5 * popular) / 2.5, rtol=1e-6)
    np.testing.assert_allclose(model.score([request_after("b", "unknown")])[0], (np.array([1, 0, 0]) + 0.5 * popular) / 1.5, rtol=1e-6)
    np.testing.assert_allclose(model.score([request_after("a", "c")])[0], popular, rtol=1e-6)
    assert model.fallback(request_after("c", "a")) is None
    assert "no known transition" in str(model.fallback(request_after("a", "c")))
    assert "no history" in str(model.fallback(Request(empty_history())))


@given(
    events=st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abcde"), st.sampled_from([0, 0, 0, 1, 2])), min_size=1, max_size=40),
    last=st.sampled_from("abcde"),
)
def test_it_is_plain_counting(make_dataset: Callable[..., Dataset], events: list[tuple[str, str, int]], last: str) -> None:
    """Consecutive training events are those of one user without another training event between them."""
    events = sorted(events, key=lambda event: event[0])
    dataset = make_dataset([(user, item) for user, item, _ in events])
    model = Markov.fit(dataset, Split("temporal", np.array([label for _, _, label in events], dtype=np.int8)), MarkovConfig(backoff=2.0))
    train = [(user, item) for user, item, label in events if label == TRAIN]
    popular = Counter(item for _, item in train)
    follow = Counter(after for (user, item), (other, after) in pairwise(train) if user == other and item == last)
    scores = model.score([request_after(last)])[0]
    for item, score in zip(dataset.item_ids, scores, strict=True):
        share = popular[item] / len(train) if train else 1 / len(dataset.item_ids)
        expected = (follow[item] + 2 * share) / (follow.total() + 2) if last in dataset.item_ids else share
        assert score == pytest.approx(expected, rel=1e-5)
    assert scores.sum() == pytest.approx(1, rel=1e-5)
