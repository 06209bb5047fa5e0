"""The `feedback` command: what people did with the lists that they were shown, exported, imported and erased."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recsys.cli.console import Json, say, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.accounts.account import Account
    from recsys.database.engine import Store

Action = Annotated[Literal["export", "import", "delete"], typer.Argument(help="export to a file, import such a file, or delete for ever.")]
File = Annotated[Path | None, typer.Argument(metavar="FILE", help="The file to write or to read, by its name .csv or .parquet.")]
AccountName = Annotated[str | None, typer.Option("--account", help="Only this account: its id, its verified address, or local.")]


def run(
    action: Action,
    file: File = None,
    dataset: Annotated[str | None, typer.Option(help="Only feedback on this dataset.")] = None,
    account: AccountName = None,
    user: Annotated[str | None, typer.Option(help="Delete what is about this user of the dataset, whoever gave the feedback.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it the rows are only counted.")] = False,
    as_json: Json = False,
) -> None:
    """Export or import feedback with the lists that it answers, or erase a person's data.

    A list is exported with each answer to it, and once where it has none. An import adds what is not there yet. A deletion is complete:
    impressions, feedback, comparisons and cases of an account, and without --dataset also its tokens, schedules, name and address.
    """
    from recsys.accounts.account import open_local_account
    from recsys.database.engine import open_store

    if (action == "delete") != (file is None):
        raise DataError("feedback delete takes no file" if file else f"feedback {action} needs a file, for example feedback.csv")
    if user is not None and action != "delete":
        raise DataError("--user is for feedback delete; export takes --dataset and --account")
    store = open_store()
    owner = open_local_account(store)
    if file is None:
        _delete(store, owner, dataset, account, user, yes, as_json)
    elif action == "export":
        _export(store, owner, file, dataset, account, as_json)
    else:
        if dataset is not None or account is not None:
            raise DataError("feedback import takes the whole file; --dataset and --account are for export and delete")
        from recsys.feedback.exchange import import_feedback

        done = import_feedback(store, owner, file)
        lines = (f"imported {done.impressions:,} lists and {done.feedback:,} answers from {file}", f"{done.known:,} were there already")
        show({"file": file, "impressions": done.impressions, "feedback": done.feedback, "known": done.known}, as_json, *lines)


def _export(store: "Store", owner: "Account", file: Path, dataset: str | None, account: str | None, as_json: bool) -> None:
    from recsys.accounts.administration import find_account_row
    from recsys.feedback.exchange import export_feedback

    account_id = None
    if account is not None:
        with store.read() as session:
            account_id = find_account_row(session, account).id
    done = export_feedback(store, owner, file, dataset, account_id)
    line = f"exported {done.impressions:,} lists and {done.feedback:,} answers to {file}"
    show({"file": file, "impressions": done.impressions, "feedback": done.feedback}, as_json, line)


def _delete(store: "Store", owner: "Account", dataset: str | None, account: str | None, user: str | None, yes: bool, as_json: bool) -> None:
    from recsys.feedback.erasure import erase_account, erase_user

    if (account is None) == (user is None):
        raise DataError("feedback delete needs either --account ID or --user ID with --dataset NAME")
    if account is not None:
        done = erase_account(store, owner, account, dataset, rehearse=not yes)
    elif user is not None and dataset is not None:
        done = erase_user(store, owner, dataset, user, rehearse=not yes)
    else:
        raise DataError("--user needs --dataset NAME, since two datasets may have a user of the same id")
    if done.refitted:
        say(f"refitted before, with what they have learnt from it: {', '.join(done.refitted)}; delete these versions and refit again")
    result = {"subject": done.subject, "erased": yes, "rows": done.rows, "total": done.total, "refitted": done.refitted}
    word = "erased" if yes else "would be erased"
    end = f"{done.total:,} rows of {done.subject} {word}" + ("" if yes else "; add --yes to do it")
    show(result, as_json, table(("table", word), list(done.rows.items())), end)
