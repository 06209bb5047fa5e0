"""The two plain ways to find drift that ours must beat: halves compared, and cumulative sums; thresholds fixed for everybody.

Both look at shares of categories. The thresholds are those with the best F1 on the cities ours was tuned on.
"""

from collections.abc import Callable

import numpy as np

from recsys.drift.detection.change_kinds import jensen_shannon, shares_of
from recsys.drift.detection.event_features import UserEvents

HALVES, CUSUM = 0.25, 0.95


def halves_differ(events: UserEvents, threshold: float = HALVES) -> float | None:
    """The time of the middle event if the Jensen-Shannon divergence of the two halves is above the threshold, in seconds UTC."""
    middle = len(events) // 2
    if middle < 1 or events.utc is None:
        return None
    differ = jensen_shannon(shares_of(events, "category", 0, middle), shares_of(events, "category", middle, len(events)))
    return float(events.utc[middle]) if differ > threshold else None


def cumulative_sum(events: UserEvents, threshold: float = CUSUM) -> float | None:
    """The time at which counts of categories stray most from their overall shares, if that is far enough (CUSUM, Page 1954)."""
    codes = events.views["category"].codes
    if len(codes) < 2 or events.utc is None:
        return None
    taken = np.eye(len(events.views["category"].levels))[codes]
    strayed = np.linalg.norm(np.cumsum(taken - taken.mean(axis=0), axis=0)[:-1], axis=1) / np.sqrt(len(codes))
    return float(events.utc[int(strayed.argmax()) + 1]) if strayed.max() > threshold else None


BASELINES: dict[str, Callable[[UserEvents], float | None]] = {"jensen-shannon of halves": halves_differ, "cusum": cumulative_sum}
