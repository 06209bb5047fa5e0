"""Limits of notes and tags, and the text of a case that is searched."""

from collections.abc import Iterable

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.database.columns import LONGEST_NOTE, check_text, to_json

MOST_TAGS = 20
LONGEST_TAG = 50
LARGEST_SETTINGS = 65_536
"""Bytes of a page's settings as JSON."""


def check_note(note: str) -> str:
    """Return a note; raise a DataError where it is too long or cannot be stored."""
    if len(note) > LONGEST_NOTE:
        raise DataError(
            _(
                "this note has {length} characters and a note at most {longest}; shorten it, or link to a longer text",
                length=format_number(len(note)),
                longest=format_number(LONGEST_NOTE),
            )
        )
    return check_text(note, LONGEST_NOTE)


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags with single spaces, none empty or twice in another case; raise a DataError where they are too many or too long."""
    cleaned = {" ".join(tag.split()).casefold(): " ".join(tag.split()) for tag in reversed(list(tags))}
    found = tuple(reversed([tag for tag in cleaned.values() if tag]))
    if len(found) > MOST_TAGS:
        raise DataError(
            _("a case has at most {most} tags, and these are {count}; remove some", most=MOST_TAGS, count=format_number(len(found)))
        )
    for tag in found:
        if len(tag) > LONGEST_TAG:
            raise DataError(
                _(
                    "the tag '{start} …' has {length} characters and a tag at most {longest}; write the rest into the note",
                    start=tag[:20],
                    length=format_number(len(tag)),
                    longest=LONGEST_TAG,
                )
            )
        check_text(tag, LONGEST_TAG)
    return found


def check_settings(settings: dict[str, object]) -> dict[str, object]:
    """Return the settings of a view; raise a DataError where they are too large or not JSON."""
    size = len(to_json(settings).encode())
    if size > LARGEST_SETTINGS:
        raise DataError(
            _(
                "the settings of this view are too large to be kept: {size} bytes; the most is {largest}",
                size=format_number(size),
                largest=format_number(LARGEST_SETTINGS),
            )
        )
    return settings


def join_search_text(dataset: str, checkpoint: str, user_id: str, note: str, tags: Iterable[str]) -> str:
    """Return the text of a case in which a search looks."""
    return "\n".join([dataset, checkpoint, user_id, *tags, note]).casefold()
