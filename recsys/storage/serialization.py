"""The JSON serializer of results, used by the command line and by exports."""

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd


def to_json(value: Any, indent: int | None = None) -> str:
    """Return a result as JSON text in plain ASCII, which every terminal and file encoding can hold.

    Dataclasses and named tuples become objects, arrays and sets become lists, times ISO 8601 and paths text. JSON has neither NaN
    nor infinity: both become null. Any other type is a TypeError, since a result that cannot be written is a bug.
    """
    return json.dumps(to_plain(value), indent=indent, allow_nan=False)


def to_plain(value: Any) -> Any:
    """Convert a value to dict, list, str, int, float, bool and None."""
    match value:
        case None | bool():
            return value
        case str():
            return str(value)  # np.str_ is a str too
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {str(key): to_plain(each) for key, each in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return to_plain(value._asdict())
        case list() | tuple() | pd.Series() | pd.Index():
            return [to_plain(each) for each in value]
        case set() | frozenset():
            return [to_plain(each) for each in sorted(value)]
        case date() | np.datetime64():
            return _plain_time(value)
        case np.ndarray():
            return [to_plain(each) for each in value] if value.ndim else to_plain(value[()])
        case np.generic():
            return to_plain(value.item())
        case PurePath():
            return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def _plain_time(value: date | np.datetime64) -> str | None:
    """Return a time as ISO 8601; a time without a zone is taken as UTC, as everywhere in this library."""
    if pd.isna(value):  # NaT counts as a datetime
        return None
    moment: date = pd.Timestamp(value) if isinstance(value, np.datetime64) else value
    if isinstance(moment, datetime) and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat().replace("+00:00", "Z")
