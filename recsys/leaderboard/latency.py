"""How long a person waits for one list."""

import time
from typing import Any

import numpy as np

from recsys.core import TOP_K, Dataset, request_at, top_k

ROUNDS = 30
LENGTH = 200


def request_milliseconds(model: Any, dataset: Dataset) -> float:
    """Median time of one request, list included, over histories of the busiest people, at most 200 events long."""
    busiest = np.argsort(-np.diff(dataset.user_starts), kind="stable")[:ROUNDS]
    seconds = []
    for at in range(ROUNDS):
        history = dataset.history(str(dataset.user_ids[busiest[at % len(busiest)]]))
        request = request_at(history, min(len(history), LENGTH))
        if at < len(busiest):
            model.score([request])  # the first call of a shape pays for what later ones find ready
        began = time.perf_counter()
        top_k(np.asarray(model.score([request])), TOP_K)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds) * 1000)
