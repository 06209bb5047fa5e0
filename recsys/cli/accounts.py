"""The `accounts` command: the accounts that have used a server, and their roles."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from recsys.cli.console import Json, say, show, table
from recsys.core.errors import DataError

BY_SIGN_IN = "sign-in"


def run(
    action: Annotated[Literal["list", "set-role"], typer.Argument(metavar="ACTION", help="list or set-role.")] = "list",
    whom: Annotated[
        str | None, typer.Argument(metavar="ACCOUNT", help="The id or the verified address of an account. For set-role.")
    ] = None,
    role: Annotated[
        str | None, typer.Argument(metavar="ROLE", help="none, viewer, editor or admin; sign-in gives back the role by sign-in.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the accounts that have signed in, or set the role of one.

    A role that is set goes before the one by sign-in, except for the admins named in secrets.toml.
    """
    from recsys.accounts.account import open_local_account
    from recsys.accounts.administration import list_accounts, set_role
    from recsys.database.engine import open_store

    store = open_store()
    account = open_local_account(store)
    if action == "set-role":
        if whom is None or role is None:
            raise DataError(
                "accounts set-role needs an account and a role, such as: python -m recsys accounts set-role ann@example.com editor"
            )
        changed = set_role(store, account, whom, None if role == BY_SIGN_IN else role)
        say(f"{changed.name} now has the role {changed.role}")
    found = [
        {
            "id": row.id,
            "name": row.name,
            "email": row.email,
            "role": row.role,
            "set_by_admin": row.assigned_role is not None,
            "last_seen": datetime.fromtimestamp(row.last_seen, UTC).isoformat(timespec="seconds"),
        }
        for row in list_accounts(store, account)
    ]
    rows = [
        (*(each[key] for key in ("id", "name", "email", "role")), "an admin" if each["set_by_admin"] else "", each["last_seen"])
        for each in found
    ]
    show({"accounts": found}, as_json, table(("id", "name", "email", "role", "set by", "last seen"), rows))
