"""One user's events as categorical features: kinds of items, areas, hours, and the items that the user returns to.

Reports show the views. Changes are detected in the detection features: the views, and the views of only some events, such as those in
working hours. A change that affects only these events shows more clearly there than among all events.
"""

from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset
from recsys.core.geography import kilometres_apart
from recsys.core.translation import N_
from recsys.drift.detection.feature_space import FeatureSpace

WEEK = 7 * 86_400.0
DAY = 86_400.0
HOURS = (N_("in the early morning"), N_("in the morning"), N_("in the afternoon"), N_("after work"), N_("in the evening"), N_("at night"))
HOUR_EDGES = np.array([5.0, 9.0, 12.0, 16.0, 19.0, 22.0])
MOST_ITEMS = 60  # items with a level of their own; all others share one
OTHER_ITEMS = N_("rarely chosen items")  # the level that all others share
MOST_BLOCKS = 104  # weeks are joined where there would be more blocks
MOST_DAYS = 150  # days are joined likewise
BLOCK_EVENTS, DAY_EVENTS = 5, 2  # events of a block and of a "day" where only the order is known
VIEW_OF_FEATURE = {
    "area in working hours": "area",
    "area at other hours": "area",
    "base": "area",
    "nearest base in working hours": "area",
    "nearest base at other hours": "area",
    "outing": "category",
}
SUBSETS = {  # for detection features that count only some events, a phrase for these events
    "area in working hours": N_("in working hours"),
    "area at other hours": N_("outside working hours"),
    "base": N_("in searches made elsewhere"),
    "nearest base in working hours": N_("in working hours"),
    "nearest base at other hours": N_("outside working hours"),
    "outing": N_("at the start of outings"),
}
WORKING = (5, 19)  # local hours from Monday to Friday
OUTING_GAP = 4 * 3600.0  # seconds without an event after which the next event begins a new outing
AT_ITEM_KM = 0.02  # a user who is closer than this to an item is at it
BASE_RADIUS_KM = 0.3
MOST_BASES = 30


@dataclass(frozen=True, eq=False)
class View:
    """A categorical feature of events: `codes` (T,) index into `levels`, −1 where unknown."""

    name: str
    codes: np.ndarray
    levels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class UserEvents:
    """One user's events, oldest first.

    - `order` (T,): their indices in the history
    - `times`, `utc` (T,): seconds in local time and in UTC, None where only the order is known
    - `local`: the share of events whose UTC offset is known
    - `places` (T, 2): latitudes and longitudes, None where the dataset has none
    - `items` (T,): indices into the dataset's items
    - `blocks` (T,): numbers of the stretches of time that permutations move as a whole: weeks, or a few events in a row
    - `days` (T,): numbers of shorter stretches, for changes that last a few days
    - `dates` (T,): calendar days, on each of which a repeated level counts once; without times, every event is a day of its own
    - `begins_outing` (T,) bool: the first event of each outing
    - `views`: the features that reports show, and the items
    - `features`: the features in which changes are detected; each belongs to a view (VIEW_OF_FEATURE, or the view of its own name)
    """

    user: str
    order: np.ndarray
    times: np.ndarray | None
    utc: np.ndarray | None
    local: float
    places: np.ndarray | None
    items: np.ndarray
    blocks: np.ndarray
    days: np.ndarray
    dates: np.ndarray
    begins_outing: np.ndarray
    views: dict[str, View]
    features: dict[str, View]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def clock(self) -> str:
        """The name of the clock of `times`: "local time" where most offsets are known, else "UTC"; "steps" where only the order is known."""
        return "steps" if self.times is None else "local time" if self.local > 0.5 else "UTC"


def read_user_events(dataset: Dataset, feature_space: FeatureSpace, user: str) -> UserEvents:
    """Read one user's events; missing times are interpolated from their neighbours."""
    rows = dataset.rows(user)
    items = dataset.item_codes[rows] - 1
    utc, times, local = _clocks(dataset, rows)
    order = np.arange(len(items)) if utc is None else np.argsort(utc, kind="stable")
    items = items[order]
    if times is not None and utc is not None:
        utc, times = utc[order], times[order]
    places = None if dataset.places is None else dataset.places[rows][order]
    views = {"category": View("category", feature_space.kinds[items], feature_space.kind_names)}
    if places is not None and len(feature_space.area_names):
        views["area"] = View("area", feature_space.areas_of(places), feature_space.area_names)
    if times is not None:
        views["hour"] = View("hour", hours_of(times), HOURS)
    if dataset.repeats:
        views["item"] = _own_items(dataset, items)
    blocks = _stretches(times, len(items), WEEK, BLOCK_EVENTS, MOST_BLOCKS)
    days = _stretches(times, len(items), DAY, DAY_EVENTS, MOST_DAYS)
    dates = np.arange(len(items)) if times is None else np.floor_divide(times, DAY).astype(np.int64)
    begins_outing = np.ones(len(items), dtype=bool) if times is None else np.diff(times, prepend=-np.inf) > OUTING_GAP
    features = _detection_features(views, times, local > 0.5, begins_outing, places, _places_away(dataset, items, places))
    return UserEvents(user, order, times, utc, local, places, items, blocks, days, dates, begins_outing, views, features)


def strongest_features(z: dict[str, float]) -> dict[str, str]:
    """Return, for each view, the feature with the largest z among those that belong to the view."""
    strongest: dict[str, str] = {}
    for name in sorted(z, key=lambda name: -z[name]):
        strongest.setdefault(VIEW_OF_FEATURE.get(name, name), name)
    return strongest


def hours_of(times: np.ndarray) -> np.ndarray:
    """Return (T,) indices into HOURS of local seconds; the night continues past midnight."""
    hour = times % DAY / 3600
    return np.asarray((np.searchsorted(HOUR_EDGES, hour, side="right") - 1) % len(HOURS))


def _clocks(dataset: Dataset, rows: slice) -> tuple[np.ndarray | None, np.ndarray | None, float]:
    """Return the events' times in UTC and in local time, and the share of events whose UTC offset is known; None without any time."""
    if dataset.times is None:
        return None, None, 0.0
    utc = dataset.times[rows]
    known = np.isfinite(utc)
    if not known.any():
        return None, None, 0.0
    steps = np.arange(len(utc))
    utc = np.where(known, utc, np.interp(steps, steps[known], utc[known]))
    offsets = np.full(len(utc), np.nan) if dataset.utc_offsets is None else dataset.utc_offsets[rows]
    return utc, utc + np.nan_to_num(offsets) * 60, float(np.isfinite(offsets).mean())


def _own_items(dataset: Dataset, items: np.ndarray) -> View:
    """Return the items as a view: the most frequent ones with two or more events as levels of their own, all others as one level."""
    unique, inverse, counts = np.unique(items, return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:MOST_ITEMS]
    frequent = frequent[counts[frequent] >= 2]
    code = np.zeros(len(unique), dtype=np.int64)
    code[frequent] = np.arange(1, len(frequent) + 1)
    return View("item", code[inverse], (OTHER_ITEMS, *(dataset.title_of(str(dataset.item_ids[unique[at]])) for at in frequent)))


def _detection_features(
    views: dict[str, View],
    times: np.ndarray | None,
    is_local: bool,
    begins_outing: np.ndarray,
    places: np.ndarray | None,
    away: np.ndarray | None,
) -> dict[str, View]:
    """Return the detection features: the views, areas split by working hours, bases and outings.

    Moving house changes the areas outside working hours, and a new job those in working hours, so areas and nearest bases are split by
    working hours where the times are in local time (`is_local`).

    Events away from their item, such as searches at home or at work (`away` (T, 2), NaN for events at the item), locate the user to
    within metres. Bases are groups of such events; the nearest base of every event divides the map into the parts that the user knows.
    """
    features = dict(views)
    if places is not None and away is not None:
        features["base"] = _bases(away)
    if "area" in views and times is not None and is_local:
        hour = times % DAY / 3600
        working = (np.floor_divide(times, DAY) + 3) % 7 < 5  # 1970 began on a Thursday
        working &= (hour >= WORKING[0]) & (hour < WORKING[1])
        split_views = {"area": features.pop("area")}
        if places is not None and away is not None:
            split_views["nearest base"] = _nearest_bases(features["base"], away, places)
        for name, view in split_views.items():
            for hours, is_counted in (("in working hours", working), ("at other hours", ~working)):
                features[f"{name} {hours}"] = View(f"{name} {hours}", np.where(is_counted, view.codes, -1), view.levels)
    if not begins_outing.all():
        features["outing"] = View("outing", np.where(begins_outing, views["category"].codes, -1), views["category"].levels)
    return features


def _places_away(dataset: Dataset, items: np.ndarray, places: np.ndarray | None) -> np.ndarray | None:
    """Return (T, 2) places of events away from their item, NaN for the others; None where there are none or events have no places of their own."""
    if places is None or dataset.item_places is None or "latitude" not in dataset.interactions:
        return None
    is_away = kilometres_apart(places, dataset.item_places[items]) > AT_ITEM_KM  # False where a place is unknown (NaN)
    away = np.where(is_away[:, None], places, np.nan)
    return away if np.isfinite(away).any() else None


def _bases(away: np.ndarray) -> View:
    """Group the places: a base is the earliest place left and all within BASE_RADIUS_KM of it; after MOST_BASES, the rest is one more."""
    codes = np.full(len(away), -1)
    left = np.flatnonzero(np.isfinite(away).all(axis=1))
    number = 0
    while len(left):
        near = (kilometres_apart(away[left], away[left[0]]) <= BASE_RADIUS_KM) | (number == MOST_BASES)
        codes[left[near]] = number
        left, number = left[~near], number + 1
    return View("base", codes, tuple(f"base {at + 1}" for at in range(number)))


def _nearest_bases(base: View, away: np.ndarray, places: np.ndarray) -> View:
    """Return the nearest base of each event among the bases with two or more events; −1 where the event's place is unknown."""
    codes = np.full(len(places), -1)
    known = np.isfinite(places).all(axis=1)
    frequent = np.flatnonzero(np.bincount(base.codes[base.codes >= 0], minlength=len(base.levels)) >= 2)
    if len(frequent):
        firsts = [away[np.argmax(base.codes == each)] for each in frequent]  # not the mean, which is wrong across the date line
        codes[known] = frequent[np.argmin([kilometres_apart(places[known], first) for first in firsts], axis=0)]
    return View("nearest base", codes, base.levels)


def _stretches(times: np.ndarray | None, count: int, seconds: float, events: int, most: int) -> np.ndarray:
    """Return (T,) numbers, from 0, of stretches of this many `seconds`, or `events` where there are no times.

    Where these would be more than `most` stretches, neighbours are joined.
    """
    if not count:
        return np.empty(0, dtype=np.int64)
    if times is None:
        return np.arange(count) // max(events, -(-count // most))
    numbers = np.floor_divide(times + 3 * DAY, seconds).astype(np.int64)  # weeks begin on Mondays
    if seconds == WEEK:
        numbers = (numbers - numbers[0]) // max(1, -(-int(numbers[-1] - numbers[0] + 1) // most))
    numbers = np.unique(numbers, return_inverse=True)[1]
    return np.asarray(numbers // max(1, -(-int(numbers[-1] + 1) // most)))
