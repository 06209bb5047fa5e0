"""Drift report of one user: interest over time, its changes, and mobility, in one frozen result."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from recsys.core import Dataset
from recsys.core.translation import ENGLISH, _, language, ngettext
from recsys.drift.detection.change_kinds import cosine, jensen_shannon, kind_of, shares_of
from recsys.drift.detection.change_points import ChangePoint, find_change_points
from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import DAY, SUBSETS, UserEvents, read_user_events
from recsys.drift.detection.feature_space import FeatureSpace
from recsys.drift.mobility import Anchor, Mobility, measure_mobility
from recsys.drift.wording import ChangeTerms, collect_change_terms, describe_after, describe_before, describe_change

# By largest p-value, the share of detected lasting changes that were real in 17 simulated cities (2,016 changes).
REAL_SHARES = ((0.0021, 0.99), (0.0101, 0.89), (1.0, 0.62))
WINDOW_DAYS, LEAST_WINDOWS, MOST_WINDOWS, WINDOW_EVENTS = 28, 6, 60, 15


@dataclass(frozen=True, eq=False)
class Change:
    """One change. Times are seconds UTC, or steps for data that knows only the order; `low` to `high` hold the date with 90 %.

    `step` is the first event after it; for a temporary change, `until` is the first step after its end. `size` is the Jensen-Shannon
    divergence (0 to 1) of the view of its kind, or of the items for a novelty or a return, `sizes` that of every view; `cosine` is
    that of the shares of kinds. `before` and `after` map views to shares (levels,), their names in `DriftReport.levels`, of the events
    that show the change most clearly; `among` says which events these are where not all, marked for translation. `terms` are what
    its words are composed from, in the language of whoever asks for them.
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
    terms: ChangeTerms

    @property
    def from_what(self) -> str:
        """A phrase for what became less, in the current language."""
        return describe_before(self.terms)

    @property
    def to_what(self) -> str:
        """A phrase for what became more, in the current language."""
        return describe_after(self.terms)

    @property
    def words(self) -> str:
        """The change in one clause, in the current language."""
        return describe_change(self.terms)

    @property
    def real_share(self) -> float:
        """The share of lasting changes with such a p-value that were real in simulated cities."""
        return next(share for most, share in REAL_SHARES if self.p_value <= most)


@dataclass(frozen=True)
class Untested:
    """The reason why no changes were searched for: too few events of those that are needed, or too short a time."""

    reason: Literal["few events", "few weeks", "few blocks"]
    events: int
    needed: int


@dataclass(frozen=True, eq=False)
class DriftReport:
    """One user's interest over time, and its changes.

    `times` (T,) are local seconds and `places` (T, 2) degrees of the events, None where the data has none. `clock` is the clock of
    dates: local time, UTC, or steps. `window` (T,) is the window of every event in the order of time, `position` (T,) the same with
    the fraction of the window that has passed; `window_edges` (W + 1,) are seconds UTC (or steps), `window_counts` (W,) numbers of
    events, `window_shares` maps views to (W, levels), and `levels` to their names (shown by `wording.level_label`).
    `untested_because` is the reason why no changes were searched for, None where they were.
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
    mobility: Mobility
    untested_because: Untested | None
    seconds: float

    @property
    def untested(self) -> str | None:
        """Why no changes were searched for, in the current language; None where they were."""
        return None if self.untested_because is None else _describe_untested(self.untested_because)

    @property
    def lasting(self) -> tuple[Change, ...]:
        """The changes that are not temporary."""
        return tuple(change for change in self.changes if change.kind != "temporary")

    def plain(self) -> dict[str, Any]:
        """Return the report as the command line prints it, in English."""
        with language(ENGLISH):
            return self._plain()

    def _plain(self) -> dict[str, Any]:
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
            "space": _plain_mobility(self.mobility),
            "clock": self.clock,
            "note": self.untested,
            "seconds": round(self.seconds, 4),
        }

    def moment(self, value: float) -> Any:
        """Return a time, which JSON holds as ISO 8601, or a step as a number."""
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


def detect_drift(dataset: Dataset, feature_space: FeatureSpace, user: str, config: DetectionConfig = DETECTION) -> DriftReport:
    """Detect changes of one user's interest and measure shares in windows of time and mobility. About 50 ms for 500 events."""
    began = time.perf_counter()
    events = read_user_events(dataset, feature_space, user)
    position, edges = _windows(events)
    window = position.astype(np.int64)
    shares = {name: _window_shares(events, name, window, len(edges) - 1) for name in events.views if name != "item"}
    changes = tuple(_change(events, found, feature_space.clustered) for found in find_change_points(events, config=config))
    return DriftReport(
        user=str(user),
        events=len(events),
        clock=events.clock,
        changes=changes,
        levels={name: view.levels for name, view in events.views.items() if name != "item"},
        clustered=feature_space.clustered,
        times=events.times,
        places=events.places,
        window=window,
        position=position,
        window_edges=edges,
        window_counts=np.bincount(window, minlength=len(edges) - 1),
        window_shares=shares,
        mobility=measure_mobility(events, feature_space, window),
        untested_because=_reason_untested(events, config),
        seconds=time.perf_counter() - began,
    )


def _change(events: UserEvents, found: ChangePoint, clustered: bool) -> Change:
    kind = kind_of(events, found)
    views = [name for name in events.views if name != "item"]
    start, stop = (found.begin, found.end) if found.until is None else (0, found.until)
    before = {name: shares_of(events, name, start, found.step, found.features.get(name, "")) for name in views}
    after = {name: shares_of(events, name, found.step, stop, found.features.get(name, "")) for name in views}
    if not any(share.sum() for share in before.values()):  # a temporary change at the beginning is compared with what came later
        before = {name: shares_of(events, name, stop, found.end, found.features.get(name, "")) for name in views}
    sizes = {name: jensen_shannon(before[name], after[name]) for name in views}
    main = {"taste": "category", "place": "area", "rhythm": "hour"}.get(kind, max(views, key=lambda name: found.z.get(name, 0.0)))
    size = sizes[main]
    if kind in ("novelty", "return"):
        size = jensen_shannon(shares_of(events, "item", start, found.step), shares_of(events, "item", found.step, stop))
    offset = 0.0 if events.utc is None or events.times is None else events.times[found.step] - events.utc[found.step]
    date = found.date
    return Change(
        found.step, found.until, date.time - offset, date.low - offset, date.high - offset, kind, date.gradual,
        size, cosine(before["category"], after["category"]), found.p_value, sizes, before, after,
        {name: SUBSETS[feature] for name, feature in found.features.items() if feature in SUBSETS},
        collect_change_terms(events, found, kind, clustered),
    )  # fmt: skip


def _windows(events: UserEvents) -> tuple[np.ndarray, np.ndarray]:
    """Return (T,) positions of events in windows and (W + 1,) their edges: four weeks, shorter or longer for a short or long time; or steps."""
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


def _reason_untested(events: UserEvents, config: DetectionConfig) -> Untested | None:
    needed = 2 * config.min_events
    if len(events) < needed:
        return Untested("few events", len(events), needed)
    if events.blocks[-1] < config.min_blocks:
        return Untested("few weeks" if events.times is not None else "few blocks", len(events), needed)
    return None


def _describe_untested(untested: Untested) -> str:
    match untested.reason:
        case "few events":
            return ngettext(
                "{count} event is too few to distinguish a change from chance; at least {needed} are needed",
                "{count} events are too few to distinguish a change from chance; at least {needed} are needed",
                untested.events,
                needed=untested.needed,
            )
        case "few weeks":
            return _("all events fall into a few weeks, which is too short to detect a lasting change")
    return _("too few events")


def _plain_mobility(mobility: Mobility) -> dict[str, Any]:
    def anchor(each: Anchor | None) -> dict[str, Any] | None:
        if each is None:
            return None
        place = {"latitude": round(each.latitude, 5), "longitude": round(each.longitude, 5)}
        return {"area": each.area, **place, "share": round(each.share, 4)}

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    return {
        "home": anchor(mobility.home),
        "work": anchor(mobility.work),
        "radius_km": rounded(mobility.radius),
        "share_near_home": rounded(mobility.near_home),
        "median_step_km": rounded(mobility.step),
        "median_gap_hours": rounded(mobility.gap),
        "path": [[round(float(lat), 5), round(float(lon), 5)] for lat, lon in mobility.path],
    }
