"""The prepared folder: how data rests on disk between the raw files and a Dataset.

    interactions.parquet   user_id, item_id (strings), timestamp (UTC), utc_offset, behaviour, rating, latitude, longitude, text:
                           the columns that are known, sorted by user and time
    items.parquet          item_id and what is known of it: title, text, category, latitude, longitude, …; its order is the
                           order of the vocabulary
    users.parquet          user_id and what is known of people (only where something is)
    friends.parquet        user_id, friend_id (only where known)
    card.json              name, title, counts, times, the cleaning report, the fingerprint: a list of data sets reads only these
    other *.parquet        tables beside the data, such as the truth of a simulation; `read_extra` reads them
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.core import Check, Dataset
from recsys.errors import DataError
from recsys.storage import folder_at_once

FORMAT = 1
"""Goes into every fingerprint: data prepared by another version of this code is another data set."""

COLUMNS = ("timestamp", "utc_offset", "behaviour", "rating", "latitude", "longitude", "text")


@dataclass(frozen=True)
class DatasetCard:
    """What a list of data sets shows. Counts are None for a known data set that is not prepared yet; times are UTC."""

    name: str
    title: str
    noun: str
    repeats: bool
    prepared: bool = True
    interactions: int | None = None
    users: int | None = None
    items: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    has: tuple[str, ...] = ()
    example_users: tuple[str, ...] = ()  # five at most, busiest first
    fingerprint: str | None = None
    checks: tuple[Check, ...] = ()


def write_prepared(folder: Path, dataset: Dataset, extras: Mapping[str, pd.DataFrame] | None = None) -> DatasetCard:
    """Write a Dataset as a prepared folder, all at once or not at all. `extras` are tables beside it, by name."""
    with folder_at_once(folder) as work:
        interactions = dataset.interactions.drop(columns="order").astype({"user_id": "str", "item_id": "str"})
        interactions.to_parquet(work / "interactions.parquet", index=False, compression="zstd")
        dataset.items.rename_axis("item_id").reset_index().to_parquet(work / "items.parquet", index=False, compression="zstd")
        if dataset.users is not None:
            dataset.users.rename_axis("user_id").reset_index().to_parquet(work / "users.parquet", index=False, compression="zstd")
        if dataset.friends is not None:
            dataset.friends.to_parquet(work / "friends.parquet", index=False, compression="zstd")
        for name, table in (extras or {}).items():
            table.to_parquet(work / f"{name}.parquet", index=False, compression="zstd")
        card = card_of(dataset)
        write_card(work, card)
    return card


def read_prepared(folder: Path) -> Dataset:
    """The Dataset in a prepared folder; a DataError when a file of it is missing or damaged."""
    card = read_card(folder)
    items = _read_frame(folder / "items.parquet").set_index("item_id")
    items.index = pd.Index(items.index.to_numpy(dtype=object), dtype="str", name="item_id")
    users = _read_frame(folder / "users.parquet") if (folder / "users.parquet").exists() else None
    friends = _read_frame(folder / "friends.parquet") if (folder / "friends.parquet").exists() else None
    return Dataset(
        name=card.name,
        title=card.title,
        interactions=_read_interactions(folder / "interactions.parquet", items.index),
        items=items,
        fingerprint=card.fingerprint or "",
        repeats=card.repeats,
        users=None if users is None else users.set_index("user_id"),
        friends=friends,
        checks=card.checks,
        noun=card.noun,
    )


def read_extra(folder: Path, name: str) -> pd.DataFrame | None:
    """A table beside the data, such as `truth`; None when this data has no such table."""
    path = folder / f"{name}.parquet"
    return _read_frame(path) if path.exists() else None


def card_of(dataset: Dataset) -> DatasetCard:
    """Count a Dataset."""
    counts = np.diff(dataset.user_starts)
    busiest = np.argsort(-counts, kind="stable")[:5]
    stamps = dataset.interactions["timestamp"].dropna() if "timestamp" in dataset.interactions else pd.Series([])
    return DatasetCard(
        name=dataset.name,
        title=dataset.title,
        noun=dataset.noun,
        repeats=dataset.repeats,
        interactions=len(dataset.interactions),
        users=len(dataset.user_ids),
        items=len(dataset.item_ids),
        first=stamps.min().to_pydatetime() if len(stamps) else None,
        last=stamps.max().to_pydatetime() if len(stamps) else None,
        has=dataset.has,
        example_users=tuple(str(dataset.user_ids[code]) for code in busiest),
        fingerprint=dataset.fingerprint,
        checks=dataset.checks,
    )


def write_card(folder: Path, card: DatasetCard) -> None:
    values: dict[str, Any] = {"format": FORMAT, **asdict(card)}
    values["checks"] = [check._asdict() for check in card.checks]
    values["first"], values["last"] = _iso(card.first), _iso(card.last)
    (folder / "card.json").write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_card(folder: Path) -> DatasetCard:
    """The card of a prepared folder. Cheap: one small JSON file."""
    path = folder / "card.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise DataError(f"{path} was written by another version of this program; prepare the data again")
        values["checks"] = tuple(Check(**check) for check in values["checks"])
        values["has"], values["example_users"] = tuple(values["has"]), tuple(values["example_users"])
        for end in ("first", "last"):
            values[end] = datetime.fromisoformat(values[end]) if values[end] else None
        return DatasetCard(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is missing or damaged ({error}); prepare the data again") from error


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()


def _read_table(path: Path, dictionaries: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(path, read_dictionary=dictionaries)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is missing or damaged; prepare the data again") from error


def _read_frame(path: Path) -> pd.DataFrame:
    return _read_table(path).to_pandas()


def _read_interactions(path: Path, item_ids: pd.Index) -> pd.DataFrame:
    table = _read_table(path, ["user_id", "item_id", "behaviour"])
    user_codes, user_ids = _codes(table["user_id"])
    firsts = np.flatnonzero(np.diff(user_codes, prepend=-1))
    user_ids, row_codes = user_ids.take(user_codes[firsts]), np.zeros(len(user_codes), dtype=np.int32)
    row_codes[firsts[1:]] = 1
    row_codes = np.cumsum(row_codes, dtype=np.int32)
    item_codes, found = _codes(table["item_id"])
    in_items = item_ids.get_indexer(found)
    if (in_items < 0).any() or not user_ids.is_unique:
        raise DataError(f"{path} does not fit the tables beside it; prepare the data again")
    columns: dict[str, Any] = {
        "user_id": pd.Categorical.from_codes(row_codes, categories=user_ids, validate=False),
        "item_id": pd.Categorical.from_codes(in_items[item_codes], categories=item_ids.rename(None), validate=False),
        "order": (np.arange(len(row_codes)) - firsts[row_codes]).astype(np.int32),
    }
    for name in COLUMNS:
        if name in table.column_names:
            columns[name] = _column(table[name], name)
    return pd.DataFrame(columns)


def _column(column: pa.ChunkedArray, name: str) -> Any:
    if name == "timestamp":
        stamps = pd.Series(column.to_pandas()).astype("datetime64[ms, UTC]" if getattr(column.type, "tz", None) else "datetime64[ms]")
        return stamps if stamps.dt.tz is not None else stamps.dt.tz_localize("UTC")
    if name == "behaviour":
        codes, kinds = _codes(column)
        return pd.Categorical.from_codes(codes, categories=kinds)
    return column.to_pandas()


def _codes(column: pa.ChunkedArray) -> tuple[np.ndarray, pd.Index]:
    """Codes and the strings they stand for; −1 where a value is missing."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return whole.indices.fill_null(-1).to_numpy(), pd.Index(whole.dictionary.to_pandas(), dtype="str")
