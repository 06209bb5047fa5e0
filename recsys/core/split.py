"""Training, validation and test events of a dataset.

last-out: for each user the last event is a test event, the one before it a validation event, the rest training events; users with
fewer than three events have training events only. Events that are predicted at once (`Dataset.history_ends`), such as those of a
basket, count as one and stay together. temporal: the same two cuts in time for all users, 80 / 10 / 10 % of the events.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.core.translation import N_, _, ngettext

Protocol = Literal["last-out", "temporal"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)

PROTOCOL_DESCRIPTIONS = {
    "last-out": N_("the last event of each user is the test event, the one before it the validation event"),
    "temporal": N_(
        "one split in time for all users: the first 80% of events for training, the next 10% for validation, the last 10% for test"
    ),
}

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLIT_NAMES = ("train", "validation", "test")
FEW_USERS = 10
"""Number of users with enough events for last-out below which its cases, one for each, are too few."""


@dataclass(frozen=True, eq=False)
class Split:
    """One label for every event of a dataset.

    `labels` (n_interactions,) int8: TRAIN, VALIDATION or TEST. `left_out` counts the users with too few events for last-out. `cuts` are
    the two times (seconds UTC) of a temporal split.
    """

    protocol: Protocol
    labels: np.ndarray
    left_out: int = 0
    cuts: tuple[float, float] | None = None


def split_interactions(dataset: Dataset, protocol: str) -> Split:
    """Label every event of a dataset. A temporal split of data without times is a DataError."""
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    return _last_out(dataset) if protocol == "last-out" else _temporal(dataset)


def default_protocol(dataset: Dataset) -> Protocol:
    """Return last-out, usual in the literature, or temporal where that would leave few cases, one for each of few users.

    The demo city is temporal: its last tenth then lies in the future of every training event.
    """
    if dataset.name == "demo-city":
        return "temporal"
    users = len(dataset.user_ids) - _last_out(dataset).left_out
    return "temporal" if users < FEW_USERS and _can_be_temporal(dataset) else "last-out"


def _can_be_temporal(dataset: Dataset) -> bool:
    """Return whether a temporal split has events of all three kinds."""
    if dataset.times is None or not np.isfinite(dataset.times).all():
        return False
    return len(np.unique(_temporal(dataset).labels)) == len(SPLIT_NAMES)


def _last_out(dataset: Dataset) -> Split:
    users, groups = dataset.interactions["user_id"].cat.codes.to_numpy(), dataset.history_ends
    begins = np.flatnonzero(groups == np.arange(len(groups)))
    ends = np.cumsum(np.bincount(users[begins], minlength=len(dataset.user_ids)))  # of each user's groups, among all of them
    has_enough = np.diff(ends, prepend=0) >= 3
    labels = np.zeros(len(groups), dtype=np.int8)
    for label, back in ((TEST, 1), (VALIDATION, 2)):
        labels[np.isin(groups, begins[ends[has_enough] - back])] = label
    return Split("last-out", labels, left_out=int((~has_enough).sum()))


def _temporal(dataset: Dataset) -> Split:
    times = dataset.times
    if times is None:
        raise DataError(
            _(
                "dataset '{dataset}' has an order of events but no times, so it has no temporal split; use last-out",
                dataset=dataset.name,
            )
        )
    missing = int((~np.isfinite(times)).sum())
    if missing:
        raise DataError(
            ngettext(
                "dataset '{dataset}' has {count} event without a time; prepare it with that event dropped, or use last-out",
                "dataset '{dataset}' has {count} events without a time; prepare it with those events dropped, or use last-out",
                missing,
                dataset=dataset.name,
            )
        )
    in_time = np.sort(times)
    first, second = in_time[int(len(in_time) * 0.8)], in_time[int(len(in_time) * 0.9)]
    labels = np.where(times < first, TRAIN, np.where(times < second, VALIDATION, TEST)).astype(np.int8)
    return Split("temporal", labels, cuts=(float(first), float(second)))
