"""The commands accounts and audit, as the owner of the machine runs them."""

import json
import time

import pytest

from recsys.accounts.sign_in import load_account, read_identity
from recsys.accounts.sign_in_settings import SignInSettings
from recsys.database.engine import open_store
from tests.cli.test_commands import run


@pytest.fixture
def ann() -> str:
    """The id of a person who has signed in as a viewer."""
    now = int(time.time())
    claims = {
        "iss": "https://id.test",
        "sub": "1",
        "iat": now,
        "exp": now + 60,
        "name": "Ann",
        "email": "ann@x.test",
        "email_verified": True,
    }
    return load_account(open_store(), read_identity(claims), SignInSettings(("default",))).id


def test_a_role_is_set_listed_and_recorded(ann: str) -> None:
    done = run("accounts", "set-role", "Ann@x.test", "editor")
    assert (done.code, done.err.strip()) == (0, "Ann now has the role editor")
    rows = {each["name"]: each for each in json.loads(run("accounts", "--json").out)["accounts"]}
    assert (rows["Ann"]["id"], rows["Ann"]["role"], rows["Ann"]["set_by_admin"], rows["Ann"]["email"]) == (
        ann,
        "editor",
        True,
        "ann@x.test",
    )
    assert rows["local"]["role"] == "admin"
    assert run("accounts", "set-role", ann, "sign-in").err.strip() == "Ann now has the role viewer"
    entries = json.loads(run("audit", "--json").out)["entries"]
    assert [(each["account"], each["action"]) for each in entries] == [("local", "set role"), ("local", "set role"), ("Ann", "sign in")]
    assert [each["subject"] for each in entries[:2]] == [f"{ann} by sign-in (viewer)", f"{ann} editor"]


def test_the_log_is_filtered(ann: str) -> None:
    run("accounts", "set-role", ann, "admin")
    for options, actions in {
        ("--account", ann): ["sign in"],
        ("--action", "set role"): ["set role"],
        ("--limit", 1): ["set role"],
        ("--since", "2100-01-01"): [],
    }.items():
        assert [each["action"] for each in json.loads(run("audit", *options, "--json").out)["entries"]] == actions


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("accounts", "set-role"), "needs an account and a role"),
        (("accounts", "set-role", "nobody@x.test", "editor"), "no account nobody@x.test"),
        (("accounts", "set-role", "ann@x.test", "owner"), "no role 'owner'"),
        (("audit", "--since", "yesterday"), "not an ISO 8601 time"),
    ],
)
def test_mistakes_are_one_line(ann: str, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
