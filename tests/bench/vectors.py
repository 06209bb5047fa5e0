"""One request to imported vectors, 100,000 × 64, 200 events, p50; reference: the bare product of one state with the vectors."""

from typing import Any

import numpy as np

from recsys.core import Request
from recsys.models.imported.vector_model import VectorConfig, VectorModel
from tests.bench._timing import made_up, measured, times_of

ITEMS, NUMBERS = 100_000, 64


def measure() -> dict[str, Any]:
    dataset = made_up(users=1_000, items=ITEMS)
    vectors = np.random.default_rng(0).normal(size=(ITEMS, NUMBERS)).astype(np.float32)
    arrays: dict[str, np.ndarray] = {"columns": np.arange(ITEMS), "item_vectors": vectors}
    model, request = VectorModel(dataset.item_ids, VectorConfig(), arrays), Request(dataset.history("u0"))
    state = np.ones((1, NUMBERS), dtype=np.float32)
    asked, bare = [], []
    for _ in range(20):  # in turns, so that a busy moment meets both
        asked.append(times_of(lambda: model.score([request]), repeats=10, warm=1))
        bare.append(times_of(lambda: state @ vectors.T, repeats=10, warm=1))
    return measured(float(np.median(asked)), "ms", float(np.median(bare)))
