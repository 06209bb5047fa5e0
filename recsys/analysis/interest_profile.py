"""Interest profile of a user: shares of categories among all earlier events and among recent ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset

WINDOW = 20


@dataclass(frozen=True, eq=False)
class InterestProfile:
    """Shares of categories at every step of one timeline.

    `categories` (C,) in the dataset's order, only those that occur here. `long` (T + 1, C) are the shares among all events
    before a step, `short` (T + 1, C) among the latest `window` of them; rows sum to 1, or to 0 where no category is known yet.
    """

    categories: tuple[str, ...]
    long: np.ndarray
    short: np.ndarray
    window: int


def profile_interest(dataset: Dataset, user_id: str, order: Sequence[str], window: int = WINDOW) -> InterestProfile | None:
    """Return one user's interest profile, categories in `order`; None where no event has a known category."""
    if "category" not in dataset.items:
        return None
    codes = dataset.item_codes[dataset.rows(user_id)] - 1
    labels = dataset.items["category"].to_numpy(dtype=object)[codes]
    here = {label for label in labels if isinstance(label, str)}
    categories = tuple(name for name in order if name in here)
    if not categories:
        return None
    place = {name: at for at, name in enumerate(categories)}
    counts = np.zeros((len(labels) + 1, len(categories)))
    for step, label in enumerate(labels, start=1):
        if label in place:
            counts[step, place[label]] = 1.0
    sums = counts.cumsum(axis=0)
    before = np.zeros_like(sums)
    before[window:] = sums[: max(len(sums) - window, 0)]
    return InterestProfile(categories, _shares(sums), _shares(sums - before), window)


def _shares(counts: np.ndarray) -> np.ndarray:
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)).astype(np.float32)
