"""Attributes of cases, by which they are divided into slices."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from recsys.core import Dataset
from recsys.core.geography import kilometres_apart
from recsys.core.split import TRAIN, Split
from recsys.drift.recent_change import MIN_EVENTS, find_recent_changes
from recsys.evaluation import Evaluation
from recsys.failures.binning import DAY, GAPS, HOUR, bin_values, choose_limits, name_bin
from recsys.failures.data_columns import SHOWN_ELSEWHERE, encode_column, encode_words, join_rare

if TYPE_CHECKING:
    from recsys.drift import FeatureSpace

UNKNOWN = -1
"""Code of a case whose value is not known; it is in no slice of the attribute."""

HOURS_PER_BIN = 3
LOCAL_SHARE = 0.5
"""Share of events with a known UTC offset above which hours and weekdays are local."""


@dataclass(frozen=True, eq=False)
class Attribute:
    """One property of all cases of an evaluation.

    `codes` (cases,) are positions in `values`, or UNKNOWN. `name` is a key of ATTRIBUTES, or "user:COLUMN" or "item:COLUMN" for a
    column that the data brings. `values` are stable keys in their natural order; `recsys.failures.wording` says them in words.
    """

    name: str
    codes: np.ndarray
    values: tuple[str, ...]


Encoded = tuple[np.ndarray, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class CaseFacts:
    """The cases of an evaluation with what attributes are made of, each (cases,): rows of the interactions and codes of their users."""

    dataset: Dataset
    split: Split
    rows: np.ndarray
    user_codes: np.ndarray

    @cached_property
    def items(self) -> np.ndarray:
        """Positions of the items that came next."""
        return self.dataset.item_codes[self.rows] - 1

    @cached_property
    def lengths(self) -> np.ndarray:
        """Numbers of events before the case that are known."""
        return self.dataset.history_ends[self.rows] - self.dataset.user_starts[self.user_codes]

    @cached_property
    def activity(self) -> np.ndarray:
        """Numbers of training events of the users."""
        users = self.dataset.interactions["user_id"].cat.codes.to_numpy()[self.split.labels == TRAIN]
        return np.bincount(users, minlength=len(self.dataset.user_ids))[self.user_codes]

    @cached_property
    def last_rows(self) -> np.ndarray:
        """Rows of the last known events; those of cases with an empty history mean nothing."""
        return np.maximum(self.dataset.history_ends[self.rows] - 1, 0)

    @cached_property
    def is_local(self) -> bool:
        """Whether the hour of most events is known by the clock of the place."""
        offsets = self.dataset.utc_offsets
        return offsets is not None and bool(np.isfinite(offsets).mean() > LOCAL_SHARE)

    @cached_property
    def clock(self) -> np.ndarray | None:
        """Seconds by the clock of the place where most offsets are known, else by UTC; None for data without times."""
        times, offsets = self.dataset.times, self.dataset.utc_offsets
        if times is None or offsets is None or not self.is_local:
            return None if times is None else times[self.rows]
        return times[self.rows] + 60 * np.nan_to_num(offsets[self.rows])

    @cached_property
    def feature_space(self) -> "FeatureSpace":
        """Kinds of items and areas, as drift detection counts them."""
        from recsys.drift import build_feature_space

        return build_feature_space(self.dataset)


def find_attributes(evaluation: Evaluation, dataset: Dataset, split: Split) -> tuple[Attribute, ...]:
    """Return the attributes by which the cases of an evaluation differ: those of ATTRIBUTES, then the columns of users and items.

    One that the dataset lacks, or that has the same value for all cases, is left out.
    """
    facts = CaseFacts(dataset, split, evaluation.rows, evaluation.user_codes)
    encoded = {name: encode(facts) for name, encode in ATTRIBUTES.items()} | _encode_data_columns(facts)
    found = [_to_attribute(name, *join_rare(*each)) for name, each in encoded.items() if each is not None]
    return tuple(each for each in found if len(each.values) > 1)


def _to_attribute(name: str, codes: np.ndarray, values: tuple[str, ...]) -> Attribute:
    """Return an attribute with the values that some case has."""
    occurring = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(values)))
    places = np.full(len(values) + 1, UNKNOWN)
    places[occurring] = np.arange(len(occurring))
    return Attribute(name, places[codes], tuple(values[at] for at in occurring))


def _encode_counts(counts: np.ndarray) -> Encoded:
    """Return bins of counts; none at all is a bin of its own."""
    limits = set(choose_limits(counts.astype(np.float64))) | ({1.0} if (counts == 0).any() else set())
    return bin_values(counts.astype(np.float64), sorted(limit for limit in limits if limit >= 1))


def _activity(facts: CaseFacts) -> Encoded:
    return _encode_counts(facts.activity)


def _history(facts: CaseFacts) -> Encoded | None:
    """Return bins of the history's length; under last-out it is the number of training events, but for a constant."""
    return None if len(np.unique(facts.lengths - facts.activity)) == 1 else _encode_counts(facts.lengths)


def _popularity(facts: CaseFacts) -> Encoded:
    training = facts.dataset.item_codes[facts.split.labels == TRAIN] - 1
    return _encode_counts(np.bincount(training, minlength=len(facts.dataset.item_ids))[facts.items])


def _recurrence(facts: CaseFacts) -> Encoded | None:
    """Return whether the user had the item before; None for data in which items seen before are not candidates."""
    if not facts.dataset.repeats:
        return None
    users = facts.dataset.interactions["user_id"].cat.codes.to_numpy().astype(np.int64)
    pairs = pd.factorize(users * len(facts.dataset.item_ids) + facts.dataset.item_codes - 1)[0]
    first = np.empty(pairs.max() + 1, dtype=np.int64)
    first[pairs[::-1]] = np.arange(len(pairs))[::-1]
    return (first[pairs[facts.rows]] < facts.dataset.history_ends[facts.rows]).astype(np.int64), ("new", "return")


def _hours(facts: CaseFacts, local: bool) -> Encoded | None:
    if facts.clock is None or facts.is_local != local:
        return None
    begins = range(0, 24, HOURS_PER_BIN)
    return _whole(facts.clock % DAY / (HOUR * HOURS_PER_BIN)), tuple(name_bin(hour, hour + HOURS_PER_BIN) for hour in begins)


def _weekdays(facts: CaseFacts, local: bool) -> Encoded | None:
    if facts.clock is None or facts.is_local != local:
        return None
    return _whole((facts.clock // DAY + 3) % 7), tuple(str(day) for day in range(7))  # 1970 began on a Thursday


def _whole(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), np.nan_to_num(values), UNKNOWN).astype(np.int64)


def _district(facts: CaseFacts) -> Encoded | None:
    """Return the districts that the data names, else the areas around frequent places that drift detection uses."""
    if "district" in facts.dataset.items:
        codes, values = encode_words(facts.dataset.items["district"].to_numpy(dtype=object))
        return codes[facts.items], values
    places = facts.dataset.item_places
    if places is None or not np.isfinite(places).any():
        return None
    return facts.feature_space.areas_of(places)[facts.items], facts.feature_space.area_names


def _category(facts: CaseFacts) -> Encoded | None:
    if "category" not in facts.dataset.items:
        return None
    codes, values = encode_words(facts.dataset.items["category"].to_numpy(dtype=object))
    return codes[facts.items], values


def _behaviour(facts: CaseFacts) -> Encoded | None:
    return None if facts.dataset.behaviours is None else encode_words(facts.dataset.behaviours[facts.rows])


def _gap(facts: CaseFacts) -> Encoded | None:
    times = facts.dataset.times
    if times is None:
        return None
    gaps = np.where(facts.lengths > 0, times[facts.rows] - times[facts.last_rows], np.nan)
    return bin_values(gaps, choose_limits(gaps, GAPS))


def _distance(facts: CaseFacts) -> Encoded | None:
    places = facts.dataset.places
    if places is None:
        return None
    apart = kilometres_apart(places[facts.rows], places[facts.last_rows])
    distances = np.where(facts.lengths > 0, apart, np.nan)
    return bin_values(distances, [limit for limit in choose_limits(distances) if limit > 0])


def _change(facts: CaseFacts) -> Encoded:
    """Return whether the interest has just changed; not known for histories of few events."""
    changed = find_recent_changes(facts.dataset, facts.feature_space, facts.user_codes, facts.lengths)
    return np.where(facts.lengths < MIN_EVENTS, UNKNOWN, changed.astype(np.int64)), ("steady", "changed")


ATTRIBUTES: dict[str, Callable[[CaseFacts], Encoded | None]] = {
    "activity": _activity,
    "history": _history,
    "popularity": _popularity,
    "recurrence": _recurrence,
    "category": _category,
    "behaviour": _behaviour,
    "hour": lambda facts: _hours(facts, local=True),
    "utc_hour": lambda facts: _hours(facts, local=False),
    "weekday": lambda facts: _weekdays(facts, local=True),
    "utc_weekday": lambda facts: _weekdays(facts, local=False),
    "gap": _gap,
    "distance": _distance,
    "district": _district,
    "change": _change,
}
"""Every attribute's codes and values by its name; None for a dataset that lacks it."""


def _encode_data_columns(facts: CaseFacts) -> dict[str, Encoded]:
    """Return the columns of users and items that are segments."""
    dataset, found = facts.dataset, {}
    tables = [("item", dataset.items, facts.items)]
    if dataset.users is not None:
        tables.insert(0, ("user", dataset.users.reindex(dataset.user_ids), facts.user_codes))
    for kind, table, of_case in tables:
        for column in table.columns.difference(SHOWN_ELSEWHERE, sort=False):
            encoded = encode_column(table[column])
            if encoded is not None:
                found[f"{kind}:{column}"] = (encoded[0][of_case], encoded[1])
    return found
