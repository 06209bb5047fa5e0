"""The user's own most frequent items, weighted by hour and kind of day where times are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Request
from recsys.core.split import Split
from recsys.core.translation import N_
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import (
    DAY,
    EventArrays,
    collect_events,
    compute_local_hours,
    count_training_users,
    encode_recent_items,
    is_local_weekend,
    normalize_counts,
)
from recsys.models.base.settings import check_between, check_positive


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
        n_requests, n_items = len(requests), len(self.vocabulary)
        weights = self._weights(events)
        totals = np.bincount(events.rows, weights=weights, minlength=n_requests)
        weights = weights / np.maximum(totals, np.finfo(np.float64).tiny)[events.rows]
        own = np.bincount(events.rows * n_items + events.codes - 1, weights=weights, minlength=n_requests * n_items)
        scores = own.reshape(n_requests, n_items) + self.config.popularity * self._shares
        return self.vocabulary.mask(scores.astype(np.float32), requests)

    def fallback(self, request: Request) -> str | None:
        return None if len(encode_recent_items(request.history, self.vocabulary)) else N_("no history yet: most popular items")

    def _weights(self, events: EventArrays) -> np.ndarray:
        now, offset = events.request_times()[events.rows], events.request_offsets()[events.rows]
        apart = np.abs(compute_local_hours(now, offset) - compute_local_hours(events.times, events.offsets))
        near = np.exp(-np.minimum(apart, 24 - apart) / self.config.hours)
        same_day = is_local_weekend(now, offset) == is_local_weekend(events.times, events.offsets)
        near = np.maximum(near * np.where(same_day, 1.0, self.config.other_day), self.config.floor)
        # Events after the time of the request count as new, not as more than one event.
        decay = 0.5 ** (np.maximum(now - events.times, 0) / DAY / self.config.half_life)
        return np.where(np.isfinite(now - events.times), near * decay, 1.0)
