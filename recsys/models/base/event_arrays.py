"""Known events of many requests in arrays, for models that count without Python loops over events."""

import math
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, History, Request, Vocabulary
from recsys.core.split import TRAIN, Split

DAY = 86_400.0
RECENT_EVENTS = 16
"""Events in which the last known item, time or place is looked for before the whole history is read."""
FLOAT32_HALVINGS = 150
"""Halvings of 1 after which float32 has only 0 left."""
DENSE_CELLS = 4
"""Pairs of a request and an item, as a multiple of the events, up to which an array of all pairs is faster than sorting the events."""


@dataclass(frozen=True, eq=False)
class EventArrays:
    """The known events of a batch of requests, oldest first; unknown items are left out.

    Requests that are steps of one history share its events, so that all steps together take no more memory than the history.
    `codes` (N,): the item of each event. `starts` and `ends` (requests,): the events of each request are `codes[start:end]`.
    `histories` are the distinct histories, one after the other, and `known` is a mask over their events, True for the N kept; `stops`
    (requests,) are the ends of the requests among these.
    """

    requests: Sequence[Request]
    codes: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    histories: Sequence[History]
    known: np.ndarray
    stops: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Numbers (requests,) of known events."""
        return self.ends - self.starts

    def last_codes(self) -> np.ndarray:
        """Return the codes (requests,) of the last events; PAD where there is none."""
        has_events = self.lengths > 0
        last = np.full(len(has_events), PAD, dtype=np.int64)
        last[has_events] = self.codes[self.ends[has_events] - 1]
        return last

    def flatten(self, chosen: np.ndarray | None = None, within: int | None = None, skip: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers (n,) of the chosen requests, and positions in `codes` (n,), of all their events but the first `skip`, or of the
        last `within` only. The numbers are those in `chosen`, by default in all requests."""
        ends, counts = (self.ends, self.lengths - skip) if chosen is None else (self.ends[chosen], self.lengths[chosen] - skip)
        if within is not None:
            counts = np.minimum(counts, within)
        return flatten_ranges(ends - counts, counts)

    def split(self, limit: int, chosen: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """Yield parts of the chosen requests, by default of all, that have at most `limit` events together, or are one request."""
        chosen = np.arange(len(self.ends)) if chosen is None else chosen
        before, start = np.concatenate([[0], np.cumsum(self.lengths[chosen])]), 0
        while start < len(chosen):
            stop = max(start + 1, int(np.searchsorted(before, before[start] + limit, side="right")) - 1)
            yield chosen[start:stop]
            start = stop

    @cached_property
    def times(self) -> np.ndarray:
        """Seconds (N,) of the events, NaN where unknown."""
        return self._column(lambda history: history.times)

    @cached_property
    def offsets(self) -> np.ndarray:
        """Offsets from UTC (N,) of the events in minutes, 0 where unknown."""
        return np.nan_to_num(self._column(lambda history: history.utc_offsets))

    @cached_property
    def hours(self) -> np.ndarray:
        """Local hours of the day (N,) of the events."""
        return compute_local_hours(self.times, self.offsets)

    @cached_property
    def by_hour(self) -> np.ndarray:
        """Positions (N,) of the events in the order of their hours."""
        return np.argsort(self.hours, kind="stable")

    @cached_property
    def is_weekend(self) -> np.ndarray:
        """Whether events (N,) were on a local Saturday or Sunday."""
        return is_local_weekend(self.times, self.offsets)

    @cached_property
    def request_times(self) -> np.ndarray:
        """Seconds (requests,): the request's own time, else that of its last event; NaN where neither is known."""
        return _given([request.time for request in self.requests], self._last_finite(self.times))

    @cached_property
    def request_offsets(self) -> np.ndarray:
        """Minutes (requests,): the request's own offset from UTC, else the last event's, else 0."""
        last = self._last_finite(self._column(lambda history: history.utc_offsets))
        return np.nan_to_num(_given([request.utc_offset for request in self.requests], last))

    @cached_property
    def request_hours(self) -> np.ndarray:
        """Local hours of the day (requests,) of the requests."""
        return compute_local_hours(self.request_times, self.request_offsets)

    @cached_property
    def request_is_weekend(self) -> np.ndarray:
        """Whether requests (requests,) are on a local Saturday or Sunday."""
        return is_local_weekend(self.request_times, self.request_offsets)

    @cached_property
    def request_places(self) -> np.ndarray:
        """Latitude and longitude (requests, 2): the request's own place, else the last event's; NaN where neither is known."""
        latitudes = self._column(lambda history: None if history.places is None else history.places[:, 0])
        longitudes = self._column(lambda history: None if history.places is None else history.places[:, 1])
        whole = np.isfinite(latitudes + longitudes)
        own = np.array([request.place or (np.nan, np.nan) for request in self.requests], dtype=np.float64).reshape(-1, 2)
        last = np.column_stack([self._last_finite(np.where(whole, column, np.nan)) for column in (latitudes, longitudes)])
        return np.where(np.isfinite(own).all(axis=1, keepdims=True), own, last)

    def _column(self, of: Callable[[History], np.ndarray | None]) -> np.ndarray:
        parts = []
        for history in self.histories:
            values = of(history)
            parts.append(np.full(len(history), np.nan) if values is None else values)
        return np.concatenate(parts)[self.known].astype(np.float64) if parts else np.empty(0)

    def _last_finite(self, values: np.ndarray) -> np.ndarray:
        """Return the last finite one of `values` (N,) in each request, (requests,); NaN where there is none."""
        at = np.flatnonzero(np.isfinite(values))
        if not len(at):
            return np.full(len(self.ends), np.nan)
        before = np.searchsorted(at, self.ends)
        return np.where(before > np.searchsorted(at, self.starts), values[at[before - 1]], np.nan)


def collect_events(requests: Sequence[Request], vocabulary: Vocabulary, within: int | None = None) -> EventArrays:
    """Return the known events of the requests, or of each at least the last `within` ones, so that a late step need not read everything.

    Steps of one history share memory: each history is encoded once, and not copied per step.
    """
    if len(requests) == 1:  # a list on its own: the general way takes three times as long
        only = requests[0].history
        first, codes = _encode_tail(only, vocabulary, len(only), within)
        known = codes != PAD
        end, stop = np.array([np.count_nonzero(known)]), np.array([len(codes)])
        return EventArrays(requests, codes[known], np.zeros_like(end), end, [only.since(first)], known, stop)
    keys = [_memory(request.history) for request in requests]
    lengths = np.array([len(request.history) for request in requests], dtype=np.int64)
    longest: dict[Hashable, History] = {}
    shortest: dict[Hashable, int] = {}
    for key, request in zip(keys, requests, strict=True):
        length = len(request.history)
        if length >= len(longest.get(key, ())):
            longest[key] = request.history
        shortest[key] = min(length, shortest.get(key, length))
    parts, histories, offsets, total = [], [], {}, 0
    for key, history in longest.items():
        first, codes = _encode_tail(history, vocabulary, shortest[key], within)
        parts.append(codes)
        histories.append(history.since(first))
        offsets[key] = total, first
        total += len(codes)
    codes = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    known = codes != PAD
    known_before = np.concatenate([[0], np.cumsum(known)])
    starts, firsts = np.array([offsets[key] for key in keys], dtype=np.int64).reshape(-1, 2).T
    stops = starts + lengths - firsts
    return EventArrays(requests, codes[known], known_before[starts], known_before[stops], histories, known, stops)


def collect_steps(history: History, final: Request | None, vocabulary: Vocabulary) -> EventArrays:
    """Return the known events of every step of a history, as `collect_events` does for the requests of the steps, but much faster.

    Step N is requested at the time of event N; `final` is the context of the last step.
    """
    last, unknown = final or Request(history), np.full(len(history), np.nan)
    times, offsets = (unknown if column is None else column for column in (history.times, history.utc_offsets))
    requests = [Request(history, time, offset) for time, offset in zip(times.tolist(), offsets.tolist(), strict=True)]
    codes = vocabulary.encode(history.items)
    known, stops = codes != PAD, np.arange(len(codes) + 1)
    ends = np.concatenate([[0], np.cumsum(known)])
    return EventArrays([*requests, replace(last, history=history)], codes[known], np.zeros_like(ends), ends, [history], known, stops)


def collect_weighted_events(
    requests: Sequence[Request], vocabulary: Vocabulary, half_life: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the requests, codes and float32 weights (n,) of all known events whose weight is not 0.

    The weight is 1 for the last event of a request, 0.5 for one `half_life` known events before it, and so on. From 150 half-lives on
    it is 0 in float32, so that the work for a step does not grow with the length of the history.
    """
    events = collect_events(requests, vocabulary, count_weighted_events(half_life))
    return weigh_events(events.codes, events.starts, events.ends, half_life)


def count_weighted_events(half_life: float) -> int:
    """Return the number of latest events whose weight is not 0 in float32."""
    return math.ceil(min(FLOAT32_HALVINGS * half_life, sys.maxsize // 2))


def weigh_events(codes: np.ndarray, starts: np.ndarray, ends: np.ndarray, half_life: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows, codes and float32 weights (n,) of the events `codes[starts[row]:ends[row]]`, without those whose weight is 0."""
    counts = np.minimum(ends - starts, count_weighted_events(half_life))
    rows, at = flatten_ranges(ends - counts, counts)
    by_age = (0.5 ** (np.arange(int(counts.max(initial=0))) / half_life)).astype(np.float32)
    return rows, codes[at], by_age[ends[rows] - 1 - at]


def flatten_ranges(firsts: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers (n,) of the ranges `firsts[row]` to `firsts[row] + counts[row]`, one after the other, and the positions in them."""
    before = np.cumsum(counts) - counts
    return np.repeat(np.arange(len(counts)), counts), np.arange(counts.sum()) + np.repeat(firsts - before, counts)


def sum_event_weights(requests: Sequence[Request], vocabulary: Vocabulary, half_life: float) -> sparse.csr_matrix:
    """Return the summed weights (requests, n_items) float32 of the events of each item."""
    return sum_by_item(*collect_weighted_events(requests, vocabulary, half_life), (len(requests), len(vocabulary)))


def sum_by_item(rows: np.ndarray, codes: np.ndarray, weights: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return the summed weights of each row and item as a matrix (rows, n_items) float32.

    The weights of an item are added in float64 in the order given, whatever the other rows are.
    """
    is_used = np.zeros(shape[1] + 1, dtype=bool)
    is_used[codes] = True
    items = np.flatnonzero(is_used)
    cells = rows * len(items) + (np.cumsum(is_used) - 1)[codes]
    if shape[0] * len(items) <= DENSE_CELLS * len(cells):  # steps of one history have most of their items in common
        sums = np.bincount(cells, weights=weights, minlength=shape[0] * len(items))
        filled = np.flatnonzero(sums)
        sums = sums[filled]
    else:
        filled, positions = np.unique(cells, return_inverse=True)
        sums = np.bincount(positions, weights=weights, minlength=len(filled))
    ends = np.searchsorted(filled, np.arange(shape[0] + 1) * len(items))
    columns = items[filled % max(len(items), 1)] - 1
    return sparse.csr_matrix((sums.astype(np.float32), columns, ends), shape=shape)


def find_request_times(requests: Sequence[Request], vocabulary: Vocabulary) -> np.ndarray:
    """Return `EventArrays.request_times`, reading no more of the histories than that needs."""
    return _find_last(requests, vocabulary, "times", lambda events: events.request_times)


def find_request_places(requests: Sequence[Request], vocabulary: Vocabulary) -> np.ndarray:
    """Return `EventArrays.request_places`, reading no more of the histories than that needs."""
    return _find_last(requests, vocabulary, "places", lambda events: events.request_places)


def find_training_sequences(dataset: Dataset, split: Split, length: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the codes (n,) of the last `length` training events, oldest first, before each training event, and the codes (n,) of these.

    Targets only, each after the history that would predict it; those with a shorter history are left out.
    """
    rows = np.flatnonzero(split.labels == TRAIN)
    users, items = dataset.interactions["user_id"].cat.codes.to_numpy()[rows], dataset.item_codes[rows]
    ends = np.searchsorted(rows, dataset.history_ends[rows])
    at = np.flatnonzero(dataset.is_target[rows] & (ends >= length))
    at = at[users[ends[at] - length] == users[at]]
    return [items[ends[at] - back] for back in range(length, 0, -1)], items[at]


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


def _encode_tail(history: History, vocabulary: Vocabulary, step: int, within: int | None) -> tuple[int, np.ndarray]:
    """Return the step from which a history is read, and the codes of its events from there.

    That is 0, or with `within` one with at least so many known events between it and `step`.
    """
    size = step if within is None else within
    while True:
        first = max(0, step - size)
        codes = vocabulary.encode(history.items[first:])
        if first == 0 or np.count_nonzero(codes[: step - first]) >= (within or 0):
            return first, codes
        size *= 2


def _find_last(requests: Sequence[Request], vocabulary: Vocabulary, column: str, of: Callable[[EventArrays], np.ndarray]) -> np.ndarray:
    within = RECENT_EVENTS
    longest = max((len(request.history) for request in requests if getattr(request.history, column) is not None), default=0)
    while within < longest:
        recent = of(collect_events(requests, vocabulary, within))
        if np.isfinite(recent).all():
            return recent
        within *= RECENT_EVENTS
    return of(collect_events(requests, vocabulary, within))


def _memory(history: History) -> Hashable:
    """Return where in memory the columns of a history that `EventArrays` reads begin: histories that share it are prefixes of each other.

    The columns of a history are cut alike, so that for all but the items it is enough to know what they are cut from.
    """
    items, columns = history.items, (history.times, history.utc_offsets, history.places)
    return (
        items.__array_interface__["data"][0],
        items.strides,
        *(id(each if each is None or each.base is None else each.base) for each in columns),
    )


def _given(own: Sequence[float | None], otherwise: np.ndarray) -> np.ndarray:
    values = np.array([np.nan if each is None else each for each in own], dtype=np.float64)
    return np.where(np.isfinite(values), values, otherwise)
