"""Local time of the simulated city: one hour ahead of UTC, two in summer, by the rule of the European Union."""

import numpy as np

START = np.datetime64("2024-01-01")  # a Monday


def to_utc(local_seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return UTC seconds since 1970 and the offset in minutes, for local seconds since `START`."""
    local = START.astype("datetime64[s]").astype(np.int64) + local_seconds
    # The offset depends on UTC; an hour that does not exist in spring is read as the one after it.
    utc = np.where(_summer(local - 7200), local - 7200, local - 3600)
    return utc, np.where(_summer(utc), 120, 60).astype(np.int16)


def _summer(utc: np.ndarray) -> np.ndarray:
    index = np.clip(np.searchsorted(_BEGIN, utc, side="right") - 1, 0, len(_YEARS) - 1)
    return (utc >= _BEGIN[index]) & (utc < _END[index])


def _last_sunday(years: np.ndarray, month: int) -> np.ndarray:
    """Return midnight UTC, in seconds, of the last Sunday of a month of 31 days."""
    last = np.array([f"{year}-{month:02d}-31" for year in years], dtype="datetime64[D]").astype(np.int64)
    return (last - (last + 4) % 7) * 86400  # day 0 of 1970 was a Thursday: (day + 4) % 7 is 0 on Sundays


_YEARS = np.arange(2024, 2100)
_BEGIN, _END = _last_sunday(_YEARS, 3) + 3600, _last_sunday(_YEARS, 10) + 3600
