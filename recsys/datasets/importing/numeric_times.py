"""Detection of times that are numbers: seconds to nanoseconds since 1970, dates such as 20240102, days as Excel counts them, years."""

import duckdb

from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.source import query_count

NUMBER = 'TRY_CAST("timestamp" AS DOUBLE)'

_UNITS = {N_("seconds"): 1e6, N_("milliseconds"): 1e3, N_("microseconds"): 1.0, N_("nanoseconds"): 1e-3}  # in microseconds
# Times from 1973 to 2286 are numbers of different sizes in each unit: no number is one in two units.
_EARLIEST, _LATEST = 1e8, 1e10
_COMPACT = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%g"}
_POSITIONS_BELOW = 1e8
_MOST = 0.9


def detect_numbers(con: duckdb.DuckDBPyConnection, where: str, column: str) -> tuple[str | None, str]:
    """Return the SQL that reads the numbers of the column "timestamp", None if they are positions in an order, and a note for the report."""
    sizes = [f"abs(x) BETWEEN {_EARLIEST * 1e6 / factor} AND {_LATEST * 1e6 / factor}" for factor in _UNITS.values()]
    counted = ", ".join(f"count(*) FILTER ({each})" for each in sizes)
    total, low, high, *counts = con.execute(
        f"SELECT count(*), min(x), max(x), {counted} FROM (SELECT {NUMBER} AS x FROM raw) WHERE isfinite(x)"
    ).fetchone() or (0, 0, 0)
    largest = max(-low, high)

    def has_most(lowest: float, above: float, share: float = _MOST) -> bool:
        is_inside = f"{NUMBER} >= {lowest} AND {NUMBER} < {above}"
        return low < above and high >= lowest and query_count(con, f"SELECT count(*) FROM raw WHERE {is_inside}") > share * total

    for length, written in _COMPACT.items():
        sql = _compact_sql(length, written)
        # Few other numbers are valid dates: one in eight has a month from 01 to 12 in its place, one in three a day from 01 to 31.
        lowest, above = (year * 10 ** (length - 4) for year in (1900, 2101))
        if has_most(lowest, above, 0.5) and query_count(con, f"SELECT count({sql}) FROM raw") * 2 > total:
            return sql, N_("times: dates YYYYMMDD") if length == 8 else N_("times: dates and times as one number, YYYYMMDDHHMMSS")
    if has_most(1900, 2101):
        is_year = f"{NUMBER} BETWEEN 1900 AND 2100 AND {NUMBER} % 1 = 0"
        return (
            f"CASE WHEN {is_year} THEN make_timestamp(TRY_CAST({NUMBER} AS BIGINT), 1, 1, 0, 0, 0) END",
            N_("times: years, read as their first day"),
        )
    if has_most(25_569, 80_000):
        return _moment(f"({NUMBER} - 25569) * 864e8"), N_("times: days since 1900, as Excel counts them")
    if largest < _POSITIONS_BELOW:
        _refuse_year_last(con, where, column, total, largest)
        return None, N_("times: read as positions in a sequence")
    return _moment(f"{NUMBER} * {_UNITS[_find_unit(con, where, column, total, dict(zip(_UNITS, counts)))]}"), ""


def _find_unit(con: duckdb.DuckDBPyConnection, where: str, column: str, total: int, in_unit: dict[str, int]) -> str:
    """Return the unit of which the numbers are times; a DataError if they are in several."""
    unit, other, *_rest = sorted(in_unit, key=lambda each: -in_unit[each])
    if in_unit[other]:
        raise DataError(
            _(
                "{file}: column '{column}' contains {unit}, but {count} of its times look like {other}; write all in one unit",
                file=where,
                column=column,
                unit=_(unit),
                count=format_number(in_unit[other]),
                other=_(other),
            )
        )
    if in_unit[unit] * 2 < total:
        row = con.execute(
            f'SELECT arg_min("timestamp", {NUMBER}), arg_max("timestamp", {NUMBER}) FROM raw WHERE isfinite({NUMBER})'
        ).fetchone()
        low, high = row or ("", "")
        raise QuestionError(
            _(
                "{file}: column '{column}' contains numbers from {low} to {high}, which are not all times in one unit; map another column as "
                "the time, or none",
                file=where,
                column=column,
                low=low,
                high=high,
            )
        )
    return unit


def _refuse_year_last(con: duckdb.DuckDBPyConnection, where: str, column: str, total: int, largest: float) -> None:
    """Raise a QuestionError for dates such as 31012024, which would otherwise be taken for positions."""
    if largest < 1_01_1900:
        return
    dates = "TRY_STRPTIME(lpad(TRY_CAST(TRY_CAST(\"timestamp\" AS BIGINT) AS VARCHAR), 8, '0'), ['%d%m%Y', '%m%d%Y'])"
    found, example = con.execute(f'SELECT count(*), min("timestamp") FROM raw WHERE year({dates}) BETWEEN 1900 AND 2100').fetchone() or (
        0,
        "",
    )
    if found > _MOST * total:
        raise QuestionError(
            _(
                "{file}: column '{column}' contains numbers such as {example}, which look like dates with the year last; write them as "
                "2024-01-31",
                file=where,
                column=column,
                example=example,
            )
        )


def _compact_sql(length: int, written: str) -> str:
    """Return SQL that reads dates such as 20240102, also as 20240102.0."""
    digits = f"regexp_extract(\"timestamp\", '^\\s*(\\d{{{length}}})(\\.0*)?\\s*$', 1)"
    return f"TRY_STRPTIME({digits}, '{written}')"


def _moment(micros: str) -> str:
    return f"CASE WHEN abs({micros}) < 2.5e17 THEN make_timestamp(CAST(round({micros}) AS BIGINT)) END"
