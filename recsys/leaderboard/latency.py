"""Latency of one request."""

import time
from typing import Any

import numpy as np

from recsys.core import TOP_K, Dataset, request_at, top_k

ROUNDS = 30
MAX_EVENTS = 200


def measure_request_latency(model: Any, dataset: Dataset) -> float:
    """Return the median milliseconds of one request with its top-k list, over histories of the most active users, at most 200 events long."""
    most_active = np.argsort(-np.diff(dataset.user_starts), kind="stable")[:ROUNDS]
    seconds = []
    for number in range(ROUNDS):
        history = dataset.history(str(dataset.user_ids[most_active[number % len(most_active)]]))
        request = request_at(history, min(len(history), MAX_EVENTS))
        if number < len(most_active):
            model.score([request])  # the first call of a shape includes set-up time
        started = time.perf_counter()
        top_k(np.asarray(model.score([request])), TOP_K)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds) * 1000)
