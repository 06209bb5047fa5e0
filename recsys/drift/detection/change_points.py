"""Change points of one user: lasting changes, found by binary segmentation with permutation tests, and temporary ones.

Temporary changes are found first and their events set aside, since they would hide lasting changes: segments of a penalised
segmentation after which the user's interest returns to what it was before, and seasons that recur every year. Among the other events
the best split is tested (likelihood_ratio.py) and dated (change_date.py), and both sides are searched again.
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
    """A detected change: events `begin` to `step` − 1 before it, `step` to `end` − 1 after it.

    `until` is the step at which a temporary change was over, None for a lasting one. `is_seasonal` marks one occurrence of a temporary
    change that recurs every year. `strength` is the distance of all features together from permuted weeks, in standard deviations. For
    each view, `features` names its feature with the largest distance, and `z` holds that distance.
    """

    begin: int
    step: int
    end: int
    until: int | None
    is_seasonal: bool
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
    included = np.ones(len(events), dtype=bool)
    for change in temporary:
        included[change.step : change.until] = False
    counts = {name: block_counts(view, events, events.blocks, included) for name, view in events.features.items()}
    sizes = np.bincount(events.blocks, included).astype(np.int64)
    blocks = np.flatnonzero(sizes)
    seasonal, season_blocks = _find_season(events, counts, blocks, rng, config)
    blocks = np.setdiff1d(blocks, season_blocks)
    others = _merge_close(_find_lasting(events, counts, sizes, blocks, rng, config), events, config)
    others = _merge_reversed(events, others, config)
    others = [change for change in others if not any(_overlap(change, one) for one in temporary)]
    return sorted([*temporary, *seasonal, *others], key=lambda change: change.step)


def _find_temporary(events: UserEvents, rng: np.random.Generator, config: DetectionConfig) -> list[ChangePoint]:
    """Return temporary changes: segments that differ from the events before and after, while these two are alike."""
    edges = segment_events(events, config).tolist()
    windows = []
    for at, start in enumerate(edges):
        for later, stop in enumerate(edges[at + 1 :], start=at + 2):
            begin, end = edges[at - 1] if at else 0, edges[later] if later < len(edges) else len(events)
            if stop - start <= config.max_window_share * len(events) and _comes_back(events, begin, start, stop, end, config):
                windows.append((_difference(events, (start, stop)), start, stop))
    changes: list[ChangePoint] = []
    for _, start, stop in sorted(windows, reverse=True)[:3]:
        if any(start < (change.until or 0) and change.step < stop for change in changes):
            continue
        counts = {name: block_counts(view, events, events.days) for name, view in events.features.items()}
        p_value, z = window_evidence(counts, int(events.days[start]), int(events.days[stop - 1]) + 1, rng, config)
        if p_value <= config.window_alpha:
            changes.append(_change_point((0, start, len(events)), stop, False, p_value, z, _temporary_date(events, start, stop)))
    return changes


def _comes_back(events: UserEvents, begin: int, start: int, stop: int, end: int, config: DetectionConfig) -> bool:
    """Return whether events `begin` to `start` − 1 and `stop` to `end` − 1 are more like each other than like those in between."""
    across = _difference(events, (begin, start), (stop, end))
    return across < config.alike * min(_difference(events, (begin, start), (start, stop)), _difference(events, (stop, end), (start, stop)))


def _difference(events: UserEvents, one: tuple[int, int], other: tuple[int, int] | None = None) -> float:
    """Return the difference between two stretches of events, or between one and all other events, independent of their lengths.

    It is a sum over features. A feature contributes the part of G² above its degrees of freedom (its expectation by chance), divided by
    n₁ n₂ / (n₁ + n₂), where n₁ and n₂ are the numbers of events of the two stretches.
    """
    total = 0.0
    in_one = np.zeros(len(events), dtype=bool)
    in_one[slice(*one)] = True
    in_other = ~in_one
    if other is not None:
        in_other[:] = False
        in_other[slice(*other)] = True
    for view in events.features.values():
        levels = len(view.levels)
        table = np.array([np.bincount(view.codes[part & (view.codes >= 0)], minlength=levels) for part in (in_one, in_other)])
        sizes = table.sum(axis=1)
        if sizes.min():
            chance = int((table.sum(axis=0) > 0).sum()) - 1
            ratio = partition_ratio({view.name: table}, np.array([True, False]))
            total += max(ratio - chance, 0.0) / float(sizes[0] * sizes[1] / sizes.sum())
    return total


def _find_season(
    events: UserEvents, counts: dict[str, np.ndarray], blocks: np.ndarray, rng: np.random.Generator, config: DetectionConfig
) -> tuple[list[ChangePoint], np.ndarray]:
    """Return one change for each occurrence of the season that differs most from the rest of the year, and the season's blocks.

    Both are empty where the difference could be chance, or where a split of `blocks` at a single date separates them better.
    """
    no_season: tuple[list[ChangePoint], np.ndarray] = [], blocks[:0]
    if events.times is None or (events.times[-1] - events.times[0]) / DAY < config.min_season_days or len(blocks) < 2 * config.min_blocks:
        return no_season
    middles = events.times[np.searchsorted(events.blocks, blocks)] + 3 * DAY
    months = middles.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
    seasons = np.array([(months - month) % 12 < length for length in config.season_months for month in range(12)])
    seasons = seasons[(np.abs(np.diff(seasons.astype(int), axis=1)).sum(axis=1) >= 2) & (seasons.mean(axis=1) < 0.5)]
    if not len(seasons):
        return no_season
    tables = {name: table[blocks] for name, table in counts.items()}
    p_value, best, z = season_evidence(tables, seasons, rng, config)
    ratios_of_dates = sum(split_ratios(table, np.arange(len(blocks))[None])[0] for table in tables.values())
    if p_value > config.window_alpha or partition_ratio(tables, seasons[best]) < np.max(ratios_of_dates):
        return no_season
    in_season = seasons[best]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], in_season.astype(int), [0]])))
    changes = []
    for left, right in edges.reshape(-1, 2):
        start, stop = np.searchsorted(events.blocks, blocks[left]), np.searchsorted(events.blocks, blocks[right - 1], side="right")
        date = _temporary_date(events, int(start), int(stop))
        changes.append(_change_point((0, int(start), len(events)), int(stop), True, p_value, z, date))
    return changes, blocks[in_season]


def _find_lasting(
    events: UserEvents,
    counts: dict[str, np.ndarray],
    sizes: np.ndarray,
    blocks: np.ndarray,
    rng: np.random.Generator,
    config: DetectionConfig,
    depth: int = 0,
) -> list[ChangePoint]:
    """Return the best split of these blocks and, where it is significant, those of both sides."""
    tables = {name: table[blocks] for name, table in counts.items() if np.count_nonzero(table[blocks].any(axis=0)) > 1}
    scan = scan_splits(tables, sizes[blocks], _allowed(events, sizes, blocks, config), rng, config) if tables else None
    if scan is None or scan.p_value > config.alpha / (1 + depth):
        return []
    if _strength(scan.z) < _required_strength(len(events), depth, config) * len(tables) ** 0.5:
        return []
    sides = (blocks[: scan.split], blocks[scan.split :]) if depth < 2 else ()
    before, after = [_find_lasting(events, counts, sizes, side, rng, config, depth + 1) for side in sides] or ([], [])
    begin, end = int(np.searchsorted(events.blocks, blocks[0])), int(np.searchsorted(events.blocks, blocks[-1], side="right"))
    date = date_change(events, begin, end, scan.z, config.min_dated_events, config)
    low, high = before[-1].step if before else begin, after[0].step if after else end
    if not low + config.min_dated_events <= date.step <= high - config.min_dated_events:
        # The date falls on another change or beyond it, so look for it only between the changes on both sides.
        begin, end = low, high
        date = date_change(events, begin, end, scan.z, config.min_dated_events, config)
    if date.high - date.low > config.max_date_share * (_time(events, end - 1) - _time(events, begin)):
        return [*before, *after]
    return [*before, _change_point((begin, date.step, end), None, False, scan.p_value, scan.z, date), *after]


def _change_point(
    steps: tuple[int, int, int], until: int | None, is_seasonal: bool, p_value: float, z: dict[str, float], date: ChangeDate
) -> ChangePoint:
    """Build a change point from the z of each feature; `steps` are its begin, step and end."""
    features = strongest_features(z)
    return ChangePoint(
        *steps, until, is_seasonal, p_value, _strength(z), {view: z[feature] for view, feature in features.items()}, features, date
    )


def _time(events: UserEvents, step: int) -> float:
    return float(step if events.times is None else events.times[step])


def _required_strength(n_events: int, depth: int, config: DetectionConfig) -> float:
    """Return the strength per square root of the number of features that a lasting change needs, for a user with this many events."""
    strength = config.min_strength + config.strength_growth * np.log(max(1.0, n_events / config.growth_from))
    return (strength + config.strength_per_depth * depth) * max(1.0, config.few_events / n_events)


def _allowed(events: UserEvents, sizes: np.ndarray, blocks: np.ndarray, config: DetectionConfig) -> np.ndarray:
    """Return (len(blocks) − 1,) bool: the splits that leave enough events and enough time on either side."""
    before = sizes[blocks].cumsum()[:-1]
    allowed = (before >= config.min_events) & (sizes[blocks].sum() - before >= config.min_events)
    if events.times is None or len(blocks) < 2:
        return allowed
    starts = events.times[np.searchsorted(events.blocks, blocks)]
    ends = events.times[np.searchsorted(events.blocks, blocks, side="right") - 1]
    least = float(np.clip((events.times[-1] - events.times[0]) / 12, config.min_days[0] * DAY, config.min_days[1] * DAY))
    return np.asarray(allowed & (starts[1:] - starts[0] >= least) & (ends[-1] - ends[:-1] >= least))


def _merge_close(changes: list[ChangePoint], events: UserEvents, config: DetectionConfig) -> list[ChangePoint]:
    """Keep only the stronger of two changes that lie too close together to be told apart."""
    merged: list[ChangePoint] = []
    for change in changes:
        is_close = merged and (
            change.step - merged[-1].step < 3 * config.min_events
            if events.times is None
            else change.date.time - merged[-1].date.time < config.merge_days * DAY
        )
        if not is_close:
            merged.append(change)
        elif change.strength > merged[-1].strength:
            merged[-1] = change
    return merged


def _strength(z: dict[str, float]) -> float:
    """Return the joint distance from permuted weeks in standard deviations, from the z of each feature."""
    return sum(max(each, 0.0) ** 2 for each in z.values()) ** 0.5


def _merge_reversed(events: UserEvents, changes: list[ChangePoint], config: DetectionConfig) -> list[ChangePoint]:
    """Merge two changes into one temporary change where the second undoes the first."""
    merged: list[ChangePoint] = []
    for change in changes:
        previous = merged[-1] if merged else None
        if (
            previous is not None
            and previous.until is None
            and _comes_back(events, previous.begin, previous.step, change.step, change.end, config)
        ):
            date = _temporary_date(events, previous.step, change.step)
            merged[-1] = replace(previous, end=change.end, until=change.step, date=date)
        else:
            merged.append(change)
    return merged


def _overlap(one: ChangePoint, other: ChangePoint) -> bool:
    """Return whether both changes are temporary and overlap, so that reporting both would repeat one change."""
    return one.until is not None and other.until is not None and one.step < other.until and other.step < one.until


def _temporary_date(events: UserEvents, start: int, stop: int) -> ChangeDate:
    if events.times is None:
        return ChangeDate(start, float(start), float(start), float(stop), False)
    return ChangeDate(start, float(events.times[start]), float(events.times[start]), float(events.times[stop - 1]), False)
