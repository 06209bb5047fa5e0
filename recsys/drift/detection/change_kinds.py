"""What kind of change it is: taste, place, rhythm, novelty or return to old haunts; or one that passed."""

import numpy as np

from recsys.drift.detection.change_points import ChangePoint
from recsys.drift.detection.event_features import UserEvents

KINDS = ("taste", "place", "rhythm", "novelty", "return", "temporary")
CLEAR = 2.0  # z from which a view counts as changed
HOURS_RULE = 0.95  # hours change what is open, so that rhythm shows in other views nearly as much


def kind_of(events: UserEvents, found: ChangePoint) -> str:
    """The kind that the views with most evidence speak for.

    Whoever moves goes to other places of the same kinds at the same hours; whoever turns to something new goes there at its hours; whoever
    turns mornings into evenings finds other things open. What is left, the same kinds in the same areas at the same hours but
    other items, is return where what gained had been met before and novelty where it had not.
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
    """What part of what items gained went to items that had been met before the change; what is seldom met gains for new ones."""
    before, after = shares_of(events, "item", found.first, found.step), shares_of(events, "item", found.step, found.last)
    gains = np.maximum(after - before, 0.0)
    met = np.isin(np.arange(len(gains)), events.views["item"].codes[: found.step])
    met[0] = False
    return float(gains[met].sum() / max(float(gains.sum()), 1e-12))


def shares_of(events: UserEvents, name: str, start: int, stop: int, clue: str = "") -> np.ndarray:
    """(levels,) shares of one view's levels among the events from start to stop − 1; zeros where none is known.

    With a clue, among those that it counts.
    """
    view = events.views[name]
    codes = np.where(events.clues[clue].codes >= 0, view.codes, -1)[start:stop] if clue else view.codes[start:stop]
    counts = np.bincount(codes[codes >= 0], minlength=len(view.levels)).astype(np.float64)
    return np.asarray(counts / max(counts.sum(), 1.0))


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float:
    """The Jensen-Shannon divergence of two distributions in bits, 0 for equal and 1 for disjoint ones (Lin 1991)."""
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(each > 0, each * np.log2(each / middle), 0.0).sum() for each in (one, other)]
    return float(np.clip(sum(parts) / 2, 0.0, 1.0))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """The cosine of two vectors, NaN where one of them is nothing."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other / lengths) if lengths > 0 else float("nan")
