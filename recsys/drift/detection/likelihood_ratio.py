"""Evidence for a change: likelihood ratios of every split in all features together, tested by permutation of weeks.

At each split the counts before and after are compared in every feature by the likelihood ratio of two multinomials against one (G²,
Wilks 1938). The distribution of G² by chance comes from the same blocks of time in random order: its mean and standard deviation at
this split turn the G² of each feature into a z. Features are joined as the sum of squares of positive z, so that one strong feature
suffices and several weak ones add up. The p-value is the share of orders, the real one included, whose best split is at least as good.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import UserEvents, View

UNIT = 2.0**-20  # G² is summed in whole multiples of this (see _ratio_terms)


@dataclass(frozen=True, eq=False)
class Scan:
    """The best split of a series of blocks: the number of blocks before it, its p-value, and the z of each feature there."""

    split: int
    p_value: float
    z: dict[str, float]


def block_counts(view: View, events: UserEvents, blocks: np.ndarray, included: np.ndarray | None = None) -> np.ndarray:
    """Return (blocks, levels that occur) counts of the days on which each level occurs in each block; `blocks` (T,) numbers those of events.

    Days are counted, not events, so that an item that is searched, saved and visited on one day counts once. A day counts twice if an
    outing begins with the level, since the first event of an outing says more about a user than those that follow from it. Where
    `included` (T,) bool is given, only these events count.
    """
    known = view.codes >= 0 if included is None else (view.codes >= 0) & included
    levels, at = np.unique(view.codes[known], return_inverse=True)
    occurrences = np.column_stack([blocks[known], events.dates[known], at])
    counts = np.zeros((int(blocks[-1]) + 1, len(levels)), dtype=np.int32)
    for part in (occurrences, occurrences[events.begins_outing[known]]):
        rows = np.unique(part, axis=0)
        np.add.at(counts, (rows[:, 0], rows[:, 2]), 1)
    return counts


def scan_splits(
    counts: dict[str, np.ndarray],
    sizes: np.ndarray,
    allowed: np.ndarray,
    rng: np.random.Generator,
    config: DetectionConfig = DETECTION,
) -> Scan | None:
    """Return the split whose sides differ most, with its p-value; None where no split is allowed.

    `counts` maps features to (blocks, levels), `sizes` (blocks,) holds the number of events in each block, and `allowed` (blocks − 1,)
    marks the splits that leave enough events and time on either side. A p-value that could be significant is computed again from
    more permutations.
    """
    if len(sizes) < config.min_blocks or not allowed.any():
        return None
    orders = np.array([np.arange(len(sizes)), *(rng.permutation(len(sizes)) for _ in range(config.shuffles))])
    ratios = {name: split_ratios(table, orders) for name, table in counts.items()}
    scan = _test_best_split(ratios, allowed, config)
    if scan.p_value > config.doubtful:
        return scan
    more = np.array([rng.permutation(len(sizes)) for _ in range(config.further_shuffles)])
    ratios = {name: np.vstack([values, split_ratios(counts[name], more)]) for name, values in ratios.items()}
    return _test_best_split(ratios, allowed, config)


def _test_best_split(ratios: dict[str, np.ndarray], allowed: np.ndarray, config: DetectionConfig) -> Scan:
    """Return the best split and its p-value from G² (orders, splits) of each feature, the real order first."""
    joint, z_by_feature = np.zeros((len(next(iter(ratios.values()))), len(allowed))), {}
    for name, values in ratios.items():
        centre, spread = values[1:].mean(axis=0), np.maximum(values[1:].std(axis=0), config.min_spread)
        z = (values - centre) / spread
        joint += np.maximum(z, 0) ** 2
        z_by_feature[name] = z[0]
    joint[:, ~allowed] = -1.0
    best = joint.max(axis=1)
    split = int(joint[0].argmax())
    p_value = (1 + int((best[1:] >= best[0]).sum())) / len(best)
    return Scan(split + 1, p_value, {name: float(z[split]) for name, z in z_by_feature.items()})


def split_ratios(table: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return (orders, blocks − 1) G² of every split, with the blocks of the table (blocks, levels) in each of the orders (orders, blocks).

    G² is a sum over levels. Along the splits a level's term changes only at blocks in which the level occurs, so only these changes are
    computed and then summed up. To go through a level's blocks by their position in an order, each occurrence becomes one integer of
    level, position and count, and the integers are sorted.
    """
    blocks, totals = len(table), table.sum(axis=0)
    level, block = np.nonzero(table.T * (totals > 1)[:, None])  # a single occurrence has no effect: 0 log 0 = 1 log 1
    count, terms = table[block, level], _ratio_terms(totals[totals > 1])
    count_bits, position_bits = int(count.max(initial=0)).bit_length(), int(blocks - 1).bit_length()
    level_and_count = (np.unique(level, return_inverse=True)[1] << count_bits + position_bits) + count
    dtype = np.int32 if len(totals) << count_bits + position_bits < 2**31 else np.int64
    values, sizes = np.empty((len(orders), blocks - 1)), table.sum(axis=1)
    size_terms = _ratio_terms(np.array([sizes.sum()]))
    for chunk in _chunks(len(orders), len(level)):
        positions = np.argsort(orders[chunk], axis=1)
        keys = ((positions << count_bits)[:, block] + level_and_count).astype(dtype)
        keys.sort(axis=1)
        cumulative = (keys & (1 << count_bits) - 1).cumsum(axis=1, dtype=np.intp)  # over all levels in turn, as `terms` is laid out
        at = (keys >> count_bits & (1 << position_bits) - 1) + blocks * np.arange(len(positions))[:, None]
        changes = terms.take(cumulative, mode="clip")
        changes[:, 1:] -= changes[:, :-1].copy()
        summed = np.bincount(at.ravel(), changes.ravel(), minlength=blocks * len(positions)).reshape(len(positions), blocks)
        values[chunk] = 2 * UNIT * (summed.cumsum(axis=1) - size_terms[sizes[orders[chunk]].cumsum(axis=1)])[:, :-1]
    return values


def _ratio_terms(totals: np.ndarray) -> np.ndarray:
    """Return (Σ totals + 1,) c log c + (n − c) log (n − c) − n log n for c from 0 to n, for each total n in turn, in whole UNITs.

    Whole numbers have the same sum in every order, so that equal splits get exactly equal values. The term of c = n is 0, as is that of
    c = 0 for the next total, so they share one entry.
    """
    plogp = _n_log_n(int(totals.max(initial=0)))
    parts = [plogp[: n + 1] + plogp[n::-1] - plogp[n] for n in totals.tolist()]
    return np.rint(np.concatenate([[0.0], *(part[1:] for part in parts)]) / UNIT)


def window_evidence(
    counts: dict[str, np.ndarray], start: int, stop: int, rng: np.random.Generator, config: DetectionConfig = DETECTION
) -> tuple[float, dict[str, float]]:
    """Return the p-value of the difference between blocks start to stop − 1 and all others, and the z of each feature.

    The window was selected for its difference, so it is compared with the most different window of this length in every permutation.
    """
    length, blocks = stop - start, len(next(iter(counts.values())))
    orders = np.vstack([np.arange(blocks)[None], [rng.permutation(blocks) for _ in range(config.shuffles)]])
    joint, z_by_feature = np.zeros((len(orders), blocks - length + 1)), {}
    for name, table in counts.items():
        values = _window_ratios(table, orders, length)
        z = (values - values[1:].mean()) / max(float(values[1:].std()), config.min_spread)
        joint += np.maximum(z, 0) ** 2
        z_by_feature[name] = float(z[0, start])
    best = joint.max(axis=1)
    return (1 + int((best[1:] >= joint[0, start]).sum())) / len(orders), z_by_feature


def season_evidence(
    counts: dict[str, np.ndarray], seasons: np.ndarray, rng: np.random.Generator, config: DetectionConfig = DETECTION
) -> tuple[float, int, dict[str, float]]:
    """Return the p-value of the season that differs most from the rest of the year, its index, and the z of each feature.

    `seasons` (seasons, blocks) bool marks the blocks of each season.
    """
    orders = np.vstack([np.arange(seasons.shape[1])[None], [rng.permutation(seasons.shape[1]) for _ in range(config.shuffles)]])
    joint, z_by_feature = np.zeros((len(orders), len(seasons))), {}
    for name, table in counts.items():
        inside = np.einsum("sb,obk->osk", seasons.astype(np.float32), table[orders].astype(np.float32), optimize=True).astype(np.intp)
        values = _inside_ratios(table, inside)
        z = (values - values[1:].mean(axis=0)) / np.maximum(values[1:].std(axis=0), config.min_spread)
        joint += np.maximum(z, 0) ** 2
        z_by_feature[name] = z[0]
    best, season = joint.max(axis=1), int(joint[0].argmax())
    p_value = (1 + int((best[1:] >= best[0]).sum())) / len(orders)
    return p_value, season, {name: float(z[season]) for name, z in z_by_feature.items()}


def _window_ratios(table: np.ndarray, orders: np.ndarray, length: int) -> np.ndarray:
    """Return (orders, windows) G² of every window of `length` blocks against all other blocks, in each of the orders."""
    values = np.empty((len(orders), len(table) - length + 1))
    for chunk in _chunks(len(orders), table.size):
        summed = np.zeros((len(orders[chunk]), len(table) + 1, table.shape[1]), dtype=np.int32)
        np.cumsum(table[orders[chunk]], axis=1, out=summed[:, 1:])
        values[chunk] = _inside_ratios(table, summed[:, length:] - summed[:, :-length])
    return values


def _chunks(count: int, size: int) -> Iterator[slice]:
    """Yield slices of `count` orders, each so short that its tables of `size` numbers per order fit in the processor's cache."""
    step = max(1, 100_000 // max(size, 1))
    for start in range(0, count, step):
        yield slice(start, start + step)


def _inside_ratios(table: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return (…,) G² of the counts inside (…, levels) against the rest of the table (blocks, levels)."""
    totals = table.sum(axis=0)
    level_terms, size_terms = _ratio_terms(totals), _ratio_terms(totals.sum(keepdims=True))
    summed = level_terms.take(inside + (totals.cumsum() - totals), mode="clip").sum(axis=-1)
    return np.asarray(2 * UNIT * (summed - size_terms[inside.sum(axis=-1)]))


def partition_ratio(counts: dict[str, np.ndarray], inside: np.ndarray) -> float:
    """Return G² of all features together, for the blocks marked in `inside` (blocks,) against all others."""
    total = 0.0
    for table in counts.values():
        both = np.array([table[inside].sum(axis=0), table[~inside].sum(axis=0)])
        plogp = _n_log_n(int(both.sum()))
        joined = both.sum(axis=0)
        parts = plogp[both].sum() - plogp[both.sum(axis=1)].sum()
        total += 2 * float(parts - plogp[joined].sum() + plogp[joined.sum()])
    return total


def _n_log_n(most: int) -> np.ndarray:
    """Return (most + 1,) float32 n log n for n from 0 to `most`."""
    counts = np.arange(most + 1, dtype=np.float64)
    counts[0] = 1.0  # 0 log 0 is 0
    return np.asarray(counts * np.log(counts), dtype=np.float32)
