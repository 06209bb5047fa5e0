"""The layout of impressions: cells of shown items, each marked 1 if it was clicked and 0 if not (`N1-1 N2-0`, as in MIND)."""

import re

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.translation import N_, _
from recsys.datasets.importing.layouts.list_cells import find_notation, read_lists
from recsys.datasets.importing.layouts.unfolding import SEARCHED_COLUMNS, LayoutGuess, Unfolding, make_distinct_name
from recsys.datasets.source import query_count, quote_name

_MARKED = re.compile(r"\s*\S+-[01](\s+\S+-[01])*\s*")


def detect_impressions(sample: pd.DataFrame) -> LayoutGuess | None:
    """Return the guess that a column holds shown items with marks of clicks; None where none does."""
    column = find_impressions(sample)
    if column is None:
        return None
    example = sample[column].dropna().iloc[0].strip()[:60]
    reason = _("column '{column}' holds shown items, marked 1 where they were clicked, for example {value}", column=column, value=example)
    return LayoutGuess("impressions", reason)


def unfold_impressions(table_sql: str, columns: tuple[str, ...], sample: pd.DataFrame, con: duckdb.DuckDBPyConnection) -> Unfolding:
    """Return one row per shown item with the behaviour click or impression; a table without marks of clicks is a DataError.

    A column of histories is left out: `unfold_lists` reads it instead of the clicks.
    """
    column, guess = find_impressions(sample), detect_impressions(sample)
    if column is None or guess is None:
        raise DataError(_("no column holds shown items such as N1-1 N2-0; the columns are {columns}", columns=", ".join(columns[:20])))
    histories = _find_histories(sample, column)
    rest = tuple(each for each in columns if each != column and each not in histories)
    behaviour = make_distinct_name("behaviour", rest)
    kept = "".join(f"CAST({quote_name(each)} AS VARCHAR) AS {quote_name(each)}, " for each in rest)
    cell = f"trim(CAST({quote_name(column)} AS VARCHAR), e' \\t\\r\\n')"
    shown = f"(SELECT {kept}unnest(string_split_regex({cell}, '\\s+')) AS __shown FROM {table_sql} WHERE {cell} <> '')"
    sql = (
        f"(SELECT {''.join(f'{quote_name(each)}, ' for each in rest)}regexp_replace(__shown, '-[01]$', '') AS {quote_name(column)}, "
        f"CASE WHEN ends_with(__shown, '-1') THEN 'click' ELSE 'impression' END AS {quote_name(behaviour)} FROM {shown})"
    )
    unmarked = query_count(con, f"SELECT count(*) FROM {shown} WHERE NOT regexp_matches(__shown, '-[01]$')")
    unread = query_count(con, f"SELECT count(*) FROM {table_sql} WHERE trim({quote_name(histories[0])}) <> ''") if histories else 0
    checks = (
        Check(N_("clicks read from impressions"), query_count(con, f"SELECT count(*) FROM {shown} WHERE ends_with(__shown, '-1')"), "kept"),
        Check(N_("shown items without a mark of a click, read as not clicked"), unmarked, "kept"),
        Check(N_("histories next to the impressions, not read; --layout lists reads them instead"), unread, "dropped"),
    )
    mapping = {"item_id": column, "behaviour": behaviour}
    return Unfolding("impressions", sql, (*rest, column, behaviour), mapping, tuple(check for check in checks if check.rows), guess.reason)


def find_impressions(sample: pd.DataFrame) -> str | None:
    """Return the column whose cells all hold items with marks, of which some are 0 and some 1."""
    for column in sample.columns[:SEARCHED_COLUMNS]:
        cells = sample[column].dropna()
        cells = cells[cells.str.strip() != ""]
        if (
            len(cells)
            and all(map(_MARKED.fullmatch, cells))
            and cells.str.contains(r"-1(?:\s|$)").any()
            and cells.str.contains(r"-0(?:\s|$)").any()
        ):
            return column
    return None


def _find_histories(sample: pd.DataFrame, column: str) -> list[str]:
    """Return the columns with lists of the items that the impressions have."""
    shown = {re.sub(r"-[01]$", "", each) for cell in sample[column].dropna() for each in cell.split()}
    found = []
    for other in sample.columns[:SEARCHED_COLUMNS].drop(column, errors="ignore"):
        notation = find_notation(sample[other])
        items = {each for row in read_lists(sample[other], notation) for each in row} if notation else set()
        if items and len(items & shown) >= len(items) / 2:
            found.append(other)
    return found
