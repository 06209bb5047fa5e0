"""The format of a table file: Parquet, separated columns, RecBole's `.inter`, or one user per line."""

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
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.importing.header import has_header, is_moment, names_things
from recsys.datasets.source import quote_path

Kind = Literal["parquet", "separated", "inter", "lines"]

_HEAD = 1 << 18
_DELIMITERS = ("\t", ",", ";", "|", "::", "^", "~", "\x01", " ")
_TYPED = re.compile(r"^[^:\s]+:(token|float|token_seq|float_seq)$")
_STEP = re.compile(r"10(\.0+)?|\d(\.[05]0*)?")
_FOREIGN = {
    b"PK\x03\x04": N_("{file} is a zip or an Excel file, not a table of text; save it as CSV, or name it .zip if it is a zip of one"),
    b"%PDF": N_("{file} is a PDF, not a table of text; save its data as CSV"),
    b"\x89PNG": N_("{file} is a picture, not a table of text; save its data as CSV"),
}

READ_AS_LINES = N_(
    "each line was read as a user followed by items; to read columns instead, use --map user_id=1,item_id=2 or add a header line"
)
READ_AS_COLUMNS = N_("read as columns; to read each line as a user followed by items, use --map item_id=2+")


@dataclass(frozen=True)
class FileFormat:
    """The parameters for reading a file.

    `columns` are named after the header, or "column 1", … where there is none. `types` are the types of Parquet columns, empty for
    text. `skip` is the number of empty lines before the first. `is_ambiguous`: the lines can be read as a user followed by items, and
    also as columns.
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
    is_ambiguous: bool = False

    @property
    def reading(self) -> str:
        """The line of the cleaning report, in English, that says how ambiguous lines were read; empty for other files."""
        if not self.is_ambiguous:
            return ""
        return READ_AS_LINES if self.kind == "lines" else READ_AS_COLUMNS

    @property
    def sql(self) -> str:
        """The SQL table function that reads the rows."""
        if self.kind == "parquet":
            return f"read_parquet({quote_path(self.path)})"
        mark = self.delimiter or ","
        return read_delimited(self.path, self.columns, mark, header=self.header, quote=self.quote, encoding=self.encoding, skip=self.skip)


def detect_format(path: Path, as_lines: bool | None = None) -> FileFormat:
    """Detect the format from a file's first bytes and lines; a file that is not a readable table is a DataError.

    `as_lines` decides between the two readings of ambiguous lines: as a user followed by items, or as columns.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise DataError(_("{path} cannot be read: {reason}; check the name and the folder", path=path, reason=error.strerror)) from error
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(_("{file} is empty; it should contain rows of events with a user and an item each", file=path.name))
    if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    for magic, message in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(_(message, file=path.name))
    encoding = _encoding(path)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).removeprefix("\ufeff")
    whole = text.splitlines() if len(head) < _HEAD else text.splitlines()[:-1]
    lines = [line for line in whole if line.strip()]
    if not lines:
        raise DataError(
            _("{file} has a first line of more than {count} characters; it is not a table", file=path.name, count=format_number(_HEAD))
        )
    skip = next(number for number, line in enumerate(whole) if line.strip())
    return replace(_text(path, lines, encoding, as_lines), skip=skip)


def _parquet(path: Path) -> FileFormat:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(_("{file} is a truncated or damaged Parquet file; copy or export it again", file=path.name)) from error
    return FileFormat(path, "parquet", _distinct(path, schema.names), types=tuple(str(kind) for kind in schema.types))


def _distinct(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names; two equal ones are a DataError, also if they differ in capitals only, as DuckDB ignores these."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.get(name.lower())
        if other is not None:
            if other == name:
                raise DataError(
                    _("{file}: column '{column}' occurs twice; give every column a name of its own", file=path.name, column=name)
                )
            raise DataError(
                _(
                    "{file}: columns '{column}' and '{other}' differ only in capitals; give every column a name of its own",
                    file=path.name,
                    column=other,
                    other=name,
                )
            )
        seen[name.lower()] = name
    return tuple(names)


def _encoding(path: Path) -> str:
    """Return utf-8 if the whole file can be decoded so, else latin-1, in which every byte is a character."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                if b"\x00" in chunk:
                    raise DataError(_("{file} is not text: it contains zero bytes; save it as CSV in UTF-8", file=path.name))
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text(path: Path, lines: list[str], encoding: str, as_lines: bool | None) -> FileFormat:
    delimiter = _delimiter(lines)
    likely, is_ambiguous = _maybe_lines(lines) if delimiter in (None, " ") else (False, False)
    if likely if as_lines is None or not is_ambiguous else as_lines:
        return FileFormat(path, "lines", ("user", "items, oldest first"), " ", encoding, header=False, is_ambiguous=is_ambiguous)
    if delimiter is None:
        raise DataError(
            _(
                "{file}: only one column was found ('{line}'); separate columns with a comma, tab, semicolon, | or ::",
                file=path.name,
                line=lines[0][:60],
            )
        )
    quote = '"' if delimiter in (",", ";") or _quotes(lines, delimiter) else ""
    rows = _rows(lines, delimiter, quote)
    typed = all(_TYPED.match(name) for name in rows[0])
    header = typed or has_header(rows)
    names = _distinct(path, [(_name(name, typed) if header else "") or f"column {n}" for n, name in enumerate(rows[0], start=1)])
    return FileFormat(path, "inter" if typed else "separated", names, delimiter, encoding, header, quote, is_ambiguous=is_ambiguous)


def _name(name: str, typed: bool) -> str:
    return name.strip().rsplit(":", 1)[0] if typed else name.strip()


def _quotes(lines: list[str], delimiter: str) -> bool:
    """Return whether whole fields are quoted. Outside of CSV a single quote mark is mostly an inch sign or part of a text."""
    mark = re.escape(delimiter)
    return len(delimiter) == 1 and any(re.search(f'(^|{mark})"[^"]*"({mark}|$)', line) for line in lines)


def _rows(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    if len(delimiter) > 1 or not quote:
        return [line.split(delimiter) for line in lines]
    return list(csv.reader(lines, delimiter=delimiter, quotechar=quote))


def _delimiter(lines: list[str]) -> str | None:
    """Return the delimiter that splits most lines into the same number of fields, at least two."""
    best, best_share = None, 0.0
    for delimiter in _DELIMITERS:
        sizes = Counter(len(row) for row in _rows(lines[:200], delimiter, '"' if len(delimiter) == 1 else ""))
        size, times = max(sizes.items(), key=lambda each: (each[1], each[0]))
        # In doubt the first line decides, because a table has as many names as fields.
        share = times / sum(sizes.values()) if size > 1 else 0.0
        if delimiter == " " and best is not None:
            break
        if share > best_share + 0.05:
            best, best_share = delimiter, share
    return best


def _maybe_lines(lines: list[str]) -> tuple[bool, bool]:
    """Return whether these are `user item item …` lines (every user once, lines of many lengths), and whether they may be columns too."""
    rows = [line.split() for line in lines]
    users, lengths = {row[0] for row in rows}, {len(row) for row in rows}
    if len(rows[0]) < 2 or names_things(rows[0]):
        return False, False
    if len(lengths) > 2 or len(users) <= len(rows) * 0.9:
        return len(lengths) > 2, False
    timed = sum(is_moment(row[-1]) for row in rows) > len(rows) * 0.9
    is_ambiguous = len(lengths) == 1 and lengths != {2}
    return not timed and not (lengths == {3} and _are_ratings(rows)), is_ambiguous


def _are_ratings(rows: list[list[str]]) -> bool:
    """Return whether all third words, and not all second ones, are small numbers in steps."""
    second, third = (all(_STEP.fullmatch(row[place]) for row in rows) for place in (1, 2))
    return third and not second
