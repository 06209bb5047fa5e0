"""One person's events in the ways they can be counted: kinds of items, areas, hours, and the items they return to.

Evidence of a change is drawn from clues: these views, cut so that a change fills one of them and is not thinned out by what stays.
"""

from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset
from recsys.core.geography import kilometres_apart
from recsys.drift.detection.feature_space import FeatureSpace

WEEK = 7 * 86_400.0
DAY = 86_400.0
HOURS = ("in the early morning", "in the morning", "in the afternoon", "after work", "in the evening", "at night")
HOUR_EDGES = np.array([5.0, 9.0, 12.0, 16.0, 19.0, 22.0])
MOST_ITEMS = 60  # own items counted apart; the others are one level
SELDOM = "what they seldom took"  # the level of all others
MOST_BLOCKS = 104
MOST_DAYS = 150
BLOCK_EVENTS = 5  # of data that knows only the order
SPEAKS_FOR = {
    "area in working hours": "area",
    "area at other hours": "area",
    "base": "area",
    "nearest base in working hours": "area",
    "nearest base at other hours": "area",
    "outing": "category",
}
AMONG = {  # which events a clue counts, where not all
    "area in working hours": "in working hours",
    "area at other hours": "off work",
    "base": "looking things up",
    "nearest base in working hours": "in working hours",
    "nearest base at other hours": "off work",
    "outing": "as outings began",
}
WORKING = (5, 19)  # local hours from Monday to Friday
APART = 4 * 3600.0  # seconds without an event, after which another outing begins
THERE = 0.02  # kilometres from an item, within which somebody is at it
BASE_NEAR = 0.3  # kilometres, of one base
MOST_BASES = 30


@dataclass(frozen=True, eq=False)
class View:
    """One way of counting: `codes` (T,) index into `levels`, −1 where it is not known."""

    name: str
    codes: np.ndarray
    levels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class UserEvents:
    """A person's events, oldest first.

    `order` (T,) are their indices in the history, `times` (T,) local seconds, None where only the order is known; `utc` (T,) the
    same in UTC. `local` is the share of timed events whose offset is known. `places` (T, 2). `blocks` (T,) number the stretches
    of time that are shuffled as a whole: weeks, or a few events in a row; `days` (T,) are finer, for what lasts only days,
    and `once` (T,) the days themselves, within which the same again counts once; `begins` (T,) says what an outing begins with, what
    people set out for before one thing led to another. `views` are what is told, and the items; `clues`
    are what evidence is drawn from, each speaking for a view (SPEAKS_FOR, or the view of its name).
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
    once: np.ndarray
    begins: np.ndarray
    views: dict[str, View]
    clues: dict[str, View]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def clock(self) -> str:
        """What times are told in: local time, UTC, or steps."""
        return "steps" if self.times is None else "local time" if self.local > 0.5 else "UTC"


def read_user_events(dataset: Dataset, scene: FeatureSpace, user: str) -> UserEvents:
    """Read one person's events; times that are missing here and there are filled from their neighbours."""
    rows = dataset.rows(user)
    items = dataset.item_codes[rows] - 1
    utc, times, local = _clocks(dataset, rows)
    order = np.arange(len(items)) if utc is None else np.argsort(utc, kind="stable")
    items = items[order]
    if times is not None and utc is not None:
        utc, times = utc[order], times[order]
    places = None if dataset.places is None else dataset.places[rows][order]
    views = {"category": View("category", scene.kinds[items], scene.kind_names)}
    if places is not None and len(scene.area_names):
        views["area"] = View("area", scene.areas_of(places), scene.area_names)
    if times is not None:
        views["hour"] = View("hour", hours_of(times), HOURS)
    if dataset.repeats:
        views["item"] = _own_items(dataset, items)
    blocks = _stretches(times, len(items), WEEK, BLOCK_EVENTS, MOST_BLOCKS)
    days = _stretches(times, len(items), DAY, 2, MOST_DAYS)
    once = np.arange(len(items)) if times is None else np.floor_divide(times, DAY).astype(np.int64)
    begins = np.ones(len(items), dtype=bool) if times is None else np.diff(times, prepend=-np.inf) > APART
    clues = _clues(views, times, local > 0.5, begins, places, _away(dataset, items, places))
    return UserEvents(user, order, times, utc, local, places, items, blocks, days, once, begins, views, clues)


def strongest_clues(z: dict[str, float]) -> dict[str, str]:
    """By view, the clue that is surest of those that speak for it."""
    found: dict[str, str] = {}
    for name in sorted(z, key=lambda name: -z[name]):
        found.setdefault(SPEAKS_FOR.get(name, name), name)
    return found


def hours_of(times: np.ndarray) -> np.ndarray:
    """(T,) which of HOURS each local second falls in; the night goes on past midnight."""
    hour = times % DAY / 3600
    return np.asarray((np.searchsorted(HOUR_EDGES, hour, side="right") - 1) % len(HOURS))


def _clocks(dataset: Dataset, rows: slice) -> tuple[np.ndarray | None, np.ndarray | None, float]:
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
    """Items the person was at twice or more, the busiest apart and all others together."""
    found, inverse, counts = np.unique(items, return_inverse=True, return_counts=True)
    apart = np.argsort(-counts, kind="stable")[:MOST_ITEMS]
    apart = apart[counts[apart] >= 2]
    code = np.zeros(len(found), dtype=np.int64)
    code[apart] = np.arange(1, len(apart) + 1)
    return View("item", code[inverse], (SELDOM, *(dataset.title_of(str(dataset.item_ids[found[at]])) for at in apart)))


def _clues(
    views: dict[str, View], times: np.ndarray | None, local: bool, begins: np.ndarray, places: np.ndarray | None, away: np.ndarray | None
) -> dict[str, View]:
    """The views, with areas cut in two, and the further clues there are.

    Where people look things up (`away` (T, 2), NaN for events at the item itself) is home or work to within metres. Who moves house
    goes elsewhere from home, who changes jobs elsewhere in working hours, so where the clock is `local` areas are cut by these, and
    so is which base is nearest: a map of this one person's, with no more parts than their life has.
    """
    clues = dict(views)
    if places is not None and away is not None:
        clues["base"] = _bases(away)
    if "area" in views and times is not None and local:
        hour = times % DAY / 3600
        working = (np.floor_divide(times, DAY) + 3) % 7 < 5  # 1970 began on a Thursday
        working &= (hour >= WORKING[0]) & (hour < WORKING[1])
        cut = {"area": clues.pop("area")}
        if places is not None and away is not None:
            cut["nearest base"] = _nearest_bases(clues["base"], away, places)
        for name, view in cut.items():
            for hours, inside in (("in working hours", working), ("at other hours", ~working)):
                clues[f"{name} {hours}"] = View(f"{name} {hours}", np.where(inside, view.codes, -1), view.levels)
    if not begins.all():
        clues["outing"] = View("outing", np.where(begins, views["category"].codes, -1), views["category"].levels)
    return clues


def _away(dataset: Dataset, items: np.ndarray, places: np.ndarray | None) -> np.ndarray | None:
    """(T, 2) where the person was, NaN for events at the item itself; None where events have no places of their own."""
    if places is None or dataset.item_places is None or "latitude" not in dataset.interactions:
        return None
    away = np.where((kilometres_apart(places, dataset.item_places[items]) > THERE)[:, None], places, np.nan)  # not known is not away
    return away if np.isfinite(away).any() else None


def _bases(away: np.ndarray) -> View:
    """Points that lie together, each group around its first; beyond MOST_BASES all are one."""
    codes = np.full(len(away), -1)
    left = np.flatnonzero(np.isfinite(away).all(axis=1))
    number = 0
    while len(left):
        near = (kilometres_apart(away[left], away[left[0]]) <= BASE_NEAR) | (number == MOST_BASES)
        codes[left[near]] = number
        left, number = left[~near], number + 1
    return View("base", codes, tuple(f"base {at + 1}" for at in range(number)))


def _nearest_bases(base: View, away: np.ndarray, places: np.ndarray) -> View:
    """The base (T,) that each event was nearest to, of those that were there twice or more; −1 where its place is not known."""
    codes = np.full(len(places), -1)
    known = np.isfinite(places).all(axis=1)
    again = np.flatnonzero(np.bincount(base.codes[base.codes >= 0], minlength=len(base.levels)) >= 2)
    if len(again):
        firsts = [away[np.argmax(base.codes == each)] for each in again]  # a mean of degrees would fail at the date line
        codes[known] = again[np.argmin([kilometres_apart(places[known], first) for first in firsts], axis=0)]
    return View("nearest base", codes, base.levels)


def _stretches(times: np.ndarray | None, count: int, seconds: float, events: int, most: int) -> np.ndarray:
    """(T,) numbers from 0 of the stretches that events fall in, all of so many seconds (or events), longer where there were too many."""
    if not count:
        return np.empty(0, dtype=np.int64)
    if times is None:
        return np.arange(count) // max(events, -(-count // most))
    numbers = np.floor_divide(times + 3 * DAY, seconds).astype(np.int64)  # weeks begin on Mondays
    if seconds == WEEK:
        numbers = (numbers - numbers[0]) // max(1, -(-int(numbers[-1] - numbers[0] + 1) // most))
    numbers = np.unique(numbers, return_inverse=True)[1]
    return np.asarray(numbers // max(1, -(-int(numbers[-1] + 1) // most)))
