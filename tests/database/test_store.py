"""Transactions of the store on SQLite and PostgreSQL: saved or not at all, one write after the other, reading at any time."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from recsys.accounts.account import open_local_account, save_account
from recsys.core.errors import DataError, StoreError
from recsys.database import engine as engine_module
from recsys.database.engine import Store, get_database_url, open_store
from recsys.database.schema import AccountRow, AuditRow, JobRow, new_id

ROOT = Path(__file__).resolve().parents[2]
COUNT_UP = """
import sys
from sqlalchemy import select
from recsys.database.engine import Store
from recsys.database.schema import JobRow
store = Store(sys.argv[1])
for _ in range(50):
    with store.write() as session:
        job = session.scalar(select(JobRow))
        job.progress = {"done": job.progress["done"] + 1}
"""
"""A lost update is a number below the number of rounds."""


def add_job(store: Store) -> None:
    with store.write() as session:
        session.add(JobRow(account_id=new_id(), kind="count", progress={"done": 0}))


def test_what_was_written_is_read_by_another_connection(store: Store, store_url: str) -> None:
    account = save_account(store, "issuer", "subject", name="Ada <b>&'\"; DROP TABLE accounts", email="ada@example.org 北京", role="editor")
    other = Store(store_url)
    with other.read() as session:
        row = session.scalars(select(AccountRow)).one()
    assert (row.id, row.name, row.email, row.role) == (account.id, account.name, "ada@example.org 北京", "editor")
    other.close()


def test_an_error_saves_nothing_of_a_write(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as session:
        session.add(AuditRow(account_id=new_id(), action="one", subject=""))
        session.flush()
        _ = 1 / 0
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 0


def test_a_row_that_refers_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="nothing was saved") as raised, store.write() as session:
        session.execute(text("INSERT INTO tokens (id, account_id, name, digest, created) VALUES ('a', 'nobody', '', 'x', 0)"))
    assert isinstance(raised.value.__cause__, IntegrityError)


def test_two_servers_lose_no_update(store: Store, store_url: str) -> None:
    add_job(store)
    running = [subprocess.Popen([sys.executable, "-c", COUNT_UP, store_url], cwd=ROOT) for _ in range(2)]
    assert [each.wait(timeout=100) for each in running] == [0, 0]
    with store.read() as session:
        assert session.scalars(select(JobRow)).one().progress == {"done": 100}


def test_two_servers_make_no_duplicate(store: Store, store_url: str) -> None:
    others = [Store(store_url) for _ in range(2)]
    start = threading.Barrier(8)

    def sign_in(number: int) -> str:
        start.wait()
        return save_account(others[number % 2], "issuer", "subject", name=str(number), email="", role="viewer").id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(sign_in, range(8)))) == 1
    for other in others:
        other.close()


def test_servers_that_start_together_make_the_tables_once(store_url: str) -> None:
    start = threading.Barrier(6)

    def open_one(_number: int) -> str:
        start.wait()
        return open_local_account(Store(store_url)).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(open_one, range(6)))) == 1


def test_reading_keeps_no_write_waiting_and_sees_one_moment(store: Store) -> None:
    add_job(store)
    with store.read() as reading:
        count = select(func.count()).select_from(JobRow)
        assert reading.scalar(count) == 1
        add_job(store)  # would wait for ten seconds, and then fail
        assert reading.scalar(count) == 1
    with store.read() as reading:
        assert reading.scalar(count) == 2


def test_a_read_is_never_saved(store: Store) -> None:
    statement = insert(AuditRow).values(account_id=new_id(), action="", subject="")
    if store.dialect == "postgresql":
        with pytest.raises(StoreError), store.read() as session:
            session.execute(statement)
    else:
        with store.read() as session:
            session.execute(statement)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 0


def test_fifty_sessions_at_once(store: Store) -> None:
    account = open_local_account(store)
    start = threading.Barrier(50)

    def work(_number: int) -> None:
        start.wait()
        for _ in range(4):
            with store.read() as session:
                session.scalars(select(AccountRow)).all()
            with store.write() as session:
                session.add(AuditRow(account_id=account.id, action="write", subject=""))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(work, range(50)))
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 200


def test_sqlite_is_durable_and_private(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'recscope.db'}")
    with store.read() as session:
        found = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")]
    assert found == ["wal", 2, 1, 1]  # 2 is FULL
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    store.close()


def test_postgresql_waits_for_the_disk(postgres_url: str) -> None:
    store = Store(postgres_url)
    with store.write() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "on"
    store.close()


def test_open_store_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "100 % of ? & #"
    monkeypatch.setenv("RECSYS_HOME", str(home))
    store = open_store()
    assert open_store() is store and (home / "recscope.db").is_file()
    monkeypatch.setenv(engine_module.VARIABLE, f"sqlite:///{tmp_path / 'other.db'}")
    assert open_store() is not store and get_database_url().endswith("other.db") and (tmp_path / "other.db").is_file()


@pytest.mark.parametrize(
    "address",
    [
        "recscope",
        "mysql://localhost/a",
        "postgres://localhost/a",
        "postgresql+pg8000://localhost/a",
        "sqlite+aiosqlite:///a",
        "://",
        "postgresql+psycopg://localhost:port/a",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(DataError, match=r"RECSCOPE_DATABASE_URL is not the address of a database.*postgresql\+psycopg://"):
        Store(address)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DataError, match=r"needs the library psycopg; install requirements-server\.txt"):
        Store("postgresql+psycopg://localhost/recscope")
