"""The connection to the store, and its transactions: SQLite in RECSYS_HOME by default, PostgreSQL by RECSCOPE_DATABASE_URL.

One write happens at a time, also from several servers: SQLite locks its file, and on PostgreSQL a write begins by taking an advisory
lock. What a write has read is therefore still true when it saves: no update is lost, and a row that was not there does not appear meanwhile.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session

from recsys.core.errors import DataError, StoreError
from recsys.core.translation import _
from recsys.database.columns import to_json
from recsys.database.counts import keep_counts
from recsys.database.failures import BUSY_SECONDS, raise_store_errors
from recsys.database.migrate import migrate
from recsys.storage.paths import home

VARIABLE = "RECSCOPE_DATABASE_URL"
EXAMPLE = "postgresql+psycopg://recscope:PASSWORD@localhost/recscope"
FILE = "recscope.db"
DRIVERS = ("sqlite+pysqlite", "postgresql+psycopg")
WRITE_LOCK = 4_761_002
"""Number of PostgreSQL's advisory lock that a write holds."""
POOL = {"pool_size": 10, "max_overflow": 20, "pool_timeout": BUSY_SECONDS}
"""Connections of one server: 50 sessions hold them for milliseconds only, and three servers stay below PostgreSQL's usual 100."""
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""`secure_delete` overwrites what is erased, which would else stay in the file."""
POSTGRES_OPTIONS = (
    "synchronous_commit=on",
    f"lock_timeout={int(BUSY_SECONDS * 1000)}",
    "idle_in_transaction_session_timeout=60000",  # the lock of a server that hangs is given up
)


class StoreSession(Session):
    """A session that keeps the counters of feedback."""


event.listen(StoreSession, "after_flush", keep_counts)


class Store:
    """The store at one address. Every write is one transaction: all of it is saved, or nothing."""

    def __init__(self, url: str):
        self.url = url
        parsed = _parse(url)
        self.place = Path(parsed.database).name if _is_sqlite(parsed) and parsed.database else _without_secrets(parsed)
        self._engine = _create_engine(parsed)
        with raise_store_errors(self.place):
            migrate(self._engine, self.place)

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that only reads, the store as it is at the first query. It keeps no write waiting."""
        with raise_store_errors(self.place), StoreSession(_reading(self._engine), expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose changes are committed at the end of the block, before it returns; an error saves nothing of them.

        Other writes wait meanwhile, so the block is short and begins no write of its own.
        """
        engine = self._engine.execution_options(is_write=True)
        with raise_store_errors(self.place), StoreSession(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def remove_traces(self) -> None:
        """Overwrite the log of SQLite, which still holds rows that were deleted; PostgreSQL does so by itself in time."""
        if self.dialect == "sqlite":
            with raise_store_errors(self.place), self._engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def close(self) -> None:
        """Close all connections; the next session opens a new one."""
        self._engine.dispose()


def open_store() -> Store:
    """Return the store of this process, opened once; its tables are made or brought up to date first."""
    return _open(get_database_url())


def get_database_url() -> str:
    """Return the address of the store: RECSCOPE_DATABASE_URL, by default the SQLite file RECSYS_HOME/recscope.db."""
    return os.environ.get(VARIABLE) or URL.create("sqlite", database=str(home().absolute() / FILE)).render_as_string()


@lru_cache(maxsize=8)
def _open(url: str) -> Store:
    return Store(url)


def _parse(url: str) -> URL:
    """Return the address; only the databases that Recscope is tested with are let in."""
    try:
        parsed = make_url(url)
        if f"{parsed.get_backend_name()}+{parsed.get_driver_name()}" in DRIVERS:
            return parsed
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    except ModuleNotFoundError as error:
        raise _missing_library(error) from error
    raise DataError(_("{variable} is not the address of a database; give one such as {example}", variable=VARIABLE, example=EXAMPLE))


def _missing_library(error: ModuleNotFoundError) -> DataError:
    return DataError(
        _("{variable} needs the library {library}; install requirements-server.txt", variable=VARIABLE, library=error.name or "psycopg")
    )


def locate_store() -> str:
    """Return the path of the store's file, or the address of its database without the password.

    It is for the owner of the machine: errors name the file alone, since others read them on a page or as an answer of the API.
    """
    parsed = _parse(get_database_url())
    return parsed.database if _is_sqlite(parsed) and parsed.database else _without_secrets(parsed)


def _without_secrets(url: URL) -> str:
    return URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database).render_as_string()


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _create_engine(url: URL) -> Engine:
    if _is_sqlite(url):
        if url.database and "uri" not in url.query:
            _make_private_file(Path(url.database))
        engine = create_engine(url, json_serializer=to_json, connect_args={"timeout": BUSY_SECONDS}, **POOL)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    connect_args = {
        "connect_timeout": 5,
        "tcp_user_timeout": int(BUSY_SECONDS * 1000),  # milliseconds until a network that is gone is an error
        "options": " ".join(f"-c {each}" for each in POSTGRES_OPTIONS),
    }
    try:
        engine = create_engine(url, json_serializer=to_json, pool_pre_ping=True, connect_args=connect_args, **POOL)
    except ModuleNotFoundError as error:
        raise _missing_library(error) from error
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _make_private_file(path: Path) -> None:
    """Make the file of the store where there is none, readable by its owner alone: it holds what people did."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        elif not path.is_file():
            raise StoreError(_("the store {place} is not a file; move it away, or set RECSYS_HOME to another folder", place=path.name))
    except OSError as error:
        raise StoreError(_("the store {place} cannot be opened: {reason}", place=path.name, reason=error.strerror or error)) from error


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, by the listener below
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # A transaction that first reads and then writes would fail as soon as another one has written in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("is_write") else "BEGIN")


def _begin_postgres(connection: Any) -> None:
    if connection.get_execution_options().get("is_write"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


def _reading(engine: Engine) -> Engine:
    """Return the engine with transactions that see one moment of the store; those of SQLite always do."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
