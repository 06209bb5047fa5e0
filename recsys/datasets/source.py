"""What a reader of a raw format hands to the ingest: rows as text in DuckDB, and what is known of items and people."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError

KEYS = ("user_id", "item_id", "timestamp", "behaviour", "rating", "latitude", "longitude", "title", "category", "text")
"""What a column of a file can be; the keys of a mapping."""


@dataclass(frozen=True)
class Source:
    """Rows stand in the table `raw` of the connection, in the order of the file, as VARCHAR columns named by `columns`.

    `columns` maps what a column is (KEYS, and utc_offset in minutes, position for data that has an order but no times)
    to what it is called in the file, for messages. `items` and `users` are indexed by id. `where` names the file.
    """

    where: str
    columns: Mapping[str, str]
    items: pd.DataFrame | None = None
    users: pd.DataFrame | None = None
    notes: tuple[Check, ...] = field(default=())


@contextmanager
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in 2 GB of memory; what does not fit goes to `folder`."""
    with duckdb.connect() as open_connection:
        open_connection.execute(f"SET temp_directory = {quoted(folder)}")
        open_connection.execute("SET memory_limit = '2GB'; SET threads = 2; SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        # The place of a row in the file decides ties in time.
        open_connection.execute("SET preserve_insertion_order = true")
        yield open_connection


def quoted(text: object) -> str:
    """A string literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def one_file(path: object) -> str:
    """The first arguments of read_csv and read_parquet for exactly this file: [, * and ? are letters of its name, and a folder
    called key=value is no column."""
    literal = "".join(f"[{each}]" if each in "[*?" else each for each in str(path))
    return f"{quoted(literal)}, hive_partitioning = false"


def named(column: str) -> str:
    """A column's name in SQL, whatever characters it holds."""
    return '"' + column.replace('"', '""') + '"'


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what can go wrong while a file is read into one line that names it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: byte {error.start} is not {error.encoding}; save the file as UTF-8") from error
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; check the name and the folder") from error
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise DataError(f"the disk is full while reading {path.name}; free some space, nothing was changed") from error
        raise DataError(f"{path.name} cannot be read: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """What DuckDB says first, without the class of its error; of a malformed row the line and the number of columns."""
    row = re.search(r"Line: (\d+)", str(error))
    sizes = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", str(error))
    if row and sizes:
        return f"line {row[1]} has {sizes[2]} columns where {sizes[1]} are expected; correct it, or quote text that holds the separator"
    if "Maximum line size" in str(error):
        return f"line {row[1] if row else 1} is longer than two million characters; it is no row of a table"
    if "invalid state" in str(error):
        return "its lines do not all end in the same way; save it with one kind of line ends"
    if row:
        reason = "a quote that is not closed" if "quote" in str(error) else "something that is no row of this table"
        return f"line {row[1]} holds {reason}; correct it"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].split("Error: ", 1)[-1].strip()[:300]
