"""The user's own most frequent items, weighted by hour and kind of day where times are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, History, Request, Trace
from recsys.core.split import Split
from recsys.core.translation import N_
from recsys.models.base.circular_kernel import add_circular_kernel
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import (
    DAY,
    EventArrays,
    collect_events,
    collect_steps,
    count_training_users,
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


@dataclass(frozen=True, eq=False, kw_only=True)
class FrequencyTrace(Trace):
    """The known events at every step of one history; the model has no states."""

    events: EventArrays


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
        return self.vocabulary.mask(self._score(collect_events(requests, self.vocabulary), np.arange(len(requests))), requests)

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> "FrequencyTrace":
        """Return the known events of a history, read once for all steps."""
        del attention
        states = np.empty((len(history) + 1, 0), dtype=np.float32)
        return FrequencyTrace(states=states, events=collect_steps(history, final, self.vocabulary))

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return scores (len(steps), n_items) float32 at steps of a trace."""
        assert isinstance(trace, FrequencyTrace)
        return self._score(trace.events, steps)

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = collect_events(requests, self.vocabulary, within=1).lengths
        return [None if count else N_("no history yet: most popular items") for count in known]

    def _score(self, events: EventArrays, chosen: np.ndarray) -> np.ndarray:
        """Return the scores (n, n_items) float32 of the chosen requests."""
        scores = np.empty((len(chosen), len(self.vocabulary)), dtype=np.float32)
        shared, start = self._count_shared(events, chosen), 0
        size, popularity = max(1, MAX_CELLS // len(self.vocabulary)), self.config.popularity * self._shares
        parts = (chosen[at : at + size] for at in range(0, len(chosen), size)) if shared else events.split(MAX_PAIRS, chosen)
        for part in parts:
            own = self._shares_of_long_history(events, part, shared) if shared else self._own_shares(events, part)
            for row, shares in enumerate(own, start=start):
                scores[row] = shares + popularity
            start += len(part)
        return scores

    def _own_shares(self, events: EventArrays, chosen: np.ndarray) -> np.ndarray:
        """Return the weighted shares (n, n_items) of the own events of some requests; zeros without events."""
        rows, at = events.flatten(chosen)
        weights = self._weights(events, chosen[rows], at)
        n_items = len(self.vocabulary)
        weights /= np.maximum(np.bincount(rows, weights=weights, minlength=len(chosen)), np.finfo(np.float64).tiny)[rows]
        own = np.bincount(rows * n_items + events.codes[at] - 1, weights=weights, minlength=len(chosen) * n_items)
        return own.reshape(len(chosen), n_items)

    def _count_shared(self, events: EventArrays, chosen: np.ndarray) -> int:
        """Return the number of first events that the requests share, if they are so many that they are summed together; else 0.

        That needs their times, none of them after a request's, and weights without a floor.
        """
        starts = events.starts[chosen]
        if len(chosen) < 2 or self.config.floor or (starts != starts[0]).any():
            return 0
        first, end = int(starts[0]), int(events.ends[chosen].min())
        if end - first < SHARED_EVENTS:
            return 0
        times, now = events.times[first:end], events.request_times[chosen]
        return end - first if np.isfinite(now).all() and times.max() <= now.min() else 0  # false for a NaN among the times

    def _shares_of_long_history(self, events: EventArrays, chosen: np.ndarray, shared: int) -> np.ndarray:
        """Return `_own_shares` of requests that share their first events, in time that is linear in these; equal to about 1e-12."""
        first, by_hour, n_items = int(events.starts[chosen[0]]), events.by_hour, len(self.vocabulary)
        base = by_hour[(by_hour >= first) & (by_hour < first + shared)]
        groups, points, was_weekend = events.codes[base] - 1, events.hours[base], events.is_weekend[base]
        now, hours, is_weekend = events.request_times[chosen], events.request_hours[chosen], events.request_is_weekend[chosen]
        decay = np.exp2((events.times[base] - now.min()) / (DAY * self.config.half_life))
        sums = np.zeros((len(now), n_items))
        for kind in (False, True):
            asked = np.flatnonzero(is_weekend == kind)
            if len(asked):
                weights = decay * np.where(was_weekend == kind, 1.0, self.config.other_day)
                add_circular_kernel(sums, asked, hours[asked], points, weights, groups, self.config.hours, 24.0)
        decay_since = 0.5 ** ((now - now.min()) / DAY / self.config.half_life)
        rows, at = events.flatten(chosen, skip=shared)
        codes, weights = events.codes[at] - 1, self._weights(events, chosen[rows], at)
        ends = np.searchsorted(rows, np.arange(len(chosen) + 1))
        for row, own in enumerate(sums):  # one at a time, so that a row stays in the cache of the processor
            recent = slice(ends[row], ends[row + 1])
            np.multiply(np.maximum(own, 0.0, out=own), decay_since[row], out=own)  # subtraction may have left less than nothing
            own += np.bincount(codes[recent], weights=weights[recent], minlength=n_items)
            own /= max(own.sum(), np.finfo(np.float64).tiny)
        return sums

    def _weights(self, events: EventArrays, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return the weights (n,) of the events at these positions in the histories of these requests."""
        apart = np.abs(events.request_hours[rows] - events.hours[at])
        near = np.exp(-np.minimum(apart, 24 - apart) / self.config.hours)
        same_day = events.request_is_weekend[rows] == events.is_weekend[at]
        near = np.maximum(near * np.where(same_day, 1.0, self.config.other_day), self.config.floor)
        # Events after the time of the request count as new, not as more than one event.
        age = events.request_times[rows] - events.times[at]
        decay = 0.5 ** (np.maximum(age, 0) / DAY / self.config.half_life)
        return np.where(np.isfinite(age), near * decay, 1.0)
