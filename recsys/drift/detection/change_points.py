"""Change points of one user: lasting changes by binary segmentation with permutation tests, apart from temporary ones.

Temporary changes are taken out first: segments of a penalised segmentation whose two neighbours are alike, and seasons that recur
every year. In the rest the best split is tested (likelihood_ratio.py) and dated (change_date.py), and both sides are searched again.
"""

from dataclasses import dataclass, replace

import numpy as np

from recsys.drift.detection.change_date import ChangeDate, date_change
from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import DAY, UserEvents, strongest_features
from recsys.drift.detection.likelihood_ratio import (
    block_counts,
    partition_ratio,
    scan_splits,
    season_evidence,
    split_ratios,
    window_evidence,
)
from recsys.drift.detection.segmentation import segment_events


@dataclass(frozen=True, eq=False)
class ChangePoint:
    """A detected change: events `first` to `step` − 1 before it, `step` to `last` − 1 after it.

    `until` is the step at which a temporary change was over, None for a lasting one; `passing` is then "while" or "season".
    `strength` is the distance of all features together from permuted weeks and `z` that of each view, in standard deviations;
    `features` names the feature with the largest z of each view.
    """

    first: int
    step: int
    last: int
    until: int | None
    passing: str
    p_value: float
    strength: float
    z: dict[str, float]
    features: dict[str, str]
    date: ChangeDate


def find_change_points(events: UserEvents, seed: int = 0, config: DetectionConfig = DETECTION) -> list[ChangePoint]:
    """Return all changes of one user in the order of time; none where there are too few events."""
    if len(events) < 2 * config.min_events or events.blocks[-1] < config.min_blocks:
        return []
    rng = np.random.default_rng(seed)
    temporary = _find_temporary(events, rng, config)
    alive = np.ones(len(events), dtype=bool)
    for window in temporary:
        alive[window.step : window.until] = False
    counts = {name: block_counts(view, events, events.blocks, alive) for name, view in events.features.items()}
    sizes = np.bincount(events.blocks, alive).astype(np.int64)
    kept = np.flatnonzero(sizes)
    season, inside = _find_season(events, counts, kept, rng, config)
    kept = np.setdiff1d(kept, inside)
    found = _merge_close(_find_lasting(events, counts, sizes, kept, rng, config), events, config)
    found = _merge_reversed(events, found, config)
    found = [each for each in found if not any(_overlap(each, one) for one in temporary)]
    return sorted([*temporary, *season, *found], key=lambda found: found.step)


def _find_temporary(events: UserEvents, rng: np.random.Generator, config: DetectionConfig) -> list[ChangePoint]:
    """Return temporary changes: segments that differ from both neighbours, which are alike."""
    edges = segment_events(events, config).tolist()
    tried = []
    for at, start in enumerate(edges):
        for later, stop in enumerate(edges[at + 1 :], start=at + 2):
            around = (edges[at - 1] if at else 0, edges[later] if later < len(edges) else len(events))
            if stop - start <= config.max_window_share * len(events) and _comes_back(events, around[0], start, stop, around[1], config):
                tried.append((_difference(events, (start, stop)), start, stop))
    found: list[ChangePoint] = []
    for _, start, stop in sorted(tried, reverse=True)[:3]:
        if any(start < (each.until or 0) and each.step < stop for each in found):
            continue
        counts = {name: block_counts(view, events, events.days) for name, view in events.features.items()}
        p_value, z = window_evidence(counts, int(events.days[start]), int(events.days[stop - 1]) + 1, rng, config)
        if p_value <= config.window_alpha:
            found.append(_change_point((0, start, len(events)), stop, "while", p_value, z, _temporary_date(events, start, stop)))
    return found


def _comes_back(events: UserEvents, before: int, start: int, stop: int, after: int, config: DetectionConfig) -> bool:
    """Return whether the events on both sides are more like each other than like those between."""
    around = _difference(events, (before, start), (stop, after))
    return around < config.alike * min(
        _difference(events, (before, start), (start, stop)), _difference(events, (stop, after), (start, stop))
    )


def _difference(events: UserEvents, one: tuple[int, int], other: tuple[int, int] | None = None) -> float:
    """Return the difference between two stretches of events, or between one and all others, independent of their lengths.

    Per feature G² beyond its degrees of freedom (its expectation by chance) over the harmonic size of the two; summed over features.
    """
    total = 0.0
    inside = np.zeros(len(events), dtype=bool)
    inside[slice(*one)] = True
    outside = ~inside
    if other is not None:
        outside[:] = False
        outside[slice(*other)] = True
    for view in events.features.values():
        levels = len(view.levels)
        table = np.array([np.bincount(view.codes[part & (view.codes >= 0)], minlength=levels) for part in (inside, outside)])
        sizes = table.sum(axis=1)
        if sizes.min():
            chance = int((table.sum(axis=0) > 0).sum()) - 1
            ratio = partition_ratio({view.name: table}, np.array([True, False]))
            total += max(ratio - chance, 0.0) / float(sizes[0] * sizes[1] / sizes.sum())
    return total


def _find_season(
    events: UserEvents, counts: dict[str, np.ndarray], kept: np.ndarray, rng: np.random.Generator, config: DetectionConfig
) -> tuple[list[ChangePoint], np.ndarray]:
    """Return the season that differs from the rest of every year more than any single date does, a change each time, and its blocks."""
    none: tuple[list[ChangePoint], np.ndarray] = [], kept[:0]
    if events.times is None or (events.times[-1] - events.times[0]) / DAY < config.min_season_days or len(kept) < 2 * config.min_blocks:
        return none
    middles = events.times[np.searchsorted(events.blocks, kept)] + 3 * DAY
    months = middles.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
    seasons = np.array([(months - first) % 12 < length for length in config.season_months for first in range(12)])
    seasons = seasons[(np.abs(np.diff(seasons.astype(int), axis=1)).sum(axis=1) >= 2) & (seasons.mean(axis=1) < 0.5)]
    if not len(seasons):
        return none
    within = {name: table[kept] for name, table in counts.items()}
    p_value, best, z = season_evidence(within, seasons, rng, config)
    once = sum(split_ratios(table, np.arange(len(kept))[None])[0] for table in within.values())
    if p_value > config.window_alpha or partition_ratio(within, seasons[best]) < np.max(once):
        return none
    inside = seasons[best]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    found = []
    for first, last in edges.reshape(-1, 2):
        start, stop = np.searchsorted(events.blocks, kept[first]), np.searchsorted(events.blocks, kept[last - 1], side="right")
        date = _temporary_date(events, int(start), int(stop))
        found.append(_change_point((0, int(start), len(events)), int(stop), "season", p_value, z, date))
    return found, kept[inside]


def _find_lasting(
    events: UserEvents,
    counts: dict[str, np.ndarray],
    sizes: np.ndarray,
    kept: np.ndarray,
    rng: np.random.Generator,
    config: DetectionConfig,
    depth: int = 0,
) -> list[ChangePoint]:
    """Return the best split of these blocks and, where it is significant, those of both sides."""
    within = {name: table[kept] for name, table in counts.items() if np.count_nonzero(table[kept].any(axis=0)) > 1}
    scan = scan_splits(within, sizes[kept], _allowed(events, sizes, kept, config), rng, config) if within else None
    if scan is None or scan.p_value > config.alpha / (1 + depth):
        return []
    if _strength(scan.z) < _required_strength(len(events), depth, config) * len(within) ** 0.5:
        return []
    sides = (kept[: scan.split], kept[scan.split :]) if depth < 2 else ()
    before, after = [_find_lasting(events, counts, sizes, side, rng, config, depth + 1) for side in sides] or ([], [])
    first, last = int(np.searchsorted(events.blocks, kept[0])), int(np.searchsorted(events.blocks, kept[-1], side="right"))
    date = date_change(events, first, last, scan.z, config.min_dated_events, config)
    low, high = before[-1].step if before else first, after[0].step if after else last
    if not low + config.min_dated_events <= date.step <= high - config.min_dated_events:  # beyond a neighbour that is dated already
        first, last = low, high
        date = date_change(events, first, last, scan.z, config.min_dated_events, config)
    if date.high - date.low > config.max_date_share * (_time(events, last - 1) - _time(events, first)):
        return [*before, *after]
    return [*before, _change_point((first, date.step, last), None, "", scan.p_value, scan.z, date), *after]


def _change_point(
    steps: tuple[int, int, int], until: int | None, passing: str, p_value: float, z: dict[str, float], date: ChangeDate
) -> ChangePoint:
    """Build a change point from the z of each feature; `steps` are first, step and last."""
    features = strongest_features(z)
    return ChangePoint(
        *steps, until, passing, p_value, _strength(z), {view: z[feature] for view, feature in features.items()}, features, date
    )


def _time(events: UserEvents, step: int) -> float:
    return float(step if events.times is None else events.times[step])


def _required_strength(count: int, depth: int, config: DetectionConfig) -> float:
    """Return the strength that evidence must have among so many events."""
    return (
        config.min_strength + config.strength_growth * np.log(max(1.0, count / config.growth_from)) + config.strength_per_depth * depth
    ) * max(1.0, config.few_events / count)


def _allowed(events: UserEvents, sizes: np.ndarray, kept: np.ndarray, config: DetectionConfig) -> np.ndarray:
    """Return (blocks − 1,) splits that leave enough events and enough time on either side."""
    before = sizes[kept].cumsum()[:-1]
    allowed = (before >= config.min_events) & (sizes[kept].sum() - before >= config.min_events)
    if events.times is None or len(kept) < 2:
        return allowed
    starts = events.times[np.searchsorted(events.blocks, kept)]
    ends = events.times[np.searchsorted(events.blocks, kept, side="right") - 1]
    least = float(np.clip((events.times[-1] - events.times[0]) / 12, config.min_days[0] * DAY, config.min_days[1] * DAY))
    return np.asarray(allowed & (starts[1:] - starts[0] >= least) & (ends[-1] - ends[:-1] >= least))


def _merge_close(found: list[ChangePoint], events: UserEvents, config: DetectionConfig) -> list[ChangePoint]:
    """Keep the stronger of two changes that lie so close that they are one."""
    kept: list[ChangePoint] = []
    for each in found:
        close = kept and (
            each.step - kept[-1].step < 3 * config.min_events
            if events.times is None
            else each.date.time - kept[-1].date.time < config.merge_days * DAY
        )
        if not close:
            kept.append(each)
        elif each.strength > kept[-1].strength:
            kept[-1] = each
    return kept


def _strength(each: dict[str, float]) -> float:
    """Return the joint distance from permuted weeks in standard deviations, from the z of each feature."""
    return sum(max(z, 0.0) ** 2 for z in each.values()) ** 0.5


def _merge_reversed(events: UserEvents, found: list[ChangePoint], config: DetectionConfig) -> list[ChangePoint]:
    """Merge two changes after which everything is as before the first into one temporary change."""
    kept: list[ChangePoint] = []
    for each in found:
        one = kept[-1] if kept else None
        if one is not None and one.until is None and _comes_back(events, one.first, one.step, each.step, each.last, config):
            date = _temporary_date(events, one.step, each.step)
            kept[-1] = replace(one, last=each.last, until=each.step, passing="while", date=date)
        else:
            kept.append(each)
    return kept


def _overlap(one: ChangePoint, other: ChangePoint) -> bool:
    """Return whether two temporary changes overlap, which makes them one."""
    return one.until is not None and other.until is not None and one.step < other.until and other.step < one.until


def _temporary_date(events: UserEvents, start: int, stop: int) -> ChangeDate:
    if events.times is None:
        return ChangeDate(start, float(start), float(start), float(stop), False)
    return ChangeDate(start, float(events.times[start]), float(events.times[start]), float(events.times[stop - 1]), False)
