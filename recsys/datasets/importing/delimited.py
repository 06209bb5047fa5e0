"""The dialect of delimited text, found by DuckDB's sniffer: separator, quotes, escapes, title lines and the header."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.importing.header import has_header, names_things
from recsys.datasets.source import describe_duckdb_error, quote_literal, quote_path

_RARE = ("::", "^", "~", "\x01")
_DELIMITERS = (*_RARE, "\t", ";", "|", "   ", "  ", " ", ",")
_TYPED = re.compile(r"^[^:\s]+:(token|float|token_seq|float_seq)$")
_TYPED_NAMES = re.compile(
    r"(?<![^\s:,;|])[^\s:,;|]+:(?:token_seq|float_seq|token|float)"
)  # tried once for each run of characters: lines may be long
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_HEAD_ROWS = 2000
_TITLE_LINES = 20


@dataclass(frozen=True)
class Dialect:
    """The parameters for reading delimited text. `skip` is the number of lines above the header or the first row."""

    delimiter: str
    quote: str
    escape: str
    skip: int
    has_header: bool
    has_types: bool  # RecBole's name:type header
    names: tuple[str, ...]


@dataclass(frozen=True)
class Separator:
    """The text between cells, the quotes around them, the lines to skip, and the number of columns."""

    delimiter: str
    quote: str
    escape: str
    skip: int
    columns: int


def sniff_separator(path: Path) -> Separator | None:
    """Return the separator and the quotes of a text in UTF-8; None where only one column was found."""
    lines = _first_lines(path)
    return _sniff_typed(lines) or _sniff_declared(path, lines) or _sniff_below_comments(path, lines) or _sniff(path, lines)


def read_dialect(path: Path, found: Separator) -> Dialect | None:
    """Return the whole dialect, with the header found among the first rows; None where no row is left below the titles."""
    width, rows = _rows(path, found)
    blank = next((number for number, row in enumerate(rows) if not _is_title(row, width)), 0)
    rows, skip = rows[blank:], found.skip + blank
    if not rows:
        return None
    has_types = all(_TYPED.match(name) for name in rows[0] if name)
    is_header = has_types or has_header(rows)
    names = tuple(_name(cell, has_types) if is_header else "" for cell in rows[0])
    return Dialect(found.delimiter, found.quote, found.escape, skip, is_header, has_types, names)


def _first_lines(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return [line.rstrip("\r\n") for line, _number in zip(file, range(_HEAD_ROWS), strict=False)]


def _sniff_typed(lines: list[str]) -> Separator | None:
    """Recognize RecBole's header, in which every name carries its type, whatever separates the names."""
    first = lines[0] if lines else ""
    names, marks = _TYPED_NAMES.findall(first), set(_TYPED_NAMES.split(first)[1:-1])
    if len(names) < 2 or len(marks) != 1:
        return None
    return Separator(marks.pop(), "", "", 0, len(names))


def _sniff_declared(path: Path, lines: list[str]) -> Separator | None:
    """Follow the line `sep=;` that some spreadsheets write above the table."""
    declared = re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\ufeff")) if lines else None
    return _sniff_with(path, declared[1], 1) if declared else None


def _sniff_below_comments(path: Path, lines: list[str]) -> Separator | None:
    """Skip the lines at the beginning that start with #, but for a last one with as many cells as the rows, which is the header."""
    count = next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)
    found = _sniff_with(path, None, count) if count else None
    if found is None or found.columns < 2 or found.skip != count:
        return None
    last, first = (lines[number].split(found.delimiter) for number in (count - 1, count))
    has_names = len(last) == found.columns and not names_things(first)
    return replace(found, skip=count - has_names)


def _sniff(path: Path, lines: list[str]) -> Separator | None:
    # DuckDB's sniffer tries common separators only; a rare one in every line is no accident.
    unquoted = [_QUOTED.sub("", line) for line in lines]
    for delimiter in _RARE:
        for texts in (lines, unquoted):
            if texts and texts[0].count(delimiter) and len({text.count(delimiter) for text, line in zip(texts, lines) if line}) == 1:
                return _unsniffed(delimiter, lines)
    automatic = _sniff_with(path, None, 0)
    if automatic is not None and automatic.columns > 1 and _skips_titles_only(automatic, lines):
        return automatic
    for delimiter in _DELIMITERS:
        found = _sniff_with(path, delimiter, 0)
        if found is not None and found.columns > 1 and found.skip == 0:
            return found
    return _below_preamble(lines) or _most_frequent(lines)


def _below_preamble(lines: list[str]) -> Separator | None:
    """Return the separator of a table below lines of another width, as the account and the period above a statement of a bank.

    Every line of the table has the same number of cells, three or more, and those above fill at most half as many, as no row or header
    does.
    """
    for delimiter in ("\t", ";", "|", ","):
        cells = [_QUOTED.sub("x", line).split(delimiter) for line in lines]
        width = next((len(row) for row, line in zip(reversed(cells), reversed(lines)) if line.strip()), 0)
        start = next((place for place, row in enumerate(cells) if len(row) == width), 0)
        is_whole = all(len(row) == width for row, line in zip(cells[start:], lines[start:]) if line.strip())
        titles = max((sum(bool(cell.strip()) for cell in row) for row in cells[:start]), default=0)
        if width > 2 and 0 < start < _TITLE_LINES and is_whole and 2 * titles <= width:
            return Separator(delimiter, '"', '"', start, width)
    return None


def _skips_titles_only(found: Separator, lines: list[str]) -> bool:
    """Return whether the lines that the sniffer skips have no cells; a skipped row of the table would be lost in silence."""
    skipped, first = lines[: found.skip], next(iter(lines[found.skip :]), "")
    marks = [mark for mark in _DELIMITERS if mark.strip(" ")]
    is_row = any(mark in line and line.count(mark) == first.count(mark) for line in skipped for mark in marks)
    return not is_row and not any(found.delimiter in line for line in skipped) and found.skip < _TITLE_LINES


def _sniff_with(path: Path, delimiter: str | None, skip: int) -> Separator | None:
    fixed = f", delim = {quote_literal(delimiter)}" if delimiter else ""
    fixed += f", skip = {skip}" if skip else ""
    with duckdb.connect() as con:
        try:
            row = con.execute(
                f"SELECT Delimiter, Quote, Escape, SkipRows, len(Columns) FROM sniff_csv({quote_path(path)}{fixed}, compression = 'none')"
            ).fetchone()
        except duckdb.Error:
            return None
    if row is None:
        return None
    mark, quote, escape = ("" if each in ("(empty)", None) else str(each) for each in row[:3])
    mark = mark.encode().decode("unicode_escape") if mark.startswith("\\") else mark
    # Quotes may first occur beyond the sniffed rows; spreadsheets quote in one way only.
    quote = quote or ('"' if mark in (",", ";") else "")
    return Separator(mark, quote, escape or quote, int(row[3]), int(row[4]))


def _most_frequent(lines: list[str]) -> Separator | None:
    """Return the separator of the first line that most others have too, for a table with a damaged row that reading will name."""
    counts = {mark: sum(mark in line for line in lines) for mark in _DELIMITERS if lines and mark in lines[0]}
    return _unsniffed(max(counts, key=lambda each: (counts[each], -_DELIMITERS.index(each))), lines) if counts else None


def _unsniffed(delimiter: str, lines: list[str]) -> Separator:
    # A cell that begins with a quote and does not end with one shows that quotes are text, such as inch signs.
    opening = re.compile(f'(^|{re.escape(delimiter)})"(?!(?:[^"]|"")*"({re.escape(delimiter)}|$))')
    quote = '"' if len(delimiter) == 1 and (delimiter in (",", ";") or not any(map(opening.search, lines))) else ""
    cells = (_QUOTED.sub("x", lines[0]) if quote else lines[0]).split(delimiter)
    return Separator(delimiter, quote, quote, 0, len(cells))


def _rows(path: Path, found: Separator) -> tuple[int, list[list[str]]]:
    """Return the number of columns and the first rows as text."""
    columns = [f"c{number}" for number in range(found.columns)]
    sql = read_delimited(path, columns, found.delimiter, quote=found.quote, escape=found.escape, skip=found.skip)
    with duckdb.connect() as con:
        try:
            rows = con.execute(f"SELECT * FROM {sql} LIMIT {_HEAD_ROWS}").fetchall()
        except duckdb.Error as error:
            raise DataError(_("{file} cannot be read: {reason}", file=path.name, reason=describe_duckdb_error(error))) from error
    return found.columns, [["" if cell is None else str(cell) for cell in row] for row in rows]


def _is_title(row: list[str], width: int) -> bool:
    """Return whether a row above the table is empty or holds only a title: one cell of three or more."""
    filled = sum(bool(cell.strip()) for cell in row)
    return filled == 0 or (filled == 1 and width > 2)


def _name(cell: str, has_type: bool) -> str:
    return cell.strip().rsplit(":", 1)[0] if has_type else cell.strip()
