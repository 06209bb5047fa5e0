"""JSON: a list of objects, lists of objects within an object, one object a line, or lines of Python dictionaries."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.importing.formats.converted import (
    EMPTY_LISTS,
    KEPT_AS_TEXT,
    RECORDS,
    UNFOLDED,
    Converted,
    ListOfObjects,
    Row,
    Table,
    Written,
    check_columns,
    choose_table,
    list_to_unfold,
    merge_parts,
    write_rows,
)
from recsys.datasets.importing.formats.json_objects import ListCounts, check_object, flatten_object
from recsys.datasets.importing.formats.json_stream import JsonStream
from recsys.datasets.importing.formats.python_lines import PYTHON, is_python, parse_literal, read_python_lines
from recsys.datasets.source import quote_name

E7_CONVERTED = N_("places in ten-millionths of a degree (E7), read as degrees")
REPAIRED = N_("texts with half of a character, which was replaced")
_SUFFIXES = (".json", ".jsonl", ".ndjson")
_E7 = re.compile(r"(?<=latitude|ongitude)E7$", re.IGNORECASE)
_OBJECTS = re.compile(r'[\[{\s]*\{\s*"[^"]*"\s*:')
_BATCH_ROWS, _BATCH_CHARACTERS = 20_000, 1 << 24
_MOST_LISTS = 1000


def is_json(path: Path, head: bytes) -> bool:
    """Return whether a file is JSON or lines of Python dictionaries.

    A table whose first cell begins with a bracket is not: after a value of JSON comes a line end, another value or nothing.
    """
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    named = path.suffix.lower() in _SUFFIXES
    if not text.startswith(("{", "[")):
        if named and text:
            raise DataError(
                _(
                    "{file} is named like JSON but begins with '{text}' instead of a bracket; export it again, or name a table .csv",
                    file=path.name,
                    text=text.splitlines()[0][:20],
                )
            )
        return False
    if named:
        return True
    if PYTHON.match(text.removeprefix("[").lstrip()):
        return text.startswith("[") or parse_literal(text.splitlines()[0]) is not None
    try:
        end = json.JSONDecoder().raw_decode(text)[1]
    except RecursionError:
        return True
    except ValueError:
        return bool(_OBJECTS.match(text))
    return text[end:].lstrip(" ")[:1] in ("", "\r", "\n", "[", "{")


def convert(path: Path, work: Path, table: str | None) -> Converted:
    """Convert the objects of a file; values of nested objects are columns named by path.

    A list of objects within an object is a table of its own. In a row, it is unfolded to one row per entry, or kept as text.
    """
    try:
        outer = None if is_python(path) else _outer_list(path, table)
        lists = ListCounts()
        written = write_rows(_batches(path, outer, None, lists), path, work)
        if not written.rows:
            raise DataError(_("{file} has no objects; it should contain one per event", file=path.name))
        notes = []
        if inner := _inner_list(path, table, outer, lists, written):
            lists = ListCounts()
            for part in written.parts:
                part.unlink()
            written = write_rows(_batches(path, outer, inner, lists), path, work)
            notes = [Check(UNFOLDED, written.rows, "kept"), Check(EMPTY_LISTS, lists.empty, "dropped")]
    except RecursionError as error:
        raise DataError(_("{file} is nested too deeply for data; export it again", file=path.name)) from error
    notes.append(Check(KEPT_AS_TEXT, lists.of_objects.total(), "kept"))
    notes.append(Check(REPAIRED, written.repaired, "filled"))
    columns = _columns(written)
    notes.append(Check(E7_CONVERTED, written.rows if columns.keys() - written.filled.keys() else 0, "kept"))
    of_values = tuple(name for name in columns if 0 < lists.of_values[name] == written.filled.get(name))
    target = merge_parts(written.parts, columns, work)
    return Converted(target, "json", check_columns(path, columns), of_values, tuple(note for note in notes if note.rows))


def _outer_list(path: Path, table: str | None) -> str | None:
    """Return the path of the list of objects to read from a file that is one object; None where the objects are the rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        stream = JsonStream(file, path)
        if stream.peek() != "{":
            return None
        rows: Counter[str] = Counter()
        names: dict[str, set[str]] = {}
        for name, entry in _walk(stream, "", path):
            if type(entry) is dict:
                rows[name] += 1
                if len(seen := names.setdefault(name, set())) < _MOST_LISTS:
                    seen.update(entry)
        if stream.peek():
            return None
    if not rows:
        return None
    tables = [Table(name, count, len(names[name])) for name, count in rows.items()]
    # A list within the entries is named by its path, too.
    wanted = next((each.name for each in tables if table and table.startswith(f"{each.name}.")), table)
    return choose_table(path, tables, wanted).name


def _walk(stream: JsonStream, prefix: str, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the entries of every list in an object, each with the path of the list."""
    for count, key in enumerate(stream.keys()):
        if count == _MOST_LISTS:
            raise DataError(
                _(
                    "{file}: an object has more than {count} names, such as '{name}'; if these are ids, write a list with an object per event",
                    file=path.name,
                    count=format_number(_MOST_LISTS),
                    name=key,
                )
            )
        mark = stream.peek()
        if mark == "{":
            yield from _walk(stream, f"{prefix}{key}.", path)
        elif mark == "[":
            yield from ((prefix + key, entry) for entry in stream.elements())
        else:
            stream.value()


def _inner_list(path: Path, table: str | None, outer: str | None, lists: ListCounts, written: Written) -> str | None:
    """Return the column whose lists of objects are to be unfolded; None where the rows stay as they are."""
    whole, prefix = (outer, f"{outer}.") if outer else (RECORDS, "")
    found = {
        prefix + name: ListOfObjects(prefix + name, cells, lists.entries[name], name in lists.timed)
        for name, cells in lists.of_objects.items()
    }
    if table is not None:
        tables = [Table(whole, written.rows, len(written.filled)), *(Table(each.name, each.entries, 0) for each in found.values())]
        chosen = choose_table(path, tables, table).name
        return None if chosen == whole else chosen.removeprefix(prefix)
    plain = [name for name, cells in written.filled.items() if cells and name not in lists.of_objects]
    unfolded = list_to_unfold(path, list(found.values()), written.rows, plain, whole)
    return unfolded.name.removeprefix(prefix) if unfolded else None


def _columns(written: Written) -> dict[str, str]:
    """Return the SQL of each column by its name; the empty one of objects that are sometimes null is left out."""
    filled = written.filled
    columns = {}
    for name, cells in filled.items():
        if not cells and any(other.startswith(f"{name}.") for other in filled):
            continue
        source, degrees = quote_name(name), _E7.sub("", name)
        if degrees != name and degrees not in filled:
            columns[degrees] = f"COALESCE(printf('%.7f', TRY_CAST({source} AS BIGINT) / 1e7), {source})"
        else:
            columns[name] = source
    return columns


def _batches(path: Path, outer: str | None, inner: str | None, lists: ListCounts) -> Iterator[list[Row]]:
    rows: list[Row] = []
    size = 0
    for record in _records(path, outer):
        row: Row = {}
        entries = flatten_object(record, "", row, lists, inner, path)
        if inner is None:
            rows.append(row)
        elif not entries:
            lists.empty += 1
        for entry in entries or ():
            rows.append(dict(row))
            flatten_object(check_object(entry, path), f"{inner}.", rows[-1], lists, None, path)
        size += sum(map(len, filter(None, row.values()))) * max(len(entries or ()), 1)
        if len(rows) >= _BATCH_ROWS or size >= _BATCH_CHARACTERS:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _records(path: Path, outer: str | None) -> Iterator[dict[str, Any]]:
    if is_python(path):
        yield from read_python_lines(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        stream = JsonStream(file, path)
        if outer is not None:
            yield from (check_object(entry, path) for name, entry in _walk(stream, "", path) if name == outer)
            return
        count = 0
        while mark := stream.peek():
            for record in stream.elements() if mark == "[" else (stream.value(),):
                yield check_object(record, path)
            count += mark == "{"
        if count == 1 and not any(map(_is_scalar, record.values())):
            raise DataError(
                _(
                    "{file} is one object without a list of objects in it; write a list with an object per event (pandas: orient='records')",
                    file=path.name,
                )
            )


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, list | dict)
