"""The columns of the tables of a prepared folder: their types, checked before a table is read, and the values that they may have."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.core.errors import DataError, summarize_error
from recsys.core.memory import check_fits
from recsys.core.translation import N_, _
from recsys.storage.json_cards import check_file

Kind = Callable[[pa.DataType], bool]


def _is_text(kind: pa.DataType) -> bool:
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return (
        is_text or (pa.types.is_dictionary(kind) and _is_text(kind.value_type)) or pa.types.is_null(kind)
    )  # the last is without any value


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_flat(kind: pa.DataType) -> bool:
    return (
        _is_text(kind)
        or _is_number(kind)
        or any(is_kind(kind) for is_kind in (pa.types.is_boolean, pa.types.is_timestamp, pa.types.is_date))
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


KINDS: dict[Kind, str] = {
    _is_text: N_("text"),
    _is_number: N_("numbers"),
    _is_flat: N_("text, numbers or times"),
    pa.types.is_int32: N_("whole numbers of 32 bits"),
    pa.types.is_timestamp: N_("times"),
    _is_bytes: N_("bytes"),
}
"""Kinds of columns and their names."""

PLACES: dict[str, Kind] = {"latitude": _is_number, "longitude": _is_number}
EVENTS: dict[str, Kind] = {
    "user": pa.types.is_int32,
    "item": pa.types.is_int32,
    "timestamp": pa.types.is_timestamp,
    "utc_offset": _is_number,
    "behaviour": _is_text,
    "rating": _is_number,
    "weight": _is_number,
    **PLACES,
    "text": _is_text,
    "position": _is_number,
}
TABLES: dict[str, dict[str, Kind]] = {
    "interactions": EVENTS,
    "items": {"item_id": _is_text, **dict.fromkeys(("title", "text", "category", "image", "url"), _is_text), **PLACES},
    "images": {"item_id": _is_text, "webp": _is_bytes},
    "users": {"user_id": _is_text},
    "friends": {"user_id": _is_text, "friend_id": _is_text},
    "truth": {
        **dict.fromkeys(("user_id", "kind", "detail", "size", "pace", "from_what", "to_what"), _is_text),
        **dict.fromkeys(("from_time", "to_time"), pa.types.is_timestamp),
        **dict.fromkeys(("share", "events_before", "events_after"), _is_number),
    },
    "causes": {"user_id": _is_text, "order": pa.types.is_int32, "cause": _is_text, "because_of": pa.types.is_int32},
}
"""The columns with a meaning of their own, of each table."""

REQUIRED = {
    "interactions": ("user", "item"),
    "items": ("item_id",),
    "users": ("user_id",),
    **{name: tuple(TABLES[name]) for name in ("images", "friends", "truth", "causes")},
}
WITHOUT_MISSING = {"user", "item", "item_id", "user_id", "friend_id", "order", "because_of", "position", "webp"}
RANGES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "utc_offset": (-1439.0, 1439.0)}
"""Ranges of columns; other numbers must be finite. An offset of a day is none."""
YEARS = (np.datetime64("0002-01-01", "ms"), np.datetime64("9998-12-31", "ms"))
"""Between these, a time has a date in every time zone."""

BYTES_PER_CELL = 16


def read_table(path: Path) -> pa.Table:
    """Read the Parquet file of a table of TABLES, or any other; a missing or damaged one, or one with other columns, is a DataError.

    Columns are checked before rows are read. Of interactions only the known columns are read.
    """
    known = TABLES.get(path.stem, {})
    try:
        check_file(path)
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
        _check_columns(path, schema, known)
        columns = [name for name in schema.names if name in known] if path.stem == "interactions" else schema.names
        _check_size(path, metadata, len(columns))
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=[name for name in columns if name == "behaviour"]) as file:
            table = file.read(columns=columns).replace_schema_metadata(None)
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise damaged(path, error) from error
    for name in WITHOUT_MISSING & set(table.column_names):
        if table[name].null_count:
            raise _unfit(path, name, _("it has missing values"))
    return table


def to_frame(path: Path, table: pa.Table) -> pd.DataFrame:
    """Return a table as a DataFrame with checked values."""
    try:
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    except (ValueError, LookupError, TypeError, OverflowError, pa.ArrowException) as error:
        raise damaged(path, error) from error
    for name in frame.columns.intersection(
        [name for name, kind in TABLES.get(path.stem, {}).items() if kind in (_is_number, pa.types.is_timestamp)]
    ):
        check_values(path, name, frame[name])
    return frame


def check_values(path: Path, name: str, values: Any) -> None:
    """Raise a DataError for numbers or times of a column outside its range; missing ones are allowed."""
    if len(values) == 0:
        return
    if isinstance(values, pd.Series) and isinstance(values.dtype, (pd.DatetimeTZDtype, np.dtypes.DateTime64DType)):
        least, most, (low, high) = values.min(), values.max(), (pd.Timestamp(each, tz=values.dt.tz) for each in YEARS)
    else:
        known = values[~np.isnan(values)]
        least, most = (known.min(), known.max()) if len(known) else (np.nan, np.nan)
        low, high = RANGES.get(name, (-np.finfo(np.float64).max, np.finfo(np.float64).max))
    if not pd.isna(least) and not low <= least <= most <= high:
        raise _unfit(path, name, _("it has {value}, outside {low} to {high}", value=least if least < low else most, low=low, high=high))


def damaged(path: Path, error: Exception) -> DataError:
    """Return the DataError for a file that cannot be read."""
    return DataError(_("{path} is missing or damaged ({reason}); prepare the data again", path=path, reason=summarize_error(error)))


def _unfit(path: Path, column: str, reason: str) -> DataError:
    return DataError(
        _("{path}: column '{column}' cannot be used: {reason}; prepare the data again", path=path, column=column, reason=reason)
    )


def _check_columns(path: Path, schema: pa.Schema, known: Mapping[str, Kind]) -> None:
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise _unfit(path, name, _("there are two of that name"))
        kind = known.get(name, _is_flat)
        if not kind(schema.field(name).type) and (name in known or path.stem != "interactions"):
            raise _unfit(
                path,
                name,
                _("it is of type {type}, where {expected} are expected", type=str(schema.field(name).type), expected=_(KINDS[kind])),
            )
    missing = [name for name in REQUIRED.get(path.stem, ()) if name not in schema.names]
    if missing or ("latitude" in schema.names) != ("longitude" in schema.names):
        missing = missing or [next(name for name in PLACES if name not in schema.names)]
        raise DataError(_("{path} has no column '{column}'; prepare the data again", path=path, column=missing[0]))


def _check_size(path: Path, metadata: pq.FileMetaData, columns: int) -> None:
    """Refuse a file of a few kilobytes that claims more rows than fit into memory."""
    if metadata.num_rows > 1_000_000:
        check_fits(_("reading {path}", path=path), metadata.num_rows * columns * BYTES_PER_CELL, _("use a computer with more memory"))
