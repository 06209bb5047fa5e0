"""The role of each column of a file, guessed from names and values, with a reason for every guess and a note of what is not certain."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import QuestionError
from recsys.core.translation import N_, _
from recsys.datasets.importing.column_names import find_meaning, is_meaningless
from recsys.datasets.importing.column_values import Column
from recsys.datasets.importing.event_columns import (
    explain_time,
    find_by_name,
    find_by_values,
    find_descriptions,
    find_fuller_time,
    find_times,
)
from recsys.datasets.importing.file_format import FileFormat
from recsys.datasets.importing.id_columns import (
    IdColumn,
    find_item,
    find_user,
    free_columns,
    is_closer_in_time,
    is_unexplained,
    list_used_columns,
    suggest_item,
    suggest_user,
)
from recsys.datasets.source import KEYS, quote_name

_SAMPLE_ROWS = 5000
_SAMPLE_ROWS_OF_WIDE_FILES = 1000
_SEARCHED_COLUMNS = 100

_READ_AS_NAMES = N_("first line taken as names of columns: {names}")
_READ_AS_ROW = N_("first line read as a row, not as names")

# Kinds of columns that could be mistaken for ratings or items, and the reason why they have no role.
_NO_ROLE = {
    "session": N_("the number of a session"),
    "transaction": N_("the number of an invoice, order, review or row"),
    "price": N_("a price"),
    "duration": N_("a duration"),
    "calendar": N_("a part of a date"),
    "other date": N_("a date of something else than the event"),
    "created": N_("a date of something else than the event"),
    "demographic": N_("a fact about users"),
    "device": N_("a device or a channel"),
    "seller": N_("a seller or a brand"),
    "url": N_("a link"),
    "image": N_("a picture"),
    "flag": N_("a yes or no"),
    "statistic": N_("a figure of several events"),
    "score": N_("a figure that is not on a scale of ratings"),
}


@dataclass(frozen=True, eq=False)
class RoleGuess:
    """The probable role of every column.

    `mapping` maps a role (`source.KEYS`) to a column; `creator+title` is an id of two columns, `=me` says that all rows are of one user.
    `reasons` maps a role to the reason, in the current language. `unsure` are the roles in `mapping` that the user must confirm,
    `alternatives` other plausible columns for a role, the best first, and `unused` says what columns without a role seem to be.
    """

    mapping: dict[str, str]
    reasons: dict[str, str]
    unsure: tuple[str, ...] = ()
    alternatives: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)


def guess_roles(sample: pd.DataFrame) -> RoleGuess:
    """Guess the roles of the columns of a sample of text.

    Users and items are certain only where names tell them, or where the values of `user item rating time` agree with that order.
    """
    # Some files have thousands of columns: of those with unknown names, only the first are searched.
    searched = [name for place, name in enumerate(sample.columns) if place < _SEARCHED_COLUMNS or find_meaning(str(name))]
    columns = [Column(str(name), sample[name]) for name in searched]
    times = find_times(columns)
    roles = find_by_name(columns)
    if times:
        roles["timestamp"] = times[0], explain_time(times[0], times[1:])
    user, item = find_user(columns), find_item(columns)
    taken = {column.name for column, _reason in roles.values()} | {each.column for each in (user, item) if each}
    taken |= {part.name for part in (item.creator, item.title) if part} if item else set()
    by_values = find_by_values(columns, taken)
    taken |= {column.name for role, (column, _reason) in by_values.items() if role != "rating"}
    user, item = _complete(columns, user, item, taken)
    taken |= list_used_columns(each.column for each in (user, item) if each)
    roles = {**{role: found for role, found in by_values.items() if found[0].name not in taken or role != "rating"}, **roles}
    roles = {
        **find_descriptions(columns, _column_of(item, columns), {*taken, *(column.name for column, _reason in roles.values())}),
        **roles,
    }
    if item and item.title and item.creator:
        roles["title"] = (
            item.title,
            _("'{column}' is the name of the item within '{creator}'", column=item.title.name, creator=item.creator.name),
        )
        roles.setdefault(
            "category", (item.creator, _("no column of genres was found; '{column}' groups the items", column=item.creator.name))
        )
    if not (user and user.sure) and _is_rating_table(columns):
        user, item = _rating_table(columns)
    unsure = ("timestamp",) if times and find_fuller_time(times) else ()
    return _guess(columns, roles, user, item, unsure, {"timestamp": tuple(column.name for column in times[1:])})


def question_for(guess: RoleGuess, file: str, columns: Sequence[str]) -> QuestionError | None:
    """Return the question that names everything not certain, with the mapping it suggests; None where all is certain."""
    missing = [role for role in ("user_id", "item_id") if role not in guess.mapping]
    if not (guess.unsure or missing):
        return None
    lines = [
        _("{role} from '{column}'? ({reason})", role=role, column=guess.mapping[role], reason=guess.reasons.get(role, ""))
        for role in guess.unsure
    ]
    lines += [_("{role} from which column? (none was found)", role=role) for role in missing]
    message = _(
        "{file} does not say clearly what its columns mean: {questions}. Confirm the suggested mapping or choose other columns; the columns "
        "are {columns}",
        file=file,
        questions="; ".join(lines),
        columns=", ".join(columns[:20]),
    )
    suggested = ",".join(f"{role}={guess.mapping[role]}" for role in guess.unsure)
    return QuestionError(message, *(() if missing else ("--map", suggested)), option="--map", choices=columns)


def _complete(
    columns: Sequence[Column], user: IdColumn | None, item: IdColumn | None, taken: set[str]
) -> tuple[IdColumn | None, IdColumn | None]:
    """Return the user and the item, suggested from the values where no name tells them."""
    free = free_columns(columns, taken)
    if user is None:
        # Next to a named item, a column of another name is rather a fact about it, unless it says "id" or nothing.
        authors = [column for column in columns if column.meaning and column.meaning.kind == "author" and not column.are_unique]
        likely = [*authors, *free] if item is None else [column for column in free if is_unexplained(column) and not column.are_unique]
        user = suggest_user(columns, likely)
    if item is None:
        item = suggest_item(columns, [column for column in free if user is None or column.name != user.column])
    return user, item


def _is_rating_table(columns: Sequence[Column]) -> bool:
    """Return whether these are `user item rating time` in four columns without names, as in MovieLens, and the times agree."""
    if len(columns) != 4 or not all(is_meaningless(column.name) and column.are_whole for column in columns):
        return False
    first, second, third, fourth = columns
    return third.are_scale and fourth.precision == 3 and is_closer_in_time(first, second, fourth)


def _rating_table(columns: Sequence[Column]) -> tuple[IdColumn, IdColumn]:
    reason = _("four columns of numbers without names, a user, an item, a rating and a time; events of one user are close in time")
    return IdColumn(columns[0].name, reason), IdColumn(columns[1].name, reason)


def _column_of(item: IdColumn | None, columns: Sequence[Column]) -> Column | None:
    return next((column for column in columns if item and column.name == item.column), None)


def _guess(
    columns: Sequence[Column],
    roles: dict[str, tuple[Column, str]],
    user: IdColumn | None,
    item: IdColumn | None,
    unsure: tuple[str, ...],
    alternatives: dict[str, tuple[str, ...]],
) -> RoleGuess:
    ids = {role: found for role, found in (("user_id", user), ("item_id", item)) if found}
    mapping = {role: found.column for role, found in ids.items()} | {role: column.name for role, (column, _reason) in roles.items()}
    reasons = {role: found.reason for role, found in ids.items()} | {role: reason for role, (_column, reason) in roles.items()}
    used = list_used_columns(mapping.values())
    kinds = {column.name: column.meaning.kind for column in columns if column.meaning and column.name not in used}
    others = alternatives | {role: found.others for role, found in ids.items()}
    return RoleGuess(
        {role: mapping[role] for role in KEYS if role in mapping},
        {role: reasons[role] for role in KEYS if role in mapping},
        (*(role for role, found in ids.items() if not found.sure), *unsure),
        {role: tuple(name for name in names if name != mapping[role]) for role, names in others.items() if names},
        {name: _(_NO_ROLE[kind]) for name, kind in kinds.items() if kind in _NO_ROLE},
    )


def describe_header(found: FileFormat) -> Check | None:
    """Return the line of the cleaning report that says how the first line was read; None where column names leave no doubt."""
    if found.kind != "separated" or any(find_meaning(column) for column in found.columns if column):
        return None
    return Check(_READ_AS_NAMES, 1, "kept", {"names": ", ".join(found.columns[:3])}) if found.has_header else Check(_READ_AS_ROW, 1, "kept")


def read_sample(con: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the first rows as text; fewer of a wide table."""
    rows = _SAMPLE_ROWS if len(columns) <= _SEARCHED_COLUMNS else _SAMPLE_ROWS_OF_WIDE_FILES
    text = ", ".join(f"CAST({quote_name(column)} AS VARCHAR) AS {quote_name(column)}" for column in columns)
    return con.execute(f"SELECT {text} FROM {sql} LIMIT {rows}").df().astype("str")
