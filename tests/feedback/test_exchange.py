"""Feedback exported to CSV and Parquet and imported again: what comes back is equal, and a file that is not an export adds nothing."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.accounts.account import Account, open_local_account
from recsys.core.errors import DataError, NotAllowedError
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, AuditRow, FeedbackRow, ImpressionRow
from recsys.feedback.exchange import export_feedback, import_feedback
from recsys.feedback.recording import withdraw_feedback
from tests.feedback.shown_lists import answer, counted, counters_of, make_account, rows_of, show_list

HOSTILE = ('=HYPERLINK("http://example.org")', "+1", "-1", "@SUM(A1)", "<script>alert(1)</script>", 'a"b,c;d\te', "line\nline\r\nline\r", "NA", "null", "", " ", "nan", "'", "🙂", "\u202e", "0012", "\ufeff")  # fmt: skip
DATA = (ImpressionRow, FeedbackRow)


@pytest.fixture(params=[".csv", ".parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"feedback{request.param}"


@pytest.fixture
def admin(store: Store) -> Account:
    return make_account(store, "admin", "admin")


@pytest.fixture
def other(tmp_path: Path) -> Any:
    """Another store, which is empty."""
    made = Store(f"sqlite:///{tmp_path / 'other.db'}")
    yield made
    made.close()


def fill(store: Store) -> tuple[Account, Account]:
    ada, bob = make_account(store, "ada"), make_account(store, "bob")
    shown = show_list(store, ada)
    answer(store, ada, shown, ("i3", "take"), ("i3", "like"), ("i1", "dislike"), ("i2", "rating", 0.1 + 0.2))
    show_list(store, ada, dataset="other", context={})
    second = show_list(store, bob, HOSTILE, user_id=HOSTILE[0], context={"=1": list(HOSTILE)}, checkpoint="ease")
    answer(store, bob, second, *((item, "like") for item in HOSTILE), ("", "rating", -7.0), ("NA", "rating", 1e-300))
    withdraw_feedback(store, bob, "shop", HOSTILE[0], "NA")
    show_list(store, bob, [])
    return ada, bob


def test_what_was_exported_comes_back_equal(store: Store, admin: Account, other: Store, path: Path) -> None:
    fill(store)
    done = export_feedback(store, admin, path, batch=7)
    assert (done.impressions, done.feedback) == (len(rows_of(store, ImpressionRow)), len(rows_of(store, FeedbackRow))) == (4, 25)
    owner = open_local_account(other)
    imported = import_feedback(other, owner, path, batch=5)
    assert (imported.impressions, imported.feedback) == (4, 25)
    for table in DATA:
        assert rows_of(other, table) == rows_of(store, table)
    assert counters_of(other) == counted(other) == counters_of(store)
    again = import_feedback(other, owner, path, batch=3)
    assert (again.impressions, again.feedback) == (0, 0) and again.known >= 29
    assert rows_of(other, FeedbackRow) == rows_of(store, FeedbackRow) and counters_of(other) == counted(other)
    second = path.with_name(f"second{path.suffix}")
    export_feedback(other, owner, second, batch=2)
    assert read(second) == read(path)
    assert [row["action"] for row in rows_of(other, AuditRow)].count("import feedback") == 2


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, read by another library than the one that wrote it."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    return [{key: None if pd.isna(value) else value for key, value in row.items()} for row in pd.read_parquet(path).to_dict("records")]


def test_other_programs_read_the_file(store: Store, admin: Account, path: Path) -> None:
    fill(store)
    export_feedback(store, admin, path)
    rows = read(path)
    hostile = [row for row in rows if row["checkpoint"] == "ease"]
    assert {row["user_id"] for row in hostile} == {HOSTILE[0]}
    assert {row["item_id"] for row in hostile} == set(HOSTILE)
    assert all(json.loads(row["items"]) == list(HOSTILE) and json.loads(row["context"]) == {"=1": list(HOSTILE)} for row in hostile)
    first = next(row for row in rows if row["action"] == "rating" and row["checkpoint"] == "sasrec")
    assert float(first["rating"]) == 0.1 + 0.2 and json.loads(first["scores"])[-1] is None and int(first["version"]) == 2
    without = [row for row in rows if not row["feedback_id"]]
    assert sorted(row["dataset"] for row in without) == ["other", "shop"] and not any(row["action"] for row in without)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(items=st.lists(TEXT, min_size=1, max_size=4, unique=True), user=TEXT, rating=st.floats(allow_nan=False, allow_infinity=False), context=st.dictionaries(TEXT, TEXT | st.floats(allow_nan=False, allow_infinity=False)))  # fmt: skip
def test_any_text_and_number_comes_back(
    tmp_path_factory: pytest.TempPathFactory, items: list[str], user: str, rating: float, context: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("exchange")
    first, second = (Store(f"sqlite:///{folder / name}") for name in ("a.db", "b.db"))
    account = open_local_account(first)
    answer(first, account, show_list(first, account, items, user_id=user, context=context), (items[-1], "rating", rating))
    for suffix in ("csv", "parquet"):
        export_feedback(first, account, folder / f"a.{suffix}")
        import_feedback(second, open_local_account(second), folder / f"a.{suffix}")
    local = open_local_account(second).id
    for table in DATA:
        assert rows_of(second, table) == [{**row, "account_id": local} for row in rows_of(first, table)]


def test_filters(store: Store, admin: Account, path: Path) -> None:
    ada, bob = fill(store)
    assert export_feedback(store, admin, path, dataset="other").impressions == 1
    assert {row["dataset"] for row in read(path)} == {"other"}
    assert export_feedback(store, ada, path, account_id=ada.id).impressions == 2
    assert {row["account_subject"] for row in read(path)} == {"ada"}
    assert export_feedback(store, bob, path, dataset="other", account_id=bob.id) == export_feedback(store, admin, path, dataset="none")
    assert read(path) == []
    import_feedback(store, admin, path)
    for person, whose in ((ada, None), (ada, bob.id)):
        with pytest.raises(NotAllowedError):
            export_feedback(store, person, path, account_id=whose)
    with pytest.raises(NotAllowedError):
        import_feedback(store, ada, path)


def test_people_are_found_by_who_they_are(store: Store, admin: Account, other: Store, path: Path) -> None:
    ada, bob = fill(store)
    here = open_local_account(store)
    show_list(store, here)
    export_feedback(store, admin, path)
    theirs = make_account(other, "ada", "viewer")
    import_feedback(other, open_local_account(other), path)
    owners = {row["account_id"] for row in rows_of(other, ImpressionRow)}
    assert owners == {theirs.id, bob.id, open_local_account(other).id} and ada.id not in owners and here.id not in owners
    added = next(row for row in rows_of(other, AccountRow) if row["id"] == bob.id)
    assert (added["role"], added["name"], added["email"], added["subject"]) == ("none", "", "", "bob")


CHANGES: dict[str, tuple[str, Any, str]] = {
    "id": ("impression_id", "../../etc/passwd", "impression_id cannot be used"),
    "account": ("account_id", "' OR 1=1 --", "account_id cannot be used"),
    "items": ("items", '{"a": 1}', "items cannot be used"),
    "numbers as items": ("items", "[1,2,3,4]", "items cannot be used"),
    "scores": ("scores", '["a",null,1,2]', "scores cannot be used"),
    "NaN": ("scores", "[NaN,1,1,1]", "scores cannot be used"),
    "fewer scores": ("scores", "[1.0]", "give one for each item"),
    "context": ("context", "[]", "context cannot be used"),
    "deep context": ("context", "[" * 100_000, "context cannot be used"),
    "large context": ("context", json.dumps({"a": "x" * 20_000}), "too large to be saved"),
    "surrogate": ("context", '{"a": "\\ud800"}', "cannot be stored as JSON"),
    "item of another list": ("item_id", "i9", "item_id cannot be used"),
    "rank": ("rank", 2, "rank cannot be used"),
    "action": ("action", "buy", "action cannot be used"),
    "rating without": ("rating", 4.0, "rating cannot be used"),
    "version": ("version", 0, "version cannot be used"),
    "version in the name": ("checkpoint", "sasrec@3", "checkpoint cannot be used"),
    "step": ("step", -1, "step cannot be used"),
    "large step": ("step", 2**40, "step cannot be used"),
    "time": ("created", float("nan"), "created cannot be used"),
    "late": ("shown", 1e300, "shown cannot be used"),
    "long": ("user_id", "u" * 501, "501 characters"),
    "NUL": ("user_id", "u\0", "cannot be stored"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_refused_and_adds_nothing(other: Store, path: Path, tmp_path: Path, change: str) -> None:
    column, value, message = CHANGES[change]
    store = Store(f"sqlite:///{tmp_path / 'first.db'}")
    admin = open_local_account(store)
    ada = make_account(store, "ada")
    answer(store, ada, show_list(store, ada), ("i1", "like"))
    answer(store, ada, show_list(store, ada), ("i1", "like"))
    edit(store, admin, path, lambda rows: rows[1].__setitem__(column, value))
    with pytest.raises(DataError, match="row 2 of the table: ") as raised:
        import_feedback(other, open_local_account(other), path, batch=1)
    assert message.split()[0] in str(raised.value) and message.split(maxsplit=1)[-1] in str(raised.value)
    assert all(rows_of(other, table) == [] for table in DATA) and not counters_of(other)
    assert len(rows_of(other, AccountRow)) == 1


def edit(store: Store, admin: Account, path: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Export, change the rows with another library, and write them again."""
    export_feedback(store, admin, path)
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, keep_default_na=False, na_values={"rating": "", "withdrawn": ""})  # fmt: skip
    rows = table.to_dict("records")
    change(rows)
    changed = pd.DataFrame(rows)
    if path.suffix == ".parquet":
        changed.to_parquet(path)
    else:
        changed.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)


def test_a_file_that_contradicts_the_store(store: Store, admin: Account, path: Path) -> None:
    ada = make_account(store, "ada")
    answer(store, ada, show_list(store, ada), ("i1", "like"))
    before = [rows_of(store, table) for table in (*DATA, AccountRow)]
    for column, value, message in (
        ("user_id", "someone", "is known already, with other values; a list never changes"),
        ("dataset", "another", "is known already, with other values; a list never changes"),
        ("account_subject", "eve", "is known already, as another person"),
    ):
        edit(store, admin, path, lambda rows, column=column, value=value: rows[0].__setitem__(column, value))  # type: ignore[misc]
        with pytest.raises(DataError, match=message):
            import_feedback(store, admin, path)
    edit(store, admin, path, lambda rows: rows[0].update(item_id="i2", rank=2))
    with pytest.raises(DataError, match=r"the feedback \w+ is known already, with other values"):
        import_feedback(store, admin, path)
    assert [rows_of(store, table) for table in (*DATA, AccountRow)] == before


def test_a_like_that_was_withdrawn_meanwhile_stays_so(store: Store, admin: Account, path: Path) -> None:
    ada = make_account(store, "ada")
    answer(store, ada, show_list(store, ada), ("i1", "like"))
    export_feedback(store, admin, path)
    withdraw_feedback(store, ada, "shop", "u1")
    import_feedback(store, admin, path)
    assert rows_of(store, FeedbackRow)[0]["withdrawn"] is not None and counters_of(store) == counted(store)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as exported feedback"),
        (b"user_id,item_id\nu1,i1\n", "it needs the column impression_id once"),
        (b"\x00\xff\xfe" * 100, "feedback"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "feedback"),
        (b'"' + b"a" * 1_000, "feedback"),
    ],
)
def test_files_that_are_not_exports(other: Store, path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match=message if path.suffix == ".csv" else "cannot be read as exported feedback") as raised:
        import_feedback(other, open_local_account(other), path)
    assert "\n" not in str(raised.value)


def test_paths_that_are_not_files(store: Store, admin: Account, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv", "missing.csv"):
        with pytest.raises(DataError, match="there is no file"):
            import_feedback(store, admin, tmp_path / name)
    for path in (tmp_path / "feedback.xlsx", tmp_path / "feedback"):
        with pytest.raises(DataError, match="neither CSV nor Parquet by its name"):
            export_feedback(store, admin, path)
    with pytest.raises(DataError, match=r"cannot write .*folder\.csv"):
        export_feedback(store, admin, tmp_path / "folder.csv")
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith(".")) == []


def test_an_export_that_fails_leaves_the_old_file(store: Store, admin: Account, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    export_feedback(store, admin, path)
    before = path.read_bytes()

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.record_batch", full)
    with pytest.raises(DataError, match="No space left on device; nothing was changed"):
        export_feedback(store, admin, path)
    assert path.read_bytes() == before and list(path.parent.glob(".feedback*")) == []
