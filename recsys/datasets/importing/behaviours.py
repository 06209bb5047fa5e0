"""The meaning of behaviours: most are positive events, some are impressions, and some delete earlier events."""

from collections.abc import Iterable, Mapping

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.source import quote_literal

MEANINGS = ("positive", "impression", "delete")

WORDS = {
    "impressions": "impression impressions shown display displayed exposed exposure",
    "deletions": "delete deleted deletion remove removed unlike unliked unfollow unfav unsave unsaved unfavorite undo",
    "cart-removals": "removefromcart removedfromcart cartremove removecart deletefromcart",
    "negatives": "dislike disliked downvote thumbsdown skip skipped hide hidden block blocked notinterested ignore ignored",
}
"""Behaviours that are not positive events, by kind of row, in small letters without spaces, _ and -; a view is a positive event."""

# The meaning of the behaviours of a kind; those of other kinds are positive.
_MEANINGS_OF_KINDS = {"impressions": "impression", "cart-removals": "impression", "deletions": "delete"}
_LISTED = 8


def named_as(text: str, words: str) -> str:
    """Return SQL that tells whether a text is one of the words, whatever its case, spaces, _ and -."""
    return f"translate(lower({text}), '_- ', '') IN ({', '.join(map(quote_literal, words.split()))})"


def check_meanings(given: Mapping[str, str]) -> None:
    """Raise a DataError for a meaning that is not in MEANINGS."""
    for name, meaning in given.items():
        if meaning not in MEANINGS:
            raise DataError(
                _(
                    "behaviour '{name}' cannot be '{meaning}'; choose one of {choices}",
                    name=name,
                    meaning=meaning,
                    choices=", ".join(MEANINGS),
                )
            )


def behaviour_meanings(values: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return what each behaviour means: as given, else by its name, else a positive event.

    A name that is not among the values, and a meaning not in MEANINGS, is a DataError. A behaviour that only ends an earlier one, such
    as taking an item out of the cart, is like an impression: not an event of its own.
    """
    names = sorted({value.strip() for value in values})
    lower = {name.lower() for name in names}
    check_meanings(given)
    for name in given:
        if name.strip().lower() not in lower:
            raise DataError(_("there is no behaviour '{name}'; the behaviours are {names}", name=name, names=", ".join(names[:20])))
    given_by_name = {name.strip().lower(): meaning for name, meaning in given.items()}
    return {name: given_by_name.get(name.lower(), _meaning(name)) for name in names}


def _meaning(name: str) -> str:
    squeezed = name.lower().translate(str.maketrans("", "", "_- "))
    return next((_MEANINGS_OF_KINDS.get(key, "positive") for key, words in WORDS.items() if squeezed in words.split()), "positive")


def create_behaviours(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table `behaviours`: each behaviour of `raw` as it is written, and its rows."""
    con.execute("CREATE OR REPLACE TEMP TABLE behaviours AS SELECT behaviour, count(*) AS rows FROM raw GROUP BY behaviour")


def describe_behaviours(con: duckdb.DuckDBPyConnection, given: Mapping[str, str]) -> tuple[Check, ...]:
    """Return a report line with the rows of each of the `behaviours`; those that are codes are to be explained by the user.

    Raises a DataError if `given` explains behaviours that do not occur.
    """
    rows = con.execute(
        "SELECT trim(behaviour) AS name, sum(rows)::BIGINT AS rows FROM behaviours WHERE trim(behaviour) <> '' "
        "GROUP BY name ORDER BY 2 DESC, name"
    ).fetchall()
    behaviour_meanings([name for name, _rows in rows], given)
    if len(rows) < 2:
        return ()
    counts = ", ".join(f"{name} {format_number(count, locale='en')}" for name, count in rows[:_LISTED])
    is_code = not given and all(name.removesuffix(".0").lstrip("-").isdecimal() for name, _rows in rows)
    template = _CODES if is_code else _COUNTS if len(rows) <= _LISTED else _MANY
    values = {"counts": counts, "example": rows[0][0], "more": str(len(rows) - _LISTED)}
    return (Check(template, sum(count for _name, count in rows), "kept", values, "behaviours" if is_code else ""),)


_CODES = N_("behaviours are codes: {counts}; say what they mean if some are not events")
_COUNTS = N_("behaviours: {counts}")
_MANY = N_("behaviours: {counts} and {more} more")
