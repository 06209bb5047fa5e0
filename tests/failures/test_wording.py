"""Attributes and slices as people read them."""

import pytest

from recsys.core.translation import language
from recsys.failures.attributes import ATTRIBUTES
from recsys.failures.wording import EXPLANATIONS, TITLES, explain_attribute, title_attribute, title_slice, word_value


def test_every_attribute_has_a_title_and_an_explanation() -> None:
    assert set(TITLES) == set(EXPLANATIONS) == set(ATTRIBUTES)
    assert len(set(TITLES.values())) == len(TITLES)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("activity", "(-inf,1)", "no events"),
        ("activity", "[1,2)", "1 event"),
        ("activity", "(-inf,50)", "49 events or fewer"),
        ("history", "[50,1500)", "50 to 1,499 events"),
        ("popularity", "[1200,inf)", "1,200 events or more"),
        ("hour", "[21,24)", "21–24 h"),
        ("utc_weekday", "0", "Monday"),
        ("gap", "(-inf,600)", "under 10 minutes"),
        ("gap", "[10800,259200)", "3 hours to under 3 days"),
        ("distance", "[0.2,1.5)", "200 m to under 1.5 km"),
        ("distance", "[10,inf)", "10 km or more"),
        ("change", "changed", "just changed"),
        ("category", "new", "new"),  # a word of the data, not the key of a return
        ("category", "(other)", "all others"),
        ("category", "[1,2)", "[1,2)"),
        ("district", "around The Café", "around The Café"),
        ("user:age", "[25,32.5)", "25 to under 32.5"),
        ("user:vip", "yes", "yes"),
        ("item:shelf", "new", "new"),
    ],
)
def test_known_words(name: str, value: str, expected: str) -> None:
    assert word_value(name, value) == expected
    assert title_slice(name, value) == f"{title_attribute(name)}: {expected}"


def test_some_slices_have_titles_of_their_own() -> None:
    assert word_value("recurrence", "new") == "new to the user"
    assert title_slice("recurrence", "new") == "Items new to the user" and title_slice("recurrence", "return") == "Items seen before"


def test_columns_of_the_data_are_named() -> None:
    assert title_attribute("user:home_district") == "User’s home district"
    assert title_attribute("item:a:b") == "Item’s a:b"
    assert explain_attribute("user:age") != explain_attribute("item:age")


def test_numbers_follow_the_language() -> None:
    with language("de"):
        assert "1.499" in word_value("history", "[50,1500)")
        assert word_value("weekday", "0") == "Montag"
