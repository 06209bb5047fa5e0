"""Erasure: nothing of the person is left in any table, the counters or the file, nothing of others goes, and the log keeps the id."""

import json
from pathlib import Path
from typing import Any

import pytest

from recsys.__main__ import main
from recsys.accounts.account import Account, open_local_account
from recsys.core.errors import DataError, NotAllowedError
from recsys.database.engine import Store
from recsys.database.schema import (
    AccountRow,
    AuditRow,
    CaseRow,
    ComparisonRow,
    FeedbackCountRow,
    FeedbackRow,
    JobRow,
    ScheduleRow,
    Table,
    TokenRow,
    VersionRow,
)
from recsys.feedback.erasure import OF_ACCOUNTS, OF_DATASETS, erase_account, erase_user
from recsys.feedback.recording import withdraw_feedback
from recsys.feedback.summary import summarize_feedback
from tests.feedback.shown_lists import answer, counted, counters_of, make_account, rows_of, show_list

KEEP_AN_ID = {VersionRow, JobRow, AuditRow}
"""Tables whose rows stay, with the id of the account and nothing else of it."""
NO_PERSON = {FeedbackCountRow}


@pytest.fixture
def admin(store: Store) -> Account:
    return make_account(store, "admin", "admin")


def fill(store: Store, *people: Account) -> None:
    """Rows of each person in every table, for two datasets and two users."""
    for person in people:
        for dataset in ("shop", "city"):
            for user in ("u1", "u2"):
                shown = show_list(store, person, dataset=dataset, user_id=user, context={"note": f"secret of {person.name}"})
                answer(store, person, shown, ("i3", "take"), ("i1", "like"))
                show_list(store, person, dataset=dataset, user_id=user)
                with store.write() as session:
                    about = {"account_id": person.id, "dataset": dataset, "user_id": user, "step": 1}
                    session.add(ComparisonRow(**about, first="a", second="b", method="interleaved", shown={}))
                    session.add(CaseRow(**about, checkpoint="a", version=1, note=f"secret of {person.name}"))
        withdraw_feedback(store, person, "shop", "u2", "i1")
        with store.write() as session:
            session.add(TokenRow(account_id=person.id, name="t", digest=person.name))
            session.add(ScheduleRow(account_id=person.id, dataset=person.name, checkpoint="a", every=50))
            session.add(JobRow(account_id=person.id, kind="refit"))
            session.add(VersionRow(account_id=person.id, dataset="shop", checkpoint=f"of {person.name}", version=2))


def of(store: Store, table: Any, account: Account) -> int:
    key = "id" if table is AccountRow else "account_id"
    return sum(row[key] == account.id for row in rows_of(store, table))


def test_every_table_is_erased_or_says_why_not() -> None:
    known = {*OF_DATASETS, *OF_ACCOUNTS, AccountRow, *KEEP_AN_ID, *NO_PERSON}
    assert {mapper.class_ for mapper in Table.registry.mappers} == known
    for table in KEEP_AN_ID | NO_PERSON:
        assert not table.__table__.foreign_keys and "user_id" not in table.__table__.columns


def test_an_account_is_erased_completely(store: Store, admin: Account) -> None:
    ada, bob = make_account(store, "ada"), make_account(store, "bob")
    fill(store, ada, bob)
    others = {table: of(store, table, bob) for table in (*OF_DATASETS, *OF_ACCOUNTS, AccountRow)}
    expected = {table.__tablename__: of(store, table, ada) for table in others}
    would = erase_account(store, admin, "ada@example.org", rehearse=True)
    assert dict(would.rows) == expected and of(store, FeedbackRow, ada) == expected["feedback"]
    done = erase_account(store, admin, "ADA@example.org")
    assert dict(done.rows) == expected == {"impressions": 8, "feedback": 16, "comparisons": 4, "cases": 4, "tokens": 1, "schedules": 1, "accounts": 1}  # fmt: skip
    assert done.total == 35
    for table, number in others.items():
        assert (of(store, table, ada), of(store, table, bob)) == (0, number)
    assert counters_of(store) == counted(store)
    assert [entry.account_id for entry in summarize_feedback(store, admin, "shop").latest] == [bob.id] * 5
    everything = json.dumps([rows_of(store, mapper.class_) for mapper in Table.registry.mappers])
    assert "secret of bob" in everything and "bob@example" in everything
    assert "secret of ada" not in everything and "ada@example" not in everything and '"ada"' not in everything
    entry = rows_of(store, AuditRow)[-1]
    assert (entry["account_id"], entry["action"], entry["subject"]) == (admin.id, "erase", f"account {ada.id}")
    with pytest.raises(DataError, match="there is no account ada@example"):
        erase_account(store, admin, "ada@example.org")
    assert make_account(store, "ada").id != ada.id, "whoever signs in again is a new account"


def test_an_account_on_one_dataset(store: Store, admin: Account) -> None:
    ada = make_account(store, "ada")
    fill(store, ada)
    done = erase_account(store, admin, ada.id, "shop")
    assert dict(done.rows) == {"feedback": 8, "impressions": 4, "comparisons": 2, "cases": 2}
    assert {row["dataset"] for table in OF_DATASETS for row in rows_of(store, table)} == {"city"}
    assert of(store, TokenRow, ada) == of(store, AccountRow, ada) == 1
    assert counters_of(store) == counted(store)


def test_a_user_of_a_dataset_whoever_answered(store: Store, admin: Account) -> None:
    people = make_account(store, "ada"), make_account(store, "bob")
    fill(store, *people)
    done = erase_user(store, admin, "shop", "u1")
    assert dict(done.rows) == {"feedback": 8, "impressions": 4, "comparisons": 2, "cases": 2}
    left = {(row["dataset"], row["user_id"]) for table in OF_DATASETS for row in rows_of(store, table)}
    assert left == {("shop", "u2"), ("city", "u1"), ("city", "u2")}
    assert counters_of(store) == counted(store)
    assert erase_user(store, admin, "shop", "u1").total == erase_user(store, admin, "nothing", "u2").total == 0


def test_people_may_erase_what_is_theirs_only(store: Store) -> None:
    ada, bob = make_account(store, "ada"), make_account(store, "bob", "viewer")
    fill(store, ada)
    for action in (lambda: erase_account(store, bob, ada.id), lambda: erase_user(store, ada, "shop", "u1")):
        with pytest.raises(NotAllowedError):
            action()
    assert of(store, FeedbackRow, ada) == 16
    assert erase_account(store, ada, ada.id).rows["accounts"] == 1


def test_versions_that_may_have_learnt_from_it_are_named(store: Store, admin: Account) -> None:
    ada = make_account(store, "ada")
    with store.write() as session:
        session.add(VersionRow(account_id=admin.id, dataset="shop", checkpoint="sasrec", version=2))
    answer(store, ada, show_list(store, ada), ("i1", "like"))
    with store.write() as session:
        for version, checkpoint in ((3, "sasrec"), (4, "sasrec"), (2, "ease")):
            deleted = 1.0 if version == 4 else None
            session.add(VersionRow(account_id=admin.id, dataset="shop", checkpoint=checkpoint, version=version, deleted=deleted))
    assert erase_account(store, admin, ada.id).refitted == ("shop/sasrec@3",)


def test_the_local_account_stays_without_its_data(store: Store) -> None:
    local = open_local_account(store)
    fill(store, local)
    assert erase_account(store, local, "local").total == 34
    assert of(store, AccountRow, local) == 1 and open_local_account(store) == local


def test_nothing_is_left_in_the_file(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'recscope.db'}")
    ada, bob = make_account(store, "ada"), make_account(store, "bob")
    fill(store, ada, bob)

    def content() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert content().count(b"secret of ada") >= 8 and b"ada@example.org" in content()
    erase_account(store, open_local_account(store), ada.id)
    assert b"secret of ada" not in content() and b"ada@example.org" not in content()
    assert b"secret of bob" in content()
    store.close()


def test_an_erasure_that_fails_erases_nothing(store: Store, admin: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_account(store, "ada")
    fill(store, ada)
    before = [rows_of(store, table) for table in (*OF_DATASETS, *OF_ACCOUNTS, AccountRow, FeedbackCountRow)]
    monkeypatch.setattr("recsys.feedback.erasure.record_action", lambda *_arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        erase_account(store, admin, ada.id)
    assert [rows_of(store, table) for table in (*OF_DATASETS, *OF_ACCOUNTS, AccountRow, FeedbackCountRow)] == before


class TestCommand:
    """`python -m recsys feedback`."""

    @pytest.fixture(autouse=True)
    def home(self, store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECSCOPE_DATABASE_URL", store_url)

    def run(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
        code = main(["feedback", *map(str, arguments)])
        return code, *capsys.readouterr()

    def test_export_import_and_delete(self, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ada = make_account(store, "ada")
        fill(store, ada)
        file = tmp_path / "feedback.parquet"
        assert self.run(capsys, "export", file, "--account", "ada@example.org", "--dataset", "shop") == (
            0, f"exported 4 lists and 8 answers to {file}\n", "",
        )  # fmt: skip
        code, out, err = self.run(capsys, "delete", "--account", ada.id)
        assert (
            code == 0
            and out.endswith(f"35 rows of account {ada.id} would be erased; add --yes to do it\n")
            and of(store, FeedbackRow, ada) == 16
        )
        code, out, err = self.run(capsys, "delete", "--account", ada.id, "--yes", "--json")
        assert (code, err) == (0, "") and json.loads(out) == {
            "subject": f"account {ada.id}", "erased": True, "total": 35, "refitted": [],
            "rows": {"feedback": 16, "impressions": 8, "comparisons": 4, "cases": 4, "tokens": 1, "schedules": 1, "accounts": 1},
        }  # fmt: skip
        code, out, err = self.run(capsys, "import", file, "--json")
        assert json.loads(out) == {"file": str(file), "impressions": 4, "feedback": 8, "known": 0}
        code, out, err = self.run(capsys, "delete", "--user", "u1", "--dataset", "shop", "--yes")
        assert "feedback          4" in out and out.endswith("6 rows of user u1 of shop erased\n")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("export",), ("import",), ("delete", "feedback.csv", "--account", "local"), ("delete",), ("delete", "--user", "u1"),
            ("delete", "--user", "u1", "--account", "local"), ("export", "feedback.xlsx"), ("import", "missing.csv"), ("import", "a.csv", "--dataset", "shop"),
            ("export", "a.csv", "--user", "u1"), ("export", "a.csv", "--account", "nobody"), ("delete", "--account", "nobody", "--yes"), ("forget",),
        ],
    )  # fmt: skip
    def test_wrong_use_is_one_line(self, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
        monkeypatch.chdir(tmp_path)
        code, out, err = self.run(capsys, *arguments)
        assert (code, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1
        assert list(tmp_path.glob("*.csv")) == []
