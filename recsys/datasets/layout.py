"""What kind of table a file is: Parquet, separated columns, RecBole's `.inter`, or a person a line."""

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from recsys.datasets.delimited import delimited
from recsys.datasets.source import one_file
from recsys.errors import DataError

Kind = Literal["parquet", "separated", "inter", "lines"]

_HEAD = 1 << 18
_DELIMITERS = ("\t", ",", ";", "|", "::", "^", "~", "\x01", " ")
_TYPED = re.compile(r"^[^:\s]+:(token|float|token_seq|float_seq)$")
_NUMBER = re.compile(r"^\s*[-+]?[\d.]+(e[-+]?\d+)?\s*$", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}")
_FOREIGN = {b"PK\x03\x04": "a zip or an Excel file", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF", b"\x89PNG": "a picture"}


@dataclass(frozen=True)
class Layout:
    """How to read a file. `columns` are named after the header, or "column 1", … where there is none.

    `types` are the types of Parquet columns, empty for text.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...]
    delimiter: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    quote: str = ""
    types: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """SQL for the rows of a table."""
        if self.kind == "parquet":
            return f"read_parquet({one_file(self.path)})"
        return delimited(self.path, self.columns, self.delimiter or ",", header=self.header, quote=self.quote, encoding=self.encoding)


def layout(path: Path) -> Layout:
    """Look at a file's first bytes and lines; a DataError when it is no table that can be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the name and the folder") from error
    if not head.strip():
        raise DataError(f"{path.name} is empty; it should hold rows of events with a person and an item each")
    if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"{path.name} is {kind}, not a table of text; save it as CSV, or name it .zip if it is a zip of one")
    encoding = _encoding(path)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).removeprefix("\ufeff")
    if "\x00" in text:
        raise DataError(f"{path.name} is not text: it holds zero bytes; save it as CSV in UTF-8")
    whole = text.splitlines() if len(head) < _HEAD else text.splitlines()[:-1]
    lines = [line for line in whole if line.strip()]
    if not lines:
        raise DataError(f"{path.name} has a first line of more than {_HEAD} characters; it is no table")
    return _text(path, lines, encoding)


def _parquet(path: Path) -> Layout:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path.name} is a truncated or damaged Parquet file; copy or export it again") from error
    return Layout(path, "parquet", tuple(schema.names), types=tuple(str(kind) for kind in schema.types))


def _encoding(path: Path) -> str:
    """UTF-8 if every byte of the file is, else latin-1, in which any byte is a letter."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text(path: Path, lines: list[str], encoding: str) -> Layout:
    delimiter = _delimiter(lines)
    if _is_lines(lines, delimiter):
        return Layout(path, "lines", ("person", "items, oldest first"), " ", encoding, header=False)
    if delimiter is None:
        raise DataError(
            f"{path.name}: only one column was found ('{lines[0][:60]}'); separate columns with a comma, tab, semicolon, | or ::"
        )
    quote = '"' if delimiter in (",", ";") or _quotes(lines, delimiter) else ""
    rows = _rows(lines, delimiter, quote)
    typed = all(_TYPED.match(name) for name in rows[0])
    header = typed or _has_header(rows)
    names = tuple((_name(name, typed) if header else "") or f"column {n}" for n, name in enumerate(rows[0], start=1))
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{path.name}: column '{twice[0]}' stands twice in the first line; give every column a name of its own")
    return Layout(path, "inter" if typed else "separated", names, delimiter, encoding, header, quote)


def _name(name: str, typed: bool) -> str:
    return name.strip().rsplit(":", 1)[0] if typed else name.strip()


def _quotes(lines: list[str], delimiter: str) -> bool:
    """Whether whole fields stand in quotes. Outside of CSV a quote is mostly an inch or the start of somebody's words."""
    mark = re.escape(delimiter)
    return len(delimiter) == 1 and any(re.search(f'(^|{mark})"[^"]*"({mark}|$)', line) for line in lines)


def _rows(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    if len(delimiter) > 1 or not quote:
        return [line.split(delimiter) for line in lines]
    return list(csv.reader(lines, delimiter=delimiter, quotechar=quote))


def _delimiter(lines: list[str]) -> str | None:
    """The mark that cuts most lines into the same number of pieces, at least two."""
    best, best_share = None, 0.0
    for delimiter in _DELIMITERS:
        sizes = Counter(len(row) for row in _rows(lines[:200], delimiter, '"' if len(delimiter) == 1 else ""))
        size, times = max(sizes.items(), key=lambda each: (each[1], each[0]))
        # The first line decides in doubt: a table has as many names as fields.
        share = times / sum(sizes.values()) if size > 1 else 0.0
        if delimiter == " " and best is not None:
            break
        if share > best_share + 0.05:
            best, best_share = delimiter, share
    return best


def _is_lines(lines: list[str], delimiter: str | None) -> bool:
    """Whether these are `user item item …` lines: words of letters and digits, every person once, lines of many lengths."""
    if delimiter not in (None, " "):
        return False
    rows = [line.split() for line in lines[:500]]
    if any(len(row) < 2 for row in rows[:1]) or _names_things(rows[0]):
        return False
    if len({len(row) for row in rows}) > 2:
        return True
    people = {row[0] for row in rows}
    return len(people) > len(rows) * 0.9 and not any(_looks_like_time(row[-1]) for row in rows)


def _names_things(row: list[str]) -> bool:
    return any(re.search(r"user|item|time|rating|movie|_id$|Id$", cell, re.IGNORECASE) for cell in row) and not any(map(_NUMBER.match, row))


def _looks_like_time(cell: str) -> bool:
    return bool(re.match(r"^\d{9,13}(\.\d+)?$", cell) or _DATE.search(cell))


def _has_header(rows: list[list[str]]) -> bool:
    """A first line of names: no numbers or dates in it, and not values that the column has again further down.

    One name may be missing: spreadsheets and data frames leave out that of a column of row numbers.
    """
    first, rest = rows[0], rows[1:200]
    if any(_NUMBER.match(cell) or _DATE.search(cell) for cell in first) or sum(not cell.strip() for cell in first) > 1:
        return False
    again = sum(bool(cell) and cell in {row[place] for row in rest if place < len(row)} for place, cell in enumerate(first))
    return again == 0 or _names_things(first)
