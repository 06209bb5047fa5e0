"""The columns of users and items: told by a name, or suggested from the values and then not certain."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import pandas as pd

from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.datasets.importing.column_names import Meaning, explain_name, is_meaningless
from recsys.datasets.importing.column_values import Column, determines

ONE_USER = "=me"

_FORMS = {"id": 0, "entity": 1, "name": 2}
_UNCONTESTED = 2  # names of users and items of a lower rank are so clear that no other name contests them
_COMPLETE = 0.95
_NO_MEANING = Meaning("", "entity", 0)


@dataclass(frozen=True, eq=False)
class IdColumn:
    """The column of users or of items: a name, `creator+name` or ONE_USER, with the reason; not sure where the user must confirm it."""

    column: str
    reason: str
    sure: bool = True
    others: tuple[str, ...] = ()
    creator: Column | None = None
    title: Column | None = None


def find_user(columns: Sequence[Column]) -> IdColumn | None:
    """Return the column of users by its name; else that of sessions, which stand in for users."""
    found = _rank_by_name(columns, "user", _identifies)
    clear = [column for column in found if _meaning(column).level > 1]
    if clear:
        return _choose_by_name(clear, found)
    sessions = [column for column in _rank_by_name(columns, "session", _identifies) if not column.are_unique]
    if sessions:
        reason = _(
            "the column is named '{column}'; no column of users was found, so every session counts as a user", column=sessions[0].name
        )
        return IdColumn(sessions[0].name, reason, not _has_unexplained(columns), _list_names(sessions[1:]))
    return None


def find_item(columns: Sequence[Column]) -> IdColumn | None:
    """Return the column of items by its name: ids before names, and names only together with their artist or author."""
    items = [column for column in _rank_by_name(columns, "item", _identifies) if _meaning(column).level > 1]
    titles = [*(column for column in items if _meaning(column).form != "id"), *_rank_by_name(columns, "title", _identifies)]
    ids = [column for column in items if _meaning(column).form == "id"]
    fullest = max((column.filled for column in titles), default=0.0)
    complete = [column for column in ids if column.filled >= min(_COMPLETE, fullest)]
    wider = [*_rank_by_name(columns, "album", _identifies), *_rank_by_name(columns, "artist", _identifies)]
    found = [
        *complete,
        *sorted(titles, key=lambda column: column.filled < 0.5),
        *(column for column in ids if column not in complete),
        *wider,
    ]
    if not found:
        return None
    if found[0].are_names and found[0] in titles:
        creators = [column for kind in ("artist", "author") for column in _rank_by_name(columns, kind, lambda column: column.are_names)]
        if creators:
            return replace(_join_with_creator(creators[0], found[0]), others=_list_names(found[1:]))
    named = _choose_by_name(found, found)
    return replace(named, sure=False) if _is_name(found[0]) and (_has_unexplained(columns) or _meaning(found[0]).level < 3) else named


def suggest_user(columns: Sequence[Column], free: Sequence[Column]) -> IdColumn:
    """Return the likeliest column of users where no name tells it; never sure."""
    loose = [column for column in columns if _meaning(column).kind == "user" and _identifies(column)]
    likely = [column for column in free if not column.are_phrases]
    constant = [column for column in likely if column.distinct == 1 and is_meaningless(column.name)]
    # Next to other names, a constant says something about the file and not who the user is.
    likely = [column for column in likely if column.distinct > 1 or column in constant]
    baskets = [column for column in _rank_by_name(columns, "transaction", _identifies) if not column.are_unique]
    found = [*loose, *constant, *likely, *(column for column in columns if _repeats_codes(column)), *baskets]
    rest = tuple(dict.fromkeys(_list_names([*found, *free])))
    if not found:
        return IdColumn(ONE_USER, _("no column of users was found; all rows may be of one user"), False, rest)
    if found[0] in baskets:
        reason = _("no column of users was found; every '{column}' could count as a user", column=found[0].name)
    else:
        reason = _explain_values(found[0])
    return IdColumn(found[0].name, reason, False, tuple(name for name in (*rest, ONE_USER) if name != found[0].name))


def _repeats_codes(column: Column) -> bool:
    """Return whether a column of an unknown name holds codes that occur again, as those of users do: R007, 00012, ann@example.com."""
    is_code = column.meaning is None and column.filled >= _COMPLETE and not (column.are_unique or column.are_links or column.are_lists)
    lengths = column.values.str.len()
    if column.are_numbers:
        is_code = is_code and column.are_whole and lengths.nunique() == 1 and lengths.iloc[0] >= 4
    marked = column.values.str.contains(r"^\S*[\d@]\S*$")
    return is_code and column.precision == 0 and not column.are_clocks and column.distinct > 1 and bool(marked.mean() >= _COMPLETE)


def suggest_item(columns: Sequence[Column], free: Sequence[Column]) -> IdColumn | None:
    """Return the likeliest column of items where no name tells it; never sure."""
    loose = [column for column in columns if _meaning(column).kind == "item" and _identifies(column)]
    links = [column for column in columns if column.are_links and not column.are_unique]
    found = [*(column for column in free if column.filled >= _COMPLETE), *(column for column in free if column.filled < _COMPLETE)]
    found = [*found, *loose, *links]
    if not found:
        return None
    names = [column for column in free if column.are_names and column.filled >= _COMPLETE]
    if found[0] in names:
        for creator, title in combinations(names, 2):
            if _belongs_to(title, creator):
                return replace(_join_with_creator(creator, title), sure=False, others=_list_names(found))
    return IdColumn(found[0].name, _explain_values(found[0]), False, _list_names(found[1:]))


def list_used_columns(columns: Iterable[str]) -> set[str]:
    """Return the columns of a file that a mapping uses; an id of artist+track uses both."""
    return {part for column in columns for part in (column, *column.split("+"))}


def free_columns(columns: Sequence[Column], taken: Iterable[str]) -> list[Column]:
    """Return the columns of unknown names that may hold ids by their values.

    Columns with a value of its own in every row, decimals, times of day, lists, links, prose, flags and scales are not ids; those with
    a value of its own in every row are let in where there is no other.
    """
    used = set(taken)
    unknown = [
        column
        for column in columns
        if column.name not in used
        and column.filled > 0
        and _meaning(column).kind in ("", "unknown")
        and (column.are_whole or not column.are_numbers)
        and not (
            column.precision == 2
            or (column.precision and not column.are_numbers)
            or column.are_clocks
            or column.are_lists
            or column.are_links
            or column.are_prose
        )
    ]
    few = all(len(column.values) < 20 for column in unknown)
    ids = [
        column
        for column in unknown
        if few or not (column.are_unique or column.are_flags or column.are_scale or (column.distinct == 1 and column.are_numbers))
    ]
    return ids or [column for column in unknown if column.are_unique]


def is_closer_in_time(first: Column, second: Column, times: Column) -> bool:
    """Return whether events of one value of `first` follow each other much faster than those of `second`, as those of a user do."""
    frame = pd.DataFrame({"first": first.all, "second": second.all, "time": pd.to_numeric(times.all, errors="coerce")}).dropna()
    gaps = [frame.sort_values("time").groupby(key)["time"].diff().dropna() for key in ("first", "second")]
    return bool(min(map(len, gaps)) > 0 and gaps[0].median() * 3 <= gaps[1].median())


def _meaning(column: Column) -> Meaning:
    return column.meaning or _NO_MEANING


def _likeliest_first(column: Column) -> tuple[int, int, int, int, int, str]:
    meaning = _meaning(column)
    # In nested data, what is deeper describes a part: episode.show.id is the show of the episode, and episode.id the item.
    depth = column.name.count(".")
    return int(column.filled < 0.5), _FORMS[meaning.form], -meaning.level, depth, meaning.rank, column.name


def _rank_by_name(columns: Sequence[Column], kind: str, fits: Callable[[Column], bool]) -> list[Column]:
    """Return the columns whose names are of a kind and whose values fit, the likeliest first, whatever their order in the file."""
    return sorted((column for column in columns if _meaning(column).kind == kind and fits(column)), key=_likeliest_first)


def _identifies(column: Column) -> bool:
    """Return whether values can be ids: neither missing nor fractions, dates or texts; a user is not a list either."""
    if column.all.empty:
        return True
    # Google Analytics numbers its users 1234567.1709300000, a random number and the second of the first visit.
    is_pair = _meaning(column).form == "id" and bool(column.values.str.fullmatch(r"\d+\.\d{9,10}").mean() > _COMPLETE)
    is_measure = column.are_numbers and not column.are_whole and not is_pair
    is_date = column.precision in (1, 2) and not column.are_whole
    is_list = _meaning(column).kind != "item" and column.are_lists
    return column.filled > 0.02 and not (is_measure or is_date or is_list or column.are_prose or column.are_clocks)


def _is_name(column: Column) -> bool:
    return _meaning(column).kind == "title" or _meaning(column).form == "name"


def is_unexplained(column: Column) -> bool:
    """Return whether a name says "id" of an unknown thing, or nothing at all."""
    return _meaning(column).kind == "unknown" or (column.meaning is None and is_meaningless(column.name))


def _has_unexplained(columns: Sequence[Column]) -> bool:
    """Return whether a column may hold ids of something that the table of names does not know."""
    return any(is_unexplained(column) and _identifies(column) and not column.are_unique and not column.are_flags for column in columns)


def _choose_by_name(clear: Sequence[Column], found: Sequence[Column]) -> IdColumn:
    """Return the first column by its name; not sure where another name says the same and the two do not belong together."""
    first = clear[0]
    rivals = [
        column
        for column in clear[1:]
        if _meaning(first).rank >= _UNCONTESTED
        and (_meaning(column).form, _meaning(column).kind) == (_meaning(first).form, _meaning(first).kind)
        and column.filled > 0.5
        and not (determines(first, column) or determines(column, first))
    ]
    others = _list_names(column for column in found if column is not first)
    if rivals:
        reason = _("the column is named '{column}', but '{other}' could be meant as well", column=first.name, other=rivals[0].name)
        return IdColumn(first.name, reason, False, others)
    return IdColumn(first.name, explain_name(first.name), True, others)


def _join_with_creator(creator: Column, title: Column) -> IdColumn:
    pairs = int(pd.DataFrame({"creator": creator.all, "title": title.all}).dropna().drop_duplicates().shape[0])
    reason = _(
        "there is no complete column of item ids; '{creator}' and '{title}' together tell {pairs} items apart, '{title}' alone {alone}",
        creator=creator.name,
        title=title.name,
        pairs=format_number(pairs),
        alone=format_number(title.distinct),
    )
    return IdColumn(f"{creator.name}+{title.name}", reason, creator=creator, title=title)


def _belongs_to(title: Column, creator: Column) -> bool:
    """Return whether a title nearly determines its creator, as a track does its artist: few of the possible pairs occur."""
    pairs = len(pd.DataFrame({"creator": creator.all, "title": title.all}).dropna().drop_duplicates())
    return title.distinct > creator.distinct > 1 and title.distinct <= pairs <= min(
        2 * title.distinct, 0.3 * title.distinct * creator.distinct
    )


def _explain_values(column: Column) -> str:
    return _(
        "guessed from its values, {distinct} different ones in {rows} rows; no name says it",
        distinct=format_number(column.distinct),
        rows=format_number(len(column.all)),
    )


def _list_names(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)
