"""The cleaning against a plain loop: what comes in is kept or dropped, never both, never neither."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.datasets import read_file
from recsys.datasets.build import NATURAL_ORDER_SQL, natural_key
from recsys.datasets.importing.cleaning import CHECKS, Rules, clean_events

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KNOWN = frozenset({"timestamp", "rating", "latitude", "longitude"})
COLUMNS = (
    "user_code",
    "item_code",
    "timestamp",
    "behaviour",
    "rating",
    "latitude",
    "longitude",
    "position",
    "time_text",
    "rating_text",
    "place_text",
)

times = st.sampled_from([None, *(f"20{year}-01-01 10:00:00" for year in (20, 20, 21, 21, 22, 22, 35))])
degrees = st.none() | st.sampled_from([40.0, 41.0, -74.0, 95.0, 120.0, 400.0, math.inf])
event = st.fixed_dictionaries(
    {
        "user_code": st.sampled_from([1, 1, 2, 2, 3, None]),
        "item_code": st.sampled_from([1, 1, 2, 2, 3, None]),
        "timestamp": times,
        "behaviour": st.none() | st.sampled_from(["view", "buy"]),
        "rating": st.none() | st.sampled_from([1.0, 2.0, 4.0, math.nan, math.inf]),
        "latitude": degrees,
        "longitude": degrees,
        "time_text": st.booleans(),
        "rating_text": st.booleans(),
        "place_text": st.booleans(),
    }
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
        yield connection


def load(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE events (row BIGINT, user_code INT, item_code INT, timestamp TIMESTAMP, behaviour VARCHAR, rating DOUBLE, "
        "latitude DOUBLE, longitude DOUBLE, position DOUBLE, time_text BOOLEAN, rating_text BOOLEAN, place_text BOOLEAN)"
    )
    if rows:
        filled = [
            [place, *(row.get(column, False if column.endswith("_text") else None) for column in COLUMNS)] for place, row in enumerate(rows)
        ]
        con.executemany(f"INSERT INTO events VALUES ({', '.join('?' * (len(COLUMNS) + 1))})", filled)


def kept(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT row, user_code, item_code, timestamp, rating, latitude, longitude FROM events ORDER BY row").fetchall()


@settings(max_examples=35, deadline=None)
@given(
    rows=st.lists(event, min_size=2, max_size=12),
    duplicates=st.sampled_from(["keep", "drop"]),
    missing=st.sampled_from(["keep", "drop", "mean", "median", "interpolate"]),
)
def test_rows_in_are_rows_kept_and_rows_dropped(con: Any, rows: list[dict[str, Any]], duplicates: Any, missing: Any) -> None:
    rules = Rules(duplicates, missing, KNOWN, NOW)
    load(con, rows)
    checks = clean_events(con, rules)
    once = kept(con)
    assert len(rows) == len(once) + sum(check.rows for check in checks if check.action == "dropped")
    assert [row[0] for row in once] == sorted(row[0] for row in once)
    assert {check.action for check in checks} <= {"kept", "dropped", "filled", "reordered"}
    for _, user, item, at, rating, latitude, longitude in once:
        assert user is not None and item is not None and at is not None and at <= NOW.replace(tzinfo=None)
        assert rating is None or math.isfinite(rating)
        assert (latitude is None) == (longitude is None)
        assert latitude is None or (abs(latitude) <= 90 and abs(longitude) <= 180)
    again = clean_events(con, rules)
    assert kept(con) == once
    assert not sum(check.rows for check in again if check.action == "dropped")


@settings(max_examples=35, deadline=None)
@given(rows=st.lists(event, max_size=12))
def test_counts_are_those_of_a_plain_loop(con: Any, rows: list[dict[str, Any]]) -> None:
    load(con, rows)
    found = {check.check: check.rows for check in clean_events(con, Rules(known=KNOWN, now=NOW))}
    ids = [row for row in rows if row["user_code"] and row["item_code"]]
    timed = [row for row in ids if row["timestamp"]]
    left = [row for row in timed if row["timestamp"] < "2030"]
    same = [(row["user_code"], row["item_code"], row["timestamp"], row["behaviour"]) for row in left]
    unusable = [row for row in left if row["rating"] is None or not math.isfinite(row["rating"])]
    late = sum(
        any(b["user_code"] == row["user_code"] and b["timestamp"] > row["timestamp"] for b in left[:place])
        for place, row in enumerate(left)
    )
    expected = {
        "missing ids": len(rows) - len(ids),
        "missing times": sum(row["timestamp"] is None and not row["time_text"] for row in ids),
        "unparsable times": sum(row["timestamp"] is None and row["time_text"] for row in ids),
        "future times": len(timed) - len(left),
        "non-finite ratings": sum(row["rating_text"] for row in unusable),
        "missing ratings": sum(not row["rating_text"] for row in unusable),
        "duplicates": len(same) - len(set(same)),
        "order": late,
    }
    assert {name: found[name] for name in expected} == expected


def test_every_check_reports_also_when_there_is_nothing(con: Any) -> None:
    load(con, [])
    lines = clean_events(con, Rules(known=KNOWN))
    assert [line.rows for line in lines] == [0] * len(lines) and len(lines) >= len(CHECKS)


def test_interpolation_is_that_of_numpy(con: Any) -> None:
    random = np.random.default_rng(0)
    days = np.sort(random.choice(300, size=40, replace=False))
    values = np.where(random.random(40) < 0.5, random.uniform(1, 5, 40), np.nan)
    rows = [
        {
            "user_code": 1,
            "item_code": 1,
            "timestamp": str(datetime(2020, 1, 1) + pd.Timedelta(days=int(day)).to_pytimedelta()),
            "rating": None if math.isnan(value) else value,
        }
        for day, value in zip(days, values)
    ]
    shuffled = random.permutation(40)
    load(con, [rows[place] for place in shuffled])
    clean_events(con, Rules(missing="interpolate", known=frozenset({"timestamp", "rating"})))
    got = np.empty(40)
    got[shuffled] = [row[4] for row in kept(con)]
    known = ~np.isnan(values)
    np.testing.assert_allclose(got, np.interp(days, days[known], values[known]))


@pytest.mark.parametrize(("rule", "value"), [("mean", 3.0), ("median", 2.0)])
def test_filling_with_the_middle(con: Any, rule: Any, value: float) -> None:
    load(
        con,
        [
            {"user_code": 1, "item_code": n, "timestamp": "2020-01-01", "rating": rating}
            for n, rating in enumerate([1.0, 2.0, 6.0, None], start=1)
        ],
    )
    assert Check("missing ratings", 1, "filled") in clean_events(con, Rules(missing=rule, known=frozenset({"timestamp", "rating"})))
    assert kept(con)[3][4] == value


def test_swapped_coordinates_of_a_city_are_put_right(con: Any) -> None:
    rows = [
        {"user_code": 1, "item_code": n, "timestamp": "2020-01-01", "latitude": 40.7 + n / 100, "longitude": -74.0, "place_text": True}
        for n in range(1, 9)
    ]
    rows[3].update(latitude=-74.0, longitude=40.74)
    load(con, rows)
    assert Check("swapped coordinates", 1, "filled") in clean_events(con, Rules(known=KNOWN))
    assert kept(con)[3][5:] == (40.74, -74.0)


def test_a_world_map_is_not_swapped(con: Any) -> None:
    places = [(-74.0, 40.7), (40.7, -74.0), (35.6, 139.7), (-33.9, 151.2), (51.5, -0.1), (139.7, 35.6)]
    load(
        con,
        [
            {"user_code": 1, "item_code": n, "timestamp": "2020-01-01", "latitude": a, "longitude": b, "place_text": True}
            for n, (a, b) in enumerate(places, start=1)
        ],
    )
    assert Check("swapped coordinates", 1, "filled") in clean_events(con, Rules(known=KNOWN))
    assert [row[5:] for row in kept(con)] == [*places[:5], (35.6, 139.7)]


def test_a_dirty_file_is_reported_line_by_line(tmp_path: Path) -> None:
    rows = [
        "u1,i1,1600000000,5",
        ",i1,1600000000,5",
        "u1,i2,soon,5",
        "u1,i2,,5",
        "u1,i3,9999999999,5",
        "u1,i4,1600000500,inf",
        "u1,i5,1600000400,",
        "u1,i1,1600000000,5",
        *(f"u2,j{number},16000010{number},5" for number in range(10, 99)),
        *(f"u3,k{number},16000010{number},5" for number in range(10, 99)),
    ]
    path = tmp_path / "t.csv"
    path.write_text("user,item,time,rating\n" + "\n".join(rows) + "\n")
    data = read_file(path, duplicates="drop")
    found = {check.text: (check.rows, check.action) for check in data.checks}
    assert (
        found["missing ids"]
        == found["unparsable times, such as 'soon'"]
        == found["missing times"]
        == found["future times"]
        == (1, "dropped")
    )
    assert found["non-finite ratings"] == found["missing ratings"] == (1, "kept")
    assert found["duplicates"] == (1, "dropped") and found["order"] == (1, "reordered")
    assert list(data.history("u1").items) == ["i1", "i5", "i4"]
    assert len(read_file(path, missing="drop").interactions) == 2 + 2 * 89


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="missing is 'guess'; choose one of keep, drop, mean, median, interpolate"):
        Rules(missing="guess")  # type: ignore[arg-type]


@given(names=st.lists(st.sampled_from(["10", "9", "-3", "007", "7", "u10", "u2", "u", "é1", "a1b2", "😀", "1.5", "x-2"]), unique=True))
def test_both_natural_orders_are_one(con: Any, names: list[str]) -> None:
    values = ", ".join(f"('{name}')" for name in names) or "('1')"
    found = [
        row[0] for row in con.execute(f"SELECT id FROM (VALUES {values}) AS t(id) ORDER BY {NATURAL_ORDER_SQL.format(id='id')}").fetchall()
    ]
    assert found == sorted(names or ["1"], key=natural_key)
