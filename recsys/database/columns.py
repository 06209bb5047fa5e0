"""Types of the store's columns: texts and JSON with a limit, so that what is accepted fits both databases and no row grows without bound."""

import json
from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _

LONGEST_ID = 500
"""Characters of an id of a dataset; PostgreSQL's indexes hold 2,700 bytes an entry."""
LONGEST_TEXT = 20_000
LONGEST_NOTE = 102_400
"""Characters of the note of a case."""
LARGEST_JSON = 262_144
"""Bytes of one value of a JSON column."""


class LimitedText(TypeDecorator[str]):
    """A text of at most `length` characters that both databases can store; any other is a DataError."""

    impl = String
    cache_ok = True

    def __init__(self, length: int):
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else check_text(value, self.length)


def check_text(text: str, longest: int) -> str:
    """Return a text; raise a DataError where it is too long or holds what a database cannot store."""
    if len(text) > longest:
        raise DataError(
            _(
                "'{start} …' is too long to be stored: {length} characters; the most is {longest}",
                start=text[:20],
                length=format_number(len(text)),
                longest=format_number(longest),
            )
        )
    if "\0" in text or not _is_unicode(text):
        shown = text.encode("unicode_escape").decode()[:40]
        raise DataError(_("the text '{text}' holds characters that cannot be stored; remove them", text=shown))
    return text


def to_json(value: Any) -> str:
    """Return a value as the JSON that is stored; raise a DataError where it is too large or not JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise DataError(_("a value cannot be stored as JSON: {reason}", reason=str(error) or type(error).__name__)) from error
    if size > LARGEST_JSON:
        raise DataError(
            _(
                "'{start} …' is too large to be stored: {size} bytes; the most is {largest}",
                start=text[:20],
                size=format_number(size),
                largest=format_number(LARGEST_JSON),
            )
        )
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
