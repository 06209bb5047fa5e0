"""The connection to the store, and its transactions: SQLite in RECSYS_HOME by default, PostgreSQL by RECSCOPE_DATABASE_URL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from recsys.core.errors import DataError, StoreError
from recsys.core.translation import _
from recsys.database.migrate import migrate
from recsys.storage.paths import home

VARIABLE = "RECSCOPE_DATABASE_URL"
FILE = "recscope.db"
BUSY_SECONDS = 10.0
"""Seconds for which a write waits for another one."""


class Store:
    """The store at one address. Every write is one transaction: all of it is saved, or nothing."""

    def __init__(self, url: str):
        self.url = url
        self._engine = _create_engine(url)
        with _clear_errors():
            migrate(self._engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that only reads."""
        with _clear_errors(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose changes are committed at the end of the block, before it returns; an error saves nothing of them."""
        engine = self._engine.execution_options(is_write=True)
        with _clear_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


def open_store() -> Store:
    """Return the store of this process, opened once; its tables are made or brought up to date first."""
    return _open(get_database_url())


def get_database_url() -> str:
    """Return the address of the store: RECSCOPE_DATABASE_URL, by default the SQLite file RECSYS_HOME/recscope.db."""
    return os.environ.get(VARIABLE) or f"sqlite:///{home().absolute() / FILE}"


@lru_cache(maxsize=8)
def _open(url: str) -> Store:
    return Store(url)


def _create_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _configure_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        example = "postgresql+psycopg://recscope:PASSWORD@localhost/recscope"
        raise DataError(
            _("{variable} is not the address of a database; give one such as {example}", variable=VARIABLE, example=example)
        ) from error
    except ModuleNotFoundError as error:
        raise DataError(
            _("{variable} needs the library {library}; install requirements-server.txt", variable=VARIABLE, library=error.name or "psycopg")
        ) from error
    except OSError as error:
        raise StoreError(_("cannot open the store: {reason}", reason=error.strerror or error)) from error


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, by the listener below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # A transaction that first reads and then writes would fail as soon as another one has written in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("is_write") else "BEGIN")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn an error of the database into a StoreError."""
    try:
        yield
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise StoreError(_("the store did not answer: {reason}; nothing was saved", reason=reason)) from error
