"""One request to imported vectors, 100,000 × 64, 200 events, p50, by the slowest similarity; reference: the bare product."""

from typing import Any

import numpy as np

from recsys.core import Request
from recsys.models.imported.vector_model import SIMILARITIES, VectorConfig, VectorModel
from tests.bench._timing import made_up, measured, times_of

ITEMS, NUMBERS = 100_000, 64


def measure() -> dict[str, Any]:
    dataset = made_up(users=1_000, items=ITEMS)
    vectors = np.random.default_rng(0).normal(size=(ITEMS, NUMBERS)).astype(np.float32)
    arrays: dict[str, np.ndarray] = {"columns": np.arange(ITEMS), "item_vectors": vectors}
    request, state = Request(dataset.history("u0")), np.ones((1, NUMBERS), dtype=np.float32)
    times = [_time_in_turns(VectorModel(dataset.item_ids, VectorConfig(similarity), arrays), request, state) for similarity in SIMILARITIES]
    asked, bare = max(times, key=lambda pair: pair[0] / pair[1])
    return measured(asked, "ms", bare)


def _time_in_turns(model: VectorModel, request: Request, state: np.ndarray) -> tuple[float, float]:
    """Return the medians of a request and of the bare product, in turns, so that a busy moment meets both."""
    asked, bare, vectors = [], [], model.item_vectors()
    for _ in range(20):
        asked.append(times_of(lambda: model.score([request]), repeats=10, warm=1))
        bare.append(times_of(lambda: state @ vectors.T, repeats=10, warm=1))
    return float(np.median(asked)), float(np.median(bare))
