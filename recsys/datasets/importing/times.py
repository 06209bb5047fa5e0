"""Detection of times: numbers or text, with or without a zone. An ambiguous column is an error and never guessed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.source import query_count, quote_literal

DATE_ORDERS = ("day-first", "month-first")

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %H:%M %z", " %H:%M:%S %z", " %H:%M:%S%z")
_DAY_FIRST = [f"%d{mark}%m{mark}{year}{clock}" for mark in "/-" for year in ("%y", "%Y") for clock in _CLOCKS]
_MONTH_FIRST = [f"%m{mark}%d{mark}{year}{clock}" for mark in "/-" for year in ("%y", "%Y") for clock in _CLOCKS]
# Dates with names of months, and dotted dates (written day first everywhere), are unambiguous.
_UNAMBIGUOUS = [
    f"{date}{clock}"
    for date in ("%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%a, %d %b %Y")
    for clock in _CLOCKS
] + ["%a %b %d %H:%M:%S %z %Y", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S"]

ISO = 'TRY_CAST("timestamp" AS TIMESTAMPTZ)::TIMESTAMP'
_NUMBER = 'TRY_CAST("timestamp" AS DOUBLE)'
_SANE = "CASE WHEN year({sql}) BETWEEN 1000 AND 9999 THEN {sql} END"


# Regular expressions of the directives of strptime, to find the formats that match a text.
_FIELDS = {
    **dict.fromkeys("dmHIMS", r"\d{1,2}"),
    "y": r"\d\d",
    "Y": r"\d{4}",
    "f": r"\d{1,9}",
    "p": "[AaPp][Mm]",
    "z": r"(?:Z|[+-]\d\d:?(?:\d\d)?)",
    "a": "[A-Za-z]{3}",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]+",
}


@dataclass(frozen=True)
class TimeReading:
    """SQL that reads the times of a file.

    `sql` turns the VARCHAR column "timestamp" into a TIMESTAMP in UTC, NULL where it cannot be read; `note` is a line of the cleaning
    report, in English, that names an unusual format, else empty. `offset` is SQL for the minutes that the text states to be ahead of UTC. `position` means that
    the numbers are positions in an order, not times.
    """

    sql: str
    note: str = ""
    position: bool = False
    offset: str = "NULL::DOUBLE"


def detect_times(con: duckdb.DuckDBPyConnection, where: str, column: str, dates: str | None = None) -> TimeReading:
    """Return the SQL for the column "timestamp" of the table `raw`; an ambiguous column is a DataError.

    `dates` is day-first or month-first, for ambiguous dates such as 01/02/2020. `where` and `column` name the file and its column in
    errors.
    """
    if dates is not None and dates not in DATE_ORDERS:
        raise DataError(_("dates is '{dates}'; give day-first or month-first", dates=dates))
    filled = query_count(con, 'SELECT count("timestamp") FROM raw')
    numbers = query_count(con, f"SELECT count(*) FROM raw WHERE isfinite({_NUMBER})")
    if filled == 0 or numbers * 2 > filled:
        return _numbers(con, where, column)
    if query_count(con, f"SELECT count({ISO}) FROM raw") == filled:
        return TimeReading(_SANE.format(sql=ISO), offset=_offset_minutes())
    return _text(con, where, column, dates)


def _numbers(con: duckdb.DuckDBPyConnection, where: str, column: str) -> TimeReading:
    low, middle, high = con.execute(
        f"SELECT min(x), median(abs(x)), max(x) FROM (SELECT {_NUMBER} x FROM raw) WHERE isfinite(x)"
    ).fetchone() or (None, None, None)
    if low is not None and low >= 19_000_101 and high <= 99_991_231 and high < 1e8:
        sql = "TRY_STRPTIME(CAST(TRY_CAST(\"timestamp\" AS BIGINT) AS VARCHAR), '%Y%m%d')"
        if query_count(con, f"SELECT count({sql}) FROM raw") * 2 > query_count(con, 'SELECT count("timestamp") FROM raw'):
            return TimeReading(sql, N_("times: dates YYYYMMDD"))
    if low is not None and low >= 1900 and high <= 2100 and _all_whole(con):
        return TimeReading(f"make_timestamp(TRY_CAST({_NUMBER} AS BIGINT), 1, 1, 0, 0, 0)", N_("times: years, read as their first day"))
    if low is not None and low >= 20_000 and high < 80_000:
        return TimeReading(_moment(f"({_NUMBER} - 25569) * 864e8"), N_("times: days since 1900, as Excel counts them"))
    if high is not None and high < 1e8 and low >= 0:
        return TimeReading("NULL::TIMESTAMP", N_("times: read as positions in a sequence"), position=True)
    units = (
        (1e11, 1e6, N_("seconds")),
        (1e14, 1e3, N_("milliseconds")),
        (1e17, 1, N_("microseconds")),
        (float("inf"), 1e-3, N_("nanoseconds")),
    )
    _limit, factor, label = next(unit for unit in units if (middle or 0) < unit[0])
    # Seconds of this century read as milliseconds are weeks of 1970, and milliseconds read as seconds a distant future.
    stray = {"seconds": (6e11, 4.2e12, "milliseconds"), "milliseconds": (6e8, 4.2e9, "seconds")}.get(label)
    if stray is not None:
        found = query_count(con, f"SELECT count(*) FROM raw WHERE {_NUMBER} BETWEEN {stray[0]} AND {stray[1]}")
        if found:
            raise DataError(
                _(
                    "{file}: column '{column}' contains {unit}, but {count} of its times look like {other}; write all in one unit",
                    file=where,
                    column=column,
                    unit=_(label),
                    count=format_number(found),
                    other=_(stray[2]),
                )
            )
    return TimeReading(_moment(f"{_NUMBER} * {factor}"))


def _moment(micros: str) -> str:
    return f"CASE WHEN abs({micros}) < 2.5e17 THEN make_timestamp(CAST(round({micros}) AS BIGINT)) END"


def _all_whole(con: duckdb.DuckDBPyConnection) -> bool:
    return not query_count(con, f"SELECT count(*) FROM raw WHERE isfinite({_NUMBER}) AND {_NUMBER} % 1 <> 0")


def _text(con: duckdb.DuckDBPyConnection, where: str, column: str, dates: str | None) -> TimeReading:
    # Trying a hundred formats on every row is slow: only those that match a sample are tried.
    rows = con.execute(
        f'SELECT "timestamp" FROM raw WHERE "timestamp" IS NOT NULL AND {ISO} IS NULL USING SAMPLE reservoir(5000 ROWS) REPEATABLE (1)'
    ).fetchall()
    examples = {re.sub(r"[A-Za-z]", "a", re.sub(r"\d", "0", text)): text.strip() for (text,) in rows}.values()
    day, month, unambiguous = (_parse_sql(_matching(examples, formats)) for formats in (_DAY_FIRST, _MONTH_FIRST, _UNAMBIGUOUS))
    readings = f'SELECT {day} AS day, {month} AS month, "timestamp" AS text FROM raw WHERE {ISO} IS NULL'
    only_day, only_month, example = con.execute(
        f"SELECT count(*) FILTER (month IS NULL AND day IS NOT NULL), count(*) FILTER (day IS NULL AND month IS NOT NULL), "
        f"min(text) FILTER (day <> month) FROM ({readings})"
    ).fetchone() or (0, 0, None)
    if dates is None and (only_day and only_month):
        raise DataError(
            _(
                "{file}: column '{column}' has {day_first} dates that are valid day first only and {month_first} that are valid month first "
                "only; choose day first or month first (on the command line, --dates day-first)",
                file=where,
                column=column,
                day_first=format_number(only_day),
                month_first=format_number(only_month),
            )
        )
    if dates is None and example is not None and not only_day and not only_month:
        raise DataError(
            _(
                "{file}: column '{column}' contains dates that can be read two ways, for example '{example}'; choose day first or month "
                "first (on the command line, --dates day-first)",
                file=where,
                column=column,
                example=example,
            )
        )
    order = dates or ("day-first" if only_day or not only_month else "month-first")
    slashed = example is not None or only_day or only_month
    either = day if order == "day-first" else month
    note = "" if not slashed else N_("times: dates read day-first") if order == "day-first" else N_("times: dates read month-first")
    return TimeReading(_SANE.format(sql=f"COALESCE({ISO}, {either}, {unambiguous})"), note, offset=_offset_minutes())


def _matching(examples: Iterable[str], formats: list[str]) -> list[str]:
    patterns = {each: re.compile(re.sub("%(.)", lambda found: _FIELDS[found[1]], re.escape(each).replace("\\%", "%"))) for each in formats}
    return [each for each, pattern in patterns.items() if any(pattern.fullmatch(text) for text in examples)]


def _parse_sql(formats: list[str]) -> str:
    return f'TRY_STRPTIME("timestamp", [{", ".join(map(quote_literal, formats))}])::TIMESTAMP' if formats else "NULL::TIMESTAMP"


def _offset_minutes() -> str:
    """Return SQL for the offset that a time states, in minutes; NULL where it states none."""
    pattern = r"(?:\d\d:\d\d(?:[:.\d]*)?\s*)([+-])(\d\d):?(\d\d)?(?:\s+\d{4})?$"
    sign, hours, minutes = (f"regexp_extract(\"timestamp\", '{pattern}', {group})" for group in (1, 2, 3))
    total = f"TRY_CAST({hours} AS INT) * 60 + COALESCE(TRY_CAST({minutes} AS INT), 0)"
    return f"CASE {sign} WHEN '+' THEN {total} WHEN '-' THEN -({total}) END"
