"""Prepared folders that were edited: opening one is the dataset that was written, or an error of one line that names the file."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.datasets import open_dataset, prepare_dataset
from recsys.datasets.prepared import read_card, read_extra, read_prepared, write_prepared
from recsys.storage.paths import home


@pytest.fixture
def folder(tiny: Dataset) -> Path:
    place = home() / "datasets" / "tiny"
    write_prepared(place, tiny)
    return place


Edit = Callable[[pa.Table], pa.Table]


def retype(column: str, value: object, kind: pa.DataType | None = None) -> Edit:
    """An edit that puts one value everywhere in a column."""

    def edit(table: pa.Table) -> pa.Table:
        values = pa.array([value] * len(table), kind)
        at = table.column_names.index(column) if column in table.column_names else None
        return table.append_column(column, values) if at is None else table.set_column(at, column, values)

    return edit


def with_value(column: str, row: int, value: object) -> Edit:
    """An edit of one cell."""

    def edit(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        kind = table.schema.field(column).type
        return table.set_column(
            table.column_names.index(column), column, pa.array(values, pa.string() if pa.types.is_dictionary(kind) else kind)
        )

    return edit


def without(*columns: str) -> Edit:
    return lambda table: table.drop_columns(list(columns))


EVENTS: dict[str, Edit] = {
    "text as a time": retype("timestamp", "yesterday"),
    "numbers as times": retype("timestamp", 7),
    "a time beyond every calendar": retype("timestamp", 2**62, pa.timestamp("ms")),
    "a zone that does not exist": retype("timestamp", 5, pa.timestamp("ns", "Foo/Bar")),
    "text as a rating": retype("rating", "good"),
    "an infinite rating": retype("rating", np.inf),
    "lists as texts": retype("text", ["a"]),
    "bytes as behaviours": retype("behaviour", b"\xff"),
    "an offset of days": retype("utc_offset", 1e9),
    "a latitude without a longitude": retype("latitude", 40.0),
    "64 bits as users": retype("user", 0, pa.int64()),
    "a missing user": with_value("user", 3, None),
    "a missing item": with_value("item", 3, None),
    "an item that does not exist": with_value("item", 3, 10_000),
    "a negative item": with_value("item", 3, -1),
    "no users": without("user"),
    "no items": without("item"),
    "no rows": lambda table: table.slice(0, 0),
    "half of the rows": lambda table: table.slice(0, len(table) // 2),
    "rows twice": lambda table: pa.concat_tables([table, table]),
    "rows backwards": lambda table: table.take(pa.array(range(len(table)))[::-1]),
    "times of a user backwards": with_value("timestamp", 0, datetime(2096, 1, 1, tzinfo=UTC)),
}
ITEMS: dict[str, Edit] = {
    "no ids": without("item_id"),
    "a missing id": with_value("item_id", 3, None),
    "an id twice": with_value("item_id", 3, "i00"),
    "numbers as ids": retype("item_id", 7),
    "numbers as titles": retype("title", 7),
    "a latitude without a longitude": without("longitude"),
    "a latitude beyond the pole": with_value("latitude", 3, 91.0),
    "a table in a cell": retype("year", {"a": 1}),
    "one row less": lambda table: table.slice(1),
    "one row more": lambda table: pa.concat_tables([table, table.slice(0, 1)]),
}
USERS: dict[str, Edit] = {
    "no ids": without("user_id"),
    "a missing id": with_value("user_id", 3, None),
    "one row less": lambda table: table.slice(1),
}
FRIENDS: dict[str, Edit] = {
    "no friends": without("friend_id"),
    "numbers": retype("friend_id", 1),
    "a missing id": with_value("user_id", 0, None),
}
EDITS = [
    pytest.param(name, edit, id=f"{name}: {what}")
    for name, edits in {"interactions": EVENTS, "items": ITEMS, "users": USERS, "friends": FRIENDS}.items()
    for what, edit in edits.items()
]


def assert_refused(name: str) -> None:
    """Opening the dataset and preparing its folder again end in one line with the name of a file."""
    for use in (lambda: open_dataset(name), lambda: prepare_dataset(home() / "datasets" / name, name="copy")):
        with pytest.raises(DataError) as caught:
            use()
        assert "\n" not in str(caught.value)
        assert "prepare the data again" in str(caught.value)
    assert not (home() / "datasets" / "copy").exists()


@pytest.mark.parametrize(("name", "edit"), EDITS)
def test_edited_tables_are_refused(name: str, edit: Edit, folder: Path) -> None:
    path = folder / f"{name}.parquet"
    pq.write_table(edit(pq.read_table(path)), path)
    assert_refused("tiny")


def test_further_columns_and_other_writers_are_read(folder: Path, tiny: Dataset) -> None:
    """Parquet of another writer: without dictionaries, with columns of its own, times in nanoseconds."""
    path = folder / "interactions.parquet"
    table = pq.read_table(path)
    for name, kind in (("behaviour", pa.large_string()), ("timestamp", pa.timestamp("ns", "UTC"))):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    pq.write_table(retype("note", {"a": [1]})(table), path)
    read = read_prepared(folder)
    assert read.interactions["behaviour"].astype(str).tolist() == tiny.interactions["behaviour"].astype(str).tolist()
    assert np.array_equal(read.times, tiny.times)
    assert "note" not in read.interactions


@pytest.mark.parametrize("name", ["interactions.parquet", "items.parquet", "users.parquet", "friends.parquet", "card.json"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device", "link to itself", "empty", "noise"])
def test_whatever_stands_in_place_of_a_file_is_refused_at_once(name: str, kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / name
    path.unlink()
    monkeypatch.chdir(folder)  # the path of a socket has at most 107 characters
    make: dict[str, Callable[[], object]] = {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "socket": lambda: socket.socket(socket.AF_UNIX).bind(name),
        "device": lambda: path.symlink_to("/dev/zero"),
        "link to itself": lambda: path.symlink_to(path),
        "empty": lambda: path.write_bytes(b""),
        "noise": lambda: path.write_bytes(b"PAR1" + bytes(range(256)) + b"PAR1"),
    }
    make[kind]()
    with pytest.raises(DataError) as caught:
        read_prepared(folder)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_rows_than_memory_are_refused_before_they_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({name: pa.array(np.zeros(2_000_000, np.int32)) for name in ("user", "item")})
    pq.write_table(table, folder / "interactions.parquet")
    monkeypatch.setattr("recsys.core.memory.free_memory", lambda: 1 << 20)
    with pytest.raises(DataError, match=r"would take about 0\.1 GB of memory, and 0\.0 GB are free"):
        read_prepared(folder)


CARDS: dict[str, object] = {
    "name": None,
    "title": ["a"],
    "repeats": "perhaps",
    "interactions": -1,
    "users": 10**30,
    "items": 3,
    "first": "0001-01-01T00:00:00+14:00",
    "last": "tomorrow",
    "has": "time",
    "checks": [{"check": "{missing} ids", "rows": 1, "action": "dropped", "values": {"other": "x"}}],
    "ties": "sometimes",
    "format": 99,
    "noun": "half of a \ud800 pair",
    "example_users": [1.5],
    "tied_events": float("nan"),
}


@pytest.mark.parametrize("key", CARDS)
def test_edited_cards_are_refused(key: str, folder: Path) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), key: CARDS[key]}), encoding="utf-8")
    assert_refused("tiny")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 1000 + "1" + "}" * 1000, "", "null", "[]", "1", '{"format": 1}', "{" + " " * (1 << 24) + "}"]
)
def test_json_that_is_not_a_card_is_refused(text: str, folder: Path) -> None:
    (folder / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"card\.json (is missing or damaged|was written by another version)"):
        read_card(folder)


def test_a_card_is_what_was_written(folder: Path, tiny: Dataset) -> None:
    card = read_card(folder)
    assert (card.name, card.interactions, card.users, card.items, card.has) == ("tiny", len(tiny.interactions), 12, 15, tiny.has)
    shutil.copytree(folder, folder.with_name("other"))
    assert read_card(folder.with_name("other")) == card


def test_truth_and_causes_of_a_simulation_are_checked(folder: Path, tiny: Dataset) -> None:
    size = len(tiny.interactions)
    causes = {"user_id": ["u00"] * size, "order": np.arange(size, dtype=np.int32), "cause": ["x"] * size}
    for name, values in {
        "truth": {"user_id": ["u00"]},
        "causes": causes,
    }.items():
        pq.write_table(pa.table(values), folder / f"{name}.parquet")
        with pytest.raises(DataError, match="has no column"):
            read_extra(folder, name)
    for because_of in (np.arange(size), np.arange(1, size + 1)):
        pq.write_table(pa.table({**causes, "because_of": because_of.astype(np.int32)}), folder / "causes.parquet")
        with pytest.raises(DataError, match="does not fit"):
            read_extra(folder, "causes")
    pq.write_table(pa.table({**causes, "because_of": np.full(size, -1, np.int32)}), folder / "causes.parquet")
    assert len(read_extra(folder, "causes")) == size
