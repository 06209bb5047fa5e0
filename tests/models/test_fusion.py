"""Fusing rankings: by the formula, and better than its parts where they know different things."""

from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Request, Vocabulary, request_at
from recsys.errors import DataError
from recsys.models.fusion import Fusion, FusionConfig
from recsys.split import split


class Said:
    """A part that says for every request what it was made to say."""

    config = FusionConfig()

    def __init__(self, dataset: Dataset, scores: Any):
        self.vocabulary, self.item_ids = Vocabulary(dataset.item_ids), dataset.item_ids
        self.say = scores

    def score(self, requests: list[Request]) -> np.ndarray:
        return np.array([self.say(request) for request in requests], dtype=np.float32).reshape(len(requests), len(self.item_ids))


def test_reciprocal_ranks_by_hand(tiny: Dataset) -> None:
    count = len(tiny.item_ids)
    up, down = Said(tiny, lambda _: np.arange(count)), Said(tiny, lambda _: -np.arange(count))
    made = Fusion.fit_parts(tiny, split(tiny, "last-out"), FusionConfig(kind="reciprocal"), {"up": up, "down": down})
    rank = np.arange(1, count + 1)
    np.testing.assert_allclose(made.score([Request(tiny.history("u00"))])[0], 1 / (60 + rank) + 1 / (60 + rank[::-1]), rtol=1e-5)


def test_weights_go_to_the_part_that_knows(tiny: Dataset) -> None:
    ends = {user: str(tiny.history(user).items[-2]) for user in tiny.user_ids}  # the validation events
    random = np.random.default_rng(0)

    def knowing(request: Request) -> np.ndarray:
        wanted = ends[str(request.history.user_id)]
        return (tiny.item_ids == wanted) * 3.0 + random.normal(size=len(tiny.item_ids))

    parts = {"knows": Said(tiny, knowing), "guesses": Said(tiny, lambda _: random.normal(size=len(tiny.item_ids)))}
    made = Fusion.fit_parts(tiny, split(tiny, "last-out"), FusionConfig(), parts)
    assert made.weights[0].sum() > 3 * made.weights[1].sum()
    history = tiny.history("u03")
    assert made.score([request_at(history, len(history) - 2)]).shape == (1, len(tiny.item_ids))


def test_one_part_is_no_fusion(tiny: Dataset) -> None:
    with pytest.raises(DataError, match="two models"):
        Fusion.fit_parts(tiny, split(tiny, "last-out"), FusionConfig(), {"up": Said(tiny, lambda _: np.arange(15))})
