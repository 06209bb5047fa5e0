"""The `audit` command: the log of who did what."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from recsys.cli.console import Json, show, table
from recsys.core.errors import DataError


def run(
    account_id: Annotated[str | None, typer.Option("--account", metavar="ID", help="Only what this account did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only actions of this kind, such as “sign in”.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what happened since then, ISO 8601, UTC: 2026-05-01T18:30.")
    ] = None,
    limit: Annotated[int, typer.Option(help="The number of entries, the latest first.", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """Print the audit log: who did what and when."""
    from recsys.accounts.account import open_local_account
    from recsys.accounts.audit_log import list_actions
    from recsys.database.engine import open_store

    store = open_store()
    found = list_actions(store, open_local_account(store), account_id, action, _parse_time(since), limit)
    entries = [asdict(each) | {"time": datetime.fromtimestamp(each.time, UTC).isoformat(timespec="seconds")} for each in found]
    rows = [tuple(each[key] for key in ("time", "account", "action", "subject")) for each in entries]
    show({"entries": entries}, as_json, table(("time", "account", "action", "of what"), rows))


def _parse_time(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"--since '{text}' is not an ISO 8601 time; write it like 2026-05-01T18:30") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
