"""The format of a table file: Parquet, delimited text, RecBole's `.inter`, or one user per line, alone or in an archive."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _
from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.importing.archives import unpack_archive
from recsys.datasets.importing.delimited import Dialect, read_dialect, sniff_separator
from recsys.datasets.importing.formats import convert_special
from recsys.datasets.importing.formats.converted import ABOVE, ConvertedKind, check_distinct_names
from recsys.datasets.importing.formats.nested_parquet import read_schema
from recsys.datasets.importing.layouts.lines import detect_lines
from recsys.datasets.importing.layouts.unfolding import Layout
from recsys.datasets.importing.text_encoding import as_plain_text
from recsys.datasets.source import quote_name, quote_path, read_head

Kind = Literal["separated", "inter", "lines", ConvertedKind]

_HEAD = 1 << 18
_FOREIGN = {
    b"PK\x03\x04": N_("{file} is a zip or an Excel file, not a table of text; save it as CSV, or name it .zip if it is a zip of one"),
    b"%PDF": N_("{file} is a PDF, not a table of text; save its data as CSV"),
    b"\x89PNG": N_("{file} is a picture, not a table of text; save its data as CSV"),
}

COMBINED_NOTE = N_("{count} files with the same columns were combined: {names}")


@dataclass(frozen=True)
class FileFormat:
    """The parameters for reading a file.

    `columns` are named after the header, or "column 1", … where there is none. `types` are the types of Parquet columns, empty for
    text. `encoding` is that of the original; `path` is the file itself or a copy in UTF-8. `parts` are further files with the same
    columns.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...]
    dialect: Dialect | None = None
    encoding: str = "utf-8"
    types: tuple[str, ...] = ()
    notes: tuple[Check, ...] = ()
    parts: tuple["FileFormat", ...] = field(default=())

    @property
    def has_header(self) -> bool:
        """Whether the first line holds the names of the columns."""
        return self.dialect is None or self.dialect.has_header

    @property
    def delimiter(self) -> str:
        """The text between two cells of a line."""
        return self.dialect.delimiter if self.dialect else " "

    @property
    def text_sql(self) -> str:
        """SQL, as for a FROM clause, that reads the rows as text; whole numbers that a missing value turned into fractions lose their ".0"."""
        if not self.types:
            return self.sql
        texts = (_as_text(quote_name(name), kind) for name, kind in zip(self.columns, self.types, strict=True))
        named = ", ".join(f"{text} AS {quote_name(name)}" for text, name in zip(texts, self.columns, strict=True))
        return f"(SELECT {named} FROM {self.sql})"

    @property
    def sql(self) -> str:
        """SQL, as for a FROM clause, that reads the rows of all parts in their order."""
        if self.parts:
            names = ", ".join(map(quote_name, self.columns))
            return "(" + " UNION ALL ".join(f"SELECT {names} FROM {part.sql}" for part in (replace(self, parts=()), *self.parts)) + ")"
        if self.dialect is None:
            return f"read_parquet({quote_path(self.path)})"
        found = self.dialect
        return read_delimited(
            self.path, self.columns, found.delimiter, header=found.has_header, quote=found.quote, escape=found.escape, skip=found.skip
        )


def open_file(path: Path, work: Path, table: str | None = None, encoding: str | None = None, layout: Layout | None = None) -> FileFormat:
    """Detect the format of a file, or of the files in an archive, by its content; one that is not a readable table is a DataError.

    Args:
        path: the file.
        work: an existing empty folder for unpacked and converted copies, which the result refers to.
        table: the name of one file of an archive.
        encoding: the encoding of text that is not UTF-8; detected where that is certain.
        layout: whether lines are columns of a table (rows) or a user followed by items (lines), where they can be both.
    """
    files = unpack_archive(path, work, table)
    if len(files) == 1:
        return _detect(files[0], work, table, encoding, layout)
    found = [_detect(file, work, None, encoding, layout) for file in files]
    first, *others = found
    if first.has_header and all((other.kind, other.columns) == (first.kind, first.columns) for other in others):
        values = {"count": format_number(len(found)), "names": join_words([file.name for file in files[:5]])}
        note = Check(COMBINED_NOTE, len(found), "kept", values)
        return replace(first, parts=tuple(others), notes=(note, *first.notes))
    largest = max(files, key=lambda file: file.stat().st_size)
    raise QuestionError(
        _(
            "{file} contains {count} files with different columns ({names}); which one holds the events?",
            file=path.name,
            count=format_number(len(files)),
            names=join_words([file.name for file in files[:8]]),
        ),
        "--table",
        largest.name,
        choices=[file.name for file in files],
    )


def _detect(path: Path, work: Path, table: str | None, encoding: str | None, layout: Layout | None) -> FileFormat:
    head = read_head(path, _HEAD)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(_("{file} is empty; it should contain rows of events with a user and an item each", file=path.name))
    converted = convert_special(path, work, table)
    if converted is not None:
        names = converted.columns
        return FileFormat(converted.path, converted.kind, names, types=("string",) * len(names), notes=converted.notes)
    if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return _detect_parquet(path)
    for magic, message in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(_(message, file=path.name))
    text = as_plain_text(path, work, encoding)
    found = _detect_text(text.path, layout)
    return replace(found, encoding=text.encoding, notes=(*text.notes, *found.notes))


def _detect_parquet(path: Path) -> FileFormat:
    schema = read_schema(path)
    return FileFormat(path, "parquet", check_distinct_names(path, schema.names), types=tuple(str(kind) for kind in schema.types))


def _detect_text(path: Path, layout: Layout | None) -> FileFormat:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        whole = file.read(_HEAD)
    complete = whole.splitlines() if len(whole) < _HEAD else whole.splitlines()[:-1]
    lines = [line for line in complete if line.strip()]
    if not lines:
        raise DataError(
            _("{file} has a first line of more than {count} characters; it is not a table", file=path.name, count=format_number(_HEAD))
        )
    separator = sniff_separator(path)
    may_be_lines = separator is None or (separator.delimiter.isspace() and separator.delimiter != "\t")
    are_lines, is_ambiguous = detect_lines(lines) if may_be_lines else (False, False)
    if are_lines and is_ambiguous and layout is None:
        raise QuestionError(
            _(
                "{file}: lines such as '{line}' can be a user followed by items (layout lines) or columns of a table (layout rows); "
                "which are they?",
                file=path.name,
                line=lines[0][:60],
            ),
            "--layout",
            "lines",
            choices=("lines", "rows"),
        )
    if layout == "lines" or (are_lines and not is_ambiguous):
        return FileFormat(path, "lines", ("line",))
    dialect = read_dialect(path, separator) if separator else None
    if dialect is None:
        raise DataError(
            _(
                "{file}: only one column was found ('{line}'); separate columns with a comma, tab, semicolon, | or ::",
                file=path.name,
                line=lines[0][:60],
            )
        )
    names = check_distinct_names(path, [name or f"column {number}" for number, name in enumerate(dialect.names, start=1)])
    notes = (Check(ABOVE, dialect.skip, "dropped"),) if dialect.skip else ()
    return FileFormat(path, "inter" if dialect.has_types else "separated", names, dialect, notes=notes)


def _as_text(name: str, kind: str) -> str:
    if kind in ("double", "float", "halffloat"):
        whole = f"TRY_CAST({name} AS HUGEINT)"
        return f"CASE WHEN {name} = {whole} THEN CAST({whole} AS VARCHAR) ELSE CAST({name} AS VARCHAR) END"
    return f"CAST({name} AS VARCHAR)"
