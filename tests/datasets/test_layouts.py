"""Layouts: lists in cells, matrices and impressions are recognised, unfolded into the events that their writer wrote, or asked about."""

import json
import random
from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core.errors import DataError
from recsys.datasets.importing.layouts import Layout, Unfolding, ask_layout, detect_layout, unfold
from recsys.datasets.importing.layouts.lines import lines_sql


def unfolded(table: pd.DataFrame, layout: Layout | None = None) -> tuple[Unfolding, pd.DataFrame]:
    """Unfold a table of texts, in the layout that it is taken for unless another is given."""
    with duckdb.connect() as con:
        con.register("given", table)
        unfolding = unfold(layout or detect_layout(table).layout, "given", tuple(table.columns), table, con)
        events = con.execute(f"SELECT * FROM {unfolding.sql}").df()
    assert tuple(events.columns) == unfolding.columns
    assert all(isinstance(value, str) for column in events for value in events[column].dropna())
    return unfolding, events


def histories(unfolding: Unfolding, events: pd.DataFrame, user: str = "user_id") -> dict[str, list[str]]:
    """Return the items of every user in the order of their positions."""
    in_order = events.sort_values(unfolding.mapping["position"], key=lambda column: column.astype("int64"), kind="stable")
    return in_order.groupby(user)[unfolding.mapping["item_id"]].apply(list).to_dict()


def checks(unfolding: Unfolding) -> dict[str, tuple[int, str]]:
    return {check.check: (check.rows, check.action) for check in unfolding.checks}


def postgres(ids: list[str]) -> str:
    parts = (
        '"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' if not (each.isascii() and each.isalnum()) else each for each in ids
    )
    return "{" + ",".join(parts) + "}"


CODES = st.from_regex(r"\A[a-zA-Z]{0,2}[0-9]{1,6}\Z")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t'\"\\,[]{}() é\u00a0|"), min_size=1, max_size=12)
NOTATIONS = {
    "python": (str, TEXTS),
    "json": (json.dumps, TEXTS),
    "json without escapes": (lambda ids: json.dumps(ids, ensure_ascii=False, separators=(",", ":")), TEXTS),
    "postgres": (postgres, TEXTS.filter(lambda text: text.upper() != "NULL")),
    "tuple": (lambda ids: str(tuple(ids)), CODES),
    "numpy words": (lambda ids: str(np.array(ids, dtype=str)), CODES),
    "bare": (lambda ids: f"[{', '.join(ids)}]", CODES),
    "numpy numbers": (lambda ids: f"[{' '.join(ids)}]", st.from_regex(r"\A[0-9]{1,6}\Z")),
    "spaces": (" ".join, CODES),
    "bars": ("|".join, CODES),
    "commas": (", ".join, CODES),
    "semicolons": (";".join, CODES),
}


@pytest.mark.parametrize("notation", NOTATIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_notation_gives_the_ids_that_were_written(notation: str, data: st.DataObject) -> None:
    write, ids = NOTATIONS[notation]
    lists = data.draw(st.lists(st.lists(ids, min_size=1, max_size=5), min_size=2, max_size=6))
    lists.append(["a1", "b2", "c3"] if notation != "numpy numbers" else ["01", "2", "003"])
    table = pd.DataFrame({"user_id": [f"u{n}" for n in range(len(lists))], "items": [write(row) for row in lists]})
    table["items"] = table["items"].astype("str")
    if notation in ("spaces", "bars", "commas", "semicolons") and sum(len(row) > 1 for row in lists) <= 0.3 * len(lists):
        return  # cells of one id are rows as they are
    guess = detect_layout(table)
    assert guess.layout == "lists" and guess.is_certain
    unfolding, events = unfolded(table)
    assert histories(unfolding, events) == {f"u{n}": row for n, row in enumerate(lists)}


def test_empty_lists_are_counted_and_other_columns_stay() -> None:
    table = pd.DataFrame(
        {
            "order": ["1", "2", "3", "4"],
            "basket": ["['007', 'a b']", "[]", "", "['7']"],
            "customer": ["ann", "bob", "ann", "ann"],
        }
    )
    unfolding, events = unfolded(table)
    assert unfolding.columns == ("order", "basket", "customer", "place in the list") and unfolding.is_certain
    assert histories(unfolding, events, "customer") == {"ann": ["007", "a b", "7"]}
    assert checks(unfolding) == {"events read from lists of items": (3, "kept"), "rows with an empty list": (2, "dropped")}


def test_cells_without_brackets_among_lists_are_counted() -> None:
    cells = [f"['i{n}', 'i{n + 1}']" for n in range(20)] + ["i3"]
    unfolding, events = unfolded(pd.DataFrame({"user_id": [f"u{n}" for n in range(21)], "items": cells}))
    assert histories(unfolding, events)["u20"] == ["i3"]
    assert checks(unfolding)["cells without brackets, read as one item"] == (1, "kept")


def test_lists_of_times_and_ratings_are_unfolded_with_the_items() -> None:
    rng = random.Random(1)
    rows = [[(f"i{rng.randrange(30)}", str(rng.randrange(9**9)), str(rng.randrange(1, 6))) for _ in range(size)] for size in (3, 1, 4, 2)]
    columns = {name: [json.dumps([event[n] for event in row]) for row in rows] for n, name in enumerate(("item_ids", "times", "ratings"))}
    _, events = unfolded(pd.DataFrame({"user_id": list("abcd"), **columns}))
    written = [(user, *event) for user, row in zip("abcd", rows, strict=True) for event in row]
    assert list(events[["user_id", "item_ids", "times", "ratings"]].itertuples(index=False, name=None)) == written


@pytest.mark.parametrize("longest", [3, 100])
@pytest.mark.parametrize("timed", [True, False])
def test_augmented_rows_give_every_event_once(longest: int, timed: bool) -> None:
    rng = random.Random(longest)
    lives = {f"u{user}": [f"i{rng.randrange(12)}" for _ in range(rng.randrange(2, 9))] for user in range(30)}
    rows = [
        (user, " ".join(life[max(0, n - longest) : n]), life[n], str(1_700_000_000 + 100 * n))
        for user, life in lives.items()
        for n in range(1, len(life))
    ]
    if timed:
        rng.shuffle(rows)
    table = pd.DataFrame(rows, columns=["user_id", "item_id_list", "item_id", "timestamp"])
    unfolding, events = unfolded(table if timed else table.drop(columns="timestamp"))
    assert unfolding.is_certain and histories(unfolding, events) == lives
    assert checks(unfolding)["events that only a list has, read before the item of its row"] == (len(lives), "kept")
    if timed:
        # The oldest event has the time of the first row; all others have their own.
        times = {(user, n): 1_700_000_000 + 100 * max(n, 1) for user, life in lives.items() for n in range(len(life))}
        given_times = events.assign(order=events["place in the list"].astype("int64")).sort_values(["user_id", "order"])
        assert given_times["timestamp"].astype("int64").tolist() == [times[key] for key in sorted(times)]


def test_events_between_two_augmented_rows_come_from_the_later_list() -> None:
    lives = {f"u{n}": [f"i{n + k}" for k in range(8)] for n in range(25)}
    rows = [(user, " ".join(life[:n]), life[n]) for user, life in lives.items() for n in (1, 2, 5, 7)]
    unfolding, events = unfolded(pd.DataFrame(rows, columns=["user_id", "item_id_list", "item_id"]))
    assert histories(unfolding, events) == lives


def test_lists_that_do_not_continue_each_other_are_asked_about() -> None:
    rng = random.Random(3)
    rows = [(f"u{n % 20}", " ".join(f"i{rng.randrange(50)}" for _ in range(5)), f"i{rng.randrange(50)}") for n in range(100)]
    unfolding, _ = unfolded(pd.DataFrame(rows, columns=["user_id", "history", "item_id"]))
    assert not unfolding.is_certain and "do not continue each other" in unfolding.reason


def test_a_history_that_grows_from_row_to_row_is_read_once() -> None:
    lives = {f"u{n}": [f"i{n + k}" for k in range(6)] for n in range(25)}
    rows = [(user, " ".join(life[:n])) for user, life in lives.items() for n in (2, 2, 4, 6)]
    unfolding, events = unfolded(pd.DataFrame(rows, columns=["user_id", "history"]))
    assert unfolding.is_certain and histories(unfolding, events) == lives
    few, _ = unfolded(pd.DataFrame(rows[:4], columns=["user_id", "history"]))
    assert not few.is_certain


def test_the_same_basket_twice_is_two_baskets() -> None:
    rows = [(f"u{n}", "i1 i2") for n in range(30) for _ in range(2)] + [(f"u{n}", f"i{n + 3} i4") for n in range(30)]
    unfolding, events = unfolded(pd.DataFrame(rows, columns=["user_id", "basket"]))
    assert histories(unfolding, events)["u0"] == ["i1", "i2", "i1", "i2", "i3", "i4"]


def test_sessions_without_users_are_asked_about() -> None:
    rows = [("5 6 7", "8"), ("6 6", "5"), ("9 5", "6"), ("7 8", "9")]
    table = pd.DataFrame(rows, columns=["session", "label"])
    unfolding, events = unfolded(table)
    assert not unfolding.is_certain
    question = ask_layout("s.inter", unfolding)
    assert question.suggestion == ("--layout", "lists") and "every row is a user" in str(question)
    expected = {str(n): [*items.split(), last] for n, (items, last) in enumerate(rows, start=1)}
    assert histories(unfolding, events, unfolding.mapping["user_id"]) == expected


GENRES = ["Comedy|Drama", "Drama", "Action|Comedy", "Comedy|Drama", "Action|Drama", "Drama|Comedy"]
ROWS = {
    "genres": {"user": "u1", "movie": "m1", "genres": GENRES},
    "unnamed genres": {"user": "u1", "movie": "m1", "column 3": GENRES},
    "tags in brackets": {"user": "u1", "item": "i1", "tags": ["['a1', 'b2']", "['b2']"] * 3},
    "titles": {"user": "u1", "item": ["Toy Story", "Heat", "The Matrix 2", "Alien 3", "Heat", "Up"]},
    "titles with commas": {"user": "u1", "product": ["Shirt, white 2", "Shirt, red 3", "Lamp, 12 W", "Pen", "Cup, big", "Hat, red"]},
    "times": {"user": "u1", "column 2": ["2024-01-01 10:00:00"] * 6, "column 3": "x"},
    "decimal commas": {"user": "u1", "column 2": ["12,5", "3,75", "1,0"] * 2, "column 3": "x"},
    "ids": {"user": "u1", "items": ["i1", "i2", "i3"] * 2},
    "features": {"user_id": "u1", "item_id": "i1", **{f"f{n}": ["1", "2", "", "3", "4", "5"] for n in range(12)}},
    "ratings": {"user": "u1", "item": "i1", "rating": ["1", "2", "3"] * 2, "timestamp": "1700000000"},
    "ratings without names": {"column 1": list("123456"), "column 2": list("654321"), "column 3": "5", "column 4": "881250949"},
}


@pytest.mark.parametrize("name", ROWS)
def test_ordinary_rows_stay_rows(name: str) -> None:
    assert detect_layout(pd.DataFrame(ROWS[name], index=range(6)).astype("str")).layout == "rows"


ASKED = {
    "recommendations": ("lists", {"customer_id": "c1", "prediction": "07 08 09"}, "recommended items rather than what users did"),
    "unnamed": ("lists", {"column 1": "c1", "column 2": "['a', 'b']"}, "column 2"),
    "words": ("lists", {"user": "u1", "items": "milk, bread, butter"}, "items"),
    "ids under a singular name": ("lists", {"user": "u1", "product": "p1|p2"}, "product"),
    "few columns": ("matrix", {"user": "u1", "j1": list("123451"), "j2": list("543215"), "j3": ""}, "j1"),
    "no users": ("matrix", {f"j{n}": ["1.5", "99", "-3", "99", "2", "99"] for n in range(20)}, "every row is a user"),
    "items in the rows": ("matrix", {"movie": list("abcdef"), **{f"u{n}": ["1", "", "3", "", "5", "1"] for n in range(20)}}, "'movie'"),
    "zeros": ("matrix", {"user": list("abcdef"), **{f"i{n}": ["1", "0", "0", "0", "5", "0"] for n in range(20)}}, "i19"),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_not_certain_is_asked_about(name: str) -> None:
    layout, columns, says = ASKED[name]
    guess = detect_layout(pd.DataFrame(columns, index=range(6)))
    assert guess.layout == layout and not guess.is_certain
    question = ask_layout("t.csv", guess)
    assert question.suggestion == ("--layout", layout) and says in str(question) and str(question).startswith("t.csv: ")


@pytest.mark.parametrize(("empty", "named"), [("", True), ("99", True), ("NA", True), ("", False), ("-1", False)])
def test_a_matrix_is_what_pandas_melts(empty: str, named: bool) -> None:
    rng = np.random.default_rng(7)
    names = [f"joke{n}" for n in range(1, 26)] if named else [f"The Story of {word}" for word in "abcdefghijklmnopqrstuvwxy"]
    ratings = rng.integers(2, 11, (40, 25)) / 2
    table = pd.DataFrame(np.where(rng.random((40, 25)) < 0.6, empty, ratings.astype(str)), columns=names)
    table.insert(0, "user", [f"u{n:03}" for n in range(40)])
    assert detect_layout(table).is_certain
    unfolding, events = unfolded(table)
    assert unfolding.mapping == {"user_id": "user", "item_id": "item", "rating": "rating"}
    melted = table.melt("user", var_name="item", value_name="rating").query("rating != @empty")
    assert sorted(events.itertuples(index=False, name=None)) == sorted(melted.itertuples(index=False, name=None))
    assert checks(unfolding)["ratings read from the cells of a matrix"] == (len(melted), "kept")
    if empty not in ("", "NA"):
        assert checks(unfolding)[f"matrix cells of {empty}, read as missing"] == (1000 - len(melted), "dropped")


def test_a_matrix_without_names_counts_items_from_one() -> None:
    rng = np.random.default_rng(8)
    ratings = np.round(rng.uniform(-10, 10, (30, 20)), 2)
    ratings[rng.random((30, 20)) < 0.5] = 99
    counts = (ratings != 99).sum(axis=1)
    table = pd.DataFrame(np.column_stack([counts, ratings])).map(lambda value: f"{value:g}")
    table.columns = [f"column {n}" for n in range(1, 22)]
    unfolding, events = unfolded(table)
    assert not unfolding.is_certain
    rows = [(str(user + 1), str(item + 1), f"{ratings[user, item]:g}") for user, item in zip(*np.nonzero(ratings != 99), strict=True)]
    assert sorted(events.itertuples(index=False, name=None)) == sorted(rows)


def test_items_in_the_rows_of_a_matrix() -> None:
    table = pd.DataFrame({"movie": ["a", "b"], **{f"u{n}": ["5", ""] if n % 2 else ["", "3"] for n in range(12)}})
    unfolding, events = unfolded(table)
    written = {(f"u{n}", *(("a", "5") if n % 2 else ("b", "3"))) for n in range(12)}
    roles = [unfolding.mapping[key] for key in ("user_id", "item_id", "rating")]
    assert set(events[roles].itertuples(index=False, name=None)) == written


def _impressions(rng: random.Random) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for n in range(80):
        shown = rng.sample(range(30), 5)
        history = " ".join(f"N-{rng.randrange(30)}" for _ in range(rng.randrange(4)))
        rows.append((str(n), f"U{n % 15}", f"1/{n % 28 + 1}/2024", history, " ".join(f"N-{i}-{int(rng.random() < 0.3)}" for i in shown)))
    return rows


def test_impressions_are_the_clicks_and_the_shown_items() -> None:
    rows = _impressions(random.Random(5))
    unfolding, events = unfolded(pd.DataFrame(rows, columns=[f"column {n}" for n in range(1, 6)]))
    written = defaultdict(list)
    for number, user, time, _, cell in rows:
        for each in cell.split():
            written[each[-1]].append((number, user, time, each[:-2]))
    assert unfolding.layout == "impressions" and unfolding.is_certain
    for mark, behaviour in (("1", "click"), ("0", "impression")):
        kept = events[events["behaviour"] == behaviour].drop(columns="behaviour")
        assert sorted(kept.itertuples(index=False, name=None)) == sorted(written[mark])
    assert checks(unfolding)["clicks read from impressions"] == (len(written["1"]), "kept")


def test_histories_next_to_impressions_can_be_read_instead() -> None:
    rows = _impressions(random.Random(6))
    table = pd.DataFrame(rows, columns=["impression", "user", "time", "history", "shown"])
    clicks, _ = unfolded(table)
    unread = sum(history != "" for *_, history, _ in rows)
    assert [check.rows for check in clicks.checks if "histories" in check.check] == [unread] and "history" not in clicks.columns
    unfolding, events = unfolded(table, "lists")
    written = defaultdict(list)
    for _, user, _, history, _ in rows:
        written[user] += history.split()
    assert histories(unfolding, events, "user") == written


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CODES, min_size=1, max_size=6), min_size=1, max_size=10))
def test_lines_join_the_lines_of_a_user(lines: list[list[str]]) -> None:
    table = pd.DataFrame({"line": ["  ".join(line) for line in lines]})
    unfolding, events = unfolded(table, "lines")
    written = defaultdict(list)
    for user, *items in lines:
        written[user] += items
    assert histories(unfolding, events, unfolding.mapping["user_id"]) == {user: items for user, items in written.items() if items}
    assert unfolding.checks[0].rows == sum(len(line) == 1 for line in lines)


def test_many_lines_stay_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"u{n % 7} i{n} j{n}\n" for n in range(200_000)))
    with duckdb.connect() as con:
        con.execute("SET threads = 4")
        unfolding = unfold("lines", lines_sql(path), ("line",), pd.DataFrame(), con)
        events = con.execute(f"SELECT * FROM {unfolding.sql}").df()
    found = histories(unfolding, events, "first word")
    assert found["u3"] == [f"{letter}{n}" for n in range(3, 200_000, 7) for letter in "ij"]


@pytest.mark.parametrize("layout", ["lists", "matrix", "impressions"])
def test_a_table_without_the_layout_is_an_error(layout: Layout) -> None:
    with pytest.raises(DataError, match="the columns are user, item"):
        unfolded(pd.DataFrame({"user": ["u1", "u2"], "item": ["a", "b"]}), layout)
