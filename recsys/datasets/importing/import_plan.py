"""The plan of an import: the format, the layout and the roles of the columns of a file, decided before its rows are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.translation import _
from recsys.datasets.importing.behaviours import check_meanings
from recsys.datasets.importing.column_roles import RoleGuess, describe_header, guess_roles, question_for, read_sample
from recsys.datasets.importing.file_format import FileFormat, open_file
from recsys.datasets.importing.id_columns import ONE_USER
from recsys.datasets.importing.ids import list_id_columns
from recsys.datasets.importing.layouts import Layout, Unfolding, ask_layout, detect_layout, unfold
from recsys.datasets.importing.layouts.lines import lines_sql
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.row_choices import short_play_seconds
from recsys.datasets.importing.row_kinds import RowKind, guess_row_kinds
from recsys.datasets.source import KEYS, reading_errors

ID_ROLES = ("user_id", "item_id")
_FEW_ROWS = 5


@dataclass(frozen=True, eq=False)
class ImportPlan:
    """The reading of one file.

    Attributes:
        file: the name of the file.
        file_format: its format.
        layout: the layout of its rows.
        sql: SQL, as for a FROM clause, that gives one row per event.
        columns: the columns of `sql`; those of the file where its rows are events.
        sample: the first rows of `sql` as text.
        guess: the roles of the columns as guessed, with reasons and what is not certain.
        mapping: the roles as they will be read: those given, and the guess for the others.
        kinds: the kinds of rows that may occur.
        notes: lines of the cleaning report that say how the file was read.
        question: what must be asked before the rows are read; None where all is certain or given.
    """

    file: str
    file_format: FileFormat
    layout: Layout
    sql: str
    columns: tuple[str, ...]
    sample: pd.DataFrame
    guess: RoleGuess
    mapping: dict[str, str]
    kinds: tuple[RowKind, ...]
    notes: tuple[Check, ...]
    question: QuestionError | None


class _EventTable(NamedTuple):
    """A file with its layout applied; fields as in ImportPlan, and `decided`, the roles that the layout decides."""

    layout: Layout
    sql: str
    columns: tuple[str, ...]
    sample: pd.DataFrame
    decided: Mapping[str, str]
    notes: tuple[Check, ...]
    question: QuestionError | None


def make_plan(con: duckdb.DuckDBPyConnection, path: Path, work: Path, options: Options) -> ImportPlan:
    """Decide how a file is read; `con` reads it and `work` is an empty folder for unpacked copies, which the plan refers to.

    Raises:
        DataError: the file is not a table, or the options contradict it or each other.
        QuestionError: the file or the table in it must be chosen before anything can be said about columns.
    """
    # A mapping of columns implies that lines are rows of a table.
    found = open_file(path, work, options.table, options.encoding, options.layout or ("rows" if options.mapping else None))
    table = _apply_layout(con, path.name, found, options)
    guess = _add_decided_roles(guess_roles(table.sample), table.decided)
    given = dict(options.mapping)
    mapping = correct_mapping(path.name, table.columns, guess, given)
    open_roles = replace(guess, mapping=mapping, unsure=tuple(role for role in guess.unsure if role not in given and role in mapping))
    check_meanings(dict(options.behaviours))
    kinds = guess_row_kinds(table.sample, mapping, dict(options.behaviours), short_play_seconds(dict(options.rows)))
    header_note = describe_header(found)
    question = table.question or _ask_about_table(path.name, table.sample, open_roles, given)
    return ImportPlan(
        file=path.name,
        file_format=found,
        layout=table.layout,
        sql=table.sql,
        columns=table.columns,
        sample=table.sample,
        guess=guess,
        mapping=mapping,
        kinds=kinds,
        notes=(*found.notes, *table.notes, *([header_note] if header_note else [])),
        question=question or question_for(open_roles, path.name, table.columns),
    )


def _add_decided_roles(guess: RoleGuess, decided: Mapping[str, str]) -> RoleGuess:
    """Return the guess with the roles that the layout decides, which are certain."""
    decided = {role: column for role, column in decided.items() if role in KEYS}
    return replace(
        guess,
        mapping={**{role: column for role, column in guess.mapping.items() if column not in decided.values()}, **decided},
        reasons={**guess.reasons, **dict.fromkeys(decided, _("the layout of the file says it"))},
        unsure=tuple(role for role in guess.unsure if role not in decided),
    )


def plan_file(path: Path | str, options: Options | None = None) -> ImportPlan:
    """Return the plan of an import for display only: its `sql` cannot be run, as the unpacked copies of the file are removed."""
    with TemporaryDirectory() as work, duckdb.connect() as con:
        return make_plan(con, Path(path), Path(work), options or Options())


def _ask_about_table(file: str, sample: pd.DataFrame, guess: RoleGuess, given: Mapping[str, str]) -> QuestionError | None:
    """Return a question where the table seems to hold items, or recommendations, rather than events."""
    names = {column.lower() for column in sample.columns}
    if guess.mapping.get("user_id") == ONE_USER and "user_id" in guess.unsure and "timestamp" not in guess.mapping:
        item = guess.mapping.get("item_id", "")
        if item in sample.columns and sample[item].is_unique and len(sample) > _FEW_ROWS:
            return QuestionError(
                _(
                    "{file} seems to describe items, as every '{column}' occurs once and there are no users and no times; give the file of "
                    "events, and this one with --items {file}. Or are its rows events of one user, with --map user_id==me?",
                    file=file,
                    column=item,
                ),
                option="--items",
            )
    if {"score", "rank"} <= names and "timestamp" not in guess.mapping and not given:
        return QuestionError(
            _(
                "{file} seems to hold recommendations rather than events, as it has scores and ranks and no times; are its rows events "
                "nevertheless?",
                file=file,
            ),
            "--map",
            ",".join(f"{role}={guess.mapping[role]}" for role in ID_ROLES if role in guess.mapping),
        )
    return None


def _apply_layout(con: duckdb.DuckDBPyConnection, file: str, found: FileFormat, options: Options) -> _EventTable:
    """Return the table of a file with one row per event, by the layout that is given or detected."""
    with reading_errors(found.path):
        table_sql, sample, guess = found.text_sql, pd.DataFrame(), None
        if found.kind == "lines":
            layout: Layout = "lines"
            table_sql = lines_sql(found.path)
        else:
            sample = read_sample(con, table_sql, found.columns)
            if sample.empty:
                raise DataError(_("{file} has no rows of data; nothing was prepared", file=file))
            guess = detect_layout(sample) if options.layout is None else None
            layout = guess.layout if guess else options.layout or "rows"
        if layout == "rows":
            question = ask_layout(file, guess) if guess and not guess.is_certain else None
            return _EventTable(layout, table_sql, found.columns, sample, {}, (), question)
        unfolded = unfold(layout, table_sql, found.columns, sample, con)
        unsure = next((each for each in (guess, unfolded) if each is not None and not each.is_certain), None)
        question = ask_layout(file, unsure) if unsure is not None and options.layout is None else None
        columns = _without_list_numbers(unfolded, sample) if layout == "impressions" else unfolded.columns
        return _EventTable(
            layout, unfolded.sql, columns, read_sample(con, unfolded.sql, columns), unfolded.mapping, unfolded.checks, question
        )


def _without_list_numbers(unfolded: Unfolding, sample: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of unfolded impressions without the number of the list, which is neither a user nor an item."""
    decided = set(unfolded.mapping.values())
    return tuple(each for each in unfolded.columns if each in decided or each not in sample or not _counts_rows(sample[each]))


def _counts_rows(values: pd.Series) -> bool:
    """Return whether the values are numbers that grow by one from row to row."""
    return bool(len(values) > 1 and (pd.to_numeric(values, errors="coerce").diff().iloc[1:] == 1).all())


def correct_mapping(file: str, columns: tuple[str, ...], guess: RoleGuess, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the guessed mapping with the given corrections; a contradictory one is a DataError."""
    given = {role: _find_column(role, column, columns) for role, column in mapping.items()}
    for role, column in given.items():
        if role not in KEYS:
            raise DataError(_("'{key}' is not a key of a mapping; the keys are {keys}", key=role, keys=", ".join(KEYS)))
        if column and role not in ID_ROLES and column not in columns:
            raise _missing_column(file, columns, role, column)
        others = [other for other, taken in given.items() if column and taken == column and other != role]
        if others:
            raise DataError(
                _(
                    "{file}: column '{column}' is mapped twice, to {key} and {other}; map each column once",
                    file=file,
                    column=column,
                    key=role,
                    other=others[0],
                )
            )
    chosen = {role: column for role, column in guess.mapping.items() if role not in given and column not in given.values()}
    chosen.update((role, column) for role, column in given.items() if column)
    for role in ID_ROLES:
        if given.get(role) == "":
            raise DataError(
                _(
                    "{file}: no column for {key}; name it with {key}=COLUMN, the columns are {columns}",
                    file=file,
                    key=role,
                    columns=", ".join(columns[:20]),
                )
            )
        if role in chosen:
            try:
                list_id_columns(chosen[role], columns)
            except DataError as error:
                raise _missing_column(file, columns, role, chosen[role]) from error
    for role, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if role in chosen and other not in chosen:
            raise DataError(_("{file}: {key} is mapped and {other} is not; map both or neither", file=file, key=role, other=other))
    return {role: chosen[role] for role in KEYS if role in chosen}


def _missing_column(file: str, columns: tuple[str, ...], role: str, column: str) -> DataError:
    return DataError(
        _(
            "{file} has no column '{column}' for {key}; its columns are {columns}",
            file=file,
            column=column,
            key=role,
            columns=", ".join(columns[:20]),
        )
    )


def _find_column(role: str, name: str, columns: tuple[str, ...]) -> str:
    """Return the column of this name: RecBole's `user_id:token` is `user_id`, and "3" is column 3 of a file without names."""
    name = name.strip()
    if role in ID_ROLES and "+" in name and name not in columns:
        return "+".join(_find_column("", part, columns) for part in name.split("+"))
    for candidate in (name, name.rsplit(":", 1)[0], f"column {name}"):
        if candidate in columns:
            return candidate
    return name
