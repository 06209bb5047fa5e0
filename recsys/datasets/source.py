"""The output of a reader, rows as text in DuckDB with tables of items and users, and helpers for the SQL of readers and import."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError, summarize_error
from recsys.core.translation import _

KEYS = (
    "user_id",
    "item_id",
    "timestamp",
    "position",
    "behaviour",
    "rating",
    "weight",
    "latitude",
    "longitude",
    "title",
    "category",
    "text",
    "image",
    "url",
)
"""The roles a column can have; the keys of a mapping.

A position is the place of an event in its user's order, a weight a count of plays, an image a file in the folder of the data or an address.
"""


@dataclass(frozen=True)
class Source:
    """Raw events: rows in the table `raw` of the connection, in the order of the file, as VARCHAR columns named by the keys of `columns`.

    `columns` maps the role of a column (KEYS, utc_offset in minutes, or position for data that has an order but no times) to its name
    in the file, for error messages. `items` and `users` are indexed by id. `where` names the file. `reading` is the
    plan of the import of a file of the user's own, else None. `image_folder` is where the images of items are, if they are files.
    """

    where: str
    columns: Mapping[str, str]
    items: pd.DataFrame | None = None
    users: pd.DataFrame | None = None
    notes: tuple[Check, ...] = field(default=())
    reading: Any = None
    image_folder: Path | None = None


@contextmanager
def open_duckdb(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB database in 2 GB of memory; what does not fit is written to `folder`."""
    with duckdb.connect() as open_connection:
        open_connection.execute(f"SET temp_directory = {quote_literal(folder)}")
        open_connection.execute("SET memory_limit = '2GB'; SET threads = 2; SET TimeZone = 'UTC'")
        with suppress(duckdb.InvalidInputException):  # in a notebook without ipywidgets: there is no bar that could be switched off
            open_connection.execute("SET enable_progress_bar = false")
        # Events with equal times keep the order of the file.
        open_connection.execute("SET preserve_insertion_order = true")
        yield open_connection


def quote_literal(text: object) -> str:
    """Return a text as a string literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def quote_path(path: object) -> str:
    """Return the first arguments of read_csv and read_parquet for exactly this file.

    The characters [, * and ? in its name are not wildcards, and a folder called key=value does not become a column.
    """
    literal = "".join(f"[{each}]" if each in "[*?" else each for each in str(path))
    return f"{quote_literal(literal)}, hive_partitioning = false"


def quote_name(column: str) -> str:
    """Return a column's name as SQL, whatever characters it contains."""
    return '"' + column.replace('"', '""') + '"'


def query_count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Return the number that a query selects."""
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0


def read_head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file; one that cannot be opened or read is a DataError."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise unreadable_file(path, error) from error


def unreadable_file(path: Path, error: OSError) -> DataError:
    """Return the DataError for a file that the operating system does not open or read."""
    return DataError(_("{path} cannot be read: {reason}; check the name and the folder", path=path, reason=error.strerror or error))


@contextmanager
def reading_errors(path: Path) -> Iterator[None]:
    """Turn the errors that can occur while a file is read into one-line DataErrors that name it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(
            _(
                "{file}: byte {position} is not {encoding}; save the file as UTF-8",
                file=path.name,
                position=error.start,
                encoding=error.encoding,
            )
        ) from error
    except FileNotFoundError as error:
        raise DataError(_("{path} does not exist; check the name and the folder", path=path)) from error
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise DataError(_("the disk is full while reading {file}; free some space, nothing was changed", file=path.name)) from error
        raise DataError(_("{file} cannot be read: {reason}", file=path.name, reason=describe_duckdb_error(error))) from error


def describe_duckdb_error(error: BaseException) -> str:
    """Return a malformed row's line and problem, for other errors the first line of DuckDB's message without the error class."""
    row = re.search(r"Line: (\d+)", str(error))
    sizes = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", str(error))
    if row and sizes:
        return _(
            "line {line} has {found} columns where {expected} are expected; correct it, or quote text that contains the separator",
            line=row[1],
            found=sizes[2],
            expected=sizes[1],
        )
    if "Maximum line size" in str(error):
        return _("line {line} is longer than two million characters; it is not a row of a table", line=row[1] if row else 1)
    if "invalid state" in str(error):
        return _("its lines do not all end in the same way; save it with one kind of line ending")
    if row:
        if "quote" in str(error):
            return _("line {line} contains a quote that is not closed; correct it", line=row[1])
        return _("line {line} is not a row of this table; correct it", line=row[1])
    return summarize_error(error).split("Error: ", 1)[-1].strip()[:300]
