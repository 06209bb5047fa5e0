"""Migrations of the store's tables by Alembic, run when the store is opened."""

from pathlib import Path

from sqlalchemy import Engine, text

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 4_761_002
"""Number of PostgreSQL's advisory lock under which one server at a time migrates."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to a revision, by default the latest, in one transaction; servers that start together do it one after the other."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(is_write=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
