"""The off-policy estimate: against a loop, a closed form, and simulated people whose true value is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Request, Vocabulary, empty_history
from recsys.feedback.off_policy import MOST_WEIGHT, compute_examination, estimate_off_policy, estimate_value
from recsys.feedback.training_data import Answer, FeedbackData, ShownList

K = 6


class Fixed:
    """A model with the same scores for everybody."""

    def __init__(self, scores: list[float]):
        self.scores = np.array(scores, dtype=np.float32)
        self.item_ids = np.array([f"i{at}" for at in range(len(scores))], dtype=object)
        self.vocabulary = Vocabulary(self.item_ids)

    def score(self, requests: list[Request]) -> np.ndarray:
        return self.vocabulary.mask(np.tile(self.scores, (len(requests), 1)), requests)


def feedback(shown: list[tuple[str, list[str], set[str]]], filtered: bool = False) -> FeedbackData:
    """Lists as (account, items, wanted ones)."""
    lists, answers = [], []
    for number, (account, items, wanted) in enumerate(shown):
        request = Request(empty_history())
        lists.append(ShownList(str(number), account, request, tuple(items), tuple(range(1, len(items) + 1)), filtered))
        answers += [
            Answer(str(number), account, request, item, 1.0 if item in wanted else -0.5, rank, 0)
            for rank, item in enumerate(items, start=1)
        ]
    return FeedbackData(tuple(lists), tuple(answers))


def by_hand(ranks: list[float], new_ranks: list[float], rewards: list[int], length: int) -> float:
    """Position-weighted SNIPS as it is defined, an item at a time."""
    top = bottom = 0.0
    for rank, new, reward in zip(ranks, new_ranks, rewards, strict=True):
        before = 1 / math.log2(1 + rank)
        after = 1 / math.log2(1 + new) if new <= length else 0.0
        weight = min(after / before, MOST_WEIGHT)
        top += weight * reward
        bottom += weight * before
    return top / bottom


@given(st.data())
def test_equals_the_definition(data: st.DataObject) -> None:
    new = data.draw(st.lists(st.integers(1, 2 * K), min_size=K, max_size=K).filter(lambda ranks: min(ranks) <= K))
    rewards = data.draw(st.lists(st.integers(0, 1), min_size=K, max_size=K))
    ranks = list(range(1, K + 1))
    top, bottom, _clipped = estimate_value(np.array(ranks), np.array(new, dtype=float), np.array(rewards, dtype=float), K)
    assert top.sum() / bottom.sum() == pytest.approx(by_hand(ranks, new, rewards, K))


def test_the_model_is_ranked_among_all_items_and_lists_of_filters_do_not_count() -> None:
    model = Fixed([5, 1, 4, 3, 9, 2])  # i4 is first but was never shown
    shown = [("ann", ["i1", "i0", "i3"], {"i0"}), ("bob", ["i2", "i1"], set())]
    found = estimate_off_policy(model, feedback(shown), repeats=True)
    assert found is not None
    top = bottom = shown_top = shown_bottom = 0.0
    new_rank = {"i4": 1, "i0": 2, "i2": 3, "i3": 4, "i5": 5, "i1": 6}
    for _account, items, wanted in shown:
        for rank, item in enumerate(items, start=1):
            before = 1 / math.log2(1 + rank)
            after = 1 / math.log2(1 + new_rank[item]) if new_rank[item] <= len(items) else 0.0
            top, bottom = top + after / before * (item in wanted), bottom + after
            shown_top, shown_bottom = shown_top + (item in wanted), shown_bottom + before
    assert (found.new, found.shown) == (pytest.approx(top / bottom), pytest.approx(shown_top / shown_bottom))
    assert (found.lists, found.accounts) == (2, 2)
    assert estimate_off_policy(model, feedback(shown, filtered=True), repeats=True) is None


def test_the_order_that_was_shown_has_the_value_that_was_shown() -> None:
    model = Fixed([6, 5, 4, 3, 2, 1])
    found = estimate_off_policy(model, feedback([("ann", ["i0", "i1", "i2"], {"i1"}), ("bob", ["i0", "i1"], {"i0"})]), repeats=True)
    assert found is not None
    assert found.new == pytest.approx(found.shown)
    assert (found.difference, found.low, found.high, found.clipped) == (pytest.approx(0), pytest.approx(0), pytest.approx(0), 0)


def test_two_items_have_a_closed_form() -> None:
    # one list of two, the second wanted: swapped, Σ w r = θ1/θ2 and Σ θ = θ1 + θ2
    found = estimate_off_policy(Fixed([1, 2]), feedback([("ann", ["i0", "i1"], {"i1"})]), repeats=True)
    assert found is not None
    second = 1 / math.log2(3)
    assert found.shown == pytest.approx(1 / (1 + second)) and found.new == pytest.approx((1 / second) / (1 + second))
    assert math.isnan(found.low) and math.isnan(found.high)  # one account has no interval


def test_weights_are_clipped_and_said() -> None:
    # rank 2,000 of a long list has θ = 0.091: first in the new order, its weight would be 11
    length = 2_000
    top, bottom, clipped = estimate_value(np.array([length]), np.array([1.0]), np.array([1.0]), length)
    assert clipped.all()
    assert top == pytest.approx(MOST_WEIGHT) and bottom == pytest.approx(MOST_WEIGHT / math.log2(1 + length))


def test_recovers_the_value_of_simulated_people() -> None:
    rng = np.random.default_rng(4)
    wants = np.array([0.9, 0.1, 0.3, 0.6, 0.2, 0.5])
    model = Fixed(list(wants))  # the best order
    theta = compute_examination(np.arange(1, K + 1), K)
    truth = float(theta @ np.sort(wants)[::-1] / theta.sum())
    shown = []
    for number in range(3_000):
        order = rng.permutation(K)
        is_wanted = (rng.random(K) < theta) & (rng.random(K) < wants[order])
        shown.append((f"a{number % 300}", [f"i{at}" for at in order], {f"i{at}" for at in order[is_wanted]}))
    found = estimate_off_policy(model, feedback(shown), repeats=True)
    assert found is not None
    random_truth = float(wants.mean())
    assert found.shown == pytest.approx(random_truth, abs=0.01)
    assert found.new == pytest.approx(truth, abs=0.015)
    assert found.low < truth - random_truth < found.high
    naive = np.mean([len(wanted) / K for _account, _items, wanted in shown])  # without weights, examination counts as dislike
    assert abs(naive - random_truth) > 0.1
