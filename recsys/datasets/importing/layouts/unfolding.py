"""Types of the layouts of a table, and the names of columns that tell them apart."""

import re
from dataclasses import dataclass, field
from typing import Literal

from recsys.core import Check

Layout = Literal["rows", "lines", "lists", "matrix", "impressions"]

PLACE = 100_000_000
"""The number of places reserved for the items of one row, so that row * PLACE + place orders the events of a file."""

SEARCHED_COLUMNS = 100
"""The number of columns that are searched for lists, as some files have thousands."""

ROW_NUMBER = "row"
"""The column of row numbers, which are the users of a table that has no column of users."""

_NAMES = {
    "items": "item product article movie film track song artist album book game video news venue poi place asin sku isbn "
    "content listing recipe app ad offer artikel produkt produit producto prodotto",
    "users": "user uid userid customer customerid client buyer person member visitor account reviewer kunde benutzer usuario utente",
    "sequences": "history hist sequence seq basket cart session click clicked purchase viewed played transaction",
    "recommendations": "prediction predicted recommendation recommended rec topk",
    "targets": "label target next",
    "times": "timestamp time date datetime ts created when unixtime",
    "attributes": "genre category tag keyword title name text description related similar also url image date time price count topic",
}
_WORDS = {kind: set(names.split()) for kind, names in _NAMES.items()}


@dataclass(frozen=True)
class LayoutGuess:
    """The probable layout of a table. Where it is not certain, the user is asked; `reason` is a sentence in the current language."""

    layout: Layout
    reason: str
    is_certain: bool = True


@dataclass(frozen=True)
class Unfolding:
    """A table with one row per event, made of another one.

    `sql` is a subquery over the given table whose `columns` are VARCHAR; `mapping` has the roles that the layout itself decides.
    `checks` are lines of the cleaning report. `is_certain` and `reason` as in LayoutGuess, after a look at the whole file.
    """

    layout: Layout
    sql: str
    columns: tuple[str, ...]
    mapping: dict[str, str]
    checks: tuple[Check, ...] = field(default=())
    reason: str = ""
    is_certain: bool = True


def names_items(column: str) -> bool:
    """Return whether a column is named like one that holds an item."""
    words = split_words(column)
    return bool(words & _WORDS["items"]) and not words & _WORDS["attributes"]


def names_item_lists(column: str) -> bool:
    """Return whether a column is named like one that holds several items: items, product_ids, history, basket, item_id_list."""
    words = split_words(column)
    if words & _WORDS["attributes"]:
        return False
    several = bool(re.search(r"(s|list|seq|sequence|array)$", column.strip().lower())) and column.strip().lower() != "news"
    return bool(words & _WORDS["sequences"]) or (bool(words & _WORDS["items"]) and several)


def names_recommendations(column: str) -> bool:
    """Return whether a column is named like one that holds recommended items rather than what users did."""
    return bool(split_words(column) & _WORDS["recommendations"])


def names_users(column: str) -> bool:
    """Return whether a column is named like one that holds a user."""
    return bool(split_words(column) & _WORDS["users"])


def names_targets(column: str) -> bool:
    """Return whether a column is named like the item that follows a list: item_id, label, target, next_item."""
    return bool(split_words(column) & _WORDS["targets"]) or (names_items(column) and not names_item_lists(column))


def names_times(column: str) -> bool:
    """Return whether a column is named like one that holds a time."""
    return bool(split_words(column) & _WORDS["times"])


def names_attributes(column: str) -> bool:
    """Return whether a column is named like an attribute: genres, tags, title, date, price."""
    return bool(split_words(column) & _WORDS["attributes"])


def make_distinct_name(wanted: str, columns: tuple[str, ...]) -> str:
    """Return the name for a new column, with as many primes as it needs to differ from the others."""
    taken = {column.lower() for column in columns}
    while wanted.lower() in taken:
        wanted += "'"
    return wanted


def split_words(column: str) -> set[str]:
    """Return the words of a name in the singular: `itemIds`, `item_ids` and `Item IDs` are item and id."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column).lower()
    found = [word for word in re.split(r"[\W_\d]+", spaced) if word]
    joined = [re.sub(r"(ids?|list|seq)$", "", word) for word in found]
    singular = {re.sub(r"ies$", "y", word) for word in (*found, *joined)}
    return singular | {word.removesuffix("s") for word in singular}
