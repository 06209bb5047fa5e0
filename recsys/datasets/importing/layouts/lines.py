"""The layout of lines: `user item item …`, one line per user, oldest event first, without times."""

import re
from pathlib import Path

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.translation import N_, _
from recsys.datasets.importing.header import is_moment, names_things
from recsys.datasets.importing.layouts.unfolding import PLACE, Unfolding
from recsys.datasets.source import Source, query_count, quote_name, quote_path, reading_errors

_STEP = re.compile(r"10(\.0+)?|\d(\.[05]0*)?")
_COLUMNS = {"user_id": "first word", "item_id": "further words", "position": "place in the line"}


def detect_lines(lines: list[str]) -> tuple[bool, bool]:
    """Return whether these are `user item item …` lines (every user once, lines of many lengths), and whether they may be columns too."""
    rows = [line.split() for line in lines]
    users, lengths = {row[0] for row in rows}, {len(row) for row in rows}
    if len(rows[0]) < 2 or names_things(rows[0]):
        return False, False
    if len(lengths) > 2 or len(users) <= len(rows) * 0.9:
        return len(lengths) > 2, False
    timed = sum(is_moment(row[-1]) for row in rows) > len(rows) * 0.9
    is_ambiguous = len(lengths) == 1 and lengths != {2}
    return not timed and not (lengths == {3} and _are_ratings(rows)), is_ambiguous


def _are_ratings(rows: list[list[str]]) -> bool:
    """Return whether all third words, and not all second ones, are small numbers in steps."""
    second, third = (all(_STEP.fullmatch(row[place]) for row in rows) for place in (1, 2))
    return third and not second


def lines_sql(path: Path) -> str:
    """Return the SQL table function that reads a file as one column, `line`."""
    return (
        f"read_csv({quote_path(path)}, delim = '\x01', header = false, quote = '', escape = '', auto_detect = false, "
        f"columns = {{'line': 'VARCHAR'}}, max_line_size = 33554432, compression = 'none', encoding = 'utf-8')"
    )


def unfold_lines(table_sql: str, columns: tuple[str, ...], sample: pd.DataFrame, con: duckdb.DuckDBPyConnection) -> Unfolding:
    """Return one row per item of the lines in the first column. Several lines of a user are joined in their order."""
    words = f"(SELECT string_split_regex(trim({quote_name(columns[0])}), '\\s+') AS words, row_number() OVER () AS line FROM {table_sql})"
    values = ("words[1]", "unnest(words[2:])", f"(line * {PLACE} + generate_subscripts(words[2:], 1))::VARCHAR")
    named = ", ".join(f"{value} AS {quote_name(name)}" for value, name in zip(values, _COLUMNS.values(), strict=True))
    empty = query_count(con, f"SELECT count(*) FROM {words} WHERE len(words) < 2 AND words[1] <> ''")
    checks = (Check(N_("users without items"), empty, "dropped"),)
    reason = _("every line is a user followed by items, oldest first")
    return Unfolding("lines", f"(SELECT {named} FROM {words})", tuple(_COLUMNS.values()), dict(_COLUMNS), checks, reason)


def read_lines(con: duckdb.DuckDBPyConnection, path: Path) -> Source:
    """Fill the table `raw` with one row per event of a file of lines."""
    with reading_errors(path):
        unfolding = unfold_lines(lines_sql(path), ("line",), pd.DataFrame(), con)
        named = ", ".join(f"{quote_name(column)} AS {key}" for key, column in unfolding.mapping.items())
        con.execute(f"CREATE TABLE raw AS SELECT {named} FROM {unfolding.sql}")
    return Source(path.name, unfolding.mapping, notes=unfolding.checks)
