"""A file of the user's own as a Source: separated text, Parquet, RecBole's `.inter`, one user per line, or a zip of one of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.importing.column_roles import ColumnGuess, guess_opened
from recsys.datasets.importing.file_format import FileFormat, open_file
from recsys.datasets.importing.options import Options
from recsys.datasets.item_sequences import read_lines
from recsys.datasets.source import KEYS, Source, query_count, quote_name, reading_errors


def read(con: duckdb.DuckDBPyConnection, path: Path, options: Options) -> Source:
    """Fill the table `raw` from a file, by the choices in `options` and, where they leave it open, by what the file says.

    Ambiguous lines are read as columns if the mapping names columns, and as a user followed by items if it says item_id=2+.
    """
    with TemporaryDirectory() as work:
        mapping = dict(options.mapping)
        as_lines = mapping.get("item_id") == "2+" if mapping else None
        guessed = guess_opened(path, open_file(path, Path(work), options.table, options.encoding, as_lines))
        if guessed.file_format.kind == "lines":
            if mapping and not as_lines:
                raise DataError(_("{file} has a user and items on every line and no columns to map; leave the mapping out", file=path.name))
            source = read_lines(con, guessed.file_format.path)
            return replace(source, notes=(*source.notes, *_notes(con, guessed)))
        chosen = correct_mapping(guessed, mapping)
        columns = ", ".join(f"{_as_text(guessed.file_format, column)} AS {quote_name(key)}" for key, column in chosen.items())
        with reading_errors(path):
            con.execute(f"CREATE TABLE raw AS SELECT {columns} FROM {guessed.file_format.sql}")
        return Source(path.name, chosen, notes=_notes(con, guessed))


def _notes(con: duckdb.DuckDBPyConnection, guessed: ColumnGuess) -> tuple[Check, ...]:
    """Return the lines of the report that say how the file was read, where it could have been read otherwise."""
    notes = {guessed.header_note: 1, guessed.file_format.reading: query_count(con, "SELECT count(*) FROM raw")}
    return (*guessed.file_format.notes, *(Check(note, rows, "kept") for note, rows in notes.items() if note))


def correct_mapping(guessed: ColumnGuess, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the guessed mapping with the given corrections; a contradictory or incomplete one is a DataError."""
    where, columns = guessed.file, guessed.columns
    given = {key: _find_column(column, columns) for key, column in mapping.items()}
    for key, column in given.items():
        if key not in KEYS:
            raise DataError(_("'{key}' is not a key of a mapping; the keys are {keys}", key=key, keys=", ".join(KEYS)))
        if column and column not in columns:
            raise DataError(
                _(
                    "{file} has no column '{column}' for {key}; its columns are {columns}",
                    file=where,
                    column=column,
                    key=key,
                    columns=", ".join(columns[:20]),
                )
            )
        others = [other for other, taken in given.items() if column and taken == column and other != key]
        if others:
            raise DataError(
                _(
                    "{file}: column '{column}' is mapped twice, to {key} and {other}; map each column once",
                    file=where,
                    column=column,
                    key=key,
                    other=others[0],
                )
            )
    chosen = {key: column for key, column in guessed.mapping.items() if key not in given and column not in given.values()}
    chosen.update((key, column) for key, column in given.items() if column)
    for key in ("user_id", "item_id"):
        if key not in chosen:
            raise DataError(
                _(
                    "{file}: no column for {key}; name it with {key}=COLUMN, the columns are {columns}",
                    file=where,
                    key=key,
                    columns=", ".join(columns[:20]),
                )
            )
    for key, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if key in chosen and other not in chosen:
            raise DataError(_("{file}: {key} is mapped and {other} is not; map both or neither", file=where, key=key, other=other))
    return {key: chosen[key] for key in KEYS if key in chosen}


def _find_column(name: str, columns: tuple[str, ...]) -> str:
    """Return the column of this name: RecBole's `user_id:token` is `user_id`, and "3" is column 3 of a file without names."""
    name = name.strip()
    for candidate in (name, name.rsplit(":", 1)[0], f"column {name}"):
        if candidate in columns:
            return candidate
    return name


def _as_text(file_format: FileFormat, column: str) -> str:
    """Return the SQL for a column as text; whole numbers that a missing value turned into fractions lose their ".0"."""
    kind = dict(zip(file_format.columns, file_format.types, strict=True)).get(column, "") if file_format.types else ""
    if kind.startswith(("list", "large_list", "fixed_size_list", "struct", "map")):
        raise DataError(
            _(
                "{file}: column '{column}' contains a {type} in every row; write one value per row and one row per event",
                file=file_format.path.name,
                column=column,
                type=kind.split("<")[0],
            )
        )
    if kind in ("double", "float", "halffloat"):
        whole = f"TRY_CAST({quote_name(column)} AS HUGEINT)"
        return f"CASE WHEN {quote_name(column)} = {whole} THEN CAST({whole} AS VARCHAR) ELSE CAST({quote_name(column)} AS VARCHAR) END"
    return f"CAST({quote_name(column)} AS VARCHAR)"
