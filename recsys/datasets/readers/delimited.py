"""Reading delimited text as it stands: every field as text, nothing guessed by DuckDB."""

from collections.abc import Sequence
from pathlib import Path

from recsys.datasets.source import one_file, quoted


def read_delimited(
    path: Path, columns: Sequence[str], delimiter: str, *, header: bool = False, quote: str = "", encoding: str = "utf-8", skip: int = 0
) -> str:
    """SQL for a table function that reads a file of exactly these columns as VARCHAR, after `skip` lines."""
    types = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv({one_file(path)}, delim = {quoted(delimiter)}, header = {str(header).lower()}, quote = {quoted(quote)}, "
        f"escape = {quoted(quote)}, encoding = {quoted(encoding)}, skip = {skip}, compression = 'none', auto_detect = false, columns = {{{types}}})"
    )
