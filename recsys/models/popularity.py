"""Popularity baselines: of all time, recent, or near a place. Other models are compared with them and fall back on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, Split
from recsys.core.translation import N_, _
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import (
    DAY,
    count_training_events,
    count_training_users,
    find_request_places,
    find_request_times,
    normalize_counts,
)
from recsys.models.base.places import compute_nearness, locate_items
from recsys.models.base.settings import check_choice, check_positive

KINDS = ("all", "recent", "nearby")
SNAPSHOT_BYTES = 64_000_000


@dataclass(frozen=True)
class PopularityConfig:
    """`kind` is all, recent or nearby. recent: the weight of an event halves every `half_life` days; nearby: with distance, by 1/e per `kilometres`."""

    kind: str = "all"
    half_life: float = 7.0
    kilometres: float = 0.2

    def __post_init__(self) -> None:
        check_choice(KINDS, self, "kind")
        check_positive(self, "half_life", "kilometres")


class Popularity(CountBased):
    """Counts of training events of any behaviour. Only the last time and place of the history are used.

    all: the number of users of an item, so that one user's daily place does not dominate. recent: the training events before
    the request's time, decaying with a half-life. nearby: all events, times exp(−distance to the request's place / kilometres);
    the place of an item is its own, else the mean of its events' places. Scores are shares (nearby: before the distance weight).
    """

    Config = PopularityConfig

    def __init__(self, item_ids: np.ndarray, config: PopularityConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = normalize_counts(arrays["counts"])
        if config.kind == "recent":
            self._recent = _DecayingCounts(arrays["event_items"], arrays["event_times"], len(item_ids), config.half_life * DAY)

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: PopularityConfig, seed: int = 0) -> "Popularity":
        """Count the training events. `seed` has no effect."""
        train = split.labels == TRAIN
        count = count_training_events if config.kind == "nearby" else count_training_users  # selected by validation
        arrays = {"counts": count(dataset, split)}
        if config.kind == "recent":
            if dataset.times is None:
                raise DataError(
                    _(
                        "the model 'popularity-recent' needs times of events, and dataset '{dataset}' has none; use popularity instead",
                        dataset=dataset.name,
                    )
                )
            with_time = np.flatnonzero(train & np.isfinite(dataset.times))
            in_order = with_time[np.argsort(dataset.times[with_time], kind="stable")]
            arrays["event_items"] = (dataset.item_codes[in_order] - 1).astype(np.int32)
            arrays["event_times"] = dataset.times[in_order]
        if config.kind == "nearby":
            places = locate_items(dataset, train)
            if places is None:
                raise DataError(
                    _(
                        "the model 'popularity-nearby' needs places, and dataset '{dataset}' has none; use popularity instead",
                        dataset=dataset.name,
                    )
                )
            arrays["places"] = places
        return cls(dataset.item_ids, config, arrays)

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return popularity shares (requests, n_items) of the configured kind."""
        values = np.empty((len(requests), len(self.vocabulary)), dtype=np.float32)
        if self.config.kind == "recent":
            for row, time in enumerate(find_request_times(requests, self.vocabulary)):
                values[row] = self._recent.shares(time) if self._recent.has_events_before(time) else self._shares
        elif self.config.kind == "nearby":
            places = find_request_places(requests, self.vocabulary)
            values[:] = self._shares * compute_nearness(places, self._arrays["places"], self.config.kilometres)
        else:
            values[:] = self._shares
        return self.vocabulary.mask(values, requests)

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        """Return a reason where nearby has no place, or recent no event before the request's time."""
        if self.config.kind == "nearby":
            has_place = np.isfinite(find_request_places(requests, self.vocabulary)).all(axis=1)
            return [None if known else N_("no place known: most popular everywhere") for known in has_place]
        if self.config.kind == "recent":
            has_events = [self._recent.has_events_before(time) for time in find_request_times(requests, self.vocabulary)]
            return [None if known else N_("no events before this time: most popular of all time") for known in has_events]
        return [None] * len(requests)


class _DecayingCounts:
    """Counts of events that decay with a half-life, at any time.

    Snapshots of the counts are stored at equal intervals, so that a request counts only the events since the last snapshot. A row
    depends on its own time alone, so that scores do not change with the batch. Events at exactly the requested time are left out.
    """

    def __init__(self, items: np.ndarray, times: np.ndarray, n_items: int, half_life: float):
        self._items, self._times, self._n_items, self._half_life = items, times, n_items, half_life
        span = float(times[-1] - times[0]) if len(times) else 0.0
        self._interval = max(half_life, span / max(1, SNAPSHOT_BYTES // (8 * n_items)))
        self._grid = (times[0] if len(times) else 0.0) + self._interval * np.arange(1 + int(span / self._interval))
        self._starts = np.searchsorted(times, self._grid, side="left")
        self._snapshots = np.zeros((len(self._grid), n_items))
        for i in range(1, len(self._grid)):
            decayed = self._snapshots[i - 1] * 0.5 ** (self._interval / half_life)
            self._snapshots[i] = decayed + self._count(self._starts[i - 1], self._starts[i], self._grid[i])

    def has_events_before(self, time: float) -> bool:
        """Return whether there is an event before this time; NaN means the end of training."""
        return len(self._times) > 0 and not time <= self._times[0]

    def shares(self, time: float) -> np.ndarray:
        """Return decayed shares (n_items,) of the events before `time`, NaN for all of them. At least one is required."""
        last = self._times[-1]
        end = int(np.searchsorted(self._times, time, side="left")) if np.isfinite(time) else len(self._times)
        # After the last event only the scale of the counts changes, which does not change the shares.
        time = min(time, last) if np.isfinite(time) else last
        at = min(int((time - self._grid[0]) / self._interval), len(self._grid) - 1)
        decayed = self._snapshots[at] * 0.5 ** ((time - self._grid[at]) / self._half_life)
        return normalize_counts(decayed + self._count(self._starts[at], end, time))

    def _count(self, start: int, end: int, time: float) -> np.ndarray:
        ages = (time - self._times[start:end]) / self._half_life
        return np.bincount(self._items[start:end], weights=0.5**ages, minlength=self._n_items)
