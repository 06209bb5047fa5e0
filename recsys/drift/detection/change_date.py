"""The date of a change point, with an interval that holds it with 90 %.

Every possible date is weighted by the likelihood of the events on its two sides. The shares of the levels on each side are unknown
and integrated out (Dirichlet-multinomial likelihood, a Pólya urn whose prior is the shares of both sides together). The date is the
middle of the six weeks with the largest posterior mass, which is more stable than the single most likely gap between two events.
"""

from dataclasses import dataclass

import numpy as np

from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import DAY, UserEvents


@dataclass(frozen=True)
class ChangeDate:
    """The date of a change: `step` is the first event after it, and `low` to `high` hold it with 90 %.

    Times are local seconds, or steps where only the order is known. `gradual` says that a passage over weeks fits better than a jump.
    """

    step: int
    time: float
    low: float
    high: float
    gradual: bool


def date_change(
    events: UserEvents, first: int, last: int, z: dict[str, float], least: int, config: DetectionConfig = DETECTION
) -> ChangeDate:
    """Date the change that was detected among events first to last − 1, at least `least` events from both ends.

    Each feature is weighted by its `z`, since features that did not change only blur the date. A level that is repeated on one day
    counts once, as in detection, and the first event of an outing counts twice as much as the others.
    """
    span = slice(first, last)
    times = np.arange(first, last, dtype=np.float64) if events.times is None else events.times[span]
    most = max([1.0, *z.values()])
    coded = []
    for name, each in z.items():
        codes = _first_of_day(events.features[name].codes, events.dates)
        for part in (codes, np.where(events.begins_outing, codes, -1)) if each > 0 else ():
            coded.append((part[span], each / most / 2))
    scores = date_scores(coded, last - first, config)
    scores[:least] = scores[len(scores) - least :] = -np.inf
    unit = 1.0 if events.times is None else DAY
    time, _, _ = _middle(times, _posterior(scores), unit, config)
    _, low, high = _middle(times, _posterior(config.date_temper * scores), unit, config)
    step = int(np.clip(np.searchsorted(times, time), least, last - first - least))
    gradual = events.times is not None and _is_gradual(_log_ratios(coded, step, last - first, config), times, step, config)
    return ChangeDate(first + step, time, min(low, time), max(high, time), gradual)


def _first_of_day(codes: np.ndarray, dates: np.ndarray) -> np.ndarray:
    """Return the codes (T,), −1 for those that occurred before on the same one of `dates` (T,)."""
    first = np.unique(np.column_stack([dates, codes]), axis=0, return_index=True)[1]
    kept = np.full(len(codes), -1)
    kept[first] = codes[first]
    return kept


def date_scores(coded: list[tuple[np.ndarray, float]], count: int, config: DetectionConfig = DETECTION) -> np.ndarray:
    """Return (n + 1,) log likelihoods of the events with the change before each of them, summed over the features by their weights."""
    total = np.zeros(count + 1)
    for codes, weight in coded:
        known = codes >= 0
        code = np.unique(codes[known], return_inverse=True)[1]
        counts = np.bincount(code) + 0.5
        shares = counts / counts.sum()
        for order in (1, -1):
            learnt = np.zeros(count)
            learnt[known[::order]] = weight * _urn_log_likelihood(code[::order], shares, config.date_smoothing)
            total += np.concatenate([[0.0], np.cumsum(learnt)])[::order]
    return total


def _urn_log_likelihood(code: np.ndarray, shares: np.ndarray, smoothing: float) -> np.ndarray:
    """Return (n,) log probabilities of each event given those before it, in a Pólya urn whose prior is worth `smoothing` events of these shares."""
    order = np.argsort(code, kind="stable")
    earlier = np.empty(len(code))  # earlier events of the same level
    earlier[order] = np.arange(len(code)) - np.searchsorted(code[order], code[order])
    return np.asarray(np.log(earlier + smoothing * shares[code]) - np.log(np.arange(len(code)) + smoothing))


def _log_ratios(coded: list[tuple[np.ndarray, float]], at: int, count: int, config: DetectionConfig) -> np.ndarray:
    """Return (n,) log ratios of the share after to the share before of every event's level, summed over the features by their weights."""
    total, smoothing = np.zeros(count), config.date_smoothing
    for codes, weight in coded:
        known = codes >= 0
        levels, code = np.unique(codes[known], return_inverse=True)
        before = np.flatnonzero(known) < at
        left = np.bincount(code[before], minlength=len(levels)).astype(np.float64)
        right = np.bincount(code[~before], minlength=len(levels)).astype(np.float64)
        both = (left + right + 0.5) / (left.sum() + right.sum() + 0.5 * len(levels))
        p_left = (left[code] - before + smoothing * both[code]) / (left.sum() - before + smoothing)
        p_right = (right[code] - ~before + smoothing * both[code]) / (right.sum() - ~before + smoothing)
        total[known] += weight * np.clip(np.log(p_right) - np.log(p_left), -config.date_clip, config.date_clip)
    return total


def _posterior(scores: np.ndarray) -> np.ndarray:
    probabilities = np.exp(scores - scores.max())
    return np.asarray(probabilities / probabilities.sum())


def _middle(times: np.ndarray, probabilities: np.ndarray, unit: float, config: DetectionConfig) -> tuple[float, float, float]:
    """Return the middle of the most likely 2 · `date_window` units, and the 90 % interval. All times between two events are equally likely."""
    if unit == 1.0:
        found = times[0] + np.array([probabilities.argmax(), *np.searchsorted(probabilities.cumsum(), [0.05, 0.95])])
        return float(found[0]), float(min(found[0], found[1])), float(max(found[0], found[2]))
    starts, ends = np.concatenate([times[:1], times]), np.concatenate([times, times[-1:]])
    weights = probabilities * np.sqrt((ends - starts) / unit + 0.01)
    weights /= weights.sum()
    grid = np.arange(times[0], times[-1] + unit, unit * max(1.0, (times[-1] - times[0]) / unit / 3000))
    density = np.zeros(len(grid))
    for at in np.flatnonzero(weights > 1e-3):
        one, other = np.searchsorted(grid, [starts[at], ends[at]])
        density[one : max(other, one + 1)] += weights[at] / (max(other, one + 1) - one)
    density = density[: len(grid)]
    summed = np.concatenate([[0.0], density.cumsum()])
    half = round(config.date_window * unit / (grid[1] - grid[0])) if len(grid) > 1 else 0
    here = np.arange(len(density))
    held = summed[np.minimum(here + half, len(density))] - summed[np.maximum(here - half, 0)]
    best = int(np.median(np.flatnonzero(held >= held.max() - 1e-3)))
    low, high = np.minimum(np.searchsorted(summed[1:], np.array([0.05, 0.95]) * summed[-1]), len(grid) - 1)
    return float(grid[best]), float(min(grid[low], grid[best])), float(max(grid[high], grid[best]))


def _is_gradual(ratios: np.ndarray, times: np.ndarray, step: int, config: DetectionConfig) -> bool:
    """Return whether a passage over weeks explains the events better than a jump, each length at its best position."""
    odds, best = np.exp(np.clip(ratios, -6, 6)), {}
    days = times / DAY
    for length in config.ramp_days:
        middles = days[step] + np.arange(-45, 46, 5)
        shares = np.clip((days[None, :] - middles[:, None]) / max(length, 1e-6) + 0.5, 0.02, 0.98)
        best[length] = float(np.log(1 - shares + shares * odds[None, :]).sum(axis=1).max())
    return max(best[length] for length in config.ramp_days[1:]) > best[0] + config.min_ramp_gain
