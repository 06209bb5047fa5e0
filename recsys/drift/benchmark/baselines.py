"""Baselines of drift detection: comparison of halves, and cumulative sums (CUSUM), with the same threshold for all users.

Both use shares of categories. The thresholds have the best F1 on the cities that our detection was tuned on.
"""

from collections.abc import Callable

import numpy as np

from recsys.drift.detection.change_kinds import jensen_shannon, shares_of
from recsys.drift.detection.event_features import UserEvents

HALVES, CUSUM = 0.25, 0.95


def detect_by_halves(events: UserEvents, threshold: float = HALVES) -> float | None:
    """Return the time of the middle event if the Jensen-Shannon divergence of the two halves is above the threshold, in seconds UTC."""
    middle = len(events) // 2
    if middle < 1 or events.utc is None:
        return None
    differ = jensen_shannon(shares_of(events, "category", 0, middle), shares_of(events, "category", middle, len(events)))
    return float(events.utc[middle]) if differ > threshold else None


def detect_by_cusum(events: UserEvents, threshold: float = CUSUM) -> float | None:
    """Return the time at which counts of categories deviate most from their overall shares, if above the threshold (CUSUM, Page 1954)."""
    codes = events.views["category"].codes
    if len(codes) < 2 or events.utc is None:
        return None
    taken = np.eye(len(events.views["category"].levels))[codes]
    deviations = np.linalg.norm(np.cumsum(taken - taken.mean(axis=0), axis=0)[:-1], axis=1) / np.sqrt(len(codes))
    return float(events.utc[int(deviations.argmax()) + 1]) if deviations.max() > threshold else None


BASELINES: dict[str, Callable[[UserEvents], float | None]] = {"jensen-shannon of halves": detect_by_halves, "cusum": detect_by_cusum}
