"""Places of items, and weights that decrease with the distance to them."""

import numpy as np

from recsys.core import Dataset
from recsys.core.geography import kilometres

NEARNESS_FLOOR = 1e-6
"""Added to the nearness of every item: it orders items too far away to tell apart."""


def compute_nearness(places: np.ndarray, item_places: np.ndarray, scale: float) -> np.ndarray:
    """Return exp(−kilometres / scale) (n, n_items), slightly above 0, from places (n, 2) to items; 1 in rows whose place is unknown."""
    near = np.ones((len(places), len(item_places)))
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    distinct, index = np.unique(places[known], axis=0, return_inverse=True)  # a timeline has few distinct places
    near[known] = (np.nan_to_num(np.exp(-kilometres(distinct, item_places) / scale)) + NEARNESS_FLOOR)[index.ravel()]
    return near


def locate_items(dataset: Dataset, train: np.ndarray) -> np.ndarray | None:
    """Return latitude and longitude (n_items, 2) of the items, else the mean place of their training events; NaN where unknown."""
    if dataset.places is None or (dataset.item_places is not None and not dataset.places_of_events):
        return dataset.item_places
    has_place = train & np.isfinite(dataset.places).all(axis=1)
    items = dataset.item_codes[has_place] - 1
    counts = np.bincount(items, minlength=len(dataset.item_ids))
    sums = [np.bincount(items, weights=dataset.places[has_place, axis], minlength=len(counts)) for axis in (0, 1)]
    return np.where(counts[:, None] > 0, np.column_stack(sums) / np.maximum(counts, 1)[:, None], np.nan)
