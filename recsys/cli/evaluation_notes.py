"""Notes on an evaluation for `evaluate` and `leaderboard`: the order within moments, and intervals that cannot be given."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.core import Dataset


def order_as_json(data: "Dataset") -> dict[str, Any]:
    """Return the share of events with a shared moment, and the sentence on it, null where there is nothing to say."""
    from recsys.core.moments import describe_order

    return {"ties": data.ties, "tied_events": data.tied_events, "order": describe_order(data) or None}


def note_lines(data: "Dataset", has_one_user: bool) -> list[str]:
    """Return what must be said next to metrics measured on cases of one or of several users."""
    from recsys.core.moments import describe_order

    order = describe_order(data)
    lone = "no intervals: all cases are of one user, and the intervals are over users"
    return [*([order] if order else []), *([lone] if has_one_user else [])]
