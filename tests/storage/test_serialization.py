"""The one serialiser."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Check
from recsys.storage.serialization import to_json, to_plain


@dataclass(frozen=True)
class Found:
    ranks: np.ndarray
    when: datetime | None
    folder: Path
    checks: tuple[Check, ...]


def test_a_frozen_result_becomes_an_object() -> None:
    found = Found(np.array([1, np.nan]), datetime(2012, 4, 3, 18, 0, tzinfo=UTC), Path("a/b"), (Check("order", 2, "reordered"),))
    assert json.loads(to_json(found)) == {
        "ranks": [1.0, None],
        "when": "2012-04-03T18:00:00Z",
        "folder": "a/b",
        "checks": [{"check": "order", "rows": 2, "action": "reordered", "values": None, "choice": ""}],
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float32("-inf"), None),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (True, True),
        (np.str_("é"), "é"),
        (np.array(5), 5),
        (np.array([[1, 2], [3, 4]], dtype=np.int8), [[1, 2], [3, 4]]),
        (np.array(["a", None], dtype=object), ["a", None]),
        (pd.Series([1.5, np.nan]), [1.5, None]),
        (pd.Index(["a", "b"]), ["a", "b"]),
        ({"b", "a"}, ["a", "b"]),
        ({1: (2, 3)}, {"1": [2, 3]}),
        (pd.NaT, None),
        (np.datetime64("NaT"), None),
        (np.datetime64("2012-04-03T18:00"), "2012-04-03T18:00:00Z"),
        (pd.Timestamp("2012-04-03T18:00:00.5"), "2012-04-03T18:00:00.500000Z"),
        (datetime(2012, 4, 3, tzinfo=timezone(timedelta(hours=-4))), "2012-04-03T00:00:00-04:00"),
        (date(2012, 4, 3), "2012-04-03"),
    ],
)
def test_what_json_does_not_know(value: object, expected: object) -> None:
    assert to_plain(value) == expected
    assert json.loads(to_json(value)) == expected


def test_text_is_ascii_and_comes_back_whole() -> None:
    text = 'Café <b>,"quoted" 🍜 \ud800'
    assert to_json(text).isascii()
    assert json.loads(to_json(text)) == text


def test_what_cannot_be_written_is_a_bug() -> None:
    with pytest.raises(TypeError, match="object"):
        to_json({"a": object()})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_every_plain_value_is_strict_json(value: object) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    read = json.loads(to_json(value), parse_constant=refuse)
    assert json.loads(to_json(read), parse_constant=refuse) == read
