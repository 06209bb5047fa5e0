"""Objects of JSON as rows of text: the values of nested objects by path, and the lists among them counted."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.importing.formats.converted import Row, are_parameters, is_moment_name

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


@dataclass
class ListCounts:
    """Counts of the cells that are lists, by column; `timed`: columns of lists of objects with a time. `empty`: lists without a row."""

    of_values: Counter[str] = field(default_factory=Counter)
    of_objects: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    timed: set[str] = field(default_factory=set)
    empty: int = 0


def check_object(value: Any, path: Path) -> dict[str, Any]:
    """Return a value that is an object; another one is a DataError."""
    if type(value) is dict:
        return value
    raise DataError(
        _(
            "{file}: '{value}' stands where an object with names is expected, as in {example}; write each event as an object",
            file=path.name,
            value=str(_as_text(value))[:40],
            example='{"user": "u1", "item": "i1"}',
        )
    )


def flatten_object(record: dict[str, Any], prefix: str, row: Row, lists: ListCounts, inner: str | None, path: Path) -> list[Any] | None:
    """Add the values of an object to a row, nested ones by path; return the list called `inner` instead of adding it."""
    entries = None
    for key, value in record.items():
        name = prefix + key if key else f"{prefix}''"
        kind = type(value)
        if name == inner:
            entries = value if kind is list else [] if value is None else [value]
            continue
        if kind is list and value and all(map(_is_parameter, value)):
            kind, value = dict, {str(each["key"]): _typed_value(each["value"]) for each in value}
        if kind is dict:
            entries = flatten_object(value, f"{name}.", row, lists, inner, path) or entries
            continue
        if name in row:
            raise DataError(_("{file}: an object has two values called '{name}'; rename one of them", file=path.name, name=name))
        if kind is str:
            row[name] = value
            continue
        if kind is list:
            _count_list(name, value, lists)
        row[name] = _as_text(value)
    return entries


def _is_parameter(entry: Any) -> bool:
    return type(entry) is dict and type(entry.get("value")) is dict and are_parameters(entry, entry["value"])


def _typed_value(value: dict[str, Any]) -> Any:
    return next((part for part in value.values() if part is not None), None)


def _count_list(name: str, value: list[Any], lists: ListCounts) -> None:
    kinds = set(map(type, value))
    if dict in kinds:
        lists.of_objects[name] += 1
        lists.entries[name] += len(value)
        if name not in lists.timed and any(map(is_moment_name, value[0] if type(value[0]) is dict else ())):
            lists.timed.add(name)
    elif list not in kinds:
        lists.of_values[name] += 1


def _as_text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is list and not any(type(each) in (list, dict) for each in value):
        value = [_as_text(each) for each in value]
    return _ENCODE(value) if isinstance(value, list | dict) else str(value)
