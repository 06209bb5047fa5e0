"""Counts of events in the dataset's own word for them: 57 check-ins, 1 rating."""

from collections.abc import Callable

from recsys.core.translation import ngettext

EVENT_COUNTS: dict[str, Callable[[int], str]] = {
    "event": lambda count: ngettext("{count} event", "{count} events", count),
    "check-in": lambda count: ngettext("{count} check-in", "{count} check-ins", count),
    "rating": lambda count: ngettext("{count} rating", "{count} ratings", count),
    "review": lambda count: ngettext("{count} review", "{count} reviews", count),
}


def count_events(count: int, noun: str) -> str:
    """Return "57 check-ins" for a dataset whose `noun` is check-in; a noun without a line above is an event."""
    return EVENT_COUNTS.get(noun, EVENT_COUNTS["event"])(count)
