"""Known events of many requests in flat arrays, for models that count without Python loops over events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, History, Request, Vocabulary
from recsys.core.split import TRAIN, Split

DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class EventArrays:
    """All known events of a batch of requests, request after request, oldest first; unknown items are left out.

    `codes` and `rows` (N,): the item of each event, and the index of its request. `starts` (requests + 1,): the first event of each
    request. `known`: mask over all events of the requests, True for the N kept.
    """

    requests: Sequence[Request]
    codes: np.ndarray
    rows: np.ndarray
    starts: np.ndarray
    known: np.ndarray

    def last_codes(self) -> np.ndarray:
        """Return the codes (requests,) of the last events; PAD where there is none."""
        has_events = self.starts[1:] > self.starts[:-1]
        last = np.full(len(has_events), PAD, dtype=np.int64)
        last[has_events] = self.codes[self.starts[1:][has_events] - 1]
        return last

    def weights(self, half_life: float) -> np.ndarray:
        """Return weights (N,): 1 for the last event of each request, 0.5 for one `half_life` known events before it, and so on."""
        return 0.5 ** ((self.starts[self.rows + 1] - 1 - np.arange(len(self.codes))) / half_life)

    @cached_property
    def times(self) -> np.ndarray:
        """Seconds (N,) of the events, NaN where unknown."""
        return self._column(lambda history: history.times)

    @cached_property
    def offsets(self) -> np.ndarray:
        """Offsets from UTC (N,) of the events in minutes, 0 where unknown."""
        return np.nan_to_num(self._column(lambda history: history.utc_offsets))

    def request_times(self) -> np.ndarray:
        """Return seconds (requests,): the request's own time, else that of its last event; NaN where neither is known."""
        return _given([request.time for request in self.requests], self._last_finite(self.times))

    def request_offsets(self) -> np.ndarray:
        """Return minutes (requests,): the request's own offset from UTC, else the last event's, else 0."""
        last = self._last_finite(self._column(lambda history: history.utc_offsets))
        return np.nan_to_num(_given([request.utc_offset for request in self.requests], last))

    def request_places(self) -> np.ndarray:
        """Return latitude and longitude (requests, 2): the request's own place, else the last event's; NaN where neither is known."""
        latitudes = self._column(lambda history: None if history.places is None else history.places[:, 0])
        longitudes = self._column(lambda history: None if history.places is None else history.places[:, 1])
        whole = np.isfinite(latitudes + longitudes)
        own = np.array([request.place or (np.nan, np.nan) for request in self.requests], dtype=np.float64).reshape(-1, 2)
        last = np.column_stack([self._last_finite(np.where(whole, column, np.nan)) for column in (latitudes, longitudes)])
        return np.where(np.isfinite(own).all(axis=1, keepdims=True), own, last)

    def _column(self, of: Callable[[History], np.ndarray | None]) -> np.ndarray:
        parts = []
        for request in self.requests:
            values = of(request.history)
            parts.append(np.full(len(request.history), np.nan) if values is None else values)
        return np.concatenate(parts)[self.known].astype(np.float64) if parts else np.empty(0)

    def _last_finite(self, values: np.ndarray) -> np.ndarray:
        """Return the last finite one of `values` (N,) in each request, (requests,); NaN where there is none."""
        at = np.flatnonzero(np.isfinite(values))
        if not len(at):
            return np.full(len(self.starts) - 1, np.nan)
        ends = np.searchsorted(at, self.starts)
        return np.where(ends[1:] > ends[:-1], values[at[ends[1:] - 1]], np.nan)


def collect_events(requests: Sequence[Request], vocabulary: Vocabulary) -> EventArrays:
    """Return the known events of the requests. Steps of one history share memory, so that each history is encoded only once."""
    longest: dict[int, np.ndarray] = {}
    for request in requests:
        items = request.history.items
        if len(items) >= len(longest.get(_start(items), ())):
            longest[_start(items)] = items
    codes_at = {start: vocabulary.encode(items) for start, items in longest.items()}
    parts = [codes_at[_start(request.history.items)][: len(request.history)] for request in requests]
    codes = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    known = codes != PAD
    rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[known]
    return EventArrays(requests, codes[known], rows, np.searchsorted(rows, np.arange(len(parts) + 1)), known)


def encode_recent_items(history: History, vocabulary: Vocabulary, within: int = 16) -> np.ndarray:
    """Return codes of the known items among the last events, oldest first; of all events if none of those is known."""
    codes = vocabulary.encode(history.items[-within:])
    codes = codes if codes.any() else vocabulary.encode(history.items)
    return codes[codes != PAD]


def count_training_events(dataset: Dataset, split: Split) -> np.ndarray:
    """Return the number of training events of each item (n_items,) float64."""
    return np.bincount(dataset.item_codes[split.labels == TRAIN] - 1, minlength=len(dataset.item_ids)).astype(np.float64)


def count_training_users(dataset: Dataset, split: Split) -> np.ndarray:
    """Return the number of users with a training event of each item (n_items,) float64."""
    train, n_items = split.labels == TRAIN, len(dataset.item_ids)
    users = dataset.interactions["user_id"].cat.codes.to_numpy()[train].astype(np.int64)
    pairs = np.unique(users * n_items + dataset.item_codes[train] - 1)
    return np.bincount(pairs % n_items, minlength=n_items).astype(np.float64)


def build_interaction_matrix(dataset: Dataset, split: Split) -> sparse.csr_matrix:
    """Return the binary matrix (n_users, n_items) of training interactions."""
    rows = np.flatnonzero(split.labels == TRAIN)
    users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
    shape = (len(dataset.user_ids), len(dataset.item_ids))
    matrix = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (users, dataset.item_codes[rows] - 1)), shape=shape)
    matrix.data[:] = 1
    return matrix


def normalize_counts(counts: np.ndarray) -> np.ndarray:
    """Return counts (n,) as shares that sum to 1; uniform where all counts are 0."""
    return counts / counts.sum() if counts.sum() > 0 else np.full(len(counts), 1 / max(len(counts), 1))


def compute_local_hours(times: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return local hours of the day, 0 ≤ h < 24, with fractions."""
    return (times + 60 * offsets) % DAY / 3600


def is_local_weekend(times: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return whether the local day is a Saturday or Sunday; the first day of 1970 was a Thursday."""
    return (np.floor((times + 60 * offsets) / DAY) + 3) % 7 >= 5


def _start(items: np.ndarray) -> int:
    """Return the address of an array in memory. Views with the same address are prefixes of each other."""
    return items.__array_interface__["data"][0]


def _given(own: Sequence[float | None], otherwise: np.ndarray) -> np.ndarray:
    values = np.array([np.nan if each is None else each for each in own], dtype=np.float64)
    return np.where(np.isfinite(values), values, otherwise)
