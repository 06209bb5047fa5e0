"""One ad-hoc request, 200 events, 4,000 items, p50; reference: the bare product of one state with the item vectors."""

from typing import Any

import numpy as np

from recsys.core import Request, recommend
from tests.bench._timing import made_up, measured, times_of, transformer


def measure() -> dict[str, Any]:
    dataset = made_up()
    model, history = transformer(dataset), dataset.history("u0")
    state, vectors = np.ones((1, 64), dtype=np.float32), np.ones((len(dataset.item_ids), 64), dtype=np.float32)
    asked = np.median(times_of(lambda: recommend(model, Request(history), k=10), repeats=200))
    return measured(float(asked), "ms", float(np.median(times_of(lambda: state @ vectors.T, repeats=200))))
