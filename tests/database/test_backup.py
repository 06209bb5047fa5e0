"""Backup of the store while it is written to, and restoration: the same rows, all of one moment."""

import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from recsys.accounts.account import open_local_account
from recsys.core.errors import DataError
from recsys.database.backup import back_up_store, restore_store
from recsys.database.engine import Store, open_store
from recsys.storage.paths import home
from tests.database.dump import dump_rows
from tests.temporary_postgres import Cluster


def write_pairs(store: Store, stop: threading.Event, mark: str = "?") -> None:
    """Write two rows in one transaction, again and again: a moment has both or none."""
    number = 0
    while not stop.is_set():
        with store.write() as session:
            for half in ("a", "b"):
                session.connection().exec_driver_sql(f"INSERT INTO pairs VALUES ({mark}, {mark})", (number, half))
        number += 1


@pytest.fixture
def busy_store() -> Store:
    store = open_store()
    open_local_account(store)
    with store.write() as session:
        session.connection().exec_driver_sql("CREATE TABLE pairs (number INTEGER, half TEXT)")
    return store


def test_a_backup_beside_a_writer_is_of_one_moment_and_restores_the_same_rows(busy_store: Store, tmp_path: Path) -> None:
    stop = threading.Event()
    writer = threading.Thread(target=write_pairs, args=(busy_store, stop))
    writer.start()
    try:
        counts = [back_up_store(tmp_path / f"{number}.db")["pairs"] for number in range(5)]
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0], "the writer went on"
    assert all(count % 2 == 0 for count in counts), "a transaction is in a backup as a whole"
    saved = dump_rows(tmp_path / "4.db")
    assert dump_rows(home() / "recscope.db") != saved
    restore_store(tmp_path / "4.db")
    assert dump_rows(home() / "recscope.db") == saved
    with busy_store.write() as session:  # connections from before the restoration go on
        session.connection().exec_driver_sql("INSERT INTO pairs VALUES (-1, 'a')")


def test_a_backup_is_one_file_and_replaces_the_last_one(busy_store: Store, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("old")
    back_up_store(tmp_path / "store.db")
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]
    assert sqlite3.connect(tmp_path / "store.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(4096), None])
def test_what_is_not_a_backup_changes_nothing(busy_store: Store, tmp_path: Path, content: bytes | None) -> None:
    before = dump_rows(home() / "recscope.db")
    if content is None:
        sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE songs (name TEXT)")
    else:
        (tmp_path / "other.db").write_bytes(content)
    with pytest.raises(DataError, match="not a whole backup of a store"):
        restore_store(tmp_path / "other.db")
    with pytest.raises(DataError, match="cannot be read"):
        restore_store(tmp_path / "nothing.db")
    assert dump_rows(home() / "recscope.db") == before


def test_a_damaged_backup_is_refused(busy_store: Store, tmp_path: Path) -> None:
    back_up_store(tmp_path / "store.db")
    content = bytearray((tmp_path / "store.db").read_bytes())
    content[4096 : 4096 * 3] = bytes(4096 * 2)
    (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(DataError, match="not a whole backup"):
        restore_store(tmp_path / "store.db")


def find_tool(name: str) -> str:
    """A program of PostgreSQL's client; Debian does not put all of them on the path."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)
    return found or pytest.skip(f"{name} is not installed")


def test_pg_dump_beside_a_writer_restores_the_same_rows(postgres_cluster: Cluster, postgres_url: str, tmp_path: Path) -> None:
    """The commands of docs/deploying.md, between two databases of one server."""
    store, other = Store(postgres_url), postgres_cluster.make_database()
    with store.write() as session:
        session.connection().exec_driver_sql("CREATE TABLE pairs (number INTEGER, half TEXT)")
        session.connection().exec_driver_sql("INSERT INTO pairs SELECT n, h FROM generate_series(-100, -1) n, unnest(ARRAY['a', 'b']) h")
    open_local_account(store)
    stop = threading.Event()
    writer = threading.Thread(target=write_pairs, args=(store, stop), kwargs={"mark": "%s"})
    writer.start()
    address = {url: make_url(url).set(drivername="postgresql").render_as_string(hide_password=False) for url in (postgres_url, other)}
    file = str(tmp_path / "store.dump")
    try:
        subprocess.run([find_tool("pg_dump"), "--format=custom", f"--file={file}", address[postgres_url]], check=True)
    finally:
        stop.set()
        writer.join()
    restore = [find_tool("pg_restore"), "--clean", "--if-exists", "--no-owner", "--exit-on-error", f"--dbname={address[other]}", file]
    subprocess.run(restore, check=True)
    restored = Store(other)
    with restored.read() as session, store.read() as original:
        count = "SELECT count(*) FROM pairs"
        rows = "SELECT number, half FROM pairs WHERE number < 0 ORDER BY 1, 2"
        assert session.execute(text(rows)).all() == original.execute(text(rows)).all()
        kept = session.execute(text(count)).scalar_one()
        assert kept % 2 == 0
        assert 200 <= kept <= original.execute(text(count)).scalar_one()
        accounts = "SELECT * FROM accounts ORDER BY 1"
        assert session.execute(text(accounts)).all() == original.execute(text(accounts)).all() != []
    store.close()
    restored.close()


def test_postgresql_is_backed_up_by_its_own_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, postgres_url: str) -> None:
    monkeypatch.setenv("RECSCOPE_DATABASE_URL", postgres_url)
    with pytest.raises(DataError, match="pg_dump"):
        back_up_store(tmp_path / "store.db")
    with pytest.raises(DataError, match="pg_restore"):
        restore_store(tmp_path / "store.db")
