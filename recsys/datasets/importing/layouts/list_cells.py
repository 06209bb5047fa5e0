"""Cells that hold several ids: the notations of lists, and SQL that turns a cell into the list of its ids."""

import ast
import json
import re
from typing import Literal

import duckdb
import pandas as pd

from recsys.datasets.importing.header import has_date
from recsys.datasets.source import quote_literal

Notation = Literal["brackets", "bars", "semicolons", "commas", "spaces"]

_SEPARATORS: dict[Notation, str] = {"bars": r"\|", "semicolons": ";", "commas": ",", "spaces": r"\s+"}
_BRACKETS = r"^\s*(?:\[[\s\S]*\]|\([\s\S]*\)|\{[\s\S]*\})\s*$"
_NESTED = r"""^\s*[\[({]\s*[\[({]|^\s*\{\s*(?:"[^"]*"|'[^']*'|\w+)\s*:"""
_CODE = re.compile(r"(?=.*\d)[\w.:/-]+", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_PARTS = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,'"][^,]*)""", re.DOTALL)
_POSTGRES_PARTS = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|[^\s,"][^,]*)""", re.DOTALL)
_WHITE = "e' \\t\\r\\n'"


def find_notation(cells: pd.Series) -> Notation | None:
    """Return the notation of lists in which many of the cells are written; None for cells with one value each."""
    cells = cells.dropna()
    cells = cells[cells.str.strip() != ""]
    if not cells.str.contains(r"\w").any():
        return None
    if cells.str.contains(_BRACKETS).mean() > 0.9:
        return None if cells.str.contains(_NESTED).any() else "brackets"
    shares = {name: cells.str.contains(rf"\S\s*{separator}\s*\S").mean() for name, separator in _SEPARATORS.items()}
    return next((name for name, share in shares.items() if share > 0.3), None)


def has_codes(cells: pd.Series, notation: Notation) -> bool:
    """Return whether the parts of the cells are ids beyond doubt: words with a digit, and neither dates nor decimal numbers."""
    parts = _parts(cells, notation)
    decimals = notation == "commas" and all(_NUMBER.fullmatch(cell.strip()) for cell in cells.dropna())
    return not decimals and bool(parts) and all(_CODE.fullmatch(part) and not has_date(part) for part in parts)


def has_common_parts(cells: pd.Series, notation: Notation) -> bool:
    """Return whether the parts of the cells come from a vocabulary: most of them occur in several cells."""
    parts = _parts(cells, notation)
    return len(set(parts)) <= len(parts) / 2


def _parts(cells: pd.Series, notation: Notation) -> list[str]:
    parts = [part.strip() for cell in cells.dropna() for part in re.split(_SEPARATORS[notation], cell)]
    return [part for part in parts if part]


def list_sql(cell: str, notation: Notation, con: duckdb.DuckDBPyConnection) -> str:
    """Return SQL for the list of the ids in a cell, in their order; NULL for an empty cell. A cell without brackets is one id.

    In brackets: JSON, the lists, tuples and sets of Python, NumPy arrays (separated by spaces) and the arrays of PostgreSQL.
    """
    trimmed = f"trim({cell}, {_WHITE})"
    if notation != "brackets":
        separator = quote_literal(rf"\s*{_SEPARATORS[notation]}\s*")
        return f"CASE WHEN {trimmed} <> '' THEN string_split_regex({trimmed}, {separator}) END"
    if not con.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = 'parse_list'").fetchone():
        con.create_function("parse_list", parse_list, ["VARCHAR"], "VARCHAR[]")
    inner = f"{trimmed}[2:-2]"
    numbers = f"NOT contains({cell}, ',') AND regexp_full_match({inner}, '\\s*[-+.\\d]+(\\s+[-+.\\d]+)+\\s*')"
    # A cast joins what only spaces separate, drops backslashes, and reads one more item after a last comma.
    marks = ("\\", "\n", "' '", '" "', "' \"", "\" '", ",]", ", ]", ",)", ",}")
    unusual = " OR ".join(f"contains({cell}, {quote_literal(mark)})" for mark in marks)
    unusual += f" OR (starts_with({trimmed}, '{{') AND contains({cell}, {quote_literal(chr(39))}))"
    return f"""CASE
        WHEN {trimmed} = '' OR {cell} IS NULL THEN NULL
        WHEN {trimmed}[1] NOT IN ('[', '(', '{{') OR {trimmed}[-1] NOT IN (']', ')', '}}') THEN [{cell}]
        WHEN {numbers} THEN list_filter(string_split_regex(trim({inner}, {_WHITE}), '\\s+'), lambda part: part <> '...')
        WHEN {unusual} THEN parse_list({cell})
        ELSE COALESCE(TRY_CAST('[' || {inner} || ']' AS VARCHAR[]), parse_list({cell})) END"""


def read_lists(cells: pd.Series, notation: Notation) -> list[list[str]]:
    """Return the lists of the cells, an empty one for an empty cell."""
    with duckdb.connect() as con:
        con.register("cells", cells.rename("cell").to_frame())
        return [row[0] or [] for row in con.execute(f"SELECT {list_sql('cell', notation, con)} FROM cells").fetchall()]


def parse_list(cell: str) -> list[str | None]:
    """Return the ids of a cell in brackets, for the few that a cast of DuckDB misreads: with escapes, or a NumPy array of words."""
    text = cell.strip()
    if text.startswith("{") and not re.match(r"\{\s*'", text):
        return [_postgres_part(part.strip()) for part in _POSTGRES_PARTS.findall(text[1:-1])]
    try:
        values = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return [_python_part(part.strip()) for part in _PARTS.findall(text[1:-1])]
    return [value if isinstance(value, str | None) else json.dumps(value) for value in values]


def _postgres_part(part: str) -> str | None:
    if part.startswith('"'):
        return re.sub(r"\\(.)", r"\1", part[1:-1], flags=re.DOTALL)
    return None if part.upper() == "NULL" else part


def _python_part(part: str) -> str:
    if part[0] not in "'\"":
        return part
    if "\\" not in part:
        return part[1:-1]
    try:
        return str(ast.literal_eval(part.replace("\n", "\\n")))
    except (ValueError, SyntaxError):
        return part[1:-1]
