"""All rows of a SQLite file as SQL, read by the standard library."""

import sqlite3
from contextlib import closing
from pathlib import Path


def dump_rows(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return sorted(line for line in connection.iterdump() if line.startswith("INSERT"))
