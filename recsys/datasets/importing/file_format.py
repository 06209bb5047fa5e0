"""What kind of table a file is: Parquet, separated columns, RecBole's `.inter`, or a person a line."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from recsys.core.errors import DataError
from recsys.datasets.importing.header import has_header, is_moment, names_things
from recsys.datasets.readers.delimited import read_delimited
from recsys.datasets.source import one_file

Kind = Literal["parquet", "separated", "inter", "lines"]

_HEAD = 1 << 18
_DELIMITERS = ("\t", ",", ";", "|", "::", "^", "~", "\x01", " ")
_TYPED = re.compile(r"^[^:\s]+:(token|float|token_seq|float_seq)$")
_STEP = re.compile(r"10(\.0+)?|\d(\.[05]0*)?")
_FOREIGN = {b"PK\x03\x04": "a zip or an Excel file", b"%PDF": "a PDF", b"\x89PNG": "a picture"}


@dataclass(frozen=True)
class FileFormat:
    """How to read a file. `columns` are named after the header, or "column 1", … where there is none.

    `types` are the types of Parquet columns, empty for text. `skip` empty lines come before the first. `either`: the lines
    could be read as a person followed by items and as columns.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...]
    delimiter: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    quote: str = ""
    types: tuple[str, ...] = ()
    skip: int = 0
    either: bool = False

    @property
    def reading(self) -> str:
        """Which reading of lines that have two was taken, and how to ask for the other; else nothing."""
        if not self.either:
            return ""
        if self.kind == "lines":
            return "read as a person and then items in every line; columns with --map user_id=1,item_id=2 or a first line of names"
        return "read as columns; a person and then items in every line with --map item_id=2+"

    @property
    def table(self) -> str:
        """SQL for the rows of a table."""
        if self.kind == "parquet":
            return f"read_parquet({one_file(self.path)})"
        mark = self.delimiter or ","
        return read_delimited(self.path, self.columns, mark, header=self.header, quote=self.quote, encoding=self.encoding, skip=self.skip)


def detect_format(path: Path, as_lines: bool | None = None) -> FileFormat:
    """Look at a file's first bytes and lines; a DataError when it is no table that can be read.

    `as_lines` decides for lines that can be read either way: as a person followed by items, or as columns.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the name and the folder") from error
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"{path.name} is empty; it should hold rows of events with a person and an item each")
    if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"{path.name} is {kind}, not a table of text; save it as CSV, or name it .zip if it is a zip of one")
    encoding = _encoding(path)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).removeprefix("\ufeff")
    whole = text.splitlines() if len(head) < _HEAD else text.splitlines()[:-1]
    lines = [line for line in whole if line.strip()]
    if not lines:
        raise DataError(f"{path.name} has a first line of more than {_HEAD} characters; it is no table")
    skip = next(place for place, line in enumerate(whole) if line.strip())
    return replace(_text(path, lines, encoding, as_lines), skip=skip)


def _parquet(path: Path) -> FileFormat:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path.name} is a truncated or damaged Parquet file; copy or export it again") from error
    return FileFormat(path, "parquet", _distinct(path, schema.names), types=tuple(str(kind) for kind in schema.types))


def _distinct(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The names, or a DataError for two that are the same; to DuckDB capitals make no difference."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.get(name.lower())
        if other is not None:
            how = f"column '{name}' stands twice" if other == name else f"columns '{other}' and '{name}' differ only in capitals"
            raise DataError(f"{path.name}: {how}; give every column a name of its own")
        seen[name.lower()] = name
    return tuple(names)


def _encoding(path: Path) -> str:
    """UTF-8 if every byte of the file is, else latin-1, in which any byte is a letter."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                if b"\x00" in chunk:
                    raise DataError(f"{path.name} is not text: it holds zero bytes; save it as CSV in UTF-8")
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text(path: Path, lines: list[str], encoding: str, as_lines: bool | None) -> FileFormat:
    delimiter = _delimiter(lines)
    likely, either = _maybe_lines(lines) if delimiter in (None, " ") else (False, False)
    if likely if as_lines is None or not either else as_lines:
        return FileFormat(path, "lines", ("person", "items, oldest first"), " ", encoding, header=False, either=either)
    if delimiter is None:
        raise DataError(
            f"{path.name}: only one column was found ('{lines[0][:60]}'); separate columns with a comma, tab, semicolon, | or ::"
        )
    quote = '"' if delimiter in (",", ";") or _quotes(lines, delimiter) else ""
    rows = _rows(lines, delimiter, quote)
    typed = all(_TYPED.match(name) for name in rows[0])
    header = typed or has_header(rows)
    names = _distinct(path, [(_name(name, typed) if header else "") or f"column {n}" for n, name in enumerate(rows[0], start=1)])
    return FileFormat(path, "inter" if typed else "separated", names, delimiter, encoding, header, quote, either=either)


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


def _maybe_lines(lines: list[str]) -> tuple[bool, bool]:
    """Whether these are `user item item …` lines: every person once, lines of many lengths; and whether they can be columns as well."""
    rows = [line.split() for line in lines]
    people, lengths = {row[0] for row in rows}, {len(row) for row in rows}
    if len(rows[0]) < 2 or names_things(rows[0]):
        return False, False
    if len(lengths) > 2 or len(people) <= len(rows) * 0.9:
        return len(lengths) > 2, False
    timed = sum(is_moment(row[-1]) for row in rows) > len(rows) * 0.9
    either = len(lengths) == 1 and lengths != {2}
    return not timed and not (lengths == {3} and _are_ratings(rows)), either


def _are_ratings(rows: list[list[str]]) -> bool:
    """Whether all third words are small numbers in steps, which the second, being items, are not."""
    second, third = (all(_STEP.fullmatch(row[place]) for row in rows) for place in (1, 2))
    return third and not second
