"""The `tokens` command: bearer tokens of the HTTP API."""

from typing import Annotated, Literal

import typer

from recsys.cli.console import Json, say, show, table
from recsys.core.errors import DataError

Action = Annotated[Literal["list", "create", "revoke"], typer.Argument(help="list the tokens, create one, or revoke one.")]


def run(
    action: Action = "list",
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The name of the token, such as that of the program using it.")] = None,
    role: Annotated[str, typer.Option(help="viewer: lists and explanations. editor: feedback too. admin: everything.")] = "editor",
    as_json: Json = False,
) -> None:
    """Make, list or revoke the tokens by which programs use the HTTP API.

    A token is printed once, when it is made; the store keeps only its hash.
    """
    from recsys.accounts.account import open_local_account
    from recsys.accounts.tokens import create_token, list_tokens, revoke_token
    from recsys.database.engine import open_store

    if action != "list" and name is None:
        raise DataError(f"tokens {action} needs a name, for example: python -m recsys tokens {action} shop")
    store = open_store()
    account = open_local_account(store)
    if action == "create":
        text = create_token(store, account, name or "", role)
        show({"name": name, "role": role, "token": text}, as_json, text)
        say("keep it now: it cannot be shown again")
        return
    if action == "revoke":
        revoke_token(store, account, name or "")
    found = list_tokens(store, account)
    rows = [(each.name, each.account.role, _date(each.created), _date(each.last_used), _date(each.revoked)) for each in found]
    show({"tokens": found}, as_json, table(("token", "role", "created", "last used", "revoked"), rows))


def _date(seconds: float | None) -> str | None:
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(" ", "minutes").removesuffix("+00:00")
