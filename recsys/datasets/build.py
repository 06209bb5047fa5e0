"""Datasets built from tables in memory: ids as strings in natural order, events sorted by user and time."""

import hashlib
import re

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.datasets.prepared import COLUMNS, FORMAT

NATURAL_ORDER_SQL = (
    r"CASE WHEN regexp_full_match({id}, '-?\d+') THEN 0 ELSE 1 END, "
    r"CASE WHEN regexp_full_match({id}, '-?\d+') THEN '' ELSE regexp_extract({id}, '^(.*?)\d*$', 1) END, "
    r"TRY_CAST(regexp_extract({id}, '-?\d+$') AS DOUBLE) NULLS FIRST, {id}"
)
"""The order of `natural_key` in DuckDB; a template with the placeholder {id}."""


def natural_key(name: str) -> tuple[int, str, float, str]:
    """Return a sort key that orders numbers by value, u2 before u10, and differs for different ids."""
    number = re.search(r"-?\d+$", name, re.ASCII)
    value = float(number.group()) if number else -np.inf
    if number and number.group() == name:
        return 0, "", value, name
    return 1, re.sub(r"\d*$", "", name, flags=re.ASCII), value, name


def build_dataset(
    *,
    name: str,
    title: str,
    interactions: pd.DataFrame,
    items: pd.DataFrame,
    repeats: bool,
    users: pd.DataFrame | None = None,
    friends: pd.DataFrame | None = None,
    noun: str = "event",
    checks: tuple[Check, ...] = (),
    fingerprint: str | None = None,
) -> Dataset:
    """Build a Dataset from tables in memory.

    `interactions` has user_id, item_id and any of timestamp (datetimes, taken as UTC if they name no zone), position, utc_offset,
    behaviour, rating, latitude, longitude, text; rows may have any order, which decides ties in time. `items` and `users` have the id as a column
    or as the index; items and users without events are left out. The fingerprint is computed from the content unless one is given.
    """
    events = interactions.reset_index(drop=True)
    user_ids, item_ids = events["user_id"].astype(str), events["item_id"].astype(str)
    user_names = sorted(user_ids.unique(), key=natural_key)
    item_names = sorted(item_ids.unique(), key=natural_key)
    sorted_events = pd.DataFrame(
        {
            "user_id": pd.Categorical(user_ids, categories=pd.Index(user_names, dtype="str")),
            "item_id": pd.Categorical(item_ids, categories=pd.Index(item_names, dtype="str")),
            **{column: events[column] for column in COLUMNS if column in events},
        }
    )
    if "timestamp" in events:
        sorted_events["timestamp"] = pd.to_datetime(events["timestamp"], utc=True).astype("datetime64[ms, UTC]")
    if "behaviour" in events:
        sorted_events["behaviour"] = events["behaviour"].astype("category")
    keys = ["user_id", *(key for key in ("timestamp", "position") if key in events)]
    sorted_events = sorted_events.sort_values(keys, kind="stable", ignore_index=True)
    order = sorted_events.groupby("user_id", observed=True).cumcount().astype(np.int32)
    sorted_events.insert(2, "order", order)
    tables = [
        sorted_events,
        _indexed(items, "item_id", item_names),
        None if users is None else _indexed(users, "user_id", user_names),
        friends,
    ]
    return Dataset(
        name=name,
        title=title,
        interactions=sorted_events,
        items=tables[1],
        users=tables[2],
        friends=friends,
        repeats=repeats,
        noun=noun,
        checks=checks,
        fingerprint=fingerprint or _content_fingerprint([table for table in tables if table is not None]),
    )


def _indexed(table: pd.DataFrame, key: str, names: list[str]) -> pd.DataFrame:
    """Return a table with one row for each id in `names`, in their order; ids missing from the table get an empty row."""
    by_id = table.set_index(key) if key in table.columns else table
    by_id = by_id.set_axis(by_id.index.astype(str), axis=0)
    return by_id.reindex(pd.Index(names, dtype="str", name=key))


def _content_fingerprint(tables: list[pd.DataFrame]) -> str:
    digest = hashlib.sha256(f"format {FORMAT}".encode())
    for table in tables:
        digest.update("\x1f".join(map(str, table.columns)).encode())
        digest.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
    return digest.hexdigest()[:16]
