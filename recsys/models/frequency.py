"""The user's own most frequent items, weighted by hour and kind of day where times are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Request
from recsys.core.split import Split
from recsys.core.translation import N_
from recsys.models.base.circular_kernel import sum_circular_kernel
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import (
    DAY,
    EventArrays,
    collect_events,
    compute_local_hours,
    count_training_users,
    is_local_weekend,
    normalize_counts,
)
from recsys.models.base.settings import check_between, check_positive

MAX_PAIRS = 1_000_000
"""Pairs of a request and an own event that are weighted at a time, which bounds memory."""
MAX_CELLS = 4_000_000
"""Pairs of a request and an item whose sums are computed at a time, for the same reason."""
SHARED_EVENTS = 2_000
"""Events that several requests must share to be summed together. The last bits of the scores differ, so short histories keep theirs."""


@dataclass(frozen=True)
class FrequencyConfig:
    """Weights of the user's own events and of popularity.

    The weight of an event is exp(−h / hours) for a difference of h hours of the day from the request, times `other_day` on the other
    kind of day (weekday, weekend), at least `floor`, and halves with every `half_life` days. `popularity` is the weight of popularity
    beside the own events' 1.
    """

    hours: float = 2.0
    other_day: float = 0.7
    half_life: float = 120.0
    floor: float = 0.0
    popularity: float = 0.01

    def __post_init__(self) -> None:
        check_positive(self, "hours", "half_life", "popularity")
        check_between(0, 1, self, "other_day", "floor")


class Frequency(CountBased):
    """Weighted shares of the user's own items, all behaviours alike, plus a small weight of popularity.

    An event has the full weight where its time or that of the request is unknown. Only popularity is learnt from other users.
    """

    Config = FrequencyConfig

    def __init__(self, item_ids: np.ndarray, config: FrequencyConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = normalize_counts(arrays["counts"])

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: FrequencyConfig, seed: int = 0) -> "Frequency":
        """Count the training events. `seed` has no effect."""
        return cls(dataset.item_ids, config, {"counts": count_training_users(dataset, split)})

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return weighted shares of the own events plus popularity (requests, n_items)."""
        events = collect_events(requests, self.vocabulary)
        scores = np.empty((len(requests), len(self.vocabulary)), dtype=np.float32)
        shared = self._count_shared(events)
        size = max(1, MAX_CELLS // len(self.vocabulary))
        parts = (
            events.split(MAX_PAIRS) if not shared else (slice(at, min(at + size, len(requests))) for at in range(0, len(requests), size))
        )
        for rows in parts:
            own = self._shares_of_long_history(events, rows, shared) if shared else self._own_shares(events, rows)
            scores[rows] = own + self.config.popularity * self._shares
        return self.vocabulary.mask(scores, requests)

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = collect_events(requests, self.vocabulary, within=1).lengths
        return [None if count else N_("no history yet: most popular items") for count in known]

    def _own_shares(self, events: EventArrays, requests: slice) -> np.ndarray:
        """Return the weighted shares (n, n_items) of the own events of some requests; zeros without events."""
        rows, at = events.flatten(requests)
        weights = self._weights(events, rows, at)
        rows -= requests.start
        count, n_items = requests.stop - requests.start, len(self.vocabulary)
        weights /= np.maximum(np.bincount(rows, weights=weights, minlength=count), np.finfo(np.float64).tiny)[rows]
        own = np.bincount(rows * n_items + events.codes[at] - 1, weights=weights, minlength=count * n_items)
        return own.reshape(count, n_items)

    def _count_shared(self, events: EventArrays) -> int:
        """Return the number of first events that all requests share, if they are so many that they are summed together; else 0.

        That needs their times, none of them after a request's, and weights without a floor.
        """
        if len(events.ends) < 2 or self.config.floor or (events.starts != events.starts[0]).any():
            return 0
        first, end = int(events.starts[0]), int(events.ends.min())
        if end - first < SHARED_EVENTS:
            return 0
        times, now = events.times[first:end], events.request_times
        return end - first if np.isfinite(now).all() and times.max() <= now.min() else 0  # false for a NaN among the times

    def _shares_of_long_history(self, events: EventArrays, requests: slice, shared: int) -> np.ndarray:
        """Return `_own_shares` of requests that share their first events, in time that is linear in these; equal to about 1e-12."""
        first = int(events.starts[0])
        base, n_items = slice(first, first + shared), len(self.vocabulary)
        now, offset = events.request_times[requests], events.request_offsets[requests]
        hours, is_weekend = compute_local_hours(now, offset), is_local_weekend(now, offset)
        points = compute_local_hours(events.times[base], events.offsets[base])
        was_weekend = is_local_weekend(events.times[base], events.offsets[base])
        decay = 0.5 ** ((now.min() - events.times[base]) / DAY / self.config.half_life)
        sums = np.zeros((len(now), n_items))
        for kind in (False, True):
            asked = is_weekend == kind
            if asked.any():
                weights = decay * np.where(was_weekend == kind, 1.0, self.config.other_day)
                sums[asked] = sum_circular_kernel(hours[asked], points, weights, events.codes[base] - 1, n_items, self.config.hours, 24.0)
        sums *= (0.5 ** ((now - now.min()) / DAY / self.config.half_life))[:, None]
        rows, at = events.flatten(requests, skip=shared)
        cells = (rows - requests.start) * n_items + events.codes[at] - 1
        sums += np.bincount(cells, weights=self._weights(events, rows, at), minlength=sums.size).reshape(sums.shape)
        shares: np.ndarray = sums / np.maximum(sums.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return shares

    def _weights(self, events: EventArrays, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return the weights (n,) of the events at these positions in the histories of these requests."""
        now, offset = events.request_times, events.request_offsets
        apart = np.abs(compute_local_hours(now, offset)[rows] - compute_local_hours(events.times, events.offsets)[at])
        near = np.exp(-np.minimum(apart, 24 - apart) / self.config.hours)
        same_day = is_local_weekend(now, offset)[rows] == is_local_weekend(events.times, events.offsets)[at]
        near = np.maximum(near * np.where(same_day, 1.0, self.config.other_day), self.config.floor)
        # Events after the time of the request count as new, not as more than one event.
        age = now[rows] - events.times[at]
        decay = 0.5 ** (np.maximum(age, 0) / DAY / self.config.half_life)
        return np.where(np.isfinite(age), near * decay, 1.0)
