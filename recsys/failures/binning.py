"""Bins of numbers with limits that a person can read: 20 and 100, not 18.4 and 97; 1 hour and 7 days, not 4,012 seconds."""

import math
import re
from collections.abc import Sequence

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

BIN = r"(?:-?[\d.e+-]+)?:(?:-?[\d.e+-]+)?"
"""Key of a bin."""


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
    """Return the bin (n,) of each value, −1 where it is NaN, and the keys of the bins: ":5", "5:20", "20:", each without its upper limit."""
    codes = np.where(np.isnan(values), -1, np.searchsorted(np.asarray(limits, dtype=np.float64), values, side="right"))
    ends = ["", *(f"{limit:.12g}" for limit in limits), ""]
    return codes, tuple(f"{low}:{high}" for low, high in zip(ends, ends[1:], strict=False))


def read_bin(key: str) -> tuple[float, float]:
    """Return the limits of a bin by its key; infinite where it has none."""
    low, high = key.split(":")
    return float(low or "-inf"), float(high or "inf")


def is_bin(value: str) -> bool:
    """Return whether a value is the key of a bin."""
    return re.fullmatch(BIN, value) is not None
