"""Attributes and slices in words, in the language of the reader."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from recsys.core.formatting import format_distance, format_duration, format_number, join_words, weekday_names
from recsys.core.translation import N_, _, ngettext
from recsys.drift.wording import level_label
from recsys.failures.binning import read_bin
from recsys.failures.data_columns import OTHERS

TITLES = {
    "activity": N_("User’s activity"),
    "history": N_("Length of the history"),
    "popularity": N_("Item’s popularity"),
    "recurrence": N_("New or seen item"),
    "category": N_("Category"),
    "behaviour": N_("Behaviour"),
    "hour": N_("Hour"),
    "utc_hour": N_("Hour (UTC)"),
    "weekday": N_("Weekday"),
    "utc_weekday": N_("Weekday (UTC)"),
    "gap": N_("Time since the last event"),
    "distance": N_("Distance from the last event"),
    "district": N_("District"),
    "change": N_("Change of interest"),
}

EXPLANATIONS = {
    "activity": N_("Training events of the user."),
    "history": N_("Events of the user that are known before the case."),
    "popularity": N_("Training events of the item that came next."),
    "recurrence": N_("Whether the user had the item that came next before."),
    "category": N_("Category of the item that came next."),
    "behaviour": N_("Behaviour of the event that came next."),
    "hour": N_("Local time of the event that came next."),
    "utc_hour": N_("Time of the event that came next, in UTC: the data does not say the local time."),
    "weekday": N_("Local weekday of the event that came next."),
    "utc_weekday": N_("Weekday of the event that came next, in UTC: the data does not say the local time."),
    "gap": N_("Time between the last known event and the one that came next."),
    "distance": N_("Distance between the places of the last known event and the one that came next."),
    "district": N_("District of the item that came next, or the area around a frequent place."),
    "change": N_(
        "Whether the last 15 or 30 events known of the user differ in kind or area from all before them. "
        "Not known for histories of fewer than 30 events."
    ),
}

WORDS = {
    "recurrence": {"new": N_("new to the user"), "return": N_("seen before")},
    "change": {"changed": N_("just changed"), "steady": N_("steady")},
}
SLICES = {("recurrence", "new"): N_("Items new to the user"), ("recurrence", "return"): N_("Items seen before")}
"""Titles of slices that read better without the title of the attribute."""
ALL_OTHERS = N_("all others")
TRUTHS = {"yes": N_("yes"), "no": N_("no")}


def title_attribute(name: str) -> str:
    """Return the title of an attribute: "User’s activity", or for a column of the data "User’s occupation"."""
    if name in TITLES:
        return _(TITLES[name])
    kind, column = name.split(":", 1)
    column = column.replace("_", " ")
    return _("User’s {column}", column=column) if kind == "user" else _("Item’s {column}", column=column)


def explain_attribute(name: str) -> str:
    """Return one or two sentences on what an attribute is."""
    if name in EXPLANATIONS:
        return _(EXPLANATIONS[name])
    return _("Column of the users’ table.") if name.startswith("user:") else _("Column of the items’ table, of the item that came next.")


def word_value(name: str, value: str) -> str:
    """Return one value of an attribute: "20 to 49 events", "Monday", "60 minutes to under 24 hours", "jazz club"."""
    if value == OTHERS:
        return _(ALL_OTHERS)
    if name in WORDS:
        return _(WORDS[name][value])
    return VALUE_WORDS.get(name, str if name in TITLES else _word_data)(value)


def title_slice(name: str, value: str) -> str:
    """Return a slice in words: "Category: jazz club"."""
    if (name, value) in SLICES:
        return _(SLICES[name, value])
    return _("{attribute}: {value}", attribute=title_attribute(name), value=word_value(name, value))


def title_combination(conditions: Iterable[tuple[str, str]]) -> str:
    """Return slices that are met at once in words: "Category: jazz club and Hour: 18–21 h"."""
    return join_words(title_slice(*each) for each in conditions)


def _word_hours(value: str) -> str:
    low, high = read_bin(value) or (np.nan, np.nan)
    return _("{low}–{high} h", low=format_number(low), high=format_number(high))


def _word_counts(value: str) -> str:
    low, high = read_bin(value) or (np.nan, np.nan)
    last = high - 1
    if low == last or last < 1:
        return _("no events") if last < 1 else ngettext("{count} event", "{count} events", last)
    if math.isinf(high):
        return ngettext("{count} event or more", "{count} events or more", low)
    if math.isinf(low):
        return ngettext("{count} event or fewer", "{count} events or fewer", last)
    return ngettext("{low} to {count} event", "{low} to {count} events", last, low=format_number(low))


def _word_range(value: str, format_limit: Callable[[float], str]) -> str:
    low, high = read_bin(value) or (np.nan, np.nan)
    if math.isinf(low):
        return _("under {high}", high=format_limit(high))
    if math.isinf(high):
        return _("{low} or more", low=format_limit(low))
    return _("{low} to under {high}", low=format_limit(low), high=format_limit(high))


def _word_data(value: str) -> str:
    """Return a value of a column of the data: a bin of numbers in words, a word as it is."""
    if read_bin(value):
        return _word_range(value, lambda limit: format_number(limit, 6))
    return _(TRUTHS[value]) if value in TRUTHS else value


VALUE_WORDS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("activity", "history", "popularity"), _word_counts),
    **dict.fromkeys(("hour", "utc_hour"), _word_hours),
    **dict.fromkeys(("weekday", "utc_weekday"), lambda value: weekday_names()[int(value)]),
    "gap": lambda value: _word_range(value, lambda seconds: format_duration(seconds / 3600)),
    "distance": lambda value: _word_range(value, format_distance),
    "district": lambda value: level_label("area", value),
}
"""Words of the values of attributes that are neither in WORDS nor words of the data."""
