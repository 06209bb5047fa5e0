"""Sizes of lists and contexts: what is too large, or is not a list, is refused, and nothing of it is saved."""

from typing import Any

import pytest

from recsys.core.errors import DataError
from recsys.database.engine import Store
from recsys.database.schema import ImpressionRow
from tests.feedback.shown_lists import make_account, rows_of, show_list


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"items": [f"i{i}" for i in range(1_001)]}, "a list of 1,001 items is too long to be saved; the most is 1,000"),
        ({"items": ["a", "b"], "scores": [1.0]}, "a list of 2 items has 1 scores; give one for each item"),
        ({"items": ["a", "b", "a"]}, "a list has the item 'a' twice"),
        ({"items": ["i" * 501]}, "501 characters; the most is 500"),
        ({"items": ["a\0"]}, "characters that cannot be stored"),
        ({"context": {"note": "x" * 1_000_000}}, "too large to be stored"),
        ({"context": {"note": "x" * 16_400}}, "the context of a list is too large to be saved: 16,411 bytes; the most is 16,384"),
        ({"context": {"time": float("nan")}}, "cannot be stored as JSON"),
        ({"context": {"time": object()}}, "cannot be stored as JSON"),
        ({"user_id": "u" * 501}, "501 characters; the most is 500"),
        ({"dataset": "d" * 81}, "81 characters; the most is 80"),
        ({"source": "a source that is too long"}, "25 characters; the most is 16"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_is_too_large_is_refused(store: Store, values: dict[str, Any], message: str) -> None:
    account = make_account(store, "ada")
    with pytest.raises(DataError, match=message):
        show_list(store, account, **values)
    assert rows_of(store, ImpressionRow) == []


def test_the_largest_that_fits(store: Store) -> None:
    account = make_account(store, "ada")
    items = [f"{i:04}" + "é" * 96 for i in range(1_000)]
    show_list(store, account, items, context={"note": "x" * 16_373}, user_id="🙂" * 500)
    assert rows_of(store, ImpressionRow)[0]["items"] == items
