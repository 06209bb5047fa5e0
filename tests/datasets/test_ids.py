"""Ids read right: nothing is merged or split but whole columns of fractions, and what looks alike is counted."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys.core.errors import DataError, QuestionError
from recsys.datasets.importing.ids import MISSING_IDS, composite_sql, count_look_alikes, id_sql, list_id_columns, repair_ids

COLUMNS = {"user_id": "who", "item_id": "what"}
numbers = st.integers(-99, 99).map(str)
ids = st.lists(
    st.one_of(
        numbers, numbers.map(lambda number: f"{number}.0"), st.sampled_from(["007", "007.0", "1.5", "u1.0", "", "nan", "1e5", "12e4"])
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def fill_raw(con: duckdb.DuckDBPyConnection, users: list[str | None], items: list[str | None] | None = None) -> None:
    con.execute("CREATE OR REPLACE TABLE raw (user_id VARCHAR, item_id VARCHAR)")
    con.executemany("INSERT INTO raw VALUES (?, ?)", list(zip(users, items or ["x"] * len(users), strict=True)))


def read_users(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in con.execute("SELECT user_id FROM raw ORDER BY rowid").fetchall()]


@settings(max_examples=200, deadline=None)
@given(users=st.one_of(ids, st.lists(st.one_of(numbers, numbers.map(lambda number: f"{number}.0")), min_size=1, max_size=12)))
@example(users=["17850.0", "nan", "", "13047"])
@example(users=["007.0", "7.0"])
@example(users=["1.0", "1.5"])
def test_only_whole_columns_of_fractions_change(con, users):
    fill_raw(con, users)
    repair_ids(con, "log.csv", COLUMNS, {})
    present = [user for user in users if user not in MISSING_IDS]
    whole = [user.removesuffix(".0") for user in present]
    is_whole = all(number.lstrip("-").isdecimal() and str(int(number)) == number for number in whole)
    expected = [user.removesuffix(".0") if is_whole and user not in MISSING_IDS else user for user in users]
    assert read_users(con) == expected


def test_the_report_says_how_many_were_fractions(con):
    fill_raw(con, ["17850.0", "13047.0", None, "5"], ["1.5", "2.0", "3.0", "4.0"])
    (check,) = repair_ids(con, "log.csv", COLUMNS, {})
    assert (check.rows, check.action) == (2, "kept")
    assert "13047.0" in check.text


def test_ids_of_a_spreadsheet_are_a_question(con):
    fill_raw(con, ["9.00719925E+15", "9,00719926E+15", "a+b", "12e4"])
    with pytest.raises(QuestionError, match="2 values of column 'who' are like 9") as asked:
        repair_ids(con, "sci.csv", COLUMNS, {})
    assert asked.value.suggestion == ("--rows", "scientific-ids=keep")
    (check,) = repair_ids(con, "sci.csv", COLUMNS, {"scientific-ids": "keep"})
    assert check.rows == 2
    assert read_users(con) == ["9.00719925E+15", "9,00719926E+15", "a+b", "12e4"]


@pytest.mark.parametrize("kept", ["1e5", "7E+x", "12e4f", "1.23456E+5", "C+3E+2"])
def test_codes_with_an_e_are_not_numbers(con, kept):
    fill_raw(con, [kept, kept, "x"])
    assert repair_ids(con, "log.csv", COLUMNS, {}) == ()


def test_words_for_missing_ids_are_counted(con):
    fill_raw(con, ["None", "None", "NULL", "Ann", "", None, "\\N"])
    (check,) = repair_ids(con, "log.csv", COLUMNS, {})
    assert check.rows == 4
    assert "None (2), NULL (1), \\N (1)" in check.text


def look_alikes(con: duckdb.DuckDBPyConnection, users: list[str]) -> list[tuple[str, int]]:
    con.execute("CREATE OR REPLACE TABLE item_codes AS SELECT 'x' AS item_id, 1 AS item_code")
    fill_raw(con, users)
    con.execute(
        "CREATE OR REPLACE TABLE user_codes AS SELECT user_id, row_number() OVER () AS user_code FROM (SELECT DISTINCT user_id FROM raw)"
    )
    con.execute("CREATE OR REPLACE TABLE events AS SELECT user_code, 1 AS item_code FROM raw JOIN user_codes USING (user_id)")
    return [(check.text, check.rows) for check in count_look_alikes(con)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ann", "ann"),
        ("Café", "Cafe\u0301"),
        ("Café", "CAFE"),
        ("New  York", "New York"),
        ("New\u00a0York", "New York"),
        ("Bob\u200b", "Bob"),
        ("\ufeffBob", "Bob"),
        ("Bob.", "Bob"),
        ("\tBob", "Bob"),
    ],
)
def test_look_alikes_are_mentioned(con, first, second):
    ((check, rows),) = look_alikes(con, [first, second, "other", first])
    assert rows == 3
    assert f"such as '{min(first, second)}' and '{max(first, second)}'" in check


@pytest.mark.parametrize("users", [["Ann", "Anna", "Bob"], ["1", "2", "01"], ["a b", "ab"], ["u1", "u2"], ["ß", "ss"]])
def test_different_ids_do_not_look_alike(con, users):
    assert look_alikes(con, users) == []


parts = st.lists(st.tuples(*[st.none() | st.text("A–- ", max_size=4)] * 3), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(rows=parts)
@example(rows=[("A – B", "C", "D"), ("A", "B – C", "D"), (None, "A", "B"), ("A", None, "B")])
def test_composite_ids_are_the_same_only_for_the_same_values(con, rows):
    con.execute("CREATE OR REPLACE TABLE parts (a VARCHAR, b VARCHAR, c VARCHAR)")
    con.executemany("INSERT INTO parts VALUES (?, ?, ?)", rows)
    joined = [row[0] for row in con.execute(f"SELECT {composite_sql(['a', 'b', 'c'])} FROM parts ORDER BY rowid").fetchall()]
    cleaned = [tuple((part or "").strip(" ") for part in row) for row in rows]
    assert [one is None for one in joined] == [not row[-1] for row in cleaned]
    present = [(row, one) for row, one in zip(cleaned, joined, strict=True) if one is not None]
    assert len({row for row, _one in present}) == len({one for _row, one in present}) == len(set(present))


def test_an_id_of_several_columns_is_readable(con):
    con.execute(
        "CREATE OR REPLACE TABLE tracks AS SELECT * FROM (VALUES ('The Dry Stones', 'Night'), (NULL, 'Night'), ('X', 'null')) t(artist, track)"
    )
    columns = ["artist", "track", "a+b"]
    joined = [row[0] for row in con.execute(f"SELECT {id_sql('artist+track', columns)} FROM tracks").fetchall()]
    assert joined == ["The Dry Stones – Night", "Night", None]
    assert con.execute(f"SELECT DISTINCT {id_sql('=its me', columns)} FROM tracks").fetchall() == [("its me",)]
    con.execute("DROP TABLE tracks")
    assert list_id_columns("=me", columns) == ()
    assert list_id_columns("artist + track", columns) == ("artist", "track")
    assert list_id_columns("a+b", columns) == ("a+b",)


@pytest.mark.parametrize("text", ["=", "= ", "artist+song", "nobody"])
def test_an_id_that_names_nothing_is_an_error(text):
    with pytest.raises(DataError):
        id_sql(text, ["artist", "track"])
