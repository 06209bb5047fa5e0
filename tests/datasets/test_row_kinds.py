"""Kinds of rows against plain pandas: each is counted once, treated as chosen, and nothing else is touched."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core import Check
from recsys.core.errors import DataError, UnknownNameError
from recsys.datasets.importing.behaviours import behaviour_meanings
from recsys.datasets.importing.ids import id_sql
from recsys.datasets.importing.row_choices import (
    apply_row_kinds,
    check_choices,
    flag_columns,
    remove_deleted,
    short_play_seconds,
)
from recsys.datasets.importing.row_kinds import KINDS, guess_row_kinds

RANDOM = np.random.default_rng(7)
IDS = {"user_id": "who", "item_id": "what"}


def read(
    table: pd.DataFrame, mapping: Mapping[str, str], choices: Mapping[str, str] | None = None, behaviours: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return `raw` after the kinds of rows have been treated, and the report."""
    table = table.astype("str")
    kinds = guess_row_kinds(table.head(100), mapping, behaviours, short_play_seconds(choices or {}))
    with duckdb.connect() as con:
        con.register("file", table)
        roles = [f"{id_sql(column, list(table.columns))} AS {role}" for role, column in mapping.items()]
        con.execute(f"CREATE TABLE raw AS SELECT {', '.join([*roles, *flag_columns(kinds)])} FROM file")
        checks = apply_row_kinds(con, kinds, choices or {}, behaviours)
        return con.execute("SELECT * FROM raw ORDER BY rowid").df(), checks


def people(rows: int, **columns: object) -> pd.DataFrame:
    base = {
        "who": [f"u{number}" for number in RANDOM.integers(0, 20, rows)],
        "what": [f"{number}A" for number in RANDOM.integers(0, 30, rows)],
    }
    return pd.DataFrame({**base, **columns})


def test_cancelled_orders_and_returns_are_counted_apart():
    orders = people(400, InvoiceNo=[f"{'C' if number % 9 == 4 else ''}{536365 + number}" for number in range(400)])
    cancelled = orders.InvoiceNo.str.startswith("C")
    returned = pd.Series(RANDOM.random(400) < 0.1) & ~cancelled
    orders["Quantity"] = np.where(cancelled | returned, -2, 3)
    left, checks = read(orders, IDS)
    assert len(left) == 400
    assert [(check.rows, check.action) for check in checks] == [(cancelled.sum(), "kept"), (returned.sum(), "kept")]
    assert "C" in checks[0].text and checks[0].choice == "cancelled" and "-2" in checks[1].text
    left, checks = read(orders, IDS, {"cancelled": "drop"})
    assert left.user_id.tolist() == orders.who[~cancelled].tolist()
    assert checks[0].action == "dropped"


def test_rows_without_ids_are_left_to_the_check_of_ids():
    orders = people(100, Rechnungsnr=[f"C{number}" if number % 5 == 1 else str(number) for number in range(100)])
    orders.loc[:9, "who"] = None
    _left, checks = read(orders, IDS)
    assert checks[0].rows == orders.who[orders.Rechnungsnr.str.startswith("C")].notna().sum()


def test_order_numbers_that_all_have_a_letter_are_not_cancelled():
    assert read(people(50, OrderNo=[f"C{number}" for number in range(50)]), IDS)[1] == ()
    assert read(people(50, OrderNo=[f"{'ABC'[number % 3]}{number}" for number in range(50)]), IDS)[1] == ()


@pytest.mark.parametrize(
    ("name", "write", "unit"),
    [
        ("msPlayed", str, 1000),
        ("ms_played", str, 1000),
        ("seconds_played", str, 1),
        ("Duration", lambda s: f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}", 1),
    ],
)
def test_short_plays_are_those_below_the_threshold(name, write, unit):
    seconds = RANDOM.integers(0, 6000, 300)
    seconds[::7] = RANDOM.integers(0, 60, len(seconds[::7]))
    plays = people(300, **{name: [write(int(second) * unit) for second in seconds]})
    left, checks = read(plays, IDS)
    assert len(left) == 300 and checks[0][1:3] == ((seconds < 30).sum(), "kept")
    assert len(read(plays, IDS, {"short-plays": "drop"})[0]) == (seconds >= 30).sum()
    left, checks = read(plays, IDS, {"short-plays": "45"})
    assert left.user_id.tolist() == plays.who[seconds >= 45].tolist() and "45 seconds" in checks[0].text


def test_the_length_of_an_item_is_not_how_long_it_was_played():
    plays = people(300)
    plays["Duration"] = plays.what.map(lambda item: f"00:00:{len(item) + int(item[:-1]) % 20:02}")
    assert read(plays.assign(video_duration="5", duration_ms="5000"), IDS)[1] == ()


def test_trailers_and_plans():
    log = people(
        100,
        **{
            "Supplemental Video Type": [["", "HOOK", "TEASER_TRAILER", None][number % 4] for number in range(100)],
            "Exclusive Shelf": [["read", " To-Read", "currently-reading", "read", "read"][number % 5] for number in range(100)],
        },
    )
    left, checks = read(log, IDS)
    assert len(left) == 80
    assert [check[1:3] for check in checks] == [(50, "kept"), (20, "dropped"), (20, "kept")]
    assert len(read(log, IDS, {"planned": "keep"})[0]) == 100
    assert len(read(log, IDS, {"trailers": "drop", "planned": "keep"})[0]) == 50


def test_a_wish_list_alone_is_kept():
    assert read(people(10, status="wishlist"), IDS)[1] == ()


RATED = {**IDS, "rating": "stars"}


@pytest.mark.parametrize(
    ("values", "sentinel"),
    [
        (["-1", "7", "8", "10", "3"], "-1"),
        (["0", "7", "8", "10", "1"], "0"),
        (["0.0", "3.0", "4.0", "5.0"], "0.0"),
        (["99", "-9.5", "0", "3,25", "9.9"], "99"),
        (["-1", "1", "1"], None),
        (["0", "1"], None),
        (["0", "0.5", "1", "5"], None),
        (["-2", "-1", "0", "1", "2"], None),
        (["99", "0", "50", "100"], None),
        (["0", "1", "2", "50", "100"], None),
    ],
)
def test_numbers_outside_the_scale_mean_unrated(values, sentinel):
    table = people(200, stars=[values[number % len(values)] for number in range(200)])
    left, checks = read(table, RATED)
    expected = table.stars.where(table.stars != sentinel)
    assert left.rating.isna().tolist() == expected.isna().tolist()
    assert left.rating.dropna().tolist() == expected.dropna().tolist()
    assert [check[1:3] for check in checks] == ([(expected.isna().sum(), "emptied")] if sentinel else [])
    assert len(read(table, RATED, {"unrated": "drop"})[0]) == expected.notna().sum()


def test_a_rare_zero_belongs_to_the_scale():
    table = people(200, stars=["0"] + ["1", "2", "3", "4"] * 49 + ["5"] * 3)
    assert read(table, RATED)[1] == ()


def test_the_place_zero_zero_is_emptied_where_others_are_elsewhere():
    mapping = {**IDS, "latitude": "lat", "longitude": "lon"}
    table = people(90, lat=["0.0", "48.1", "0"] * 30, lon=["0", "11.5", "9.7"] * 30)
    left, checks = read(table, mapping)
    assert left.latitude.isna().sum() == left.longitude.isna().sum() == 30
    assert [check[1:3] for check in checks] == [(30, "emptied")]
    gulf = people(90, lat=["0.0", "0.1", "-0.2"] * 30, lon=["0", "0.3", "0.1"] * 30)
    assert read(gulf, mapping)[1] == ()


def test_placeholders_and_what_is_not_a_product():
    table = people(1000)
    table.loc[:9, "who"] = "Unknown"
    table.loc[500:509, "what"] = ["POST", "BANK CHARGES"] * 5
    _left, checks = read(table, IDS)
    assert [check.rows for check in checks] == [10, 10]
    numbered = people(1000)
    numbered["who"] = RANDOM.integers(0, 50, 1000)
    assert read(numbered, IDS)[1] == ()  # user 0 has about as many rows as the others
    numbered.loc[:500, "who"] = 0
    assert read(numbered, IDS)[1][0].rows == (numbered.who == 0).sum()
    words = people(200)
    words["what"] = [["Alien", "Heat", "Se7en"][number % 3] for number in range(200)]
    assert read(words, IDS)[1] == ()


ACTED = {**IDS, "behaviour": "action"}


def test_behaviours_mean_what_their_names_say():
    words = ["view", "Impression", "un-like", "remove_from_cart", "dislike", "buy"]
    table = people(600, action=[words[number % 6] for number in range(600)])
    left, checks = read(table, ACTED)
    assert checks[0].rows == 600 and "view 100" in checks[0].text
    assert {check.text.split(":")[0].split(",")[0]: check[1:3] for check in checks[1:]} == {
        "impressions": (100, "dropped"),
        "deletions": (100, "dropped"),
        "items taken out of the cart": (100, "dropped"),
        "negative feedback": (100, "kept"),
    }
    assert left.behaviour.value_counts().to_dict() == {"view": 100, "un-like": 100, "dislike": 100, "buy": 100}
    assert left.deletes.notna().tolist() == (left.behaviour == "un-like").tolist()


def test_codes_are_explained_by_their_owner():
    table = people(500, action=[number % 5 for number in range(500)])
    left, (check,) = read(table, ACTED)
    assert len(left) == 500 and "say what they mean" in check.text
    left, checks = read(table, ACTED, {"deletions": "drop"}, {"0": "impression", "4": "delete"})
    assert sorted(left.behaviour.unique()) == ["1", "2", "3"] and [check.rows for check in checks[1:]] == [100, 100]
    assert len(read(table.assign(action="shown"), ACTED)[0]) == 500
    with pytest.raises(DataError, match="there is no behaviour '7'; the behaviours are 0, 1, 2, 3, 4"):
        read(table, ACTED, {}, {"7": "delete"})


def test_meanings_of_behaviours():
    meanings = behaviour_meanings(["view", "Shown", "delete", " buy "], {"buy": "delete", "shown": "positive"})
    assert meanings == {"view": "positive", "Shown": "positive", "delete": "delete", "buy": "delete"}
    with pytest.raises(DataError, match="choose one of positive, impression, delete"):
        behaviour_meanings(["view"], {"view": "good"})


moments = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(0, 4), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(rows=moments)
def test_deletions_take_back_the_earlier_events_of_a_pair(rows):
    frame = pd.DataFrame(rows, columns=["user_code", "item_code", "second", "deletes"])
    with duckdb.connect() as con:
        con.register("rows", frame)
        con.execute(
            "CREATE TABLE raw AS SELECT user_code::VARCHAR AS user_id, second::VARCHAR AS timestamp, NULLIF(deletes, false) AS deletes FROM rows"
        )
        con.execute(
            "CREATE TABLE events AS SELECT row_number() OVER () - 1 AS row, user_code, item_code, make_timestamp(second::BIGINT * 1000000) AS "
            "timestamp, NULL::DOUBLE AS position FROM rows"
        )
        (check,) = remove_deleted(con)
        assert remove_deleted(con) == ()
        left = [row[0] for row in con.execute("SELECT row FROM events ORDER BY row").fetchall()]

    def survives(row: int) -> bool:
        user, item, second, deletes = rows[row]
        later = (other for place, other in enumerate(rows) if (other[2], place) > (second, row))
        return not deletes and not any(other[3] and other[:2] == (user, item) for other in later)

    assert left == [row for row in range(len(rows)) if survives(row)]
    assert check == Check(check.check, sum(not deletes for *_pair, deletes in rows) - len(left), "dropped")


@settings(max_examples=60, deadline=None)
@given(
    odd=st.lists(
        st.none() | st.text(max_size=8) | st.sampled_from(["C", "-", "1:2:3", "99999999999999999999:00:00", "{x}", "NaN"]),
        min_size=4,
        max_size=12,
    )
)
def test_odd_values_never_raise_and_nothing_is_lost_in_silence(odd):
    names = ["InvoiceNo", "Quantity", "ms_played", "Duration", "status", "Supplemental Video Type", "stars", "lat", "lon", "action"]
    table = people(len(odd), **{name: pd.Series(odd, dtype="str") for name in names}, **{"odd 'name\"{}": "1"})
    mapping = {**RATED, **ACTED, "latitude": "lat", "longitude": "lon"}
    left, checks = read(table, mapping)
    assert len(table) - len(left) <= sum(check.rows for check in checks if check.action == "dropped")


@pytest.mark.parametrize("choices", [{"cancelled": "empty"}, {"short-plays": "soon"}, {"unrated": ""}])
def test_choices_that_a_kind_does_not_have_are_refused(choices):
    with pytest.raises(DataError, match="choose one of"):
        check_choices(choices)


def test_unknown_kinds_suggest_known_ones():
    with pytest.raises(UnknownNameError, match="did you mean cancelled"):
        check_choices({"canceled": "drop"})
    check_choices({key: choices[-1] for key, choices in KINDS.items()} | {"scientific-ids": "keep", "short-plays": "12.5"})
