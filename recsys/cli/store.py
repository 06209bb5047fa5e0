"""The `store` command: a backup of the store of feedback, accounts and jobs, and its restoration."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from recsys.cli.console import Json, show

Action = Annotated[Literal["backup", "restore"], typer.Argument(metavar="ACTION", help="backup or restore.")]


def run(
    action: Action,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of the backup.")],
    as_json: Json = False,
) -> None:
    """Back up the SQLite store to a file while the server runs, or restore it from one.

    A restoration replaces the whole store. Back up PostgreSQL with pg_dump.
    """
    from recsys.database.backup import back_up_store, restore_store

    rows = back_up_store(file) if action == "backup" else restore_store(file)
    done = "saved to" if action == "backup" else "restored from"
    tables = {name: count for name, count in rows.items() if count}
    show({"file": file, "rows": rows}, as_json, f"{sum(rows.values()):,} rows of {len(tables)} tables {done} {file}")
