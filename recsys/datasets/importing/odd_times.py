"""Times that are rarely those of the events: zero, which is 1970-01-01, earlier ones while most are later, and those far from all others."""

from datetime import datetime, timedelta
from typing import NamedTuple

import duckdb

from recsys.core.translation import N_
from recsys.datasets.source import query_count

# Zero is 1970-01-01 00:00 in UTC, and lies up to a day around it where a program wrote it as a local time.
_ZERO, _ZERO_ENDS = datetime(1969, 12, 31), datetime(1970, 1, 2)
_ZERO_SHARE = 0.05
_LEAST_GAP = timedelta(days=5 * 365)
_SPANS = 10


class OddTimes(NamedTuple):
    """One kind of odd times: the name of its check, also with an example, the SQL condition in the table `events`, one of the dates, and how many there are.

    `is_missing`: they stand for a missing time, so that their rows are dropped unless the user decides otherwise.
    """

    check: str
    found: str
    condition: str
    example: str
    rows: int
    is_missing: bool = False


def find_odd_times(con: duckdb.DuckDBPyConnection) -> tuple[OddTimes, OddTimes, OddTimes]:
    """Return the odd times of the table `events`: zeros, times before them, and times far from all others.

    Zeros are missing times if they are at most 5% of the rows. Far is more than ten times the span of the central 98% of the times, and
    five years, before or after that span.
    """
    count, low, high = con.execute("SELECT count(timestamp), min(timestamp), max(timestamp) FROM events").fetchone() or (0, None, None)
    is_zero = is_early = is_far = "false"
    if count and (low < _ZERO_ENDS or high - low > _LEAST_GAP):
        tail = min(max(0.01, 1.5 / count), 0.5)  # at least one time on each side is outside: a single odd one does not widen the span
        row = con.execute(f"SELECT quantile_disc(timestamp, [{tail}, 0.5, {1 - tail}]) FROM events").fetchone()
        first, middle, last = row[0] if row else (low, low, high)
        if middle >= _ZERO_ENDS:
            is_zero = f"timestamp >= TIMESTAMP '{_ZERO}' AND timestamp < TIMESTAMP '{_ZERO_ENDS}'"
            is_early = f"timestamp < TIMESTAMP '{_ZERO}'"
        gap = max(_SPANS * (last - first), _LEAST_GAP) // timedelta(microseconds=1)
        start, end = ((moment - datetime(1970, 1, 1)) // timedelta(microseconds=1) for moment in (first, last))
        is_far = f"NOT epoch_us(timestamp) BETWEEN {start - gap} AND {end + gap} AND NOT ({is_zero}) AND NOT ({is_early})"
    zeros = _count(con, N_("times of 1970-01-01, a zero"), N_("times of 1970-01-01, a zero, for example {example}"), is_zero)
    return (
        zeros._replace(is_missing=zeros.rows <= _ZERO_SHARE * count),
        _count(
            con,
            N_("times before 1970, where most are later"),
            N_("times before 1970, where most are later, for example {example}"),
            is_early,
        ),
        _count(con, N_("times far from all others"), N_("times far from all others, for example {example}"), is_far),
    )


def _count(con: duckdb.DuckDBPyConnection, check: str, found: str, condition: str) -> OddTimes:
    if condition == "false":
        return OddTimes(check, found, condition, "", 0)
    rows = query_count(con, f"SELECT count(*) FROM events WHERE {condition}")
    row = con.execute(f"SELECT CAST(min(timestamp) AS DATE) FROM events WHERE {condition}").fetchone() if rows else None
    return OddTimes(check, found, condition, str(row[0]) if row else "", rows)
