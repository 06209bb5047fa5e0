"""Cleaning of events: one function per check, run in the order of CHECKS over the table `events`, each reporting what it did.

`events` has row (number in the file), user_code and item_code (numbers in the tables of user and item ids), timestamp, utc_offset,
behaviour, rating, latitude, longitude, text, title, category, position, and the flags time_text, rating_text and place_text for values
that are not empty in the file. A row dropped by one check is not counted by a later one: rows in = rows kept + rows dropped.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.translation import N_, _
from recsys.datasets.importing.odd_times import find_odd_times
from recsys.datasets.source import query_count

Duplicates = Literal["keep", "drop"]
Missing = Literal["keep", "drop", "mean", "median", "interpolate"]


@dataclass(frozen=True)
class Rules:
    """The treatment of duplicates, missing values and odd times.

    `known` are the columns of the source; times after `now` are in the future; `unreadable` are examples of times that cannot be read.
    """

    duplicates: Duplicates = "keep"
    missing: Missing = "keep"
    known: frozenset[str] = frozenset()
    now: datetime | None = None
    odd_times: Literal["keep", "drop"] | None = None
    unreadable: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("duplicates", self.duplicates, Duplicates),
            ("missing", self.missing, Missing),
            ("odd_times", self.odd_times or "keep", Duplicates),
        ):
            if value not in get_args(choices):
                raise DataError(
                    _("{setting} is '{value}'; choose one of {choices}", setting=name, value=value, choices=", ".join(get_args(choices)))
                )


def clean_events(con: duckdb.DuckDBPyConnection, rules: Rules) -> tuple[Check, ...]:
    """Run every check over `events`, changing the table; the report contains every check, also those that found nothing."""
    return tuple(line for check in CHECKS for line in check(con, rules))


def filled_columns(con: duckdb.DuckDBPyConnection, columns: Iterable[str]) -> list[str]:
    """Return the columns of `events` that have a value in any row: sorting and comparing rows by the others only takes time."""
    named = list(columns)
    counts = con.execute(f"SELECT {', '.join(f'count({column})' for column in named)} FROM events").fetchone() or ()
    return [column for column, rows in zip(named, counts, strict=True) if rows]


def drop_missing_ids(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Drop rows without a user or an item."""
    return [_drop(con, N_("missing ids"), "user_code IS NULL OR item_code IS NULL")]


def drop_unusable_times(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Drop events without a readable time, which cannot be ordered among those that have one."""
    if "timestamp" not in rules.known:
        return [Check("missing times", 0, "dropped"), Check("unparsable times", 0, "dropped")]
    return [
        _drop(con, N_("missing times"), "timestamp IS NULL AND NOT time_text"),
        _with_examples(_drop(con, N_("unparsable times"), "timestamp IS NULL AND time_text"), rules.unreadable),
    ]


def _with_examples(check: Check, examples: Sequence[str]) -> Check:
    if not (check.rows and examples):
        return check
    return check._replace(check=N_("unparsable times, such as {examples}"), values={"examples": ", ".join(map(repr, examples))})


def drop_future_times(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Drop events later than `now`."""
    now = (rules.now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    return [_drop(con, N_("future times"), f"timestamp > TIMESTAMP '{now.isoformat(sep=' ')}'")]


def treat_odd_times(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Keep or drop times that are rarely those of the events; without a choice, only zeros that stand for a missing time are dropped."""
    lines = []
    for kind in find_odd_times(con):
        is_dropped = rules.odd_times == "drop" or (rules.odd_times is None and kind.is_missing)
        check = _drop(con, kind.check, kind.condition) if is_dropped else Check(kind.check, kind.rows, "kept")
        lines.append(check._replace(check=kind.found, values={"example": kind.example}, choice="odd-times") if check.rows else check)
    return lines


def clean_ratings(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Treat ratings that are not numbers (counted as non-finite) or are empty by the rule for missing values."""
    unusable = "(rating IS NULL OR NOT isfinite(rating))" if "rating" in rules.known else "false"
    found = {
        N_("non-finite ratings"): f"{unusable} AND rating_text",
        N_("missing ratings"): f"{unusable} AND NOT rating_text",
    }
    return _treat_missing(con, found, ("rating",), N_("of these, no other values to estimate rating from"), rules)


def unswap_coordinates(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Swap latitude and longitude back if the latitude is beyond ±90, or only the swapped place lies near all others."""
    beyond = "abs(latitude) > 90 AND abs(latitude) <= 180 AND abs(longitude) <= 90"
    middle = con.execute(
        "SELECT median(latitude), median(longitude), mad(latitude), mad(longitude) FROM events "
        "WHERE abs(latitude) <= 90 AND abs(longitude) <= 180"
    ).fetchone()
    if middle and middle[0] is not None and max(middle[2], middle[3]) < 2:
        there = f"abs(latitude - {middle[0]}) + abs(longitude - {middle[1]})"
        swapped = f"abs(longitude - {middle[0]}) + abs(latitude - {middle[1]})"
        beyond = f"({beyond}) OR ({there} > 20 AND {swapped} < 5)"
    rows = query_count(con, f"SELECT count(*) FROM events WHERE {beyond}")
    if rows:
        con.execute(f"UPDATE events SET latitude = longitude, longitude = latitude WHERE {beyond}")
    return [Check("swapped coordinates", rows, "filled")]


def clean_coordinates(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Treat coordinates that are out of range or not numbers by the rule for missing values."""
    inside = "(COALESCE(abs(latitude) <= 90 AND abs(longitude) <= 180, false))"
    known = "true" if {"latitude", "longitude"} & rules.known else "false"
    found = {
        N_("out-of-range coordinates"): f"{known} AND NOT {inside} AND place_text",
        N_("missing coordinates"): f"{known} AND NOT {inside} AND NOT place_text",
    }
    unfilled = N_("of these, no other values to estimate latitude and longitude from")
    return _treat_missing(con, found, ("latitude", "longitude"), unfilled, rules)


def handle_duplicates(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Count or drop rows that repeat the user, item, time and behaviour of an earlier row."""
    same = ", ".join(("user_code", "item_code", *filled_columns(con, ("timestamp", "behaviour", "position"))))
    if rules.duplicates == "drop":
        first = f"SELECT row FROM (SELECT row, row_number() OVER (PARTITION BY {same} ORDER BY row) AS nth FROM events) WHERE nth = 1"
        return [_drop(con, N_("duplicates"), f"row NOT IN ({first})")]
    again = f"SELECT (SELECT count(*) FROM events) - count(*) FROM (SELECT DISTINCT {same} FROM events)"
    return [Check("duplicates", query_count(con, again), "kept")]


def count_unordered(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Check]:
    """Count rows that follow a later event of the same user in the file; they are sorted when the data is written."""
    before = "OVER (PARTITION BY user_code ORDER BY row ROWS UNBOUNDED PRECEDING)"
    late = " OR ".join(f"{column} < max({column}) {before}" for column in filled_columns(con, ("timestamp", "position")))
    rows = query_count(con, f"SELECT count(*) FROM (SELECT {late} AS late FROM events) WHERE late") if late else 0
    return [Check("order", rows, "reordered")]


CHECKS: tuple[Callable[[duckdb.DuckDBPyConnection, Rules], list[Check]], ...] = (
    drop_missing_ids,
    drop_unusable_times,
    drop_future_times,
    treat_odd_times,
    clean_ratings,
    unswap_coordinates,
    clean_coordinates,
    handle_duplicates,
    count_unordered,
)


def _drop(con: duckdb.DuckDBPyConnection, name: str, condition: str) -> Check:
    rows = query_count(con, f"SELECT count(*) FROM events WHERE {condition}")
    if rows:
        con.execute(f"DELETE FROM events WHERE {condition}")
    return Check(name, rows, "dropped")


def _treat_missing(
    con: duckdb.DuckDBPyConnection, found: dict[str, str], columns: tuple[str, ...], unfilled: str, rules: Rules
) -> list[Check]:
    """Count each kind of missing value, then drop, fill or empty them all by the rule; `unfilled` names those that cannot be filled."""
    if rules.missing == "drop":
        return [_drop(con, name, condition) for name, condition in found.items()]
    rows = {name: query_count(con, f"SELECT count(*) FROM events WHERE {condition}") for name, condition in found.items()}
    action = "kept" if rules.missing == "keep" else "filled"
    if not any(rows.values()):
        return [Check(name, 0, action) for name in rows]
    emptied = ", ".join(f"{column} = NULL" for column in columns)
    con.execute(f"UPDATE events SET {emptied} WHERE {' OR '.join(f'({condition})' for condition in found.values())}")
    if rules.missing == "keep":
        return [Check(name, found_rows, action) for name, found_rows in rows.items()]
    for column in columns:
        _FILL[rules.missing](con, column)
    left = query_count(con, f"SELECT count(*) FROM events WHERE {columns[0]} IS NULL")
    lines = [Check(name, found_rows, action) for name, found_rows in rows.items()]
    # Interpolation needs one value of the same user, a mean or median one value in the column.
    return [*lines, Check(unfilled, left, "kept")] if left else lines


def _fill_with(aggregate: str) -> Callable[[duckdb.DuckDBPyConnection, str], None]:
    def fill(con: duckdb.DuckDBPyConnection, column: str) -> None:
        con.execute(f"UPDATE events SET {column} = (SELECT {aggregate}({column}) FROM events) WHERE {column} IS NULL")

    return fill


def _interpolate(con: duckdb.DuckDBPyConnection, column: str) -> None:
    """Fill missing values on the straight line between the same user's values before and after, at either end with the nearest one."""
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
              WINDOW past AS (PARTITION BY user_code ORDER BY {moment}, row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
                     future AS (PARTITION BY user_code ORDER BY {moment}, row ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING))
        WHERE value IS NULL
        """
    )
    con.execute(f"UPDATE events SET {column} = filled.value FROM filled WHERE events.row = filled.row")


_FILL: dict[str, Callable[[duckdb.DuckDBPyConnection, str], None]] = {
    "mean": _fill_with("avg"),
    "median": _fill_with("median"),
    "interpolate": _interpolate,
}
