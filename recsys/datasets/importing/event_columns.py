"""The columns of times, behaviours, ratings, weights, positions and places, and those that describe the items."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import pandas as pd

from recsys.core.formatting import format_number, format_share
from recsys.core.translation import _
from recsys.datasets.importing.column_names import explain_name, is_meaningless, split_name
from recsys.datasets.importing.column_values import Column, determines

_LACKING, _MOST = 0.05, 0.9

Roles = dict[str, tuple[Column, str]]
"""The column and the reason of each role."""

_BEHAVIOURS = (
    "view click like buy purchase cart addtocart transaction visit save follow share play pv fav bookmark remove delete order impression"
)


def find_times(columns: Sequence[Column]) -> list[Column]:
    """Return the columns of times, the best first: the event's moment before its creation, full moments before dates, UTC before text."""
    named = [
        column
        for column in columns
        if column.meaning and column.meaning.kind in ("timestamp", "created") and column.filled > 0.02 and _may_be_time(column)
    ]

    def worth(column: Column) -> tuple[bool, bool, int, int, int, str]:
        level, rank = (column.meaning.level, column.meaning.rank) if column.meaning else (0, 0)
        created = bool(column.meaning and column.meaning.kind == "created")
        return created, column.precision < 1, -min(column.precision, 2), -level, -column.precision * 100 + rank, column.name

    times = sorted(named, key=worth) or [column for column in _with_unknown_names(columns) if column.precision]
    fuller = find_fuller_time(times) if times else None
    if fuller and _heads_groups(times[0], fuller):
        return [fuller, *(column for column in times if column is not fuller)]
    return times


def find_fuller_time(times: Sequence[Column]) -> Column | None:
    """Return the time that many rows have in which the first, best time is empty, so that they would be dropped."""
    fuller = [column for column in times[1:] if column.precision and column.filled > times[0].filled + _LACKING]
    return max(fuller, key=lambda column: column.filled, default=None)


def _heads_groups(time: Column, fuller: Column) -> bool:
    """Return whether a time stands only in the first row of each moment, as in orders of several rows with one date of payment."""
    frame = pd.DataFrame({"time": time.all, "fuller": fuller.all}).dropna(subset=["fuller"])
    first = frame.groupby("fuller", sort=False)["time"].transform(lambda group: group.iloc[0])
    return bool(first[frame["time"].isna()].notna().mean() > _MOST)


def explain_time(column: Column, others: Sequence[Column]) -> str:
    """Return the reason for a column of times."""
    passed = [other.name for other in others if other.precision]
    if fuller := find_fuller_time([column, *others]):
        return _(
            "the rows without '{column}', {share} of all, would be dropped; '{other}' could be meant as well",
            column=column.name,
            share=format_share(1 - column.filled),
            other=fuller.name,
        )
    if column.meaning and passed:
        return _(
            "the column is named '{column}'; it tells the moment of the event better than '{other}'", column=column.name, other=passed[0]
        )
    if column.meaning:
        return explain_name(column.name)
    if column.epoch == 0:
        return _("its values look like seconds since 1970, for example {value}", value=column.example)
    if column.epoch == 1:
        return _("its values look like milliseconds since 1970, for example {value}", value=column.example)
    return _("its values look like dates, for example {value}", value=column.example)


def find_by_name(columns: Sequence[Column]) -> Roles:
    """Return the columns whose names tell their role in an event and whose values allow it."""
    found: Roles = {}
    for role, (kinds, fits) in _NAMED_ROLES.items():
        fitting = [
            column for column in columns if column.meaning and column.meaning.kind in kinds and column.meaning.level > 1 and fits(column)
        ]
        if fitting:
            best = min(fitting, key=lambda column: _likeliest_first(column, kinds))
            found[role] = best, explain_name(best.name)
    for role, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if role in found and other not in found:
            del found[role]
    return found


def find_by_values(columns: Sequence[Column], taken: Iterable[str]) -> Roles:
    """Return behaviours and places by their values, and a rating if a single column may be one and its name says nothing else."""
    free, found = [column for column in _with_unknown_names(columns) if column.name not in set(taken)], Roles()
    for column in free:
        words = {"".join(split_name(value)) for value in column.values.unique()[:20]}
        if len(words.intersection(_BEHAVIOURS.split())) >= max(1, len(words) / 2):
            found.setdefault("behaviour", (column, _("its values are actions, for example {value}", value=column.example)))
    for first, second in pairwise(free):
        if first.are_degrees(90) and second.are_degrees(180) and "latitude" not in found:
            found["latitude"] = first, _("its values are fractions between −90 and 90")
            found["longitude"] = second, _("its values are fractions between −180 and 180, next to the latitude")
    scales = [column for column in free if is_meaningless(column.name) and column.are_scale]
    if len(scales) == 1:
        lowest, highest = (format_number(limit, 1) for limit in (scales[0].numbers.min(), scales[0].numbers.max()))
        reason = _("its values lie between {lowest} and {highest} in steps, as ratings do", lowest=lowest, highest=highest)
        found["rating"] = scales[0], reason
    return found


def find_descriptions(columns: Sequence[Column], item: Column | None, taken: Iterable[str]) -> Roles:
    """Return the columns of titles, categories, texts, pictures and links of items; all but texts must go with the item.

    So the name of a user is not a title, and the page on which an event happened not a link of the item.
    """
    used, found = set(taken), Roles()
    titles = [column for column in columns if column.name not in used and _is_title(column) and (item is None or determines(item, column))]
    short = [column for column in _of_kind(columns, "text", used) if item and determines(item, column) and _is_short(column, item)]
    for candidates in (
        sorted(titles, key=lambda column: (not _are_siblings(column, item), *_likeliest_title_first(column))),
        [] if item is None or item.are_phrases else short,
    ):
        if candidates and "title" not in found:
            found["title"] = candidates[0], explain_name(candidates[0].name)
    used |= {column.name for column, _reason in found.values()}
    for role in ("category", "text"):
        candidates = _of_kind(columns, role, used)
        if role == "category" and item:  # the department of a respondent changes with the user, not with the item
            candidates = [column for column in candidates if determines(item, column)]
        if candidates:
            found[role] = candidates[0], explain_name(candidates[0].name)
    pictured = [column for column in _of_kind(columns, "item", used) if {"picture", "photo"} & set(split_name(column.name))]
    links = [column for column in _of_kind(columns, "url", used) if column.are_links]
    for role, candidates in (
        ("image", [column for column in _of_kind(columns, "image", used) + pictured if column.are_images]),
        ("url", links),
    ):
        of_items = [column for column in candidates if item is None or determines(item, column)]
        if of_items:
            found[role] = of_items[0], explain_name(of_items[0].name)
    return found


def _with_unknown_names(columns: Sequence[Column]) -> list[Column]:
    """Return the columns whose names are not known."""
    return [column for column in columns if (column.meaning is None or column.meaning.kind == "unknown") and column.filled > 0]


def _likeliest_first(column: Column, kinds: Sequence[str]) -> tuple[int, bool, int, int, str]:
    meaning = column.meaning
    assert meaning is not None
    return kinds.index(meaning.kind), meaning.form == "id", -meaning.level, meaning.rank, column.name


def _of_kind(columns: Sequence[Column], kind: str, used: set[str]) -> list[Column]:
    fitting = [
        column
        for column in columns
        if column.name not in used and column.filled > 0 and column.meaning and column.meaning.kind == kind and not column.are_flags
    ]
    return sorted(fitting, key=lambda column: _likeliest_first(column, (kind,)))


def _may_be_time(column: Column) -> bool:
    """Return whether a column with the name of a time can be one: a moment, a number, or a text with digits that is not only a clock."""
    return column.precision > 0 or (not column.are_clocks and bool(column.values.str.contains(r"\d").mean() > 0.5))


def _is_score(column: Column) -> bool:
    numbers = column.numbers.dropna()
    hundred = bool(column.are_whole and numbers.between(-1, 100).all() and numbers.max() > 10)
    return column.are_scale or hundred


def _is_rating(column: Column) -> bool:
    kind = column.meaning.kind if column.meaning else ""
    numeric = column.numbers.notna().mean() > 0.5 if len(column.values) else True
    if kind == "rating" and column.are_written_ratings:
        return True
    return _is_score(column) if kind == "score" else bool(numeric) and column.precision == 0


def _is_behaviour(column: Column) -> bool:
    few = column.distinct <= 50 and (len(column.values) < 20 or column.distinct <= len(column.values) / 4)
    return column.filled > 0.02 and few and not column.precision


def _is_position(column: Column) -> bool:
    # The order number is a user's first, second or third order in some files, and the number of an invoice in others.
    from_one = "number" not in split_name(column.name) or column.numbers.min() <= 1
    return column.are_whole and bool(from_one and column.numbers.dropna().between(0, 1e5).all()) and not column.are_unique


def _is_place(column: Column) -> bool:
    limit = 90 if column.meaning and column.meaning.kind == "latitude" else 180
    numbers = column.numbers
    return not len(numbers) or bool(numbers.notna().mean() > 0.5 and numbers.dropna().abs().le(limit).mean() > 0.9)


# For each role, the kinds of names that tell it (see column_names), the likeliest first, and the test that the values must pass.
_NAMED_ROLES: dict[str, tuple[tuple[str, ...], Callable[[Column], bool]]] = {
    "behaviour": (("behaviour",), _is_behaviour),
    "rating": (("rating", "score"), _is_rating),
    "weight": (("weight",), lambda column: column.are_numbers and not column.precision),
    "position": (("position",), _is_position),
    "latitude": (("latitude",), _is_place),
    "longitude": (("longitude",), _is_place),
}


def _is_title(column: Column) -> bool:
    meaning = column.meaning
    if meaning is None or meaning.level < 2 or column.filled == 0 or column.are_numbers:
        return False
    return meaning.kind == "title" or (
        meaning.kind == "item" and (meaning.form == "name" or (meaning.form == "entity" and column.are_names))
    )


def _likeliest_title_first(column: Column) -> tuple[bool, int, bool, int, str]:
    meaning = column.meaning
    assert meaning is not None
    return column.filled < 0.5, -meaning.level, meaning.form == "entity" and meaning.kind == "item", meaning.rank, column.name


def _are_siblings(column: Column, item: Column | None) -> bool:
    """Return whether two columns are of the same object in nested data, as episode.title and episode.id are."""
    return item is not None and column.name.rpartition(".")[0] == item.name.rpartition(".")[0]


def _is_short(column: Column, item: Column) -> bool:
    """Return whether a description is as short and as varied as titles, as in LAMP or JAR for a code of a shop."""
    return bool(column.distinct * 2 > item.distinct and column.values.str.len().median() <= 40)
