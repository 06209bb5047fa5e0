"""The cleaning: one function a check, in the order of CHECKS, each over the table `events` and each saying what it did.

`events` has row (place in the file), person and thing (places in the tables of people and items), timestamp, utc_offset, behaviour, rating, latitude, longitude, text,
title, category, position, and the flags time_text, rating_text and place_text that say whether the file had something there.
A row dropped by one check is not counted by a later one, so rows in = rows kept + rows dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.datasets.source import count

Duplicates = Literal["keep", "drop"]
Missing = Literal["keep", "drop", "mean", "median", "interpolate"]


@dataclass(frozen=True)
class Rules:
    """What is done with what is wrong. `known` are the columns the source has; times after `now` are in the future."""

    duplicates: Duplicates = "keep"
    missing: Missing = "keep"
    known: frozenset[str] = frozenset()
    now: datetime | None = None

    def __post_init__(self) -> None:
        for name, value, choices in (("duplicates", self.duplicates, Duplicates), ("missing", self.missing, Missing)):
            if value not in get_args(choices):
                raise DataError(f"{name} is '{value}'; choose one of {', '.join(get_args(choices))}")


def clean_events(con: duckdb.DuckDBPyConnection, rules: Rules) -> tuple[Check, ...]:
    """Run every check over `events`, changing it; the report has every check, also where it found nothing."""
    return tuple(line for check in CHECKS for line in check(con, rules))


def missing_ids(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Without a person or an item a row says nothing."""
    return [_drop(con, "missing ids", "person IS NULL OR thing IS NULL")]


def unparsable_times(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """An event without a time has no place among events that have one."""
    if "timestamp" not in rules.known:
        return [Check("missing times", 0, "dropped"), Check("unparsable times", 0, "dropped")]
    return [
        _drop(con, "missing times", "timestamp IS NULL AND NOT time_text"),
        _drop(con, "unparsable times", "timestamp IS NULL AND time_text"),
    ]


def future_times(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    now = (rules.now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    return [_drop(con, "future times", f"timestamp > TIMESTAMP '{now.isoformat(sep=' ')}'")]


def ratings(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """What is no number counts as non-finite, what is empty as missing; both follow the rule for missing values."""
    unusable = "(rating IS NULL OR NOT isfinite(rating))" if "rating" in rules.known else "false"
    found = {
        "non-finite ratings": f"{unusable} AND rating_text",
        "missing ratings": f"{unusable} AND NOT rating_text",
    }
    return _treat_missing(con, found, ("rating",), rules)


def swapped_coordinates(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Latitude and longitude in each other's column: beyond ±90, or far from a city that the swapped place lies in."""
    beyond = "abs(latitude) > 90 AND abs(latitude) <= 180 AND abs(longitude) <= 90"
    middle = con.execute(
        "SELECT median(latitude), median(longitude), mad(latitude), mad(longitude) FROM events "
        "WHERE abs(latitude) <= 90 AND abs(longitude) <= 180"
    ).fetchone()
    if middle and middle[0] is not None and max(middle[2], middle[3]) < 2:
        there = f"abs(latitude - {middle[0]}) + abs(longitude - {middle[1]})"
        swapped = f"abs(longitude - {middle[0]}) + abs(latitude - {middle[1]})"
        beyond = f"({beyond}) OR ({there} > 20 AND {swapped} < 5)"
    rows = count(con, f"SELECT count(*) FROM events WHERE {beyond}")
    if rows:
        con.execute(f"UPDATE events SET latitude = longitude, longitude = latitude WHERE {beyond}")
    return [Check("swapped coordinates", rows, "filled")]


def coordinates(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Places outside the globe, or that are no numbers, are treated as missing ones are."""
    inside = "(COALESCE(abs(latitude) <= 90 AND abs(longitude) <= 180, false))"
    known = "true" if {"latitude", "longitude"} & rules.known else "false"
    found = {
        "out-of-range coordinates": f"{known} AND NOT {inside} AND place_text",
        "missing coordinates": f"{known} AND NOT {inside} AND NOT place_text",
    }
    return _treat_missing(con, found, ("latitude", "longitude"), rules)


def duplicates(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """The same person, item, time and behaviour once more; the first of them is no duplicate."""
    same = "person, thing, timestamp, behaviour, position"
    if rules.duplicates == "drop":
        first = f"SELECT row FROM (SELECT row, row_number() OVER (PARTITION BY {same} ORDER BY row) AS nth FROM events) WHERE nth = 1"
        return [_drop(con, "duplicates", f"row NOT IN ({first})")]
    again = f"SELECT (SELECT count(*) FROM events) - count(*) FROM (SELECT DISTINCT {same} FROM events)"
    return [Check("duplicates", count(con, again), "kept")]


def order(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Rows that the file has after a later event of the same person. They are sorted when the data is written."""
    before = "OVER (PARTITION BY person ORDER BY row ROWS UNBOUNDED PRECEDING)"
    late = f"SELECT timestamp < max(timestamp) {before} OR position < max(position) {before} AS late FROM events"
    return [Check("order", count(con, f"SELECT count(*) FROM ({late}) WHERE late"), "reordered")]


CHECKS: tuple[Callable[[duckdb.DuckDBPyConnection, Rules], list[Check]], ...] = (
    missing_ids,
    unparsable_times,
    future_times,
    ratings,
    swapped_coordinates,
    coordinates,
    duplicates,
    order,
)


def _drop(con: duckdb.DuckDBPyConnection, name: str, condition: str) -> Check:
    rows = count(con, f"SELECT count(*) FROM events WHERE {condition}")
    if rows:
        con.execute(f"DELETE FROM events WHERE {condition}")
    return Check(name, rows, "dropped")


def _treat_missing(con: duckdb.DuckDBPyConnection, found: dict[str, str], columns: tuple[str, ...], rules: Rules) -> list[Check]:
    """Count each kind of missing value, then drop, fill or empty them all by the rule."""
    if rules.missing == "drop":
        return [_drop(con, name, condition) for name, condition in found.items()]
    rows = {name: count(con, f"SELECT count(*) FROM events WHERE {condition}") for name, condition in found.items()}
    action = "kept" if rules.missing == "keep" else "filled"
    if not any(rows.values()):
        return [Check(name, 0, action) for name in rows]
    emptied = ", ".join(f"{column} = NULL" for column in columns)
    con.execute(f"UPDATE events SET {emptied} WHERE {' OR '.join(f'({condition})' for condition in found.values())}")
    if rules.missing == "keep":
        return [Check(name, found_rows, action) for name, found_rows in rows.items()]
    for column in columns:
        _FILL[rules.missing](con, column)
    left = count(con, f"SELECT count(*) FROM events WHERE {columns[0]} IS NULL")
    lines = [Check(name, found_rows, action) for name, found_rows in rows.items()]
    # Interpolation knows nothing of people who never gave a value, the mean nothing of a column without any.
    return [*lines, Check(f"of these, nothing to fill {' and '.join(columns)} from", left, "kept")] if left else lines


def _fill_with(aggregate: str) -> Callable[[duckdb.DuckDBPyConnection, str], None]:
    def fill(con: duckdb.DuckDBPyConnection, column: str) -> None:
        con.execute(f"UPDATE events SET {column} = (SELECT {aggregate}({column}) FROM events) WHERE {column} IS NULL")

    return fill


def _interpolate(con: duckdb.DuckDBPyConnection, column: str) -> None:
    """On the straight line between the same person's values before and after; the nearest one at either end."""
    moment = "COALESCE(epoch(timestamp), position, row)"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE filled AS
        SELECT row, CASE WHEN before IS NULL THEN after WHEN after IS NULL OR stop = start THEN before
                    ELSE before + (after - before) * (moment - start) / (stop - start) END AS value
        FROM (SELECT row, {column} AS value, {moment} AS moment,
                     last_value({column} IGNORE NULLS) OVER past AS before,
                     last_value(CASE WHEN {column} IS NOT NULL THEN {moment} END IGNORE NULLS) OVER past AS start,
                     first_value({column} IGNORE NULLS) OVER future AS after,
                     first_value(CASE WHEN {column} IS NOT NULL THEN {moment} END IGNORE NULLS) OVER future AS stop
              FROM events
              WINDOW past AS (PARTITION BY person ORDER BY {moment}, row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
                     future AS (PARTITION BY person ORDER BY {moment}, row ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING))
        WHERE value IS NULL
        """
    )
    con.execute(f"UPDATE events SET {column} = filled.value FROM filled WHERE events.row = filled.row")


_FILL: dict[str, Callable[[duckdb.DuckDBPyConnection, str], None]] = {
    "mean": _fill_with("avg"),
    "median": _fill_with("median"),
    "interpolate": _interpolate,
}
