"""Item states that change with the item's recent users: c_i(t) = h(c_i(t−1), audience)."""

import numpy as np

from recsys.core import Dataset
from recsys.core.split import TRAIN, Split

PERIODS = 8
"""Number of states per item: the time of the training events is cut into periods with equally many events."""
RECENT_EVENTS = 20
"""Number of earlier events that describe the user of an event."""
AUDIENCE_DECAY = 0.5
"""Weight of an audience one period later."""


def compute_item_states(dataset: Dataset, split: Split, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the state of each item in each period from the training events.

    The user of an event is described by the mean of the `vectors` (n_items, D) of the user's latest events before it. An item's state
    is the mean over its users, decayed by period, with one zero vector added so that a single user has little weight.

    Returns:
        Seconds (PERIODS − 1,) at which the second and later periods begin, and states (PERIODS, n_items, D) float32. A state depends
        on events before its period only, so the first is 0; events without a time are ignored.
    """
    train = split.labels == TRAIN
    codes, times = dataset.item_codes[train] - 1, np.full(int(train.sum()), np.nan) if dataset.times is None else dataset.times[train]
    users = _describe_users(dataset.interactions["user_id"].cat.codes.to_numpy()[train], vectors[codes])
    states = np.zeros((PERIODS, *vectors.shape), dtype=np.float32)
    has_time = np.isfinite(times)
    if not has_time.any():
        return np.full(PERIODS - 1, np.inf), states
    turns = np.quantile(times[has_time], np.arange(1, PERIODS) / PERIODS)
    period = np.where(has_time, np.searchsorted(turns, times, side="right"), PERIODS)
    sums, counts = np.zeros(vectors.shape), np.zeros((len(vectors), 1))
    for number in range(PERIODS - 1):
        now = period == number
        sums, counts = AUDIENCE_DECAY * sums, AUDIENCE_DECAY * counts
        np.add.at(sums, codes[now], users[now])
        np.add.at(counts, codes[now], 1.0)
        states[number + 1] = sums / (counts + 1.0)
    return turns, states


def _describe_users(users: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return (n, D): the mean of up to RECENT_EVENTS vectors before each event of the same user; 0 before the first. Rows are sorted by user."""
    total = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    rows = np.arange(len(users))
    firsts = np.maximum(np.searchsorted(users, users), rows - RECENT_EVENTS)
    return (total[rows] - total[firsts]) / np.maximum(rows - firsts, 1)[:, None]
