"""The layout of lists: a column whose cells hold several items, in the order they have.

Some files repeat themselves. In augmented data (`item_id_list`, `item_id`) every row is a history and the item that followed it, and
the next row of the user has both as its history; in others a history just grows. There every event is read once: what the list of a
row adds to the user's row before, then the item that followed. What only a list has gets the time of its row, as its own is not in
the file, and stands before the item that followed.
"""

from dataclasses import dataclass

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.translation import N_, _
from recsys.datasets.importing.layouts.impressions import find_impressions
from recsys.datasets.importing.layouts.list_cells import Notation, find_notation, has_codes, has_common_parts, list_sql, read_lists
from recsys.datasets.importing.layouts.unfolding import (
    PLACE,
    ROW_NUMBER,
    SEARCHED_COLUMNS,
    LayoutGuess,
    Unfolding,
    make_distinct_name,
    names_attributes,
    names_item_lists,
    names_items,
    names_recommendations,
    names_targets,
    names_times,
    names_users,
)
from recsys.datasets.source import query_count, quote_name

_COUNTS = {
    "rows": "count(*)",
    "items": "sum(len(__list))",
    "empty": "count_if(len(__list) = 0)",
    "plain": "count_if(__is_plain)",
}
_STEP_COUNTS = _COUNTS | {
    "items": "sum(len(__events))",
    "pairs": "count_if(__previous IS NOT NULL)",
    "continued": "count_if(__is_continued)",
}
_COMPARED_ROWS = 50_000
_FEW_PAIRS = 20


def detect_lists(sample: pd.DataFrame) -> LayoutGuess | None:
    """Return the guess that a column holds lists of items; None where none does."""
    found = _find_lists(sample)
    return found[1] if found else None


def unfold_lists(table_sql: str, columns: tuple[str, ...], sample: pd.DataFrame, con: duckdb.DuckDBPyConnection) -> Unfolding:
    """Return one row per item of the lists; a table without lists is a DataError."""
    found = _find_lists(sample)
    if found is None:
        raise DataError(_("no column holds lists of items; the columns are {columns}", columns=", ".join(columns[:20])))
    table, guess = _find_columns(found[0], table_sql, columns, sample, con), found[1]
    rows = _rows_sql(table, table_sql, con)
    steps = _steps_sql(table, rows)
    once = table.target is not None or _repeat_themselves(table, table_sql, con)
    counts = _count(steps, _STEP_COUNTS, con) if once else _count(rows, _COUNTS, con)
    checks = [Check(N_("events read from lists of items"), counts["items"], "kept")]
    if once:
        sliced = "".join(f", {name}[len(__list) - len(__events) + 1:] AS {name}" for name in table.parallel.values())
        rows = f"(SELECT * REPLACE (__events AS __list{sliced}) FROM {steps})"
        checks.append(Check(N_("rows whose list repeats the user's row before, each event read once"), counts["continued"], "kept"))
    if table.target:
        checks.append(Check(N_("events that only a list has, read before the item of its row"), counts["items"] - counts["rows"], "kept"))
    else:
        checks.append(Check(N_("rows with an empty list"), counts["empty"], "dropped"))
    checks.append(Check(N_("cells without brackets, read as one item"), counts["plain"], "kept"))
    doubt = _find_doubt(table, counts)
    place = make_distinct_name("place in the list", columns)
    unnested = {table.lists: "__list", **table.parallel}
    named = {
        column: f"unnest({unnested[column]})" if column in unnested else quote_name(column)
        for column in columns
        if column in unnested or column in table.rest
    }
    named[place] = f"({'__step' if once else '__row'} * {PLACE} + generate_subscripts(__list, 1))::VARCHAR"
    mapping = {"item_id": table.lists, "position": place}
    if not table.rest:
        mapping["user_id"] = make_distinct_name(ROW_NUMBER, columns)
        named[mapping["user_id"]] = "__row::VARCHAR"
    return Unfolding(
        "lists",
        f"(SELECT {', '.join(f'{sql} AS {quote_name(column)}' for column, sql in named.items())} FROM {rows})",
        tuple(named),
        mapping,
        tuple(check for check in checks if check.rows),
        doubt or guess.reason,
        guess.is_certain and not doubt,
    )


def _find_lists(sample: pd.DataFrame) -> tuple[str, LayoutGuess] | None:
    """Return the column of item lists with the guess, of several the one that is certain, else the first."""
    has_items = any(names_items(column) or names_item_lists(column) for column in sample.columns)
    guesses = [(column, guess) for column in sample.columns[:SEARCHED_COLUMNS] if (guess := _judge(column, sample[column], has_items))]
    return min(guesses, key=lambda each: not each[1].is_certain, default=None)


def _judge(column: str, cells: pd.Series, has_items: bool) -> LayoutGuess | None:
    """Judge one column by its name and cells; attributes of items, such as genres, are not unfolded."""
    notation = find_notation(cells)
    several, one = names_item_lists(column), names_items(column)
    if notation is None or names_attributes(column) or (names_users(column) and not several):
        return None
    values = {"column": column, "value": cells[cells.str.contains(r"\w", na=False)].iloc[0].strip()[:60]}
    if names_recommendations(column):
        reason = _("column '{column}' holds recommended items rather than what users did, for example {value}", **values)
        return LayoutGuess("lists", reason, is_certain=False)
    are_ids = notation == "brackets" or has_codes(cells, notation)
    if not are_ids and (notation == "spaces" or not has_common_parts(cells, notation)):
        return None
    if not (several or one or (are_ids and not has_items)):
        return None
    is_certain = are_ids and (several or (one and notation == "brackets"))
    return LayoutGuess("lists", _("column '{column}' holds lists of items, for example {value}", **values), is_certain)


@dataclass(frozen=True)
class _ListColumns:
    """The columns of a table of lists.

    `target` is the item that followed the list. Rows are compared by `user`, in the order of `time`. `parallel` maps columns of lists
    as long as those of the items, such as their times or ratings, to internal names; `rest` are all other columns.
    """

    lists: str
    target: str | None
    user: str | None
    time: str | None
    parallel: dict[str, str]
    rest: tuple[str, ...]
    notations: dict[str, Notation]


def _find_columns(
    column: str, table_sql: str, columns: tuple[str, ...], sample: pd.DataFrame, con: duckdb.DuckDBPyConnection
) -> _ListColumns:
    notations = {each: notation for each in columns[:SEARCHED_COLUMNS] if (notation := find_notation(sample[each]))}
    lists = {each: read_lists(sample[each], notation) for each, notation in notations.items()}
    ids = {item for row in lists[column] for item in row}
    lengths = [len(row) for row in lists[column]]
    others = [each for each in columns if each not in (column, find_impressions(sample))]
    target = next((each for each in others if names_targets(each) and _are_among(sample[each], ids)), None)
    alike = [each for each in others if each in lists and not target and [len(row) for row in lists[each]] == lengths]
    parallel = {each: f"__list{n}" for n, each in enumerate(alike) if len(set(lengths)) > 1}
    rest = tuple(each for each in others if each != target and each not in parallel)
    user = next((each for each in rest if names_users(each)), None) or _find_repeating(rest, table_sql, con)
    time = next((each for each in rest if names_times(each)), None)
    return _ListColumns(column, target, user, time, parallel, rest, notations)


def _find_repeating(columns: tuple[str, ...], table_sql: str, con: duckdb.DuckDBPyConnection) -> str | None:
    """Return the first column in which most values occur in several rows, as users do."""
    columns = tuple(each for each in columns[:SEARCHED_COLUMNS] if not names_times(each))
    if not columns:
        return None
    numbers = ", ".join(f"approx_count_distinct({quote_name(each)})" for each in columns)
    rows, *distinct = con.execute(f"SELECT count(*), {numbers} FROM {table_sql}").fetchone() or (0,)
    return next((each for each, number in zip(columns, distinct, strict=False) if 1 < number < 0.7 * rows), None)


def _are_among(values: pd.Series, ids: set[str]) -> bool:
    """Return whether the values are mostly ids of the lists, and not two marks such as 0 and 1."""
    found = set(values.dropna())
    return len(found) > 2 and len(found & ids) >= len(found) / 2


def _rows_sql(table: _ListColumns, table_sql: str, con: duckdb.DuckDBPyConnection) -> str:
    """Return the rows of the table with their numbers, lists and targets."""

    def text(column: str) -> str:
        return f"CAST({quote_name(column)} AS VARCHAR)"

    cell = text(table.lists)
    is_plain = rf"regexp_matches({cell}, '^\s*[^\s\[({{]')" if table.notations[table.lists] == "brackets" else "false"
    columns = {
        "__row": "row_number() OVER ()",
        "__target": text(table.target) if table.target else "NULL::VARCHAR",
        "__is_plain": is_plain,
        "__list": f"COALESCE({list_sql(cell, table.notations[table.lists], con)}, [])",
        **{name: f"COALESCE({list_sql(text(column), table.notations[column], con)}, [])" for column, name in table.parallel.items()},
        **{quote_name(column): text(column) for column in table.rest},
    }
    return f"(SELECT {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} FROM {table_sql})"


def _steps_sql(table: _ListColumns, rows: str) -> str:
    """Return the rows, each compared with the user's row before: __is_continued, and __events, which this row adds."""
    followed = "list_append(__previous, __previous_target)" if table.target else "__previous"
    kept = f"__list[:len({followed})] = {followed}"
    # The oldest items of long histories are cut off; the latest is still the target of the row before.
    is_cut = "COALESCE(__list[-1] = __previous_target, false)"
    added = f"CASE WHEN __previous IS NULL THEN __list WHEN {kept} THEN __list[len({followed}) + 1:] WHEN {is_cut} THEN [] ELSE __list END"
    name = quote_name(table.time) if table.time else "NULL"
    time = f"COALESCE(TRY_CAST({name} AS DOUBLE), epoch(TRY_CAST({name} AS TIMESTAMP)))"
    window = f"(PARTITION BY {quote_name(table.user) if table.user else '__row'} ORDER BY {time}, len(__list), __row)"
    return f"""(
        SELECT *, __previous IS NOT NULL AND ({kept} OR {is_cut}) AS __is_continued,
            list_concat({added}, {"[__target]" if table.target else "[]"}) AS __events
        FROM (SELECT *, row_number() OVER w AS __step, lag(__list) OVER w AS __previous, lag(__target) OVER w AS __previous_target
              FROM {rows} WINDOW w AS {window}))"""


def _repeat_themselves(table: _ListColumns, table_sql: str, con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the lists of a user continue each other, by the rows of some of the users."""
    if table.user is None:
        return False
    part = max(1, query_count(con, f"SELECT count(*) FROM {table_sql}") // _COMPARED_ROWS)
    some = f"(SELECT * FROM {table_sql} WHERE hash({quote_name(table.user)}) % {part} = 0)"
    counts = _count(_steps_sql(table, _rows_sql(table, some, con)), _STEP_COUNTS, con)
    return counts["continued"] >= 0.9 * counts["pairs"] > 0


def _count(rows: str, wanted: dict[str, str], con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = con.execute(f"SELECT {', '.join(wanted.values())} FROM {rows}").fetchone() or ()
    return {name: int(count or 0) for name, count in zip(wanted, found, strict=True)}


def _find_doubt(table: _ListColumns, counts: dict[str, int]) -> str:
    """Return the reason to ask that the whole file gives; empty where it gives none."""
    pairs, continued = counts.get("pairs", 0), counts.get("continued", 0)
    if not table.rest:
        return _("column '{column}' holds lists of items and no column holds users, so that every row is a user", column=table.lists)
    if table.target and continued < 0.9 * pairs:
        return _(
            "column '{column}' holds lists and '{target}' the item that followed, but the lists of a user do not continue each other",
            column=table.lists,
            target=table.target,
        )
    if not table.target and 0 < pairs < _FEW_PAIRS:
        return _("the lists in column '{column}' seem to repeat those of the user's row before", column=table.lists)
    return ""
