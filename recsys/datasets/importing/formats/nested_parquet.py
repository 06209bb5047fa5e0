"""Parquet with nested columns: values of structs by path, lists of structs unfolded to rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.importing.formats.converted import (
    EMPTY_LISTS,
    KEPT_AS_TEXT,
    RECORDS,
    UNFOLDED,
    Converted,
    ListOfObjects,
    Table,
    are_parameters,
    check_columns,
    choose_table,
    is_moment_name,
    list_to_unfold,
    number_as_text,
    write_query,
)
from recsys.datasets.source import open_duckdb, quote_literal, quote_name, quote_path

if TYPE_CHECKING:
    import pyarrow as pa

_ENTRY = '"the entry of the list"'


class _Leaf(NamedTuple):
    name: str
    sql: str
    type: "pa.DataType"


def is_parquet(path: Path, head: bytes) -> bool:
    """Return whether a file is Parquet, whole or damaged."""
    return head.startswith(b"PAR1")


def read_schema(path: Path) -> "pa.Schema":
    """Return the schema of a file; one that is not whole is a DataError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(_("{file} is a truncated or damaged Parquet file; copy or export it again", file=path.name)) from error


def convert(path: Path, work: Path, table: str | None) -> Converted | None:
    """Convert a file with nested columns; None without any, because such a file is read as it is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = read_schema(path)
    if not any(pa.types.is_nested(field.type) for field in schema):
        return None
    source = f"read_parquet({quote_path(path)})"
    leaves = [leaf for field in schema for leaf in _leaves(field.name, quote_name(field.name), field.type)]
    columns = _by_name(
        path, [column for leaf in leaves for column in (_parameters(leaf, source, work) if _has_parameters(leaf) else [leaf])]
    )
    lists = [name for name, leaf in columns.items() if _is_list(leaf.type) and pa.types.is_struct(leaf.type.value_type)]
    found = _count_lists(work, source, [columns[name] for name in lists])
    rows = pq.read_metadata(path).num_rows
    notes = []
    if unfolded := _list_to_unfold(path, found, rows, columns, table):
        leaf = columns.pop(unfolded.name)
        source = f"(SELECT *, unnest({leaf.sql}) AS {_ENTRY} FROM {source})"
        columns = _by_name(path, [*columns.values(), *_leaves(leaf.name, _ENTRY, leaf.type.value_type)])
        notes = [Check(UNFOLDED, unfolded.entries, "kept"), Check(EMPTY_LISTS, rows - unfolded.records, "dropped")]
    notes.append(Check(KEPT_AS_TEXT, sum(each.records for each in found if each.name in columns), "kept"))
    target = work / "converted.parquet"
    texts = ", ".join(f"{_text(leaf.sql, leaf.type)} AS {quote_name(name)}" for name, leaf in columns.items())
    write_query(f"SELECT {texts} FROM {source}", target, work)
    of_values = tuple(name for name, leaf in columns.items() if _is_list(leaf.type) and not pa.types.is_nested(leaf.type.value_type))
    return Converted(target, "parquet", tuple(columns), of_values, tuple(note for note in notes if note.rows))


def _by_name(path: Path, leaves: list[_Leaf]) -> dict[str, _Leaf]:
    return dict(zip(check_columns(path, [leaf.name for leaf in leaves]), leaves, strict=True))


def _leaves(name: str, sql: str, kind: "pa.DataType") -> Iterator[_Leaf]:
    """Yield the values of a column that are not structs."""
    import pyarrow as pa

    if not pa.types.is_struct(kind):
        yield _Leaf(name, sql, kind)
        return
    for field in kind:
        yield from _leaves(f"{name}.{field.name}", f"struct_extract({sql}, {quote_literal(field.name)})", field.type)


def _has_parameters(leaf: _Leaf) -> bool:
    import pyarrow as pa

    if not (_is_list(leaf.type) and pa.types.is_struct(leaf.type.value_type)):
        return False
    entry = {field.name: field.type for field in leaf.type.value_type}
    value = entry.get("value")
    if value is None or not pa.types.is_struct(value) or any(pa.types.is_nested(field.type) for field in value):
        return False
    return are_parameters(entry, [field.name for field in value])


def _parameters(leaf: _Leaf, source: str, work: Path) -> Iterator[_Leaf]:
    """Yield a column for each key of a list of parameters, which holds its value of whatever type."""
    import pyarrow as pa

    with open_duckdb(work) as con:
        keys = con.execute(
            f"SELECT DISTINCT key FROM (SELECT unnest({leaf.sql}).key AS key FROM {source}) WHERE key <> '' ORDER BY 1"
        ).fetchall()
    for (key,) in keys:
        value = f"list_filter({leaf.sql}, lambda entry: entry.key = {quote_literal(key)})[1].value"
        texts = (_text(each.sql, each.type) for each in _leaves("", value, leaf.type.value_type.field("value").type))
        yield _Leaf(f"{leaf.name}.{key}", f"COALESCE({', '.join(texts)})", pa.string())


def _count_lists(work: Path, source: str, leaves: list[_Leaf]) -> list[ListOfObjects]:
    if not leaves:
        return []
    counts = ", ".join(f"count(*) FILTER (len({leaf.sql}) > 0), COALESCE(sum(len({leaf.sql})), 0)" for leaf in leaves)
    with open_duckdb(work) as con:
        found = con.execute(f"SELECT {counts} FROM {source}").fetchone() or ()
    return [
        ListOfObjects(leaf.name, int(records), int(entries), any(is_moment_name(field.name) for field in leaf.type.value_type))
        for leaf, records, entries in zip(leaves, found[::2], found[1::2], strict=True)
    ]


def _list_to_unfold(
    path: Path, lists: list[ListOfObjects], rows: int, columns: dict[str, _Leaf], table: str | None
) -> ListOfObjects | None:
    if table is None:
        plain = [name for name in columns if name not in {each.name for each in lists}]
        return list_to_unfold(path, lists, rows, plain, RECORDS)
    tables = [Table(RECORDS, rows, len(columns)), *(Table(each.name, each.entries, 0) for each in lists)]
    chosen = choose_table(path, tables, table).name
    return next((each for each in lists if each.name == chosen), None)


def _is_list(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _text(sql: str, kind: "pa.DataType") -> str:
    """Return the SQL for a value as text, for a list of values as JSON."""
    import pyarrow as pa

    if _is_list(kind) and not pa.types.is_nested(kind.value_type):
        return f"CAST(to_json(list_transform({sql}, lambda entry: {_text('entry', kind.value_type)})) AS VARCHAR)"
    if pa.types.is_nested(kind):
        return f"CAST(to_json({sql}) AS VARCHAR)"
    return number_as_text(sql) if pa.types.is_floating(kind) else f"CAST({sql} AS VARCHAR)"
