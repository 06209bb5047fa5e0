"""Attributes and slices in words, in the language of the reader."""

import math
from collections.abc import Callable

from recsys.core.formatting import format_distance, format_duration, format_number, weekday_names
from recsys.core.translation import N_, _
from recsys.drift.wording import level_label
from recsys.failures.binning import is_bin, read_bin
from recsys.failures.data_columns import OTHERS

TITLES = {
    "activity": N_("User’s activity"),
    "history": N_("Length of the history"),
    "popularity": N_("Item’s popularity"),
    "recurrence": N_("New or a return"),
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
        "Whether the user’s last 10 to 40 events differ in kind or area from all before them, judged from those events alone. "
        "Not known for histories of fewer than 20 events."
    ),
}

WORDS = {
    "new": N_("new to the user"),
    "return": N_("a return"),
    "changed": N_("just changed"),
    "steady": N_("steady"),
    "yes": N_("yes"),
    "no": N_("no"),
    OTHERS: N_("all others"),
}


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
    """Return one value of an attribute: "20 to 49", "Monday", "1 hour to 24 hours", "jazz club"."""
    return VALUE_WORDS.get(name, _word_data)(value)


def title_slice(name: str, value: str) -> str:
    """Return a slice in words: "Category: jazz club"."""
    return _("{attribute}: {value}", attribute=title_attribute(name), value=word_value(name, value))


def _word_counts(value: str) -> str:
    low, high = read_bin(value)
    last = high - 1
    if math.isinf(high):
        return _("{low} or more", low=format_number(low))
    if low == last or last < 1:
        return format_number(last)
    if math.isinf(low):
        return _("{high} or fewer", high=format_number(last))
    return _("{low} to {high}", low=format_number(low), high=format_number(last))


def _word_range(value: str, format_limit: Callable[[float], str]) -> str:
    low, high = read_bin(value)
    if math.isinf(low):
        return _("under {high}", high=format_limit(high))
    if math.isinf(high):
        return _("{low} or more", low=format_limit(low))
    return _("{low} to under {high}", low=format_limit(low), high=format_limit(high))


def _word_data(value: str) -> str:
    """Return a value of the data as it is, a bin of numbers in words."""
    if value in WORDS:
        return _(WORDS[value])
    return _word_range(value, lambda limit: format_number(limit, 6)) if is_bin(value) else value


VALUE_WORDS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("activity", "history", "popularity"), _word_counts),
    **dict.fromkeys(("hour", "utc_hour"), lambda value: _("{low}–{high} h", low=value.split(":")[0], high=value.split(":")[1])),
    **dict.fromkeys(("weekday", "utc_weekday"), lambda value: weekday_names()[int(value)]),
    **dict.fromkeys(("recurrence", "change"), lambda value: _(WORDS[value])),
    "gap": lambda value: _word_range(value, lambda seconds: format_duration(seconds / 3600)),
    "distance": lambda value: _word_range(value, format_distance),
    "district": lambda value: _(WORDS[value]) if value == OTHERS else level_label("area", value),
}
"""Words of the values of each attribute; those of columns of the data are words already, or bins of numbers."""
