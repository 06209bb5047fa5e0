"""Which events a model may learn from, choose by, and be judged on.

last-out: per user the last event is test, the one before it validation, the rest training; users with fewer than three
events are left out of both. temporal: one cut in time for all users, 80 / 10 / 10 % of the events.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown

Protocol = Literal["last-out", "temporal"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """`labels` (n_interactions,) int8 says for every event whether it is TRAIN, VALIDATION or TEST.

    `left_out` counts users that last-out cannot judge. `cuts` are the two times (seconds UTC) of a temporal split.
    """

    protocol: Protocol
    labels: np.ndarray
    left_out: int = 0
    cuts: tuple[float, float] | None = None


def split_interactions(dataset: Dataset, protocol: str) -> Split:
    """Mark every event of a dataset. Data without times has no temporal split: a DataError."""
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    return _last_out(dataset) if protocol == "last-out" else _temporal(dataset)


def default_protocol(dataset: Dataset) -> Protocol:
    """temporal for the demo, whose last tenth is real foresight; last-out elsewhere, as the literature does."""
    return "temporal" if dataset.name == "demo-city" else "last-out"


def _last_out(dataset: Dataset) -> Split:
    labels = np.zeros(len(dataset.interactions), dtype=np.int8)
    starts, ends = dataset.user_starts[:-1], dataset.user_starts[1:]
    judged = ends - starts >= 3
    labels[ends[judged] - 1] = TEST
    labels[ends[judged] - 2] = VALIDATION
    return Split("last-out", labels, left_out=int((~judged).sum()))


def _temporal(dataset: Dataset) -> Split:
    times = dataset.times
    if times is None:
        raise DataError(f"dataset '{dataset.name}' has an order of events but no times, so it has no temporal split; use last-out")
    if not np.isfinite(times).all():
        raise DataError(
            f"dataset '{dataset.name}' has {int((~np.isfinite(times)).sum())} events without a time; prepare it with them dropped, or use last-out"
        )
    in_time = np.sort(times)
    first, second = in_time[int(len(in_time) * 0.8)], in_time[int(len(in_time) * 0.9)]
    labels = np.where(times < first, TRAIN, np.where(times < second, VALIDATION, TEST)).astype(np.int8)
    return Split("temporal", labels, cuts=(float(first), float(second)))
