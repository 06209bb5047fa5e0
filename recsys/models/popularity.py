"""Most popular items: of all time, lately, or near a place. What every other model must beat, and what it falls back on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Request
from recsys.core.errors import DataError
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, Split
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import DAY, read, shares, train_counts, train_people

KINDS = ("all", "recent", "nearby")
EVERYWHERE = 1e-6
"""Weight of plain popularity beneath the nearby one: it orders what is too far off to tell apart."""
SNAPSHOT_BYTES = 64_000_000


@dataclass(frozen=True)
class PopularityConfig:
    """`half_life` in days: an event that old counts half (recent). `kilometres`: an item that far off counts 1/e (nearby)."""

    kind: str = "all"
    half_life: float = 7.0
    kilometres: float = 0.2

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DataError(f"setting kind={self.kind} is none of {', '.join(KINDS)}")
        for name in ("half_life", "kilometres"):
            if not getattr(self, name) > 0:
                raise DataError(
                    f"setting {name}={getattr(self, name)} must be above 0, for example {name}={getattr(PopularityConfig, name)}"
                )


class Popularity(CountBased):
    """Counted on the training events, whatever their behaviour. The history matters only for its last time and place.

    all: by how many people took an item, so that one person's daily place is not everybody's. recent: every training event
    before the request's time, fading with a half-life. nearby: all events, times exp(−distance to the request's place /
    kilometres); an item's place is its own, else the middle of its events'. Scores are shares (of nearby, before the distance).
    """

    Config = PopularityConfig

    def __init__(self, item_ids: np.ndarray, config: PopularityConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = shares(arrays["counts"])
        if config.kind == "recent":
            self._lately = _Lately(arrays["event_items"], arrays["event_times"], len(item_ids), config.half_life * DAY)

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: PopularityConfig, seed: int = 0) -> "Popularity":
        """Count what is to be learnt from. `seed` changes nothing."""
        train = split.labels == TRAIN
        counted = train_counts if config.kind == "nearby" else train_people  # chosen on validation
        arrays = {"counts": counted(dataset, split)}
        if config.kind == "recent":
            if dataset.times is None:
                raise DataError(f"popularity-recent needs times, and dataset '{dataset.name}' has an order only; take popularity")
            timed = np.flatnonzero(train & np.isfinite(dataset.times))
            in_time = timed[np.argsort(dataset.times[timed], kind="stable")]
            arrays["event_items"] = (dataset.item_codes[in_time] - 1).astype(np.int32)
            arrays["event_times"] = dataset.times[in_time]
        if config.kind == "nearby":
            places = item_places(dataset, train)
            if places is None:
                raise DataError(f"popularity-nearby needs places, and dataset '{dataset.name}' has none; take popularity")
            arrays["places"] = places
        return cls(dataset.item_ids, config, arrays)

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Shares of popularity (requests, n_items), of the kind that the config says."""
        values = np.empty((len(requests), len(self.vocabulary)), dtype=np.float32)
        if self.config.kind == "recent":
            for row, time in enumerate(read(requests, self.vocabulary).request_times()):
                values[row] = self._lately.shares(time) if self._lately.before(time) else self._shares
        elif self.config.kind == "nearby":
            values[:] = self._nearby(read(requests, self.vocabulary).request_places())
        else:
            values[:] = self._shares
        return self.vocabulary.mask(values, requests)

    def fallback(self, request: Request) -> str | None:
        """When nearby knows no place, or recent nothing before the request's time."""
        if self.config.kind == "all":
            return None
        events = read([request], self.vocabulary)
        if self.config.kind == "nearby" and not np.isfinite(events.request_places()).all():
            return "no place known: most popular everywhere"
        if self.config.kind == "recent" and not self._lately.before(events.request_times()[0]):
            return "nothing known before this time: most popular of all time"
        return None

    def _nearby(self, places: np.ndarray) -> np.ndarray:
        different, which = np.unique(places, axis=0, return_inverse=True)  # a timeline comes back to few places
        near = nearness(different, self._arrays["places"], self.config.kilometres)
        return (self._shares * near).astype(np.float32)[which.ravel()]


class _Lately:
    """Popularity fading with a half-life, as it was at any time.

    Snapshots of the fading counts are kept at equal distances; only the events since the last one are counted for a request.
    A row depends on its own time alone, so scores do not change with the batch. Events at the very time asked for are left out.
    """

    def __init__(self, items: np.ndarray, times: np.ndarray, n_items: int, half_life: float):
        self._items, self._times, self._n_items, self._half_life = items, times, n_items, half_life
        span = float(times[-1] - times[0]) if len(times) else 0.0
        self._distance = max(half_life, span / max(1, SNAPSHOT_BYTES // (8 * n_items)))
        self._grid = (times[0] if len(times) else 0.0) + self._distance * np.arange(1 + int(span / self._distance))
        self._starts = np.searchsorted(times, self._grid, side="left")
        self._snapshots = np.zeros((len(self._grid), n_items))
        for i in range(1, len(self._grid)):
            faded = self._snapshots[i - 1] * 0.5 ** (self._distance / half_life)
            self._snapshots[i] = faded + self._counted(self._starts[i - 1], self._starts[i], self._grid[i])

    def before(self, time: float) -> bool:
        """Is there an event before this time? NaN stands for the end of training."""
        return len(self._times) > 0 and not time <= self._times[0]

    def shares(self, time: float) -> np.ndarray:
        """(n_items,) fading shares of the events before `time`, NaN for all of them. There must be one."""
        last = self._times[-1]
        end = int(np.searchsorted(self._times, time, side="left")) if np.isfinite(time) else len(self._times)
        # Beyond the last event nothing changes any more but the scale, which the shares do not have.
        time = min(time, last) if np.isfinite(time) else last
        at = min(int((time - self._grid[0]) / self._distance), len(self._grid) - 1)
        faded = self._snapshots[at] * 0.5 ** ((time - self._grid[at]) / self._half_life)
        return shares(faded + self._counted(self._starts[at], end, time))

    def _counted(self, start: int, end: int, time: float) -> np.ndarray:
        ages = (time - self._times[start:end]) / self._half_life
        return np.bincount(self._items[start:end], weights=0.5**ages, minlength=self._n_items)


def nearness(places: np.ndarray, of_items: np.ndarray, scale: float) -> np.ndarray:
    """(n, n_items): exp(−kilometres / scale) from places (n, 2) to items, a trace above 0; 1 in a row whose place is unknown."""
    near = np.exp(-kilometres(places, of_items) / scale)
    return np.where(np.isfinite(places).all(axis=1, keepdims=True), np.nan_to_num(near) + EVERYWHERE, 1.0)


def item_places(dataset: Dataset, train: np.ndarray) -> np.ndarray | None:
    """Latitude and longitude (n_items, 2) of the items, else the mean of their training events'; NaN where unknown."""
    if dataset.places is None or (dataset.item_places is not None and not dataset.places_of_events):
        return dataset.item_places
    whole = train & np.isfinite(dataset.places).all(axis=1)
    items = dataset.item_codes[whole] - 1
    counts = np.bincount(items, minlength=len(dataset.item_ids))
    sums = [np.bincount(items, weights=dataset.places[whole, axis], minlength=len(counts)) for axis in (0, 1)]
    return np.where(counts[:, None] > 0, np.column_stack(sums) / np.maximum(counts, 1)[:, None], np.nan)
