"""The result of a conversion, and the steps that all formats share: names of columns, choice of a table, text written as Parquet."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError, did_you_mean
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _, ngettext
from recsys.datasets.source import open_duckdb, quote_literal, quote_name

RECORDS = "records"
"""The name of the table whose rows are those of the file, where it also has lists of objects."""

ABOVE = N_("rows above the names of the columns, not read")
UNFOLDED = N_("entries of lists, each read as a row with the values around it")
KEPT_AS_TEXT = N_("lists of objects, kept as text; --table with the name of the list reads a row from each entry")
EMPTY_LISTS = N_("rows whose list is empty, which give no row")

_MOMENT = re.compile(r"time|date|stamp|moment|(^|[._])(ts|at|when)$|At$|zeit|datum|fecha|heure", re.IGNORECASE)
_MOST_COLUMNS = 1000

Row = dict[str, str | None]

ConvertedKind = Literal["json", "workbook", "parquet", "numpy"]


@dataclass(frozen=True)
class Converted:
    """A file as text: the Parquet file at `path` has the VARCHAR columns `columns` and the rows in the order of the file.

    A cell of a column in `list_columns` is a JSON list of strings and nulls; a number in it is a string, too, which keeps its digits.
    `notes` are lines for the cleaning report.
    """

    path: Path
    kind: ConvertedKind
    columns: tuple[str, ...]
    list_columns: tuple[str, ...] = ()
    notes: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Table:
    """One of the tables that a file contains."""

    name: str
    rows: int
    columns: int

    def __str__(self) -> str:
        rows = ngettext("{count} row", "{count} rows", self.rows)
        return _("{name} ({rows}, columns: {columns})", name=self.name, rows=rows, columns=format_number(self.columns))


@dataclass(frozen=True)
class ListOfObjects:
    """A column whose cells are lists of objects; `records` have such a list that is not empty, `entries` are in all of them."""

    name: str
    records: int
    entries: int
    has_moment: bool


def choose_table(path: Path, tables: Sequence[Table], wanted: str | None) -> Table:
    """Return the wanted table, or the only one; several without a choice are a QuestionError that suggests the largest."""
    if wanted is not None:
        found = next((table for table in tables if wanted == table.name), None)
        found = found or next((table for table in tables if wanted.lower() == table.name.lower()), None)
        if found is None:
            names = [table.name for table in tables]
            raise DataError(
                _(
                    "{file} has no table '{name}'; it has {names}; {hint}",
                    file=path.name,
                    name=wanted,
                    names=join_words(names[:20]),
                    hint=did_you_mean(wanted, names) or _("choose one of them"),
                )
            )
        return found
    if len(tables) > 1:
        largest = max(tables, key=lambda table: table.rows)
        listed = "; ".join(str(table) for table in tables[:20])
        raise QuestionError(
            _("{file} holds several tables: {tables}; which one has the events?", file=path.name, tables=listed),
            "--table",
            largest.name,
            choices=[table.name for table in tables],
        )
    return tables[0]


def list_to_unfold(path: Path, lists: Sequence[ListOfObjects], rows: int, columns: Sequence[str], whole: str) -> ListOfObjects | None:
    """Return the list whose entries are the events, None where the rows are.

    The entries certainly are where the rest of a row is a name or two, or where only they have a time; the rows certainly are where
    less than half of them have such a list. Anything else is a QuestionError. `whole` is the name of the table that keeps its rows.
    """
    common = [each for each in lists if each.entries * 2 >= rows]
    if not common:
        return None
    row_has_moment = any(map(is_moment_name, columns))
    if len(common) == 1 and (len(columns) < 2 or (common[0].has_moment and not row_has_moment)):
        return common[0]
    likely = whole if row_has_moment and not any(each.has_moment for each in common) else max(common, key=lambda each: each.entries).name
    raise QuestionError(
        _(
            "{file}: its {rows} rows hold lists of objects: {lists}; is an event a row (table {whole}) or an entry of a list?",
            file=path.name,
            rows=format_number(rows),
            lists=join_words(_("{name} with {count} entries", name=each.name, count=format_number(each.entries)) for each in common),
            whole=whole,
        ),
        "--table",
        likely,
        choices=(whole, *(each.name for each in common)),
    )


def are_parameters(entry: Iterable[str], value: Iterable[str]) -> bool:
    """Return whether the names of an entry of a list, and those of its value, are of a parameter: a key, and a value by its type.

    Google Analytics and OpenTelemetry write so, as in {"key": "page", "value": {"string_value": "/tea", "int_value": null}}.
    """
    value = list(value)
    return set(entry) == {"key", "value"} and bool(value) and all(re.search(r"(_v|V)alue$", name) for name in value)


def is_moment_name(name: str) -> bool:
    """Return whether a column is named like a time."""
    return bool(_MOMENT.search(name))


def check_distinct_names(path: Path, names: Iterable[str]) -> tuple[str, ...]:
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
    return tuple(seen.values())


def check_columns(path: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names; equal ones (DuckDB ignores capitals) and more than a thousand are a DataError."""
    columns = check_distinct_names(path, names)
    if len(columns) > _MOST_COLUMNS:
        raise DataError(
            _(
                "{file} has more than {count} columns, such as '{name}'; if these names are ids, write one row per event with the ids "
                "in a column",
                file=path.name,
                count=format_number(_MOST_COLUMNS),
                name=columns[_MOST_COLUMNS],
            )
        )
    return columns


@dataclass
class Written:
    """Rows written as Parquet files of text: the number of filled cells of each column, of rows, and of cells with invalid characters."""

    parts: list[Path] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    repaired: int = 0


def write_rows(batches: Iterable[Sequence[Row]], path: Path, work: Path) -> Written:
    """Write rows of any columns; a batch with a new column starts a new file, so that no batch needs to be kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    written, writer = Written(), None
    filled = written.filled
    try:
        for rows in batches:
            known = len(filled)
            for row in rows:
                if not row.keys() <= filled.keys():
                    filled |= {name: 0 for name in row if name not in filled}
            if len(filled) > known or writer is None:
                check_columns(path, filled)
                if writer is not None:
                    writer.close()
                written.parts.append(work / f"part-{len(written.parts)}.parquet")
                writer = pq.ParquetWriter(written.parts[-1], pa.schema([(name, pa.string()) for name in filled]))
            arrays = [_as_array([row.get(name) for row in rows], written) for name in filled]
            for name, array in zip(filled, arrays):
                filled[name] += len(array) - array.null_count
            writer.write_table(pa.table(arrays, list(filled)))
            written.rows += len(rows)
    finally:
        if writer is not None:
            writer.close()
    return written


def _as_array(cells: list[str | None], written: Written) -> Any:
    """Return an Arrow array of text; half of a surrogate pair, left by an export that cut a text, becomes U+FFFD."""
    import pyarrow as pa

    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        whole = [cell and cell.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for cell in cells]
        written.repaired += sum(before != after for before, after in zip(cells, whole))
        return pa.array(whole, pa.string())


def merge_parts(parts: Sequence[Path], columns: Mapping[str, str], work: Path) -> Path:
    """Write the files as one with these columns, SQL by name, and remove them; a single file of just these columns stays as it is."""
    import pyarrow.parquet as pq

    unchanged = all(sql == quote_name(name) for name, sql in columns.items())
    if len(parts) == 1 and unchanged and len(pq.read_schema(parts[0]).names) == len(columns):
        return parts[0]
    target = work / "converted.parquet"
    files = ", ".join(quote_literal(part) for part in parts)
    selected = ", ".join(f"{sql} AS {quote_name(name)}" for name, sql in columns.items())
    write_query(f"SELECT {selected} FROM read_parquet([{files}], union_by_name = true, hive_partitioning = false)", target, work)
    for part in parts:
        part.unlink()
    return target


def write_query(sql: str, target: Path, work: Path, **tables: object) -> int:
    """Write the result of a query as Parquet and return its number of rows; `tables` are Arrow tables that it names."""
    with open_duckdb(work) as con:
        for name, table in tables.items():
            con.register(name, table)
        row = con.execute(f"COPY ({sql}) TO {quote_literal(target)} (FORMAT parquet)").fetchone()
        return int(row[0]) if row else 0


def number_as_text(expression: str) -> str:
    """Return the SQL for a floating-point number as text: whole ones without ".0", those that are not numbers NULL."""
    whole = f"TRY_CAST({expression} AS HUGEINT)"
    return (
        f"CASE WHEN isnan({expression}) THEN NULL WHEN {expression} = {whole} THEN CAST({whole} AS VARCHAR) "
        f"ELSE CAST({expression} AS VARCHAR) END"
    )
