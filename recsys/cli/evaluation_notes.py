"""Notes on an evaluation for `evaluate` and `leaderboard`: the order within moments, the depth of finished lists, intervals that cannot be given."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.evaluation import Evaluation


def order_as_json(data: "Dataset") -> dict[str, Any]:
    """Return the share of events with a shared moment, and the sentence on it, null where there is nothing to say."""
    from recsys.core.moments import describe_order

    return {"ties": data.ties, "tied_events": data.tied_events, "order": describe_order(data) or None}


def lists_as_json(found: "Evaluation") -> dict[str, Any]:
    """Return the depth of a model's finished lists and the number of cases with one; nothing for other models."""
    return {} if found.depth is None else {"depth": found.depth, "listed_cases": found.listed_cases}


def list_lines(found: "Evaluation") -> list[str]:
    """Return what must be said next to metrics of finished lists."""
    if found.depth is None or found.listed_cases is None:
        return []
    longest = "1 item" if found.depth == 1 else f"{found.depth:,} items"
    return [
        f"lists of at most {longest}: an item that is not listed is a miss, whatever its place would be",
        f"{found.listed_cases:,} of {found.cases:,} cases have a list; the others are misses",
    ]


def note_lines(data: "Dataset", has_one_user: bool) -> list[str]:
    """Return what must be said next to metrics measured on cases of one or of several users."""
    from recsys.core.moments import describe_order

    order = describe_order(data)
    lone = "no intervals: all cases are of one user, and the intervals are over users"
    return [*([order] if order else []), *([lone] if has_one_user else [])]
