"""Sums over a history in blocks are those of a plain loop over its events, and do not depend on the other requests."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, History, Request, request_at
from recsys.models.base import history_blocks
from recsys.models.base.linear import POPULARITY_WEIGHT

ITEMS = [*(f"i{i:02}" for i in range(15)), "no such item"]
LINEAR = ["item-knn", "ease", "item-knn-text"]


def score_by_hand(model: Any, history: History) -> np.ndarray:
    """Return the scores (n_items,) float64, one event at a time."""
    similar, counts = model._square("similar").toarray().astype(np.float64), model.arrays()["counts"]
    position = {item: at for at, item in enumerate(model.item_ids)}
    scores = np.zeros(len(model.item_ids))
    for item in history.items:
        if item in position:
            scores = scores * 0.5 ** (1 / model.config.half_life) + similar[position[item]]
    for item in history.likes:
        scores = scores + (similar[position[item]] if item in position else 0)
    return scores + POPULARITY_WEIGHT * counts / counts.sum()


@pytest.mark.parametrize("name", LINEAR)
class TestBlocks:
    @given(items=st.lists(st.sampled_from(ITEMS), max_size=40), size=st.integers(1, 12), likes=st.lists(st.sampled_from(ITEMS), max_size=2))
    def test_every_step_is_a_plain_sum(
        self, name: str, tiny: Dataset, trained: Callable[..., Any], items: list[str], size: int, likes: list[str]
    ) -> None:
        model, history = trained(name, tiny), History(np.array(items, dtype=object), likes=tuple(likes))
        requests = [request_at(history, step) for step in range(len(items) + 1)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(history_blocks, "BLOCK_EVENTS", size)
            together = model.score(requests)
            alone = np.concatenate([model.score([request]) for request in requests])
            traced = model.score_trace(model.trace(history), np.arange(len(requests)))
        np.testing.assert_array_equal(together, alone)
        np.testing.assert_array_equal(traced, alone)
        np.testing.assert_allclose(together, [score_by_hand(model, each.history) for each in requests], rtol=2e-6, atol=1e-8)

    def test_users_of_a_batch_are_kept_apart(
        self, name: str, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history_blocks, "BLOCK_EVENTS", 5)
        model = trained(name, tiny)
        histories = [tiny.history(str(user)) for user in tiny.user_ids]
        requests = [Request(each.until(step)) for each in histories for step in (len(each), len(each) // 2, 0)]
        requests += [replace(each, history=each.history.since(1)) for each in requests if len(each.history)]
        np.testing.assert_array_equal(model.score(requests), np.concatenate([model.score([each]) for each in requests]))
