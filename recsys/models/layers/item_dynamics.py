"""Items that change with the people who take them: c_i(t) = h(c_i(t−1), audience), as states that wait for a model to read them."""

import numpy as np

from recsys.core import Dataset
from recsys.core.split import TRAIN, Split

PERIODS = 8
"""States an item goes through: the time of the training events, in parts with as many events each."""
LATELY = 20
"""Events before this one that say who somebody is who takes an item."""
FADES = 0.5
"""What is left of an audience a period later."""


def item_states(dataset: Dataset, split: Split, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who took each item before each period, from training events alone.

    Somebody who takes an item is the mean of the `vectors` (n_items, D) of their latest events before. An item's state is the mean
    of those, the audiences of earlier periods fading, and one person of no interests among them: a single taker says little.

    Returns:
        Seconds (PERIODS − 1,) at which the second and later periods begin, and states (PERIODS, n_items, D) float32. A state holds
        what happened before its period, so the first is 0; events whose time is unknown move nothing.
    """
    train = split.labels == TRAIN
    codes, times = dataset.item_codes[train] - 1, np.full(int(train.sum()), np.nan) if dataset.times is None else dataset.times[train]
    takers = _takers(dataset.interactions["user_id"].cat.codes.to_numpy()[train], vectors[codes])
    states = np.zeros((PERIODS, *vectors.shape), dtype=np.float32)
    dated = np.isfinite(times)
    if not dated.any():
        return np.full(PERIODS - 1, np.inf), states
    turns = np.quantile(times[dated], np.arange(1, PERIODS) / PERIODS)
    period = np.where(dated, np.searchsorted(turns, times, side="right"), PERIODS)
    sums, counts = np.zeros(vectors.shape), np.zeros((len(vectors), 1))
    for number in range(PERIODS - 1):
        now = period == number
        sums, counts = FADES * sums, FADES * counts
        np.add.at(sums, codes[now], takers[now])
        np.add.at(counts, codes[now], 1.0)
        states[number + 1] = sums / (counts + 1.0)
    return turns, states


def _takers(users: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(n, D): the mean of the up to LATELY vectors before each event of the same person; 0 before the first. Rows are sorted by person."""
    total = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    rows = np.arange(len(users))
    firsts = np.maximum(np.searchsorted(users, users), rows - LATELY)
    return (total[rows] - total[firsts]) / np.maximum(rows - firsts, 1)[:, None]
