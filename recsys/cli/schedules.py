"""The `schedules` command: refits that a running server starts by itself."""

from typing import Annotated, Literal

import typer

from recsys.cli.console import Json, show, table
from recsys.core.errors import DataError

Action = Annotated[Literal["list", "delete"], typer.Argument(help="list the schedules, or delete one.")]


def run(
    action: Action = "list",
    schedule: Annotated[
        str | None, typer.Argument(metavar="SCHEDULE", help="The id of the schedule to delete, as printed by `schedules list`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the schedules that `refit --every` made, or delete one."""
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store
    from recsys.jobs.schedules import delete_schedule, list_schedules

    store = open_store()
    if action == "delete":
        if schedule is None:
            raise DataError("schedules delete needs the id of a schedule; `python -m recsys schedules list` prints the ids")
        delete_schedule(store, open_local_account(store), schedule)
    found = list_schedules(store)
    rows = [(each.id, each.dataset, each.checkpoint, each.every, each.new, each.owner) for each in found]
    show({"schedules": found}, as_json, table(("schedule", "dataset", "checkpoint", "every", "new", "owner"), rows))
