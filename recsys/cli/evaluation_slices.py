"""Slices of an evaluation as JSON, for `evaluate` and `leaderboard`."""

from typing import TYPE_CHECKING, Any

from recsys.core.errors import unknown

if TYPE_CHECKING:
    from recsys.evaluation import ColdStartSlice

EVALUATED_SPLITS = ("validation", "test")


def slices_as_json(slices: "dict[str, ColdStartSlice | None]") -> dict[str, Any]:
    """Return the metrics of every slice without its single cases; null for a slice without a case."""
    keys = ("cases", "users", "metrics", "intervals")
    return {name: None if part is None else {key: getattr(part, key) for key in keys} for name, part in slices.items()}


def check_split(split: str) -> None:
    """Raise an UnknownNameError unless the split is validation or test."""
    if split not in EVALUATED_SPLITS:
        raise unknown("split", split, EVALUATED_SPLITS)
