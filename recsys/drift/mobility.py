"""Mobility of a user: home and work areas, radius of gyration, distances between events, and centres over time."""

from dataclasses import dataclass

import numpy as np

from recsys.core.geography import EARTH, kilometres_apart
from recsys.drift.detection.event_features import DAY, UserEvents
from recsys.drift.detection.feature_space import FeatureSpace, on_sphere

NEAR = 0.5  # kilometres around an anchor
HOME_NEAR = 1.0  # within which an event counts as near home
LEAST_SHARE = 0.1  # of the weight of working hours, for an area to be the workplace
MOST = 1500  # events that anchors are computed from, evenly spread


@dataclass(frozen=True)
class Anchor:
    """A point (degrees) that a user keeps returning to, its area, and the share of the weighted events there."""

    latitude: float
    longitude: float
    area: str
    share: float


@dataclass(frozen=True, eq=False)
class Mobility:
    """Distances in kilometres, gaps in hours, None where too little is known.

    `radius` is the radius of gyration, `near_home` the share of events within a kilometre of home, `step` and `gap` medians between
    one event and the next. `path` (W, 2) latitude and longitude of the centre of each window, NaN where unknown.
    """

    home: Anchor | None
    work: Anchor | None
    radius: float | None
    near_home: float | None
    step: float | None
    gap: float | None
    path: np.ndarray


def measure_mobility(
    events: UserEvents, feature_space: FeatureSpace, windows: np.ndarray, start: int = 0, stop: int | None = None
) -> Mobility:
    """Measure the mobility of the events from `start` to `stop` − 1; `windows` (T,) number the window of every event."""
    stop = len(events) if stop is None else stop
    gap = _gap(events, start, stop)
    path = np.full((int(windows[-1]) + 1 if len(windows) else 0, 2), np.nan)
    if events.places is None:
        return Mobility(None, None, None, None, None, gap, path)
    known = np.isfinite(events.places).all(axis=1)
    for window in np.unique(windows[known]):
        path[window] = middle(events.places[known & (windows == window)])
    chosen = np.flatnonzero(known)
    chosen = chosen[(chosen >= start) & (chosen < stop)]
    if not len(chosen):
        return Mobility(None, None, None, None, None, gap, path)
    places = events.places[chosen]
    home, work = _anchors(events, feature_space, chosen)
    radius = float(np.sqrt(np.mean(kilometres_apart(places, middle(places)) ** 2)))
    near = None if home is None else float((kilometres_apart(places, np.array([home.latitude, home.longitude])) <= HOME_NEAR).mean())
    steps = kilometres_apart(places[:-1], places[1:])
    return Mobility(home, work, radius, near, float(np.median(steps)) if len(steps) else None, gap, path)


def middle(places: np.ndarray) -> np.ndarray:
    """Return (2,) the centre on the sphere of degrees (n, 2), valid at the poles and across the date line."""
    x, y, z = on_sphere(places).mean(axis=0)
    return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])


def _anchors(events: UserEvents, feature_space: FeatureSpace, chosen: np.ndarray) -> tuple[Anchor | None, Anchor | None]:
    """Return home by evenings, nights and early mornings, and work by weekday working hours away from home."""
    chosen = chosen[np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), MOST)).round().astype(int))]
    assert events.places is not None
    places = events.places[chosen]
    if events.times is None:
        return _densest(places, np.ones(len(places)), feature_space, 0.0), None
    hour, weekday = events.times[chosen] % DAY / 3600, (events.times[chosen] // DAY + 3) % 7
    asleep = np.where((hour >= 21) | (hour < 8), 1.0, np.where((hour >= 18) | (weekday >= 5), 0.4, 0.02))
    home = _densest(places, asleep, feature_space, 0.0)
    busy = ((weekday < 5) & (hour >= 8) & (hour < 18)).astype(float)
    if home is not None:
        busy *= kilometres_apart(places, np.array([home.latitude, home.longitude])) > 2 * NEAR
    return home, _densest(places, busy, feature_space, LEAST_SHARE * float(((weekday < 5) & (hour >= 8) & (hour < 18)).sum()))


def _densest(places: np.ndarray, weights: np.ndarray, feature_space: FeatureSpace, least: float) -> Anchor | None:
    """Return the centre of the events around the event with the largest weight near it."""
    points = on_sphere(places)
    near = points @ points.T >= np.cos(NEAR / EARTH)
    around = near @ weights
    best = int(around.argmax())
    if around[best] <= max(least, 0.0) or weights.sum() <= 0:
        return None
    point = middle(places[near[best] & (weights > 0)])
    area = int(feature_space.areas_of(point[None])[0])
    return Anchor(
        float(point[0]), float(point[1]), feature_space.area_names[area] if area >= 0 else "", float(around[best] / weights.sum())
    )


def _gap(events: UserEvents, start: int, stop: int) -> float | None:
    if events.utc is None or stop - start < 2:
        return None
    return float(np.median(np.diff(events.utc[start:stop])) / 3600)
