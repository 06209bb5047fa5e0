"""Limits of what is saved with a list that was shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.database.columns import LONGEST_ID, check_text, to_json

LONGEST_LIST = 1_000
LARGEST_CONTEXT = 16_384
"""Bytes of the context as JSON."""


def check_list(items: Sequence[str], scores: Sequence[float | None], context: Mapping[str, Any]) -> None:
    """Raise a DataError where a list or its context is too large, has an item twice, or has not a score for each item."""
    if len(items) > LONGEST_LIST:
        raise DataError(
            _(
                "a list of {length} items is too long to be saved; the most is {longest}",
                length=format_number(len(items)),
                longest=format_number(LONGEST_LIST),
            )
        )
    if len(items) != len(scores):
        raise DataError(
            _("a list of {items} items has {scores} scores; give one for each item", items=len(items), scores=len(scores)),
        )
    if len(set(items)) < len(items):
        raise DataError(_("a list has the item '{item}' twice", item=next(each for i, each in enumerate(items) if each in items[:i])))
    for item in items:
        check_text(item, LONGEST_ID)
    size = len(to_json(dict(context)).encode())
    if size > LARGEST_CONTEXT:
        raise DataError(
            _(
                "the context of a list is too large to be saved: {size} bytes; the most is {largest}",
                size=format_number(size),
                largest=format_number(LARGEST_CONTEXT),
            )
        )
