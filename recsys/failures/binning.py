"""Bins of numbers with limits that a person can read: 20 and 100, not 18.4 and 97; 1 hour and 7 days, not 4,012 seconds."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

N_BINS = 5
LEEWAY = 0.06
"""Share of the cases by which a limit may lie beside its quantile for the sake of a rounder number."""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
GAPS = tuple(
    each * unit
    for unit, counts in ((MINUTE, (1, 10)), (HOUR, (1, 3, 6, 12)), (DAY, (1, 2, 3, 7, 14, 30, 90, 365, 1_095)))
    for each in counts
)
"""Limits of gaps between events, in seconds."""

BIN = re.compile(r"[\[(]([^,]+),([^,]+)\)")
"""Keys of bins: (-inf,5), [5,20), [20,inf)."""


def choose_limits(values: np.ndarray, ladder: Sequence[float] = ()) -> list[float]:
    """Return ascending limits that divide the known `values` (n,) into at most five bins of similar size.

    Each limit is the roundest number near a quantile, or of the `ladder` the number nearest to it by ratio. No bin is empty.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    limits = set()
    for share in np.arange(1, N_BINS) / N_BINS:
        low, middle, high = np.quantile(known, [share - LEEWAY, share, share + LEEWAY])
        limits.add(min(ladder, key=lambda each: abs(math.log(each / max(middle, 1e-9)))) if ladder else roundest(low, high))
    ascending = sorted(limits)
    counts = np.bincount(np.searchsorted(ascending, known, side="right"), minlength=len(ascending) + 1)
    return [limit for at, limit in enumerate(ascending) if counts[at] and counts[at + 1 :].any()]


def roundest(low: float, high: float) -> float:
    """Return the roundest number from `low` to `high`: a multiple of the largest of …, 100, 50, 20, 10, 5, 2, 1, … that has one there."""
    if low <= 0 <= high:
        return 0.0
    if not high > low:
        return float(low)
    power = math.ceil(math.log10(max(abs(low), abs(high))))
    while True:
        for factor in (10, 5, 2):
            step = factor * 10.0 ** (power - 1)
            multiple = math.ceil(low / step - 1e-9)
            if multiple * step <= high:
                return float(f"{multiple * step:.12g}")
        power -= 1


def bin_values(values: np.ndarray, limits: Sequence[float]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the bin (n,) of each value, −1 where it is NaN, and the keys of the bins, none of which holds its upper limit."""
    codes = np.where(np.isnan(values), -1, np.searchsorted(np.asarray(limits, dtype=np.float64), values, side="right"))
    return codes, tuple(name_bin(low, high) for low, high in pairwise((-np.inf, *limits, np.inf)))


def name_bin(low: float, high: float) -> str:
    """Return the key of a bin: [5,20)."""
    return f"{'(' if math.isinf(low) else '['}{low:.12g},{high:.12g})"


def read_bin(key: str) -> tuple[float, float] | None:
    """Return the limits of a bin by its key; None for another value."""
    found = BIN.fullmatch(key)
    try:
        return (float(found[1]), float(found[2])) if found else None
    except ValueError:
        return None
