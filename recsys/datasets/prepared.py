"""The prepared folder: the format of a dataset on disk.

interactions.parquet   user, item: row numbers in the tables below, from 0, so that millions of rows open at once; and the known
                       columns of timestamp (UTC), utc_offset, behaviour, rating, weight, latitude, longitude, text, and position
                       where several events of a user share one instead of a time; sorted by user and time
items.parquet          item_id and the known columns of title, text, category, latitude, longitude, image, url, …
images.parquet         item_id, webp: small pictures of items (only where there are any), so that the folder does not need its source
users.parquet          user_id and the known attributes of users
friends.parquet        user_id, friend_id (only where known)
recipe.toml            the file and the choices of the import (only of a file of the user's own)
card.json              name, title, counts, times, the cleaning report, the fingerprint: listing the datasets reads only this file
other *.parquet        further tables, such as the ground truth of a simulation; `read_extra` reads them
"""

import json
import os
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
from recsys.core.errors import DataError, summarize_error
from recsys.core.moments import Ties
from recsys.core.translation import _
from recsys.datasets.prepared_schema import check_values, damaged, read_table, to_frame
from recsys.storage.atomic_files import write_folder_atomically
from recsys.storage.json_cards import as_card, read_json

FORMAT = 1
"""Version of the format; part of every fingerprint, since data prepared by another version is another dataset."""

NOT_A_TIME = np.iinfo(np.int64).min

COLUMNS = ("timestamp", "utc_offset", "behaviour", "rating", "weight", "latitude", "longitude", "text", "position")


@dataclass(frozen=True)
class DatasetCard:
    """Summary of a dataset for lists. Counts are None for a known dataset that is not prepared yet; times are UTC."""

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
    example_users: tuple[str, ...] = ()  # at most five, those with the most events first
    fingerprint: str | None = None
    checks: tuple[Check, ...] = ()
    places_of_events: bool = False
    ties: Ties = "file"
    tied_events: int | None = None  # that share their moment with another of the user; None without times, and on cards of old versions

    def __post_init__(self) -> None:
        """Raise a ValueError for values that no dataset has, which `read_card` finds in a damaged card."""
        for end in (self.first, self.last):
            if end is not None and not (end.tzinfo is not None and 1 < end.year < 9999):
                raise ValueError(f"{end} is not a time with a zone from year 2 to 9998")
        for name in ("interactions", "users", "items", "tied_events"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, below 0")
        for each in self.checks:
            try:
                _text = each.text
            except (LookupError, AttributeError) as error:
                raise ValueError(f"the check '{each.check}' lacks a value") from error


def write_prepared(
    folder: Path, dataset: Dataset, extras: Mapping[str, pd.DataFrame] | None = None, texts: Mapping[str, str] | None = None
) -> DatasetCard:
    """Write a Dataset as a prepared folder, whole or not at all. `extras` are further tables by name, `texts` further files."""
    with write_folder_atomically(folder) as work:
        codes = {key: dataset.interactions[f"{key}_id"].cat.codes.astype("int32") for key in ("user", "item")}
        interactions = dataset.interactions.drop(columns=["user_id", "item_id", "order"]).assign(**codes)
        users = pd.DataFrame(index=pd.Index(dataset.user_ids, dtype="str")) if dataset.users is None else dataset.users
        interactions.to_parquet(work / "interactions.parquet", index=False, compression="zstd")
        dataset.items.rename_axis("item_id").reset_index().to_parquet(work / "items.parquet", index=False, compression="zstd")
        users.rename_axis("user_id").reset_index().to_parquet(work / "users.parquet", index=False, compression="zstd")
        if dataset.images:
            write_images(work, dataset.images)
        if dataset.friends is not None:
            dataset.friends.to_parquet(work / "friends.parquet", index=False, compression="zstd")
        for name, table in (extras or {}).items():
            table.to_parquet(work / f"{name}.parquet", index=False, compression="zstd")
        for name, text in (texts or {}).items():
            (work / name).write_text(text, encoding="utf-8")
        card = make_card(dataset)
        write_card(work, card)
    return card


def write_images(folder: Path, images: Mapping[str, bytes]) -> None:
    """Write small pictures of items into a folder; those that several items share are stored once."""
    table = pa.table({"item_id": pa.array(images, pa.string()), "webp": pa.array(images.values(), pa.binary())})
    # Large pages: a dictionary of pictures is given up, and each stored again, where it is larger than its page.
    pq.write_table(table, folder / "images.parquet", compression="none", dictionary_pagesize_limit=1 << 27)


def read_prepared(folder: Path) -> Dataset:
    """Read the Dataset of a prepared folder; a missing or damaged file is a DataError."""
    card = read_card(folder)
    items, users = _read_indexed(folder / "items.parquet", "item_id"), _read_indexed(folder / "users.parquet", "user_id")
    friends, images = read_extra(folder, "friends"), read_extra(folder, "images")
    interactions = _read_interactions(folder / "interactions.parquet", users.index, items.index)
    counted = (card.interactions, card.users, card.items)
    if counted != (None, None, None) and counted != (len(interactions), len(users), len(items)):
        raise DataError(_("{path} does not fit the other tables of its folder; prepare the data again", path=folder / "card.json"))
    return Dataset(
        name=card.name,
        title=card.title,
        interactions=interactions,
        items=items,
        fingerprint=card.fingerprint or "",
        repeats=card.repeats,
        users=users if len(users.columns) else None,
        friends=friends,
        checks=card.checks,
        noun=card.noun,
        places_of_events=card.places_of_events,
        ties=card.ties,
        images={} if images is None else dict(zip(images["item_id"], images["webp"], strict=True)),
    )


def read_extra(folder: Path, name: str) -> pd.DataFrame | None:
    """Read a further table of a prepared folder, such as `truth`; None if there is no such table."""
    path = folder / f"{name}.parquet"
    if not os.path.lexists(path):
        return None
    table = _read_frame(path)
    if name == "causes" and not (len(table) == read_card(folder).interactions and (table["because_of"] < table["order"]).all()):
        raise DataError(_("{path} does not fit the other tables of its folder; prepare the data again", path=path))
    return table


def make_card(dataset: Dataset) -> DatasetCard:
    """Return the card of a Dataset."""
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
        places_of_events=dataset.places_of_events,
        ties=dataset.ties,
        tied_events=dataset.tied_events,
    )


def write_card(folder: Path, card: DatasetCard) -> None:
    """Write card.json into a folder."""
    values: dict[str, Any] = {"format": FORMAT, **asdict(card)}
    values["checks"] = [_check_values(check) for check in card.checks]
    values["first"], values["last"] = _iso(card.first), _iso(card.last)
    (folder / "card.json").write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_card(folder: Path) -> DatasetCard:
    """Read the card of a prepared folder: one small JSON file. A missing or damaged one is a DataError."""
    path = folder / "card.json"
    try:
        values = read_json(path)
        if isinstance(values, dict) and values.get("format") != FORMAT:
            raise DataError(_("{path} was written by another version of Recscope; prepare the data again", path=path))
        return as_card(values, DatasetCard)
    except (OSError, ValueError) as error:
        raise DataError(
            _("{path} is missing or damaged ({reason}); prepare the data again", path=path, reason=summarize_error(error))
        ) from error


def _check_values(check: Check) -> dict[str, Any]:
    return {key: value for key, value in check._asdict().items() if value or key == "rows"}


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()


def _read_frame(path: Path) -> pd.DataFrame:
    return to_frame(path, read_table(path))


def _read_indexed(path: Path, key: str) -> pd.DataFrame:
    frame = _read_frame(path)
    if not frame[key].is_unique:
        raise DataError(_("{path} does not contain every {key} exactly once; prepare the data again", path=path, key=key))
    return frame.set_index(pd.Index(frame.pop(key), dtype="str", name=key))


def _read_interactions(path: Path, user_ids: pd.Index, item_ids: pd.Index) -> pd.DataFrame:
    table = read_table(path)
    users, items = table["user"].to_numpy(), table["item"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], users[1:] != users[:-1]])[: len(users)])
    fits = len(starts) == len(user_ids) and np.array_equal(users[starts], np.arange(len(user_ids)))
    if not fits or (len(items) and not 0 <= items.min() <= items.max() < len(item_ids)):
        raise DataError(_("{path} does not fit the other tables of its folder; prepare the data again", path=path))
    columns: dict[str, Any] = {
        "user_id": pd.Categorical.from_codes(users, categories=user_ids.rename(None), validate=False),
        "item_id": pd.Categorical.from_codes(items, categories=item_ids.rename(None), validate=False),
        "order": (np.arange(len(users)) - starts[users]).astype(np.int32),
    }
    for name in COLUMNS:
        if name in table.column_names:
            columns[name] = _column(path, name, table[name])
    _check_order(path, users, columns)
    return pd.DataFrame(columns)


def _check_order(path: Path, users: np.ndarray, columns: Mapping[str, Any]) -> None:
    """Raise a DataError unless the events of each user are sorted by time, those without one last, or by position."""
    if "timestamp" in columns:
        moments = columns["timestamp"].to_numpy(dtype="datetime64[ms]").view(np.int64)
        moments = np.where(moments == NOT_A_TIME, np.iinfo(np.int64).max, moments)
    elif "position" in columns:
        moments = columns["position"].to_numpy()
    else:
        return
    if ((moments[1:] < moments[:-1]) & (users[1:] == users[:-1])).any():
        raise DataError(_("{path} is not sorted by user and time; prepare the data again", path=path))


def _column(path: Path, name: str, column: pa.ChunkedArray) -> Any:
    try:
        if name == "behaviour":
            codes, kinds = _codes(column)
            return pd.Categorical.from_codes(codes, categories=kinds)
        values = column.to_pandas()
        if name == "timestamp":
            values = values.astype("datetime64[ms, UTC]" if getattr(column.type, "tz", None) else "datetime64[ms]")
            values = values if values.dt.tz is not None else values.dt.tz_localize("UTC")
    except (ValueError, LookupError, TypeError, OverflowError, pa.ArrowException) as error:
        raise damaged(path, error) from error
    if name != "text":
        check_values(path, name, values)
    return values


def _codes(column: pa.ChunkedArray) -> tuple[np.ndarray, pd.Index]:
    """Return the codes of a column, −1 where a value is missing, and the strings they stand for."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return whole.indices.fill_null(-1).to_numpy(), pd.Index(whole.dictionary.to_pandas(), dtype="str")
