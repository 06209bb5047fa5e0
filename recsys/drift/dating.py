"""When a change happened: the events themselves say, each by how much likelier it is after than before.

Shares before and after come from the two sides of the split, without the event in question and smoothed towards both together;
their log ratios add up to the likelihood of every possible date. The date told is the middle of the six weeks that hold most of
it, which is steadier than the single likeliest gap between two events.
"""

from dataclasses import dataclass

import numpy as np

from recsys.drift.views import DAY, Events

SMOOTHING = 8.0  # events' worth of both sides together
CLIP = 2.5  # no single event counts more
TEMPER = 0.6  # events of one outing and views of one event say much the same
WITHIN = 21  # days to either side
RAMPS = (0, 30, 60, 90)  # days
RAMP_WINS = 1.0  # by how much log likelihood: a quarter of the gradual changes are seen to be, one in twelve of the abrupt taken for one


@dataclass(frozen=True)
class Dated:
    """`step` is the first event after; times are local seconds, or steps where only the order is known; `gradual` says how."""

    step: int
    time: float
    low: float
    high: float
    gradual: bool


def date_change(events: Events, first: int, last: int, split: int, z: dict[str, float], least: int) -> Dated:
    """Date the change that a split at event `split` found among events first to last − 1, at least `least` from both ends.

    Each view counts by its `z`: what did not change only blurs the date.
    """
    span = slice(first, last)
    times = np.arange(first, last, dtype=np.float64) if events.times is None else events.times[span]
    most = max([1.0, *z.values()])
    coded = [(events.views[name].codes[span], each / most) for name, each in z.items() if each > 0]
    at, ratios = split - first, np.zeros(last - first)
    for _ in range(4):
        ratios = _log_ratios(coded, at, last - first)
        new = int(_scores(ratios, least).argmax())
        if new == at:
            break
        at = new
    scores = _scores(ratios * TEMPER, least)
    chances = np.exp(scores - scores.max())
    time, low, high = _middle(times, chances / chances.sum(), 1.0 if events.times is None else DAY)
    step = int(np.clip(np.searchsorted(times, time), least, last - first - least))
    return Dated(first + step, time, low, high, events.times is not None and _is_gradual(ratios, times, step))


def _log_ratios(coded: list[tuple[np.ndarray, float]], at: int, count: int) -> np.ndarray:
    """(n,) log share after over log share before of every event, summed over the views by their weights."""
    total = np.zeros(count)
    for codes, weight in coded:
        known = codes >= 0
        levels, code = np.unique(codes[known], return_inverse=True)
        before = np.flatnonzero(known) < at
        left = np.bincount(code[before], minlength=len(levels)).astype(np.float64)
        right = np.bincount(code[~before], minlength=len(levels)).astype(np.float64)
        both = (left + right + 0.5) / (left.sum() + right.sum() + 0.5 * len(levels))
        p_left = (left[code] - before + SMOOTHING * both[code]) / (left.sum() - before + SMOOTHING)
        p_right = (right[code] - ~before + SMOOTHING * both[code]) / (right.sum() - ~before + SMOOTHING)
        total[known] += weight * np.clip(np.log(p_right) - np.log(p_left), -CLIP, CLIP)
    return total


def _scores(ratios: np.ndarray, least: int) -> np.ndarray:
    """(n + 1,) log likelihood of the change lying before each event, up to a constant."""
    scores = np.concatenate([[0.0], -np.cumsum(ratios)])
    scores[:least] = -np.inf
    scores[len(scores) - least :] = -np.inf
    return scores


def _middle(times: np.ndarray, chances: np.ndarray, unit: float) -> tuple[float, float, float]:
    """The middle of the likeliest 2 · WITHIN units, and where the change lies with 90 %. Between two events any time is as likely."""
    if unit == 1.0:
        found = times[0] + np.array([chances.argmax(), *np.searchsorted(chances.cumsum(), [0.05, 0.95])])
        return float(found[0]), float(min(found[0], found[1])), float(max(found[0], found[2]))
    starts, ends = np.concatenate([times[:1], times]), np.concatenate([times, times[-1:]])
    weights = chances * np.sqrt((ends - starts) / unit + 0.01)
    weights /= weights.sum()
    grid = np.arange(times[0], times[-1] + unit, unit * max(1.0, (times[-1] - times[0]) / unit / 3000))
    density = np.zeros(len(grid))
    for at in np.flatnonzero(weights > 1e-3):
        one, other = np.searchsorted(grid, [starts[at], ends[at]])
        density[one : max(other, one + 1)] += weights[at] / (max(other, one + 1) - one)
    density = density[: len(grid)]
    summed = np.concatenate([[0.0], density.cumsum()])
    half = round(WITHIN * unit / (grid[1] - grid[0])) if len(grid) > 1 else 0
    here = np.arange(len(density))
    held = summed[np.minimum(here + half, len(density))] - summed[np.maximum(here - half, 0)]
    best = int(np.median(np.flatnonzero(held >= held.max() - 1e-3)))
    low, high = np.minimum(np.searchsorted(summed[1:], np.array([0.05, 0.95]) * summed[-1]), len(grid) - 1)
    return float(grid[best]), float(min(grid[low], grid[best])), float(max(grid[high], grid[best]))


def _is_gradual(ratios: np.ndarray, times: np.ndarray, step: int) -> bool:
    """Whether a passage over weeks explains the events better than a jump, each length at its best place."""
    odds, best = np.exp(np.clip(ratios, -6, 6)), {}
    days = times / DAY
    for length in RAMPS:
        middles = days[step] + np.arange(-45, 46, 5)
        shares = np.clip((days[None, :] - middles[:, None]) / max(length, 1e-6) + 0.5, 0.02, 0.98)
        best[length] = float(np.log(1 - shares + shares * odds[None, :]).sum(axis=1).max())
    return max(best[length] for length in RAMPS[1:]) > best[0] + RAMP_WINS
