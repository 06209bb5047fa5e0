"""What goes wrong with a store: each is one clear sentence, nothing is saved halfway, and the next write works when it is over."""

import contextlib
import os
import secrets
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, func, make_url, select, text

from recsys.core.errors import StoreError
from recsys.database import engine as engine_module
from recsys.database import failures
from recsys.database.engine import Store
from recsys.database.migrate import HEAD, REVISION_TABLE
from recsys.database.schema import AuditRow, new_id
from tests.temporary_postgres import Cluster


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second in place of ten."""
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 1.0)
    monkeypatch.setattr(engine_module, "POSTGRES_OPTIONS", ("lock_timeout=1000",))
    monkeypatch.setattr(failures, "BUSY_SECONDS", 1.0)


def write(store: Store, subject: str = "") -> None:
    with store.write() as session:
        session.add(AuditRow(account_id=new_id(), action="write", subject=subject))


def count(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(AuditRow)) or 0


def message_of(action: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as raised:
        action()
    message = str(raised.value)
    assert "\n" not in message and "sqlalche.me" not in message and "[SQL" not in message
    assert tempfile.gettempdir() not in message, "a page is read by others than the owner of the machine"
    return message


def test_a_write_that_waits_too_long(store: Store, store_url: str) -> None:
    other = Store(store_url)
    with other.write() as session:
        session.add(AuditRow(account_id=new_id(), action="slow", subject=""))
        session.flush()
        assert message_of(lambda: write(store)) == (
            f"another program has been writing to the store {store.place} for more than 1 seconds and nothing was saved; try again"
        )
        assert count(store) == 0, "reading goes on"
    write(store)
    assert count(store) == 2
    other.close()


def test_more_sessions_than_connections(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "POOL", {"pool_size": 1, "max_overflow": 1, "pool_timeout": 0.3})
    store = Store(store_url)
    with store.read() as one, store.read() as two:
        one.scalar(select(1)), two.scalar(select(1))
        assert "all connections to the store" in message_of(lambda: count(store))
    assert count(store) == 0
    store.close()


def test_sqlite_on_a_full_disk(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'recscope.db'}")
    write(store)
    with store.read() as session:
        pages = session.scalar(text("PRAGMA page_count"))
    limits = [f"PRAGMA max_page_count={pages}"]
    event.listen(store._engine, "connect", lambda connection, _record: connection.execute(limits[0]))
    store.close()

    def fill() -> None:
        for _ in range(20):
            write(store, "x" * 10_000)

    message = message_of(fill)
    assert message == f"the disk of the store {store.place} is full and nothing was saved; free some space and try again"
    before = count(store)
    limits[0] = "PRAGMA max_page_count=1000000"
    store.close()
    fill()
    assert count(store) == before + 20
    store.close()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A real disk of 24 MB in memory, which only root can mount; open to the account that runs PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="recscope-disk-"))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    folder.chmod(0o755)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
    folder.rmdir()


@pytest.fixture
def store_on_small_disk(request: pytest.FixtureRequest, small_disk: Path) -> Iterator[Store]:
    """A store whose tables lie on the small disk; PostgreSQL's own files do not."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{small_disk / 'recscope.db'}")
        yield store
        store.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    space = small_disk / "tables"
    space.mkdir()
    cluster.give(space)
    name = f"small_{new_id()}"
    cluster.run(f"CREATE TABLESPACE {name} LOCATION '{space}'")
    cluster.run(f"CREATE DATABASE {name} TABLESPACE {name}")
    store = Store(cluster.url(name))
    yield store
    store.close()
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")
    cluster.run(f"DROP TABLESPACE {name}")


def fill_disk(path: Path) -> None:
    """Write until nothing fits any more."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


@pytest.mark.parametrize("store_on_small_disk", ["sqlite", "postgresql"], indirect=True)
def test_a_disk_that_is_really_full(store_on_small_disk: Store, small_disk: Path) -> None:
    store, written = store_on_small_disk, 1
    write(store)
    fill_disk(small_disk / "filler")
    with pytest.raises(StoreError, match="is full and nothing was saved"):
        for _ in range(200):
            write(store, secrets.token_hex(5_000))
            written += 1
    assert count(store) == written, "reading goes on, and what was acknowledged is there"
    (small_disk / "filler").unlink()
    write(store)
    assert count(store) == written + 1
    if store.dialect == "sqlite":
        with store.read() as session:
            assert session.scalar(text("PRAGMA integrity_check")) == "ok"


def test_postgresql_that_is_gone_for_a_while(postgres_url: str, postgres_cluster: Cluster) -> None:
    store = Store(postgres_url)
    write(store)
    postgres_cluster.stop()
    try:
        for _ in range(3):
            message = message_of(lambda: write(store))
            assert message.startswith(f"the database {store.place} does not answer: ") and message.endswith("; try again when it is back")
            assert postgres_cluster.password not in message and "%40" not in message
    finally:
        postgres_cluster.start()
    write(store)
    assert count(store) == 2
    store.close()


def test_postgresql_that_goes_in_the_middle_of_a_write(postgres_url: str, postgres_cluster: Cluster) -> None:
    store = Store(postgres_url)

    def interrupted() -> None:
        try:
            with store.write() as session:
                session.add(AuditRow(account_id=new_id(), action="write", subject=""))
                session.flush()
                postgres_cluster.stop()
        finally:
            postgres_cluster.start()

    assert "does not answer" in message_of(interrupted)
    assert count(store) == 0
    write(store)
    assert count(store) == 1
    store.close()


def test_postgresql_that_was_never_there() -> None:
    message = message_of(lambda: Store("postgresql+psycopg://someone:secret@127.0.0.1:9/recscope"))
    assert message.startswith("the database postgresql://127.0.0.1:9/recscope does not answer") and "secret" not in message


def test_a_wrong_password(postgres_url: str) -> None:
    url = make_url(postgres_url).set(password="wrong").render_as_string(hide_password=False)
    assert "password authentication failed" in message_of(lambda: Store(url))


def test_an_account_without_rights(postgres_url: str, postgres_cluster: Cluster) -> None:
    name = f"limited_{new_id()}"
    postgres_cluster.run(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    url = make_url(postgres_url).set(username=name, password="x").render_as_string(hide_password=False)
    assert "reports an error and nothing was saved: permission denied for schema public" in message_of(lambda: Store(url))


def test_a_read_only_postgresql(postgres_url: str, postgres_cluster: Cluster) -> None:
    Store(postgres_url).close()
    url = make_url(postgres_url)
    postgres_cluster.run(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on")
    store = Store(postgres_url)
    assert "is read-only and nothing was saved; allow writing to it, or choose another store by RECSCOPE_DATABASE_URL" in message_of(
        lambda: write(store)
    )
    store.close()


def test_a_file_that_is_not_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "recscope.db"
    path.write_bytes(b"user_id,item_id\n" * 1000)
    message = message_of(lambda: Store(f"sqlite:///{path}"))
    assert message.startswith(f"{path.name} is not a store or is damaged: file is not a database; move it away")
    assert path.read_bytes() == b"user_id,item_id\n" * 1000


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "recscope.db"
    store = Store(f"sqlite:///{path}")
    for _ in range(50):
        write(store, "x" * 1000)
    store.close()
    content = bytearray(path.read_bytes())
    content[8192:] = bytes(len(content) - 8192)  # the schema is left
    path.write_bytes(content)
    assert "is not a store or is damaged" in message_of(lambda: count(Store(f"sqlite:///{path}")))


def test_a_folder_or_a_pipe_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "folder", tmp_path / "pipe"):
        with pytest.raises(StoreError) as raised:
            Store(f"sqlite:///{path}")
        assert str(raised.value) == f"the store {path.name} is not a file; move it away, or set RECSYS_HOME to another folder"
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "recscope.db"
    assert message_of(lambda: Store(f"sqlite:///{below}")) == "the store recscope.db cannot be opened: File exists"


def test_a_read_only_file(tmp_path: Path) -> None:
    path = tmp_path / "recscope.db"
    store = Store(f"sqlite:///{path}")
    write(store)
    store.close()
    reading = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert count(reading) == 1
    assert "is read-only and nothing was saved" in message_of(lambda: write(reading))
    reading.close()
    assert not Path("file:").exists(), "the address is not a folder"


def test_a_store_of_a_newer_version(store: Store, store_url: str) -> None:
    with store.write() as session:
        session.execute(text(f"UPDATE {REVISION_TABLE} SET version_num = '9999'"))
    assert message_of(lambda: Store(store_url)) == (
        f"the store {store.place} was written by a newer Recscope (its tables have revision 9999); update Recscope to open it"
    )
    with store.write() as session:
        session.execute(text(f"UPDATE {REVISION_TABLE} SET version_num = '{HEAD}'"))
    Store(store_url).close()


def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "recscope.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE accounts (id INTEGER)")
    message = message_of(lambda: Store(f"sqlite:///{path}"))
    assert message == f"the database {path.name} has a table 'accounts' of another program; give the store a database of its own"
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


def test_the_command_line_says_it_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from recsys.__main__ import main

    (tmp_path / "recscope.db").write_text("not a database, but long enough to be taken for one" * 100)
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    assert main(["feedback", "export", str(tmp_path / "out.csv")]) == 2
    said = capsys.readouterr().err
    assert "is not a store or is damaged: file is not a database" in said and said.count("\n") == 1
    assert said.endswith(f" (the store is {tmp_path / 'recscope.db'})\n"), "the owner of the machine is told where it is"
    assert not (tmp_path / "out.csv").exists()
