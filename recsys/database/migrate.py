"""Migrations of the store's tables by Alembic, run when the store is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from recsys.core.errors import StoreError
from recsys.core.translation import _
from recsys.database.schema import Table

MIGRATIONS = Path(__file__).with_name("migrations")
HEAD = "0002"
"""The latest revision: a store that has it is opened without Alembic and without a write."""
REVISION_TABLE = "recscope_revision"
_one_at_a_time = Lock()  # Alembic keeps the migration that runs in globals


def migrate(engine: Engine, place: str, revision: str = HEAD, folder: Path = MIGRATIONS) -> None:
    """Bring the tables to a revision, by default the latest, in one transaction; servers that start together do it one after the other."""
    with engine.connect() as connection:
        if _current_revision(connection) == revision:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    with _one_at_a_time, _connect_without_foreign_keys(engine) as connection, connection.begin():
        _check_tables(connection, place, known)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def _connect_without_foreign_keys(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for a migration. SQLite changes a table by making it anew, which must not delete the rows that refer to it."""
    with engine.execution_options(is_write=True).connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
        try:
            yield connection
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    revision: str | None = connection.scalar(text(f"SELECT version_num FROM {REVISION_TABLE}"))
    return revision


def _check_tables(connection: Connection, place: str, known: set[str]) -> None:
    """Raise a StoreError where the tables are those of a newer Recscope or of another program."""
    current = _current_revision(connection)
    if current is not None and current not in known:
        raise StoreError(
            _(
                "the store {place} was written by a newer Recscope (its tables have revision {revision}); update Recscope to open it",
                place=place,
                revision=current,
            )
        )
    foreign = set(inspect(connection).get_table_names()) & set(Table.metadata.tables)
    if current is None and foreign:
        raise StoreError(
            _(
                "the database {place} has a table '{table}' of another program; give the store a database of its own",
                place=place,
                table=min(foreign),
            )
        )
