"""Everything the drift of one person is known by, in one frozen result."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.drift.detection.change_kinds import cosine, jensen_shannon, kind_of, shares_of
from recsys.drift.detection.change_points import ChangePoint, find_change_points
from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import AMONG, DAY, UserEvents, read_user_events
from recsys.drift.detection.feature_space import FeatureSpace
from recsys.drift.mobility import Anchor, Mobility, measure_mobility
from recsys.drift.wording import from_and_to, sentence

# Of changes with a p-value up to this, the share of people who had changed for good, in 17 simulated cities (2,016 changes).
HELD = ((0.0021, 0.99), (0.0101, 0.89), (1.0, 0.62))
WINDOW_DAYS, LEAST_WINDOWS, MOST_WINDOWS, WINDOW_EVENTS = 28, 6, 60, 15


@dataclass(frozen=True, eq=False)
class Change:
    """One change. Times are seconds UTC, or steps for data that knows only the order; `low` to `high` hold the date with 90 %.

    `step` is the first event after it; for what passed, `until` is the first step after that. `size` is the Jensen-Shannon divergence
    (0 to 1) in the view that changed most clearly, in the items where it is these that changed, `sizes` in every view, `cosine` that of the two mixes of kinds. `before` and
    `after` map views to shares (levels,), their names in `DriftReport.levels`, among those events that show the change most clearly:
    `among` says which where not all.
    """

    step: int
    until: int | None
    time: float
    low: float
    high: float
    kind: str
    gradual: bool
    size: float
    cosine: float
    p_value: float
    sizes: dict[str, float]
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    among: dict[str, str]
    from_what: str
    to_what: str
    words: str

    @property
    def held(self) -> float:
        """How many of all lasting changes as sure as this one were real, in simulated cities."""
        return next(share for most, share in HELD if self.p_value <= most)


@dataclass(frozen=True, eq=False)
class DriftReport:
    """One person's interest over time and where it changed.

    `times` (T,) local seconds and `places` (T, 2) degrees of the events, None where the data has none. `clock` says what dates are in: local time, UTC, or steps. `window` (T,) is the window of every event in the order of time,
    `position` (T,) the same with how far into it; `window_edges` (W + 1,) are seconds UTC (or steps), `window_counts` (W,) events, `window_shares` maps views to (W, levels).
    `levels` names them. `tested` says why there may be no changes: None where the search was made.
    """

    user: str
    events: int
    clock: str
    changes: tuple[Change, ...]
    levels: dict[str, tuple[str, ...]]
    clustered: bool
    times: np.ndarray | None
    places: np.ndarray | None
    window: np.ndarray
    position: np.ndarray
    window_edges: np.ndarray
    window_counts: np.ndarray
    window_shares: dict[str, np.ndarray]
    space: Mobility
    untested: str | None
    seconds: float

    @property
    def lasting(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind != "temporary")

    def plain(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        names = np.array(self.levels["category"], dtype=object)
        return {
            "user": self.user,
            "events": self.events,
            "changes": [self._plain_change(change) for change in self.changes],
            "windows": [
                {
                    "from": self.moment(self.window_edges[at]),
                    "to": self.moment(self.window_edges[at + 1]),
                    "events": int(count),
                    "shares": {str(names[k]): round(float(shares[k]), 4) for k in np.flatnonzero(shares)},
                }
                for at, (count, shares) in enumerate(zip(self.window_counts, self.window_shares["category"], strict=True))
            ],
            "space": _plain_space(self.space),
            "clock": self.clock,
            "note": self.untested,
            "seconds": round(self.seconds, 4),
        }

    def moment(self, value: float) -> Any:
        """A time as ISO 8601 in the JSON, a step as a number."""
        return round(float(value)) if self.clock == "steps" else np.datetime64(round(float(value)), "s")

    def _plain_change(self, change: Change) -> dict[str, Any]:
        return {
            "time": self.moment(change.time),
            "kind": change.kind,
            "size": round(change.size, 4),
            "p_value": change.p_value,
            "from": change.from_what,
            "to": change.to_what,
            "words": change.words,
        }


def detect_drift(dataset: Dataset, scene: FeatureSpace, user: str, config: DetectionConfig = DETECTION) -> DriftReport:
    """Look at one person: what they did in windows, where it changed, how they move. Some 50 ms for 500 events."""
    began = time.perf_counter()
    events = read_user_events(dataset, scene, user)
    position, edges = _windows(events)
    window = position.astype(np.int64)
    shares = {name: _window_shares(events, name, window, len(edges) - 1) for name in events.views if name != "item"}
    changes = tuple(_change(events, found, scene.clustered) for found in find_change_points(events, config=config))
    return DriftReport(
        user=str(user),
        events=len(events),
        clock=events.clock,
        changes=changes,
        levels={name: view.levels for name, view in events.views.items() if name != "item"},
        clustered=scene.clustered,
        times=events.times,
        places=events.places,
        window=window,
        position=position,
        window_edges=edges,
        window_counts=np.bincount(window, minlength=len(edges) - 1),
        window_shares=shares,
        space=measure_mobility(events, scene, window),
        untested=_why_untested(events, config),
        seconds=time.perf_counter() - began,
    )


def _change(events: UserEvents, found: ChangePoint, clustered: bool) -> Change:
    kind = kind_of(events, found)
    views = [name for name in events.views if name != "item"]
    start, stop = (found.first, found.last) if found.until is None else (0, found.until)
    before = {name: shares_of(events, name, start, found.step, found.clues.get(name, "")) for name in views}
    after = {name: shares_of(events, name, found.step, stop, found.clues.get(name, "")) for name in views}
    if not any(share.sum() for share in before.values()):  # it began with what passed: what came later is the usual then
        before = {name: shares_of(events, name, stop, found.last, found.clues.get(name, "")) for name in views}
    sizes = {name: jensen_shannon(before[name], after[name]) for name in views}
    main = {"taste": "category", "place": "area", "rhythm": "hour"}.get(kind, max(views, key=lambda name: found.z.get(name, 0.0)))
    phrases = from_and_to(events, found, kind, clustered)
    size = sizes[main]
    if kind in ("novelty", "return"):
        size = jensen_shannon(shares_of(events, "item", start, found.step), shares_of(events, "item", found.step, stop))
    offset = 0.0 if events.utc is None or events.times is None else events.times[found.step] - events.utc[found.step]
    dated = found.dated
    return Change(
        found.step, found.until, dated.time - offset, dated.low - offset, dated.high - offset, kind, dated.gradual,
        size, cosine(before["category"], after["category"]), found.p_value, sizes, before, after,
        {name: AMONG[clue] for name, clue in found.clues.items() if clue in AMONG}, *phrases,
        sentence(events, found, kind, phrases),
    )  # fmt: skip


def _windows(events: UserEvents) -> tuple[np.ndarray, np.ndarray]:
    """(T,) windows into life each event is, and (W + 1,) their edges: four weeks, fewer or longer where life is short or long; or steps."""
    if not len(events):
        return np.empty(0), np.zeros(1)
    if events.utc is None:
        size = max(1, min(WINDOW_EVENTS, -(-len(events) // LEAST_WINDOWS)), -(-len(events) // MOST_WINDOWS))
        position = np.arange(len(events)) / size
        return position, np.minimum(np.arange(int(position[-1]) + 2) * size, len(events)).astype(np.float64)
    span = max(float(events.utc[-1] - events.utc[0]), 1.0)
    length = min(max(WINDOW_DAYS * DAY, span / MOST_WINDOWS), max(span / LEAST_WINDOWS, DAY))
    position = (events.utc - events.utc[0]) / length
    edges = events.utc[0] + np.arange(int(position[-1]) + 2) * length
    return position, edges


def _window_shares(events: UserEvents, name: str, window: np.ndarray, count: int) -> np.ndarray:
    view = events.views[name]
    known = view.codes >= 0
    counts = np.zeros((count, len(view.levels)), dtype=np.float32)
    np.add.at(counts, (window[known], view.codes[known]), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _why_untested(events: UserEvents, config: DetectionConfig) -> str | None:
    if len(events) < 2 * config.min_events:
        return f"{len(events)} events are too few to tell a change from chance; it takes {2 * config.min_events}"
    if events.blocks[-1] < config.min_blocks:
        return "all events fall into a few weeks, too short a time to see anything last" if events.times is not None else "too few events"
    return None


def _plain_space(space: Mobility) -> dict[str, Any]:
    def anchor(each: Anchor | None) -> dict[str, Any] | None:
        if each is None:
            return None
        place = {"latitude": round(each.latitude, 5), "longitude": round(each.longitude, 5)}
        return {"area": each.area, **place, "share": round(each.share, 4)}

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    return {
        "home": anchor(space.home),
        "work": anchor(space.work),
        "radius_km": rounded(space.radius),
        "share_near_home": rounded(space.near_home),
        "median_step_km": rounded(space.step),
        "median_gap_hours": rounded(space.gap),
        "path": [[round(float(lat), 5), round(float(lon), 5)] for lat, lon in space.path],
    }
