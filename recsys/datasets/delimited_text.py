"""Reading of delimited text with every field as text; DuckDB guesses nothing."""

from collections.abc import Sequence
from pathlib import Path

from recsys.datasets.source import quote_literal, quote_path


def read_delimited(
    path: Path,
    columns: Sequence[str],
    delimiter: str,
    *,
    header: bool = False,
    quote: str = "",
    escape: str | None = None,
    encoding: str = "utf-8",
    skip: int = 0,
) -> str:
    """Return the SQL table function that reads a file of exactly these columns as VARCHAR, after `skip` lines."""
    types = ", ".join(f"{quote_literal(column)}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv({quote_path(path)}, delim = {quote_literal(delimiter)}, header = {str(header).lower()}, quote = {quote_literal(quote)}, "
        f"escape = {quote_literal(quote if escape is None else escape)}, encoding = {quote_literal(encoding)}, skip = {skip}, compression = 'none', auto_detect = false, columns = {{{types}}})"
    )
