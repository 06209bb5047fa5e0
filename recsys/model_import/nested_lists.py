"""Lists of recommendations in one JSON object by user: ranx's {user: {item: score}} and the lists that services return."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

COLUMNS = ("user_id", "item_id", "score", "rank")


def read_nested_json(file: Path, guess_role: Callable[[str], str]) -> pa.Table | None:
    """Return the rows of a JSON object of lists by user, or of such objects by model; None for any other file.

    A list is {item: score}, or a JSON list of ids, of pairs of an id and a score, or of objects, whose order is the rank unless they have
    a rank or a score. `guess_role` returns the role of a name. An object may stand under one name beside values that are not lists.
    """
    with file.open("rb") as opened:
        if not opened.read(1 << 10).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return None
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None  # the reader of tables says what is wrong
    if not isinstance(content, dict):
        return None
    objects = [each for each in content.values() if isinstance(each, (dict, list))]
    if len(content) > 1 and len(objects) == 1 and isinstance(objects[0], dict):
        content = objects[0]  # the rest is about the export: {"generated_at": …, "recommendations": {…}}
    for runs in ({"": content}, content):
        rows = _read_runs(runs, guess_role)
        if rows is not None:
            return _to_table(rows)
    return None


def _read_runs(runs: dict[str, Any], guess_role: Callable[[str], str]) -> list[dict[str, str]] | None:
    rows: list[dict[str, str]] = []
    for model, users in runs.items():
        if not isinstance(users, dict) or not users or {guess_role(each) for each in users} >= {"user_id", "item_id"}:
            return None  # columns: {"user_id": […], "item_id": […]}
        for user, items in users.items():
            entries = _read_entries(items, guess_role)
            if entries is None:
                return None
            rows.extend({"model": model, "user_id": user, **each} for each in entries)
    return rows or None


def _read_entries(items: Any, guess_role: Callable[[str], str]) -> list[dict[str, str]] | None:
    """Return the entries of one user's list, None where it is not one."""
    if isinstance(items, dict):
        return [{"item_id": item, "score": str(score)} for item, score in items.items()] if all(map(_is_number, items.values())) else None
    if not isinstance(items, list):
        return None
    found = []
    for rank, entry in enumerate(items, start=1):
        values = dict(_read_entry(entry, guess_role))
        if "item_id" not in values or "user_id" in values:
            return None
        found.append(values if "score" in values or "rank" in values else {**values, "rank": str(rank)})
    return found


def _read_entry(entry: Any, guess_role: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    if isinstance(entry, dict):
        # the id of an entry is that of the item
        roles = [("item_id" if name == "id" else guess_role(name), value) for name, value in entry.items()]
        yield from ((role, str(value)) for role, value in reversed(roles) if role in COLUMNS and value is not None)
    elif isinstance(entry, list) and len(entry) == 2 and _is_number(entry[1]):
        yield from (("item_id", str(entry[0])), ("score", str(entry[1])))
    elif isinstance(entry, (str, int)) and not isinstance(entry, bool):
        yield "item_id", str(entry)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _to_table(rows: list[dict[str, str]]) -> pa.Table:
    used = [name for name in ("model", *COLUMNS) if any(row.get(name) for row in rows)]
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in used})
