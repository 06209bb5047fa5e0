"""Evidence for a change: likelihood ratios of every split in all features together, tested by permutation of weeks.

At each split the counts before and after are compared in every feature by the likelihood ratio of two multinomials against one (G²,
Wilks 1938). The same blocks of time in random order give its distribution by chance at this split: their mean and standard deviation
turn each feature's G² into a z. Features are joined as the sum of squares of positive z, so that one strong feature suffices and
several weak ones add up. The p-value is the share of permutations whose best split is as good as the real one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recsys.drift.detection.config import DETECTION, DetectionConfig
from recsys.drift.detection.event_features import UserEvents, View

UNIT = 2.0**-20  # of G²


@dataclass(frozen=True, eq=False)
class Scan:
    """The best split: `split` is the number of blocks before it, `p_value` by permuted blocks; `z` of each feature at it."""

    split: int
    p_value: float
    z: dict[str, float]


def block_counts(view: View, events: UserEvents, blocks: np.ndarray, alive: np.ndarray | None = None) -> np.ndarray:
    """Return (blocks, levels that occur) counts of each level in each block (T,), twice where an outing begins with it.

    An item that is searched, saved and visited on one day counts once, and the first event of an outing says more about a user
    than those that follow from it. Only events `alive` (T,) where given.
    """
    known = view.codes >= 0 if alive is None else (view.codes >= 0) & alive
    levels, at = np.unique(view.codes[known], return_inverse=True)
    days = np.column_stack([blocks[known], events.once[known], at])
    counts = np.zeros((int(blocks[-1]) + 1, len(levels)), dtype=np.int32)
    for some in (days, days[events.begins[known]]):
        rows = np.unique(some, axis=0)
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

    `counts` map views to (blocks, levels), `sizes` (blocks,) are the events of each block, `allowed` (blocks − 1,) marks the splits
    that leave enough on either side in the real order.
    """
    if len(sizes) < config.min_blocks or not allowed.any():
        return None
    orders = np.array([np.arange(len(sizes)), *(rng.permutation(len(sizes)) for _ in range(config.shuffles))])
    ratios = {name: split_ratios(table, orders) for name, table in counts.items()}
    found = _test_best_split(ratios, allowed, config)
    if found.p_value > config.doubtful:
        return found
    more = np.array([rng.permutation(len(sizes)) for _ in range(config.further_shuffles)])
    ratios = {name: np.vstack([values, split_ratios(counts[name], more)]) for name, values in ratios.items()}
    return _test_best_split(ratios, allowed, config)


def _test_best_split(ratios: dict[str, np.ndarray], allowed: np.ndarray, config: DetectionConfig) -> Scan:
    """Return the best split and its p-value from G² (orders, splits) of each feature, the real order first."""
    joint, each = np.zeros((len(next(iter(ratios.values()))), len(allowed))), {}
    for name, values in ratios.items():
        centre, spread = values[1:].mean(axis=0), np.maximum(values[1:].std(axis=0), config.min_spread)
        z = (values - centre) / spread
        joint += np.maximum(z, 0) ** 2
        each[name] = z[0]
    joint[:, ~allowed] = -1.0
    best = joint.max(axis=1)
    split = int(joint[0].argmax())
    p_value = (1 + int((best[1:] >= best[0]).sum())) / len(best)
    return Scan(split + 1, p_value, {name: float(z[split]) for name, z in each.items()})


def split_ratios(table: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Return (orders, blocks − 1) G² of every split of blocks (blocks, levels) in each of the orders (orders, blocks).

    A level's term changes only at blocks in which it occurs, so only these are computed, in the order of their positions.
    """
    blocks, totals = len(table), table.sum(axis=0)
    level, block = np.nonzero(table.T * (totals > 1)[:, None])  # a single occurrence has no effect: 0 log 0 = 1 log 1
    count, pieces = table[block, level], _ratio_terms(totals[totals > 1])
    low, high = int(count.max(initial=0)).bit_length(), int(blocks - 1).bit_length()  # bits of a count and of a position
    head = (np.unique(level, return_inverse=True)[1] << low + high) + count
    narrow = np.int32 if len(totals) << low + high < 2**31 else np.int64
    values, sizes = np.empty((len(orders), blocks - 1)), table.sum(axis=1)
    whole = _ratio_terms(np.array([sizes.sum()]))
    for some in _chunks(len(orders), len(level)):
        places = np.argsort(orders[some], axis=1)
        keys = ((places << low)[:, block] + head).astype(narrow)  # by level, then by position
        keys.sort(axis=1)
        seen = (keys & (1 << low) - 1).cumsum(axis=1, dtype=np.intp)
        at = (keys >> low & (1 << high) - 1) + blocks * np.arange(len(places))[:, None]
        steps = pieces.take(seen, mode="clip")
        steps[:, 1:] -= steps[:, :-1].copy()
        jumps = np.bincount(at.ravel(), steps.ravel(), minlength=blocks * len(places)).reshape(len(places), blocks)
        values[some] = 2 * UNIT * (jumps.cumsum(axis=1) - whole[sizes[orders[some]].cumsum(axis=1)])[:, :-1]
    return values


def _ratio_terms(totals: np.ndarray) -> np.ndarray:
    """Return (Σ totals + 1,) c log c + (n − c) log (n − c) − n log n for c from 0 to n, for each total n in turn, in whole UNITs.

    Integers have the same sum in every order, so that equal splits get equal values. The last of one total is the first of the next: 0.
    """
    plogp = _n_log_n(int(totals.max(initial=0)))
    parts = [plogp[: n + 1] + plogp[n::-1] - plogp[n] for n in totals.tolist()]
    return np.rint(np.concatenate([[0.0], *(part[1:] for part in parts)]) / UNIT)


def window_evidence(
    counts: dict[str, np.ndarray], first: int, last: int, rng: np.random.Generator, config: DetectionConfig = DETECTION
) -> tuple[float, dict[str, float]]:
    """Return the p-value of blocks first to last − 1 against all others, and the z of each feature.

    Compared with the most different window of this length in every permutation, since this one was selected for its difference.
    """
    length, blocks = last - first, len(next(iter(counts.values())))
    orders = np.vstack([np.arange(blocks)[None], [rng.permutation(blocks) for _ in range(config.shuffles)]])
    joint, each = np.zeros((len(orders), blocks - length + 1)), {}
    for name, table in counts.items():
        values = _window_ratios(table, orders, length)
        z = (values - values[1:].mean()) / max(float(values[1:].std()), config.min_spread)
        joint += np.maximum(z, 0) ** 2
        each[name] = float(z[0, first])
    best = joint.max(axis=1)
    return (1 + int((best[1:] >= joint[0, first]).sum())) / len(orders), each


def season_evidence(
    counts: dict[str, np.ndarray], seasons: np.ndarray, rng: np.random.Generator, config: DetectionConfig = DETECTION
) -> tuple[float, int, dict[str, float]]:
    """Return the p-value of the season (seasons, blocks) that differs most from the rest of the year, its index, and its z."""
    orders = np.vstack([np.arange(seasons.shape[1])[None], [rng.permutation(seasons.shape[1]) for _ in range(config.shuffles)]])
    joint, each = np.zeros((len(orders), len(seasons))), {}
    for name, table in counts.items():
        inside = np.einsum("sb,obk->osk", seasons.astype(np.float32), table[orders].astype(np.float32), optimize=True).astype(np.intp)
        values = _inside_ratios(table, inside)
        z = (values - values[1:].mean(axis=0)) / np.maximum(values[1:].std(axis=0), config.min_spread)
        joint += np.maximum(z, 0) ** 2
        each[name] = z[0]
    best, season = joint.max(axis=1), int(joint[0].argmax())
    p_value = (1 + int((best[1:] >= best[0]).sum())) / len(orders)
    return p_value, season, {name: float(z[season]) for name, z in each.items()}


def _window_ratios(table: np.ndarray, orders: np.ndarray, length: int) -> np.ndarray:
    values = np.empty((len(orders), len(table) - length + 1))
    for some in _chunks(len(orders), table.size):
        summed = np.zeros((len(orders[some]), len(table) + 1, table.shape[1]), dtype=np.int32)
        np.cumsum(table[orders[some]], axis=1, out=summed[:, 1:])
        values[some] = _inside_ratios(table, summed[:, length:] - summed[:, :-length])
    return values


def _chunks(count: int, size: int) -> Iterator[slice]:
    """Yield slices of orders whose tables fit in the processor's cache."""
    step = max(1, 100_000 // max(size, 1))
    for start in range(0, count, step):
        yield slice(start, start + step)


def _inside_ratios(table: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return (…,) G² of the counts inside (…, levels) against the rest of the table (blocks, levels)."""
    totals = table.sum(axis=0)
    each, whole = _ratio_terms(totals), _ratio_terms(totals.sum(keepdims=True))
    found = each.take(inside + (totals.cumsum() - totals), mode="clip").sum(axis=-1)
    return np.asarray(2 * UNIT * (found - whole[inside.sum(axis=-1)]))


def partition_ratio(counts: dict[str, np.ndarray], inside: np.ndarray) -> float:
    """Return G² of all features together, for blocks `inside` (blocks,) against the others."""
    total = 0.0
    for table in counts.values():
        both = np.array([table[inside].sum(axis=0), table[~inside].sum(axis=0)])
        plogp = _n_log_n(int(both.sum()))
        joined = both.sum(axis=0)
        parts = plogp[both].sum() - plogp[both.sum(axis=1)].sum()
        total += 2 * float(parts - plogp[joined].sum() + plogp[joined.sum()])
    return total


def _n_log_n(most: int) -> np.ndarray:
    counts = np.arange(most + 1, dtype=np.float64)
    counts[0] = 1.0  # 0 log 0 is 0
    return np.asarray(counts * np.log(counts), dtype=np.float32)
