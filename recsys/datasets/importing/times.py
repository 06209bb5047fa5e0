"""Detection of times: numbers or text, with or without a zone. An ambiguity that the whole column leaves is a question, never a guess."""

import re
from dataclasses import dataclass, replace
from typing import NoReturn

import duckdb

from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _
from recsys.datasets.importing.date_formats import DATE_ORDERS, DateFormats, find_formats
from recsys.datasets.importing.numeric_times import NUMBER, detect_numbers
from recsys.datasets.source import query_count, quote_literal

__all__ = ["DATE_ORDERS", "TimeReading", "detect_times"]

_CAST = 'TRY_CAST("timestamp" AS TIMESTAMPTZ)::TIMESTAMP'
# The cast also takes 01-02-24 for a date of the first century, and EST or CST for one of the zones that are called so.
_ISO = f"CASE WHEN {_CAST} BETWEEN TIMESTAMP '1000-01-01' AND TIMESTAMP '9999-12-31' THEN {_CAST} END"
# Texts that end in a digit or Z, and not in the name of a zone.
_PLAIN_END = "NOT (\"timestamp\"[-1] > '9' AND \"timestamp\"[-1] <> 'Z')"
_CLEAR_ZONE = f"({_PLAIN_END} OR regexp_matches(\"timestamp\", '(?i) (UTC|GMT|[a-z]+/[a-z_/]+)$'))"
_BLANK = "lower(trim(\"timestamp\")) IN ('', '-', 'nan', 'inf', '-inf', 'nat', 'null', 'none', 'n/a', '\\n')"
_DECIMAL_COMMA = r"\s*\d{5}(\d{5})?,\d+\s*"
_SAMPLE_ROWS = 1000
_MOST_SHAPES = 10_000
_UNREADABLE_SHARE = 0.01
_NOTES = {
    "day-first": N_("times: dates read day-first"),
    "month-first": N_("times: dates read month-first"),
    "year-first": N_("times: dates read year-first"),
}


@dataclass(frozen=True)
class TimeReading:
    """SQL that reads the times of a file.

    `sql` turns the VARCHAR column "timestamp" into a TIMESTAMP in UTC, NULL where it cannot be read; `note` is a line of the cleaning
    report, in English, that names an unusual format, else empty. `offset` is SQL for the minutes that the text states to be ahead of UTC. `position` means that
    the numbers are positions in an order, not times. `unreadable` are up to three values that are filled and cannot be read.
    """

    sql: str
    note: str = ""
    position: bool = False
    offset: str = "NULL::DOUBLE"
    unreadable: tuple[str, ...] = ()


def detect_times(
    con: duckdb.DuckDBPyConnection, where: str, column: str, dates: str | None = None, allow_unreadable: bool = False
) -> TimeReading:
    """Return the SQL for the column "timestamp" of the table `raw`; a column that can be read in several ways is a QuestionError.

    `dates` is one of DATE_ORDERS, for dates such as 01/02/2020. More than 1% of values that cannot be read are a QuestionError too, unless
    `allow_unreadable`. `where` and `column` name the file and its column in errors.
    """
    if dates is not None and dates not in DATE_ORDERS:
        raise DataError(_("dates is '{dates}'; give one of {orders}", dates=dates, orders=", ".join(DATE_ORDERS)))
    numeric = bool(
        query_count(con, f'SELECT count({NUMBER}) * 2 > count(*) FROM (FROM raw WHERE "timestamp" IS NOT NULL LIMIT {_SAMPLE_ROWS})')
    )
    numeric = numeric or _read_decimal_commas(con)
    iso: str | None = f"CASE WHEN {_CLEAR_ZONE} THEN {_ISO} END"
    if not numeric:
        filled, dates_found, plain = con.execute(
            f'SELECT count("timestamp"), count({_ISO}), count({_ISO}) FILTER ({_PLAIN_END}) FROM raw'
        ).fetchone() or (0, 0, 0)
        if filled and plain == filled:
            return TimeReading(_CAST, offset=_OFFSET)
        if plain == dates_found:
            iso = _ISO if dates_found else None
    numbers, empty = con.execute(
        f"SELECT count(*) FILTER (isfinite({NUMBER})), count(*) FILTER ({NUMBER} IS NULL) FROM raw"
    ).fetchone() or (0, 0)
    rest = empty and query_count(con, f'SELECT count(*) FROM raw WHERE {NUMBER} IS NULL AND "timestamp" IS NOT NULL AND NOT {_BLANK}')
    if not numbers and not rest:
        return TimeReading("NULL::TIMESTAMP")
    if numbers >= rest:
        sql, note = detect_numbers(con, where, column)
        reading = TimeReading(sql or "NULL::TIMESTAMP", note, position=sql is None)
    else:
        reading = _detect_texts(con, where, column, dates, iso)
    return _check_unreadable(con, where, column, reading, allow_unreadable)


def _read_decimal_commas(con: duckdb.DuckDBPyConnection) -> bool:
    """Write numbers of days or seconds such as 45292,75 with a point; return whether the column holds such numbers."""
    written = f"contains(\"timestamp\", ',') AND regexp_full_match(\"timestamp\", '{_DECIMAL_COMMA}')"
    sample = f'FROM raw WHERE "timestamp" IS NOT NULL LIMIT {_SAMPLE_ROWS}'
    if not query_count(con, f"SELECT count(*) FILTER ({written}) * 2 > count(*) FROM ({sample})"):
        return False
    con.execute(f"UPDATE raw SET \"timestamp\" = replace(\"timestamp\", ',', '.') WHERE {written}")
    return True


def _detect_texts(con: duckdb.DuckDBPyConnection, where: str, column: str, dates: str | None, iso: str | None) -> TimeReading:
    """Return the SQL for written dates; `iso` is the SQL of those that DuckDB casts, None if there are none."""
    condition = '"timestamp" IS NOT NULL' + (f" AND {iso} IS NULL" if iso else "")
    shapes = con.execute(
        f"SELECT translate(\"timestamp\", '123456789', '000000000') AS shape FROM raw WHERE {condition} "
        f"GROUP BY shape ORDER BY count(*) DESC, shape LIMIT {_MOST_SHAPES}"
    ).fetchall()
    found = find_formats(shape for (shape,) in shapes)
    text = found.rewrite_sql('"timestamp"')
    readings = {order: _parse_sql(text, formats) for order, formats in found.formats.items()}
    order = "day-first"
    if found.orders_differ:
        order = dates or _settle_order(con, where, column, readings, condition, found)
    sql = f"COALESCE({iso}, {readings[order]})" if iso else readings[order]
    return TimeReading(sql, _NOTES[order] if found.orders_differ else "", offset=_OFFSET if iso or found.has_offsets else "NULL::DOUBLE")


def _parse_sql(text: str, formats: list[str]) -> str:
    if not formats:
        return "NULL::TIMESTAMP"
    parsed = f"TRY_STRPTIME({text}, [{', '.join(map(quote_literal, formats))}])::TIMESTAMP"
    return f"CASE WHEN year({parsed}) BETWEEN 1000 AND 9999 THEN {parsed} END"


def _settle_order(
    con: duckdb.DuckDBPyConnection, where: str, column: str, readings: dict[str, str], condition: str, found: DateFormats
) -> str:
    """Return the only order under which every date of the column is one; a QuestionError if there is none, or several."""
    day, month, year = (f'"{order}"' for order in DATE_ORDERS)
    columns = ", ".join(f'{sql} AS "{order}"' for order, sql in readings.items())
    table = f'(SELECT "timestamp" AS text, {columns} FROM raw WHERE {condition})'
    *counts, most, days, years = con.execute(
        f"SELECT count({day}), count({month}), count({year}), count(COALESCE({day}, {month}, {year})), "
        f"count(DISTINCT day({day})), count(DISTINCT year({day})) FROM {table}"
    ).fetchone() or (0, 0, 0, 0, 0, 0)
    valid = [order for order, count in zip(DATE_ORDERS, counts) if count == most]
    if not valid:
        _ask_about_contradiction(con, where, column, table, dict(zip(DATE_ORDERS, counts)))
    if found.usually_day_first and "day-first" in valid and "month-first" in valid:
        valid.remove("month-first")
    # A log has more days than years. Dates of a few days only, or with as many years, could also begin with the year.
    many_days = days >= years if found.usually_day_first else days >= max(12, 2 * years)
    if "day-first" in valid and "year-first" in valid and many_days:
        valid.remove("year-first")
    rivals = [
        order for order in valid[1:] if con.execute(f'SELECT 1 FROM {table} WHERE "{order}" <> "{valid[0]}" LIMIT 1').fetchone() is not None
    ]
    if rivals:
        _ask_about_order(con, where, column, table, [valid[0], *rivals])
    return valid[0]


def _ask_about_contradiction(con: duckdb.DuckDBPyConnection, where: str, column: str, table: str, counts: dict[str, int]) -> NoReturn:
    order, other = sorted(DATE_ORDERS, key=lambda each: -counts[each])[:2]
    alone = [f'"{a}" IS NOT NULL AND "{b}" IS NULL' for a, b in ((order, other), (other, order))]
    found = con.execute(
        f"SELECT {', '.join(f'count(*) FILTER ({each}), min(text) FILTER ({each})' for each in alone)}, count(*) FROM {table}"
    ).fetchone() or (0, "", 0, "", 0)
    # An order that reads all but a few dates is likelier than one that reads those few.
    is_likely = found[2] <= _UNREADABLE_SHARE * found[4]
    raise QuestionError(
        _(
            "{file}: column '{column}' has {count} dates that are valid {order} only, for example '{example}', and {other_count} that are "
            "valid {other} only, for example '{other_example}'; choose the order of day and month",
            file=where,
            column=column,
            count=format_number(found[0]),
            order=order,
            example=found[1],
            other_count=format_number(found[2]),
            other=other,
            other_example=found[3],
        ),
        *(("--dates", order) if is_likely else ()),
        option="--dates",
        choices=(order, other),
    )


def _ask_about_order(con: duckdb.DuckDBPyConnection, where: str, column: str, table: str, orders: list[str]) -> NoReturn:
    differ = " AND ".join(f'"{order}" <> "{orders[0]}"' for order in orders[1:])
    any_differs = differ.replace(" AND ", " OR ")
    columns = ", ".join(f'CAST("{order}" AS DATE)' for order in orders)
    example, *moments = con.execute(
        f"SELECT text, {columns} FROM {table} WHERE {any_differs} ORDER BY ({differ}) DESC, text LIMIT 1"
    ).fetchone() or ("", *orders)
    values = dict(
        file=where,
        column=column,
        example=example,
        readings=join_words((f"{moment} ({order})" for order, moment in zip(orders, moments)), "or"),
    )
    in_time_order = [order for order in orders if _is_in_time_order(con, table, order)]
    if len(in_time_order) == 1:
        raise QuestionError(
            _(
                "{file}: column '{column}' contains dates that can be read in several ways: '{example}' is {readings}; choose one (the rows are in "
                "time order if read {likely})",
                likely=in_time_order[0],
                **values,
            ),
            "--dates",
            in_time_order[0],
            choices=orders,
        )
    # A clock of twelve hours is American where the date has slashes.
    is_american = "month-first" in orders and re.search(r"/.*[AaPp]\.?\s?[Mm]\b", example)
    raise QuestionError(
        _("{file}: column '{column}' contains dates that can be read in several ways: '{example}' is {readings}; choose one", **values),
        *(("--dates", "month-first") if is_american else ()),
        option="--dates",
        choices=orders,
    )


def _is_in_time_order(con: duckdb.DuckDBPyConnection, table: str, order: str) -> bool:
    """Return whether the rows of the file go forward in time only, or backward only."""
    moments = f'SELECT "{order}" AS moment FROM {table} WHERE "{order}" IS NOT NULL'
    steps = f"SELECT moment, lag(moment) OVER () AS before FROM ({moments})"
    row = con.execute(f"SELECT bool_or(moment < before), bool_or(moment > before) FROM ({steps})").fetchone()
    return row is not None and not (row[0] and row[1])


def _check_unreadable(con: duckdb.DuckDBPyConnection, where: str, column: str, reading: TimeReading, allow_unreadable: bool) -> TimeReading:
    """Return the reading with examples of what it cannot read; a QuestionError if that is more than 1% of the filled values."""
    read = f"CASE WHEN isfinite({NUMBER}) THEN 0 END" if reading.position else reading.sql
    if not query_count(con, f'SELECT count("timestamp") - count({read}) FROM raw'):
        return reading
    lost = f'SELECT "timestamp" AS text FROM raw WHERE "timestamp" IS NOT NULL AND {read} IS NULL AND NOT {_BLANK}'
    count = query_count(con, f"SELECT count(*) FROM ({lost})")
    if not count:
        return reading
    filled = query_count(con, f'SELECT count(*) FROM raw WHERE "timestamp" IS NOT NULL AND NOT {_BLANK}')
    examples = tuple(
        " ".join(text.split())[:60]
        for (text,) in con.execute(f"SELECT text FROM ({lost}) GROUP BY text ORDER BY count(*) DESC, text LIMIT 3").fetchall()
    )
    if allow_unreadable or count <= _UNREADABLE_SHARE * filled:
        return replace(reading, unreadable=examples)
    values = dict(file=where, column=column, count=format_number(count), filled=format_number(filled))
    zone = next((found for text in examples if (found := re.search(r":\d\d(?: ?[AaPp]\.?[Mm]\.?)? ?\(?([A-Z]{2,5})\)?$", text))), None)
    if zone and zone[1] not in ("AM", "PM"):
        message = _(
            "{file}: column '{column}': {count} of {filled} times are in the zone {zone}, for example '{example}', an abbreviation with "
            "several meanings; write offsets such as +01:00 instead, or drop these rows",
            zone=zone[1],
            example=zone.string,
            **values,
        )
    else:
        message = _(
            "{file}: column '{column}': {count} of {filled} values cannot be read as times, for example {examples}; map another column, "
            "correct them, or drop these rows",
            examples=", ".join(f"'{text}'" for text in examples),
            **values,
        )
    raise QuestionError(message, *(("--rows", "unreadable-times=drop") if count < filled else ()))


def _offset_minutes() -> str:
    """Return SQL for the offset that a time states, in minutes; NULL where it states none."""
    pattern = r"(?:\d\d:\d\d(?:[:.\d]*)?\s*)(?:[AaPp]\.?[Mm]\.?\s*)?(?:UTC|GMT)?([+-])(\d\d):?(\d\d)?(?:\s+\d{4}|\s*\([^)]*\))?\s*$"
    sign, hours, minutes = (f"regexp_extract(\"timestamp\", '{pattern}', {group})" for group in (1, 2, 3))
    total = f"TRY_CAST({hours} AS INT) * 60 + COALESCE(TRY_CAST({minutes} AS INT), 0)"
    return f"CASE {sign} WHEN '+' THEN {total} WHEN '-' THEN -({total}) END"


_OFFSET = _offset_minutes()
