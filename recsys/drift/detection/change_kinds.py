"""Kinds of changes: taste, place, rhythm, novelty (new items), return (to known items), or temporary."""

import numpy as np

from recsys.drift.detection.change_points import ChangePoint
from recsys.drift.detection.event_features import UserEvents

KINDS = ("taste", "place", "rhythm", "novelty", "return", "temporary")
CLEAR = 2.0  # z from which a view counts as changed
HOURS_RULE = 0.95  # other hours mean other open places, so a change of rhythm shows nearly as much in other views


def kind_of(events: UserEvents, found: ChangePoint) -> str:
    """Return the kind of change that the views with the strongest evidence point to.

    A user who moves visits other places of the same kinds at the same hours. A new interest brings its own hours. Other hours bring
    other kinds, since other places are open. Other items of the same kinds in the same areas at the same hours are a return where the
    items that gained were known before, and novelty where they were not.
    """
    if found.until is not None:
        return "temporary"
    z = {name: found.z.get(name, 0.0) for name in ("category", "area", "hour", "item")}
    strongest = max(z["category"], z["area"], z["hour"])
    if strongest < CLEAR < z["item"]:
        return "return" if _known_before(events, found) > 0.5 else "novelty"
    if z["hour"] >= HOURS_RULE * strongest and z["hour"] >= CLEAR:
        return "rhythm"
    return "place" if z["area"] > z["category"] else "taste"


def _known_before(events: UserEvents, found: ChangePoint) -> float:
    """Return the part of the items' gains that belongs to items seen before the change; the level of rare items counts as new."""
    before, after = shares_of(events, "item", found.begin, found.step), shares_of(events, "item", found.step, found.end)
    gains = np.maximum(after - before, 0.0)
    met = np.isin(np.arange(len(gains)), events.views["item"].codes[: found.step])
    met[0] = False
    return float(gains[met].sum() / max(float(gains.sum()), 1e-12))


def shares_of(events: UserEvents, name: str, start: int, stop: int, feature: str = "") -> np.ndarray:
    """Return (levels,) shares of a view's levels among the events from start to stop − 1; zeros where none is known.

    With a detection feature, only the events that it counts.
    """
    view = events.views[name]
    codes = np.where(events.features[feature].codes >= 0, view.codes, -1)[start:stop] if feature else view.codes[start:stop]
    counts = np.bincount(codes[codes >= 0], minlength=len(view.levels)).astype(np.float64)
    return np.asarray(counts / max(counts.sum(), 1.0))


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence of two distributions in bits, 0 for equal and 1 for disjoint ones (Lin 1991)."""
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(each > 0, each * np.log2(each / middle), 0.0).sum() for each in (one, other)]
    return float(np.clip(sum(parts) / 2, 0.0, 1.0))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Return the cosine of two vectors, NaN where one of them is zero."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other / lengths) if lengths > 0 else float("nan")
