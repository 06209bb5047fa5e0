"""The layout of a matrix: one row per user, one column per item, ratings in the cells."""

import re
from collections import defaultdict
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.importing.layouts.unfolding import (
    ROW_NUMBER,
    LayoutGuess,
    Unfolding,
    make_distinct_name,
    names_attributes,
    names_item_lists,
    names_items,
    names_times,
    names_users,
)
from recsys.datasets.source import quote_literal, quote_name

_EMPTY = ("", "na", "n/a", "nan", "null", "none", "-", "?")
_MARKS = {
    99.0: N_("matrix cells of 99, read as missing"),
    999.0: N_("matrix cells of 999, read as missing"),
    -99.0: N_("matrix cells of -99, read as missing"),
    -1.0: N_("matrix cells of -1, read as missing"),
    0.0: N_("matrix cells of 0, read as missing"),
}
_FEW, _MANY = 3, 10
_SAMPLE_CELLS = 200_000
_UNNAMED = re.compile(r"column (\d+)")


@dataclass(frozen=True)
class _Matrix:
    """The columns of a matrix. `rows` names the one that its rows stand for, `are_items` says that these are items and not users.

    `count` is a column with the number of ratings in the row, `mark` the number that stands for a missing rating.
    """

    cells: tuple[str, ...]
    rows: str | None
    are_items: bool
    count: str | None
    mark: float | None
    guess: LayoutGuess


def detect_matrix(sample: pd.DataFrame) -> LayoutGuess | None:
    """Return the guess that a table is a matrix of ratings; None where it cannot be."""
    found = _find_matrix(sample)
    return found.guess if found else None


def unfold_matrix(table_sql: str, columns: tuple[str, ...], sample: pd.DataFrame, con: duckdb.DuckDBPyConnection) -> Unfolding:
    """Return one row per filled cell; a table that is not a matrix is a DataError."""
    found = _find_matrix(sample)
    if found is None:
        raise DataError(
            _("no columns of ratings were found, one column per item; the columns are {columns}", columns=", ".join(columns[:20]))
        )
    rest = tuple(each for each in columns if each not in found.cells and each != found.count)
    item, rating = make_distinct_name("item", rest), make_distinct_name("rating", rest)
    texts = [f"CAST({quote_name(each)} AS VARCHAR) AS {quote_name(each)}" for each in (*rest, *found.cells)]
    rows = found.rows or make_distinct_name(ROW_NUMBER, columns)
    if found.rows is None:
        texts.append(f"(row_number() OVER ())::VARCHAR AS {quote_name(rows)}")
        rest = (*rest, rows)
    cells = ", ".join(map(quote_name, found.cells))
    filled = f"lower(trim(__value)) NOT IN ({', '.join(map(quote_literal, _EMPTY))})"
    marked = f"TRY_CAST(__value AS DOUBLE) IS NOT DISTINCT FROM {found.mark}" if found.mark is not None else "false"
    long = f"(SELECT {', '.join(texts)} FROM {table_sql}) UNPIVOT (__value FOR __name IN ({cells}))"
    first = _UNNAMED.fullmatch(found.cells[0])
    name = f"(replace(__name, 'column ', '')::INT - {int(first[1]) - 1})::VARCHAR" if first else "__name"
    kept = "".join(f"{quote_name(each)}, " for each in rest)
    sql = f"(SELECT {kept}{name} AS {quote_name(item)}, trim(__value) AS {quote_name(rating)} FROM {long} WHERE {filled} AND NOT {marked})"
    ratings, missing = con.execute(f"SELECT count_if({filled} AND NOT {marked}), count_if({marked}) FROM {long}").fetchone() or (0, 0)
    checks = [Check(N_("ratings read from the cells of a matrix"), ratings, "kept")]
    if missing and found.mark is not None:
        checks.append(Check(_MARKS[found.mark], missing, "dropped"))
    ids = {"user_id": item, "item_id": rows} if found.are_items else {"user_id": rows, "item_id": item}
    mapping = {**ids, "rating": rating}
    return Unfolding("matrix", sql, (*rest, item, rating), mapping, tuple(checks), found.guess.reason, found.guess.is_certain)


def _find_matrix(sample: pd.DataFrame) -> _Matrix | None:
    sample = sample.iloc[: max(20, _SAMPLE_CELLS // max(1, sample.shape[1]))]
    if len(sample.columns) < _FEW or sample.empty:
        return None
    numbers, are_numeric = _read_numbers(sample)
    cells, count = _split_off_first(_alike_columns(list(sample.columns), are_numeric), numbers)
    rest = [each for each in sample.columns if each not in cells and each != count]
    if not cells or (any(map(names_users, rest)) and any(names_items(each) or names_item_lists(each) for each in rest)):
        return None
    mark = _find_mark(numbers[cells])
    ratings = numbers[cells].where(numbers[cells] != mark)
    low, high = np.nanmin(ratings.to_numpy(), initial=np.inf), np.nanmax(ratings.to_numpy(), initial=-np.inf)
    if not (-10 <= low <= high <= 10 or 0 <= low <= high <= 100) or (len(cells) < _MANY and not rest):
        return None
    users = [each for each in rest if names_users(each)] or [each for each in rest[:1] if sample[each].is_unique]
    rows = users[0] if users else None
    are_items = rows is not None and names_items(rows) and not names_users(rows)
    is_certain = (
        len(cells) >= _MANY
        and len(rest) == len(users) == 1
        and not are_items
        and high <= 10
        and mark != 0
        and bool(ratings.isna().any(axis=None))
        and _are_on_one_scale(ratings)
    )
    guess = LayoutGuess("matrix", _explain_matrix(cells, (low, high), rows, are_items), is_certain)
    return _Matrix(tuple(cells), rows, are_items, count, mark, guess)


def _split_off_first(cells: list[str], numbers: pd.DataFrame) -> tuple[list[str], str | None]:
    """Return the columns of ratings and the column that counts them; in a file without names either it or the user may come first."""
    if not (cells and _UNNAMED.fullmatch(cells[0]) and len(cells) > _MANY):
        return cells, None
    first, others = cells[0], cells[1:]
    are_ratings = numbers[others].notna() & (numbers[others] != _find_mark(numbers[others]))
    if (numbers[first] == are_ratings.sum(axis=1)).all():
        return others, first
    is_user = numbers[first].is_unique and numbers[first].abs().max() > 10
    return (others if is_user else cells), None


def _explain_matrix(cells: list[str], limits: tuple[float, float], rows: str | None, are_items: bool) -> str:
    """Return the reason to take a table for a matrix; `rows` names the column of users or of items."""
    low, high = limits
    values = {"first": cells[0], "last": cells[-1], "low": format_number(low, 2), "high": format_number(high, 2)}
    if rows is None:
        return _(
            "columns '{first}' to '{last}' hold numbers from {low} to {high}, like the ratings of one item each, and no column holds "
            "users, so that every row is a user",
            **values,
        )
    if are_items:
        return _(
            "columns '{first}' to '{last}' hold numbers from {low} to {high}, like the ratings of one user each, and '{item}' the items",
            item=rows,
            **values,
        )
    return _("columns '{first}' to '{last}' hold numbers from {low} to {high}, like the ratings of one item each", **values)


def _read_numbers(sample: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the cells as numbers, NaN where they are empty, and for each column whether it holds nothing but numbers."""
    flat = pd.Series(sample.to_numpy().ravel()).astype("str").str.strip()
    is_empty = flat.isna() | flat.str.lower().isin(_EMPTY)
    numbers = pd.to_numeric(flat.where(~is_empty).str.replace(",", "."), errors="coerce").astype("float64")
    is_text = pd.DataFrame((numbers.isna() & ~is_empty).to_numpy().reshape(sample.shape), columns=sample.columns)
    return pd.DataFrame(numbers.to_numpy().reshape(sample.shape), columns=sample.columns), ~is_text.any()


def _alike_columns(columns: list[str], are_numeric: pd.Series) -> list[str]:
    """Return the columns that may be items: those numbered alike (joke1, joke2, …), else those of numbers without another role."""
    groups: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        if (match := re.fullmatch(r"(.*?)\d+", column)) and are_numeric[column]:
            groups[match[1]].append(column)
    numbered = max(groups.values(), key=len, default=[])
    if len(numbered) >= _FEW:
        return numbered
    named = (names_users, names_attributes, names_times)
    plain = [each for each in columns if are_numeric[each] and not any(is_named(each) for is_named in named)]
    return plain if len(plain) >= _MANY else []


def _find_mark(numbers: pd.DataFrame) -> float | None:
    """Return the number that stands for a missing rating: one far from all others, −1 below a scale, or 0 in most cells."""
    values = numbers.to_numpy().ravel()
    values = values[~np.isnan(values)]
    for mark in _MARKS:
        others = values[values != mark]
        if not len(others) or len(others) == len(values):
            continue
        gap = max(others.min() - mark, mark - others.max())
        is_far = abs(mark) >= 99 and gap > max(10.0, np.ptp(others))
        if is_far or (mark == -1 and others.min() >= 0) or (mark == 0 and others.min() > 0 and len(others) < len(values) / 2):
            return mark
    return None


def _are_on_one_scale(ratings: pd.DataFrame) -> bool:
    """Return whether the columns share a scale, with more than two values that occur again within a row unless they are fractions."""
    values = ratings.to_numpy()
    known = values[~np.isnan(values)]
    spans = (ratings.max() - ratings.min())[ratings.count() >= 5]
    is_shared = len(spans) > 0 and (spans >= np.ptp(known) / 3).mean() >= 0.8
    is_whole = bool((known % 1 == 0).all())
    occurs_again = any(pd.Series(row).dropna().duplicated().any() for row in values[:50])
    return bool(is_shared and len(np.unique(known)) > 2 and (occurs_again or not is_whole))
