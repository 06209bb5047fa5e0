"""N-grams by a plain recursion."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, History, Request, empty_history
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, Split
from recsys.models.markov import Markov, MarkovConfig
from recsys.models.ngram import Ngram, NgramConfig


def everything(dataset: Dataset) -> Split:
    return Split("temporal", np.full(len(dataset.interactions), TRAIN, dtype=np.int8))


def request_after(*items: str) -> Request:
    return Request(History(np.array(items, dtype=object)))


def plainly(people: list[list[str]], context: list[str], items: list[str], discount: float, backoff: float) -> np.ndarray:
    """The docstring's formula, one context at a time."""
    if not context:
        counts = Counter(item for events in people for item in events)
        return np.array([counts[item] for item in items]) / sum(counts.values())
    size = len(context)
    after = Counter(events[at + size] for events in people for at in range(len(events) - size) if events[at : at + size] == context)
    shorter = plainly(people, context[1:], items, discount, backoff)
    if not after:
        return shorter
    counts = np.array([max(after[item] - discount, 0) for item in items])
    return (counts + (discount * len(after) + backoff) * shorter) / (after.total() + backoff)


@given(
    people=st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), min_size=1, max_size=4),
    history=st.lists(st.sampled_from("abcdx"), max_size=6),
    order=st.sampled_from([2, 3, 4]),
    discount=st.sampled_from([0.0, 0.75]),
    backoff=st.sampled_from([0.1, 3.0]),
)
def test_it_is_the_plain_formula(
    make_dataset: Callable[..., Dataset], people: list[list[str]], history: list[str], order: int, discount: float, backoff: float
) -> None:
    dataset = make_dataset([(f"u{number}", item) for number, events in enumerate(people) for item in events])
    model = Ngram.fit(dataset, everything(dataset), NgramConfig(order=order, discount=discount, backoff=backoff))
    known = [item for item in history if item in dataset.item_ids]
    expected = plainly(people, known[-(order - 1) :], list(dataset.item_ids), discount, backoff)
    scores = model.score([request_after(*history), request_after()])
    np.testing.assert_allclose(scores[0], expected, rtol=1e-5, atol=1e-7)
    assert scores.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_order_two_without_a_discount_is_the_markov_chain(tiny: Dataset) -> None:
    requests = [Request(tiny.history(user)) for user in tiny.user_ids]
    bigram = Ngram.fit(tiny, everything(tiny), NgramConfig(order=2, discount=0.0, backoff=0.7))
    chain = Markov.fit(tiny, everything(tiny), MarkovConfig(backoff=0.7))
    np.testing.assert_allclose(bigram.score(requests), chain.score(requests), rtol=1e-5)


def test_two_events_say_more_than_one(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", item) for item in "abcxbdabcxbd"])
    model = Ngram.fit(dataset, everything(dataset), NgramConfig())
    best = [dataset.item_ids[row.argmax()] for row in model.score([request_after("a", "b"), request_after("x", "b")])]
    assert best == ["c", "d"]


def test_too_many_items_for_a_long_memory(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.models.ngram.LARGEST_KEY", 16**3)
    Ngram.fit(tiny, everything(tiny), NgramConfig())
    with pytest.raises(DataError, match="give order=3"):
        Ngram.fit(tiny, everything(tiny), NgramConfig(order=4))


def test_fallbacks(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b")])
    model = Ngram.fit(dataset, everything(dataset), NgramConfig())
    assert model.fallback(request_after("b", "a")) is None
    assert "no known transition" in str(model.fallback(request_after("a", "b")))
    assert "no history" in str(model.fallback(Request(empty_history())))
