"""Migrations of the store: from the first tables to the latest with rows in them, to exactly the tables of the models."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, event, insert, inspect, select, text

from recsys.core.errors import StoreError
from recsys.database import engine as engine_module
from recsys.database.engine import Store
from recsys.database.migrate import HEAD, MIGRATIONS, REVISION_TABLE, migrate
from recsys.database.schema import Table

FIRST = "0001"
REVISIONS = [each.revision for each in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]
DROPPED = {("cases", "view")}
"""Columns of the first tables that are no longer there; nothing was ever written to them."""
NEXT = '''
"""A migration that makes two tables anew on SQLite, as a change of a column does."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "next", "{head}", None, None

def upgrade():
    for table in ("accounts", "impressions"):
        with op.batch_alter_table(table, recreate="auto") as batch:
            batch.add_column(sa.Column("added", sa.Integer(), nullable=True))
            batch.alter_column("dataset" if table == "impressions" else "name", type_=sa.String(length=300), existing_nullable=False)
    {after}
'''


@pytest.fixture
def engine(store_url: str) -> Any:
    """An engine of an empty database, configured like that of the store."""
    made = engine_module._create_engine(engine_module._parse(store_url))
    yield made
    made.dispose()


def fill(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Add a row with a value in every column to every table as it is in the database, and return the rows."""
    tables = MetaData()
    tables.reflect(engine)
    filled = {}
    with engine.execution_options(is_write=True).begin() as connection:
        for table in tables.sorted_tables:
            if table.name != REVISION_TABLE:
                connection.execute(insert(table).values({column.name: value_of(column) for column in table.columns}))
                filled[table.name] = rows_of(connection, table)
    return filled


def value_of(column: Any) -> Any:
    kind = str(column.type).split("(")[0]
    values: dict[str, Any] = {"JSON": {"a": [1, None, "é"]}, "INTEGER": 3, "BIGINT": 2**40}
    return values.get(kind, "x" if "CHAR" in kind else 0.1 + 2**33)


def rows_of(connection: Any, table: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def read_all(engine: Engine, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {name: rows_of(connection, tables.tables[name]) for name in names}


def test_every_revision_follows_one_and_the_last_is_the_head() -> None:
    assert REVISIONS[0] == FIRST and REVISIONS[-1] == HEAD
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


@pytest.mark.parametrize("start", REVISIONS)
def test_from_each_revision_to_the_latest_with_rows(engine: Engine, start: str) -> None:
    migrate(engine, "store", start)
    before = fill(engine)
    assert set(before) <= set(Table.metadata.tables) and len(before) > 8
    migrate(engine, "store")
    after = read_all(engine, list(before))
    for name, rows in before.items():
        kept = [key for key in rows[0] if (name, key) not in DROPPED]
        assert [{key: row[key] for key in kept} for row in after[name]] == [{key: row[key] for key in kept} for row in rows]


def test_cases_of_the_first_tables_are_found_and_may_have_longer_notes(engine: Engine) -> None:
    migrate(engine, "store", "0001")
    note = "Ünder " + "n" * 19_990
    with engine.execution_options(is_write=True).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO accounts (id, issuer, subject, name, email, role, created, last_seen) VALUES ('a', 'i', 's', 'Ada', '', 'editor', 1, 1)"
            )
        )
        case = {"id": "c" * 32, "account_id": "a", "dataset": "Shop", "checkpoint": "sasrec", "user_id": "U1", "note": note}
        connection.execute(text(
            "INSERT INTO cases (id, account_id, dataset, checkpoint, version, user_id, step, view, note, tags, created) "
            "VALUES (:id, :account_id, :dataset, :checkpoint, 2, :user_id, 3, '', :note, '[\"a\"]', 5)"
        ), case)  # fmt: skip
    migrate(engine, "store")
    found = read_all(engine, ["cases"])["cases"][0]
    assert {key: found[key] for key in case} == case and found["tags"] == ["a"]
    assert (found["page"], found["settings"], found["revision"], found["changed"], found["changed_by"]) == ("timeline", {}, 1, None, None)
    assert found["search_text"].startswith("shop\nsasrec\nu1\n")
    with engine.execution_options(is_write=True).begin() as connection:
        connection.execute(text("UPDATE cases SET note = :note, changed_by = 'a'"), {"note": "\U0001f600" * 102_400})
        connection.execute(text("DELETE FROM accounts"))
    assert read_all(engine, ["cases"])["cases"] == []


def test_the_models_are_the_migrated_tables(engine: Engine) -> None:
    migrate(engine, "store")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": REVISION_TABLE, "compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []


def test_the_constraints_are_those_of_the_models(engine: Engine) -> None:
    """Alembic does not compare primary keys, nor what a deletion does to the rows that refer to it."""
    migrate(engine, "store")
    found = inspect(engine)
    for table in Table.metadata.tables.values():
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [column.name for column in table.primary_key.columns]
        assert {(key["constrained_columns"][0], key["referred_table"], key["options"].get("ondelete")) for key in found.get_foreign_keys(table.name)} == {
            (key.parent.name, key.column.table.name, key.ondelete) for key in table.foreign_keys
        }  # fmt: skip


def make_next(folder: Path, after: str = "") -> Path:
    for path in [MIGRATIONS / "env.py", *MIGRATIONS.glob("versions/*.py")]:
        target = folder / path.relative_to(MIGRATIONS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
    (folder / "versions" / "next.py").write_text(NEXT.format(head=HEAD, after=after))
    return folder


def test_a_table_that_is_made_anew_keeps_the_rows_that_refer_to_it(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, "store")
    before = fill(engine)
    migrate(engine, "store", "next", make_next(tmp_path / "migrations"))
    after = read_all(engine, list(before))
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}
    assert after["feedback"] == before["feedback"] and "added" in after["accounts"][0]
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_migration_that_fails_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, "store")
    before = fill(engine)
    with pytest.raises(ZeroDivisionError):
        migrate(engine, "store", "next", make_next(tmp_path / "migrations", after="1 / 0"))
    assert read_all(engine, list(before)) == before
    migrate(engine, "store")


def test_a_store_that_is_up_to_date_is_opened_without_a_write(store: Store, store_url: str) -> None:
    with store.write() as session:
        session.execute(text("SELECT 1"))
        statements: list[str] = []
        other = engine_module._create_engine(engine_module._parse(store_url))
        event.listen(other, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
        migrate(other, "store")
        other.dispose()
    assert statements and not any("IMMEDIATE" in each or "advisory" in each or "CREATE" in each for each in statements)


def test_json_is_stored_as_json(store: Store) -> None:
    """So that other tools can read it."""
    from recsys.database.schema import JobRow

    with store.write() as session:
        session.add(JobRow(account_id="a", kind="k", progress={"ü": [1, 0.1]}))
    with store.read() as session:
        raw = session.scalar(text("SELECT CAST(progress AS TEXT) FROM jobs"))
    assert json.loads(str(raw)) == {"ü": [1, 0.1]} and "ü" in str(raw)


def test_a_newer_store_is_left_as_it_is(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, "store", "next", make_next(tmp_path / "migrations"))
    before = fill(engine)
    with pytest.raises(StoreError, match="was written by a newer Recscope"):
        migrate(engine, "store")
    assert read_all(engine, list(before)) == before
