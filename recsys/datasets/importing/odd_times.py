"""Times that are rarely those of the events: about 1970 or earlier while most are later, and far from all others."""

from datetime import datetime, timedelta

import duckdb

from recsys.core.translation import N_

_EPOCH = datetime(1970, 1, 2)  # zero, the most frequent time that is none, and its neighbours in other zones
_LEAST_GAP = timedelta(days=5 * 365)
_SPANS = 10


def find_odd_times(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return, by the name of a check, the SQL condition for its odd times in the table `events`, and one of them as an example.

    Far is more than ten times the span of the central 98% of the times, and five years, before or after that span.
    """
    early, far = N_("times before 1970-01-02, where most are later"), N_("times far from all others")
    count, low, high = con.execute("SELECT count(timestamp), min(timestamp), max(timestamp) FROM events").fetchone() or (0, None, None)
    if not count or (low >= _EPOCH and high - low <= _LEAST_GAP):
        return {early: ("false", ""), far: ("false", "")}
    tail = max(0.01, 1.5 / count)  # at least one time on each side is outside, so that a single odd one does not widen the span
    row = con.execute(f"SELECT quantile_disc(timestamp, [{tail}, 0.5, {max(1 - tail, 0.5)}]) FROM events").fetchone()
    first, middle, last = row[0] if row else (low, low, low)
    is_early = f"timestamp < TIMESTAMP '{_EPOCH}'" if middle >= _EPOCH else "false"
    gap = max(_SPANS * (last - first), _LEAST_GAP)
    before, after = (
        f"epoch_us(timestamp) {sign} {_micros(moment)}" for sign, moment in ((f"+ {_micros(gap)} <", first), (f"- {_micros(gap)} >", last))
    )
    is_far = f"(({before}) OR ({after})) AND NOT ({is_early})"
    return {name: (condition, _example(con, condition)) for name, condition in ((early, is_early), (far, is_far))}


def _micros(moment: datetime | timedelta) -> int:
    return (moment if isinstance(moment, timedelta) else moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _example(con: duckdb.DuckDBPyConnection, condition: str) -> str:
    row = con.execute(f"SELECT CAST(min(timestamp) AS DATE) FROM events WHERE {condition}").fetchone()
    return str(row[0]) if row else ""
