"""What this person takes most: their own items by counts, near this hour and this kind of day where times are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import DAY, Events, last_codes, local_hours, local_weekends, read, shares, train_people


@dataclass(frozen=True)
class FrequencyConfig:
    """How much an own event counts, and how much everybody's do.

    An event h hours of the day away from the request counts exp(−h / hours), one of the other kind of day (weekday, weekend)
    `other_day`, one `half_life` days old half. `floor` is what any own event counts at least; `popularity` is everybody's weight
    beside the person's 1.
    """

    hours: float = 2.0
    other_day: float = 0.7
    half_life: float = 120.0
    floor: float = 0.0
    popularity: float = 0.01

    def __post_init__(self) -> None:
        for name in ("hours", "half_life", "popularity"):
            if not getattr(self, name) > 0:
                raise DataError(
                    f"setting {name}={getattr(self, name)} must be above 0, for example {name}={getattr(FrequencyConfig, name)}"
                )
        for name in ("other_day", "floor"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(
                    f"setting {name}={getattr(self, name)} must be from 0 to 1, for example {name}={getattr(FrequencyConfig, name)}"
                )


class Frequency(CountBased):
    """The person's own items, all behaviours alike, with a pinch of popularity.

    Where the time of an event or of the request is unknown, the event counts fully. Only popularity is learnt from others.
    """

    Config = FrequencyConfig

    def __init__(self, item_ids: np.ndarray, config: FrequencyConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = shares(arrays["counts"])

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: FrequencyConfig, seed: int = 0) -> "Frequency":
        """Count the training events. `seed` changes nothing."""
        return cls(dataset.item_ids, config, {"counts": train_people(dataset, split)})

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Weighted shares of the own events plus a pinch of popularity (requests, n_items)."""
        events = read(requests, self.vocabulary)
        n_requests, n_items = len(requests), len(self.vocabulary)
        weights = self._weights(events)
        totals = np.bincount(events.rows, weights=weights, minlength=n_requests)
        weights = weights / np.maximum(totals, np.finfo(np.float64).tiny)[events.rows]
        own = np.bincount(events.rows * n_items + events.codes - 1, weights=weights, minlength=n_requests * n_items)
        scores = own.reshape(n_requests, n_items) + self.config.popularity * self._shares
        return self.vocabulary.mask(scores.astype(np.float32), requests)

    def fallback(self, request: Request) -> str | None:
        return None if len(last_codes(request.history, self.vocabulary)) else "no history yet: most popular items"

    def _weights(self, events: Events) -> np.ndarray:
        now, offset = events.request_times()[events.rows], events.request_offsets()[events.rows]
        apart = np.abs(local_hours(now, offset) - local_hours(events.times, events.offsets))
        near = np.exp(-np.minimum(apart, 24 - apart) / self.config.hours)
        same_day = local_weekends(now, offset) == local_weekends(events.times, events.offsets)
        near = np.maximum(near * np.where(same_day, 1.0, self.config.other_day), self.config.floor)
        # Asked for a time before some of the events, those count as new, not as more than one event.
        faded = 0.5 ** (np.maximum(now - events.times, 0) / DAY / self.config.half_life)
        return np.where(np.isfinite(now - events.times), near * faded, 1.0)
