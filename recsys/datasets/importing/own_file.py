"""A file of one's own as a Source: separated text, Parquet, RecBole's `.inter`, a person a line, or a zip of one of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.datasets.importing.archives import unpack_archive
from recsys.datasets.importing.column_roles import ColumnGuess, guess_unpacked
from recsys.datasets.importing.file_format import FileFormat
from recsys.datasets.readers.item_sequences import read_lines
from recsys.datasets.source import KEYS, Source, count, named, reading


def read(con: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping[str, str] | None = None) -> Source:
    """Fill `raw` from a file. `mapping` corrects the guess; a key with an empty column leaves that out.

    Lines that can be read either way are columns where a mapping names columns, and a person and items where it says item_id=2+.
    """
    with TemporaryDirectory() as work:
        file = unpack_archive(path, Path(work))
        as_lines = mapping.get("item_id") == "2+" if mapping else None
        guessed = guess_unpacked(file, as_lines)
        if guessed.layout.kind == "lines":
            if mapping and not as_lines:
                raise DataError(f"{path.name} has a person and items on every line and no columns to map; leave the mapping out")
            source = read_lines(con, file, guessed.layout.encoding)
            return replace(source, notes=(*source.notes, *_notes(con, guessed)))
        chosen = chosen_mapping(guessed, mapping or {})
        columns = ", ".join(f"{_as_text(guessed.layout, column)} AS {named(key)}" for key, column in chosen.items())
        with reading(path):
            con.execute(f"CREATE TABLE raw AS SELECT {columns} FROM {guessed.layout.table}")
        return Source(path.name, chosen, notes=_notes(con, guessed))


def _notes(con: duckdb.DuckDBPyConnection, guessed: ColumnGuess) -> tuple[Check, ...]:
    """What the report says of how the file was read, where another reading is possible."""
    notes = {guessed.first_line: 1, guessed.layout.reading: count(con, "SELECT count(*) FROM raw")}
    return tuple(Check(note, rows, "kept") for note, rows in notes.items() if note)


def chosen_mapping(guessed: ColumnGuess, mapping: Mapping[str, str]) -> dict[str, str]:
    """The guess corrected by what a person said, or a DataError that says what is wrong with it."""
    where, columns = guessed.file, guessed.columns
    said = {key: _column(column, columns) for key, column in mapping.items()}
    for key, column in said.items():
        if key not in KEYS:
            raise DataError(f"'{key}' is nothing a column can be; a mapping has the keys {', '.join(KEYS)}")
        if column and column not in columns:
            raise DataError(f"{where} has no column '{column}' for {key}; its columns are {', '.join(columns[:20])}")
        others = [other for other, taken in said.items() if column and taken == column and other != key]
        if others:
            raise DataError(f"{where}: column '{column}' is mapped twice, to {key} and {others[0]}; map each column once")
    chosen = {key: column for key, column in guessed.mapping.items() if key not in said and column not in said.values()}
    chosen.update((key, column) for key, column in said.items() if column)
    for key in ("user_id", "item_id"):
        if key not in chosen:
            raise DataError(f"{where}: no column for {key}; say which one with {key}=COLUMN, its columns are {', '.join(columns[:20])}")
    for key, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if key in chosen and other not in chosen:
            raise DataError(f"{where}: {key} is mapped and {other} is not; map both or neither")
    return {key: chosen[key] for key in KEYS if key in chosen}


def _column(name: str, columns: tuple[str, ...]) -> str:
    """The column meant: RecBole's `user_id:token` is called `user_id`, and column 3 of a file without names is "3"."""
    name = name.strip()
    for candidate in (name, name.rsplit(":", 1)[0], f"column {name}"):
        if candidate in columns:
            return candidate
    return name


def _as_text(layout: FileFormat, column: str) -> str:
    """Text of a column; whole numbers that a missing value turned into fractions lose their ".0"."""
    kind = dict(zip(layout.columns, layout.types, strict=True)).get(column, "") if layout.types else ""
    if kind.startswith(("list", "large_list", "fixed_size_list", "struct", "map")):
        raise DataError(
            f"{layout.path.name}: column '{column}' holds a {kind.split('<')[0]} in every row; write one value in a row, one row an event"
        )
    if kind in ("double", "float", "halffloat"):
        whole = f"TRY_CAST({named(column)} AS HUGEINT)"
        return f"CASE WHEN {named(column)} = {whole} THEN CAST({whole} AS VARCHAR) ELSE CAST({named(column)} AS VARCHAR) END"
    return f"CAST({named(column)} AS VARCHAR)"
