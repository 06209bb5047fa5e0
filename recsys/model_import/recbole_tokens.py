"""RecBole's numbering of users and items, repeated from its interaction file and its settings.

RecBole numbers tokens in the order in which they first appear after its filters; number 0 is padding. A `.pth` file holds the settings of
the filters but not the tokens.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys.core.errors import DataError, summarize_error
from recsys.core.formatting import join_words
from recsys.core.translation import _

Settings = dict[str, Any]

NAMES = {"user": "USER_ID_FIELD", "item": "ITEM_ID_FIELD", "rating": "RATING_FIELD", "time": "TIME_FIELD"}
DEFAULT_NAMES = {"user": "user_id", "item": "item_id", "rating": "rating", "time": "timestamp"}
UNSUPPORTED = ("benchmark_filename", "alias_of_user_id", "alias_of_item_id")
"""Settings under which tokens come from several files or columns."""


@dataclass(frozen=True, eq=False)
class NumberedTokens:
    """Tokens of users and items (n,) str; the n-th one has number n + 1. `users` is None where only items are known.

    `interactions` are the rows that RecBole keeps, in the order of the file: numbers `user` and `item` and, where known, `time` in the
    single precision that RecBole reads, which rounds present-day seconds to multiples of 128; `exact_times` are the times in the file.
    """

    items: np.ndarray
    users: np.ndarray | None = None
    interactions: pd.DataFrame | None = None
    exact_times: np.ndarray | None = None


def number_tokens(path: Path, settings: Settings) -> NumberedTokens:
    """Read an `.inter` file, or one without a header whose columns are user, item, rating and time, and number its tokens as RecBole does.

    Files `.user` and `.item` beside it are read where RecBole reads them.
    """
    for name in UNSUPPORTED:
        if settings.get(name):
            raise DataError(
                _(
                    "the model was trained with the setting {name}, under which RecBole numbers items by several files or columns; give a list of its item tokens instead",
                    name=name,
                )
            )
    user, item, _rating, time = (field_name(settings, role) for role in NAMES)
    frame = _read_table(path, settings, "inter")
    missing = [name for name in (user, item) if name not in frame]
    if missing:
        raise DataError(
            _(
                "{file} has no column {columns}, which the model was trained with; its columns are {known}",
                file=path.name,
                columns=join_words(missing),
                known=", ".join(frame.columns[:8]),
            )
        )
    extra = {role: _read_ids(path, settings, role) for role in ("user", "item")}
    frame = frame.dropna(subset=[user]).dropna(subset=[item])
    if settings.get("rm_dup_inter"):
        if time in frame:
            frame = frame.sort_values(by=[time])  # not stable, as in RecBole
        frame = frame.drop_duplicates([user, item], keep=settings["rm_dup_inter"])
    frame = _filter_values(frame, settings, path)
    if settings.get("filter_inter_by_user_or_item"):
        for name, ids in ((user, extra["user"]), (item, extra["item"])):
            frame = frame if ids is None else frame[frame[name].isin(ids)]
    frame, extra = _filter_counts(frame, settings, extra)
    if frame.empty:
        raise DataError(_("no row of {file} is left after RecBole’s filters; give the file that the model was trained on", file=path.name))
    numbers, tokens = {}, {}
    for role, name in (("user", user), ("item", item)):
        everything = np.concatenate([frame[name].to_numpy(dtype=object), [] if extra[role] is None else extra[role]])
        codes, tokens[role] = pd.factorize(everything)
        numbers[role] = codes[: len(frame)] + 1
    exact = pd.to_numeric(frame[time], errors="coerce").to_numpy(dtype=np.float64) if time in frame else None
    if exact is not None:
        numbers["time"] = exact.astype(np.float32)
    return NumberedTokens(tokens["item"], tokens["user"], pd.DataFrame(numbers), exact)


def select_training_pairs(interactions: pd.DataFrame, settings: Settings) -> pd.DataFrame | None:
    """Return the rows that RecBole trained on; None where its split was random, or is unknown here."""
    arguments = settings.get("eval_args") or {}
    split, group = arguments.get("split") or {}, arguments.get("group_by")
    if arguments.get("order") != "TO" or "time" not in interactions or len(split) != 1:
        return None
    ordered = interactions.sort_values("time", kind="stable")
    grouped = ordered.groupby("user") if "LS" in split or group == "user" else ordered.groupby(np.zeros(len(ordered), dtype=int))
    position, size = grouped.cumcount(), grouped["item"].transform("size")
    if "LS" in split:
        return ordered[position < np.maximum(size - (2 if split["LS"] == "valid_and_test" else 1), 1)]
    if "RS" in split:
        kept = {count: _count_training(int(count), split["RS"]) for count in size.unique()}
        return ordered[position < size.map(kept)]
    return None


def field_name(settings: Settings, role: str) -> str:
    """Return the name of the column of users, items, ratings or times."""
    return str(settings.get(NAMES[role]) or DEFAULT_NAMES[role])


def _count_training(count: int, ratios: list[float]) -> int:
    """Return how many of `count` events RecBole trains on: the rest, after it rounded the other parts down but not to nothing."""
    shares = [ratio / sum(ratios) * count for ratio in ratios]
    parts = [int(share) for share in shares]
    first = count - sum(parts[1:])
    for share in shares[:0:-1]:
        if first > 1 and 0 < share < 1:
            first -= 1
    return first


def _read_table(path: Path, settings: Settings, kind: str) -> pd.DataFrame:
    """Return the columns that RecBole loads from a file: numbers for `float` columns, text for the others."""
    separator, encoding = settings.get("field_separator") or "\t", settings.get("encoding") or "utf-8"
    try:
        with path.open(encoding=encoding) as file:
            header = file.readline(100_000).rstrip("\r\n").split(separator)
        if all(":" in field for field in header):
            types = dict(field.rsplit(":", 1) for field in header)
            table = pd.read_csv(path, sep=separator, encoding=encoding, header=0, names=list(types), dtype=_as_read(types))
        else:
            names = [field_name(settings, role) for role in NAMES]
            if set(names[:2]) <= set(header):
                table = pd.read_csv(path, sep=separator, encoding=encoding, dtype=str)
            else:  # without a header, as MovieLens' u.data
                names = names[: len(header)]
                table = pd.read_csv(path, sep=separator, encoding=encoding, header=None, names=names, usecols=range(len(names)), dtype=str)
            for name in table.columns.intersection(names[2:]):
                table[name] = pd.to_numeric(table[name], errors="coerce")
    except (OSError, ValueError, LookupError) as error:
        raise DataError(
            _("{file} cannot be read as a file of interactions of RecBole: {reason}", file=path.name, reason=summarize_error(error))
        ) from error
    loaded, left_out = (settings.get("load_col") or {}).get(kind), (settings.get("unload_col") or {}).get(kind)
    keep = [name for name in table if (not loaded or loaded == "*" or name in loaded) and name not in (left_out or ())]
    return table[keep]


def _as_read(types: dict[str, str]) -> dict[str, type]:
    return {name: float if kind == "float" else str for name, kind in types.items()}


def _read_ids(path: Path, settings: Settings, role: str) -> np.ndarray | None:
    """Return the ids in the file of users or items beside the interactions; None where RecBole does not read one."""
    beside, loaded = path.with_suffix(f".{role}"), settings.get("load_col")
    if path.suffix != ".inter" or not beside.is_file() or (loaded is not None and not loaded.get(role)):
        return None
    table = _read_table(beside, settings, role)
    name = field_name(settings, role)
    return table[name].dropna().drop_duplicates().to_numpy(dtype=object) if name in table else None


def _filter_values(frame: pd.DataFrame, settings: Settings, path: Path) -> pd.DataFrame:
    for name, wanted in (settings.get("val_interval") or {}).items():
        if name not in frame:
            raise DataError(
                _(
                    "the model was trained on rows chosen by {column}, which is not a column of {file}; give a list of its item tokens instead",
                    column=name,
                    file=path.name,
                )
            )
        is_number = pd.api.types.is_numeric_dtype(frame[name])
        frame = frame[_within(frame[name].to_numpy(), wanted) if is_number else frame[name].isin(wanted)]
    return frame


def _filter_counts(
    frame: pd.DataFrame, settings: Settings, extra: dict[str, np.ndarray | None]
) -> tuple[pd.DataFrame, dict[str, np.ndarray | None]]:
    """Drop users and items with too few or too many rows, again and again, until all have enough."""
    intervals = {role: settings.get(f"{role}_inter_num_interval") for role in ("user", "item")}
    while True:
        keep = np.ones(len(frame), dtype=bool)
        counts = {role: frame[field_name(settings, role)].value_counts() for role in intervals}
        for role, wanted in intervals.items():
            if wanted is None:
                continue
            banned = counts[role].index[~_within(counts[role].to_numpy(), wanted)]
            keep &= ~frame[field_name(settings, role)].isin(banned).to_numpy()
            ids = extra[role]
            if ids is not None:
                least = next(iter(_parse_intervals(wanted)), (-math.inf,))[0]
                extra[role] = ids[(counts[role].reindex(ids, fill_value=0).to_numpy() >= least) & ~np.isin(ids, banned)]
        if keep.all():
            return frame, extra
        frame = frame[keep]


def _parse_intervals(text: Any) -> list[tuple[float, float, bool, bool]]:
    """Parse "[5,inf);(0,2]" to (least, most, with least, with most); what is not an interval is ignored, as by RecBole."""
    intervals = []
    for part in str(text).split(";"):
        part = part.strip()
        ends = part[1:-1].split(",")
        if len(ends) == 2 and part[0] in "([" and part[-1] in ")]":
            intervals.append((float(ends[0]), float(ends[1]), part[0] == "[", part[-1] == "]"))
    return intervals


def _within(values: np.ndarray, text: Any) -> np.ndarray:
    inside = [
        (values >= least if with_least else values > least) & (values <= most if with_most else values < most)
        for least, most, with_least, with_most in _parse_intervals(text)
    ]
    return np.logical_or.reduce(inside) if inside else np.ones(len(values), dtype=bool)


def strip_padding(tokens: Iterable[Any]) -> np.ndarray:
    """Return tokens as strings, without RecBole's padding token in front."""
    listed = np.array([str(token) for token in tokens], dtype=object)
    return listed[1:] if len(listed) and listed[0] == "[PAD]" else listed
