"""The `jobs` command: the work that runs in processes of its own."""

from typing import Annotated, Literal

import typer

from recsys.cli.console import Json, say, show, table
from recsys.core.errors import DataError

Action = Annotated[Literal["list", "stop"], typer.Argument(help="list the jobs, or stop one.")]


def run(
    action: Action = "list",
    job: Annotated[str | None, typer.Argument(metavar="JOB", help="The id of the job to stop, as printed by `jobs list`.")] = None,
    as_json: Json = False,
) -> None:
    """List the latest jobs, or stop one."""
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store
    from recsys.jobs.queue import get_job, list_jobs, stop_job

    store = open_store()
    account = open_local_account(store)
    if action == "stop":
        if job is None:
            raise DataError("jobs stop needs the id of a job; `python -m recsys jobs list` prints the ids")
        stop_job(store, account, job)
        say("the job stops as soon as its work allows it" if get_job(store, account, job).active else "the job has ended")
    found = [get_job(store, account, job)] if job else list_jobs(store, account)
    rows = [
        (each.id, each.kind, describe_target(each.arguments), each.owner, each.state, f"{each.share:.0%}", each.error) for each in found
    ]
    show({"jobs": found}, as_json, table(("job", "kind", "of", "owner", "state", "done", "error"), rows))


def describe_target(arguments: object) -> str:
    """Return DATASET/CHECKPOINT, or nothing for a job that has neither."""
    values = arguments if isinstance(arguments, dict) else {}
    return "/".join(str(values[key]) for key in ("dataset", "checkpoint") if key in values)
