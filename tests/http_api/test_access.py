"""Who may use the API: programs on this machine, tokens of an admin, and never a page of another site."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from recsys.accounts.account import Account, open_local_account
from recsys.accounts.audit_log import list_actions
from recsys.accounts.tokens import authenticate, create_token, list_tokens, revoke_token
from recsys.core.errors import DataError, NotAllowedError, UnknownNameError
from recsys.database.engine import open_store
from recsys.database.schema import AccountRow, TokenRow
from recsys.http_api.access import choose_access
from tests.http_api.conftest import Api

ASKED = {"dataset": "tiny", "checkpoint": "markov", "user": "u01"}
FOREIGN = "https://elsewhere.example"


@pytest.mark.parametrize(
    ("address", "has_sign_in", "setting", "expected"),
    [
        ("127.0.0.1", False, "", "local"),
        ("::1", False, " ", "local"),
        ("localhost", False, "", "local"),
        ("127.0.0.1", True, "", "off"),
        ("0.0.0.0", False, "", "off"),
        ("::", False, "", "off"),
        (None, False, "", "off"),
        ("localhost.elsewhere.example", False, "", "off"),
        ("0.0.0.0", True, "1", "tokens"),
        ("127.0.0.1", False, "1", "tokens"),
        ("127.0.0.1", False, "0", "off"),
        ("127.0.0.1", False, "maybe", "off"),
    ],
)
def test_access_by_address_sign_in_and_setting(address: str | None, has_sign_in: bool, setting: str, expected: str) -> None:
    assert choose_access(address, has_sign_in, setting) == expected


def test_off_means_only_health(api: Api) -> None:
    api.access = "off"
    client = api.client(token="anything")
    assert client.get("/api/health").status_code == 200
    for address in ("models", "replay", "docs", "openapi.json"):
        assert client.get(f"/api/{address}").status_code == 403
    answer = client.post("/api/recommend", json=ASKED)
    assert answer.status_code == 403 and "RECSCOPE_API" in answer.json()["error"]


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"host": "elsewhere.example"}, "127.0.0.1"),  # a name that its owner lets point here
        ({"host": "127.0.0.1.elsewhere.example:8501"}, "127.0.0.1"),
        ({"host": "localhost@elsewhere.example"}, "127.0.0.1"),
        ({"host": "[::1"}, "127.0.0.1"),
        ({"host": ""}, "127.0.0.1"),
        ({"origin": FOREIGN}, "127.0.0.1"),
        ({"origin": "null"}, "127.0.0.1"),
        ({"origin": "http://127.0.0.1:3000"}, "127.0.0.1"),
        ({"sec-fetch-site": "cross-site"}, "127.0.0.1"),
        ({"x-forwarded-for": "127.0.0.1"}, "127.0.0.1"),
        ({"forwarded": "for=127.0.0.1"}, "127.0.0.1"),
        ({}, "192.0.2.7"),
    ],
)
def test_without_tokens_only_programs_on_this_machine(api: Api, headers: dict[str, str], address: str) -> None:
    client = api.client(address=address)
    assert client.post("/api/recommend", json=ASKED, headers=headers).status_code == 403
    assert client.get("/api/models", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"origin": "http://127.0.0.1:8501"}, {"host": "localhost:8501"}, {"host": "[::1]:8501"}])
def test_programs_on_this_machine_need_no_token(api: Api, headers: dict[str, str]) -> None:
    assert api.client().post("/api/recommend", json=ASKED, headers=headers).status_code == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"])
def test_a_form_of_another_site_is_refused(api: Api, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = api.client().post("/api/recommend", content=b'{"dataset": "tiny"}', headers=headers)
    assert answer.status_code == 415


def test_a_token_is_shown_once_and_only_its_hash_is_stored(api: Api, make_token: Callable[..., str]) -> None:
    text = make_token("shop")
    store = open_store()
    with store.read() as session:
        row = session.scalars(select(TokenRow)).one()
    assert text not in repr(vars(row)) and len(row.digest) == 64
    owner = open_local_account(store)
    assert text not in repr(list_tokens(store, owner))
    assert [(each.action, each.subject) for each in list_actions(store, owner)] == [("create token", "shop")]


def test_tokens_open_the_api_until_they_are_revoked(api: Api, make_token: Callable[..., str]) -> None:
    api.access = "tokens"
    text = make_token("shop")
    client = api.client(text, address="192.0.2.7", base_url="https://recscope.example")
    assert client.post("/api/recommend", json=ASKED, headers={"origin": FOREIGN}).status_code == 200
    missing = api.client().post("/api/recommend", json=ASKED)
    assert missing.status_code == 401 and missing.headers["www-authenticate"] == "Bearer"
    store = open_store()
    assert list_tokens(store, open_local_account(store))[0].last_used is not None
    revoke_token(store, open_local_account(store), "shop")
    refused = client.post("/api/recommend", json=ASKED)
    assert refused.status_code == 401 and "revoked" in refused.json()["error"]


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer ", "Bearer", "Basic YTpi", "bearer \x00", "Bearer ' OR 1=1 --", "Bearer " + "x" * 5_000, ""]
)
@pytest.mark.parametrize("access", ["tokens", "local"])
def test_a_wrong_token_is_refused_everywhere(api: Api, make_token: Callable[..., str], header: str, access: str) -> None:
    make_token()
    api.access = access
    answer = api.client().post("/api/recommend", json=ASKED, headers={"authorization": header})
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_the_role_of_a_token_is_checked_where_it_acts(api: Api, make_token: Callable[..., str]) -> None:
    api.access = "tokens"
    viewer = api.client(make_token("screen", "viewer"))
    shown = viewer.post("/api/recommend", json=ASKED | {"record": True}).json()
    feedback = {"impression_id": shown["impression_id"], "item_id": shown["items"][0]["item_id"], "action": "like"}
    answer = viewer.post("/api/feedback", json=feedback)
    assert answer.status_code == 403 and "role viewer" in answer.json()["error"]
    with open_store().write() as session:
        session.scalars(select(AccountRow).where(AccountRow.subject == "screen")).one().role = "none"
    assert viewer.post("/api/recommend", json=ASKED).status_code == 403


def test_only_admins_make_list_and_revoke_tokens() -> None:
    store = open_store()
    editor, owner = Account("e" * 32, "Ed", "editor"), open_local_account(store)
    for forbidden in (
        lambda: create_token(store, editor, "x"),
        lambda: list_tokens(store, editor),
        lambda: revoke_token(store, editor, "x"),
    ):
        with pytest.raises(NotAllowedError):
            forbidden()
    create_token(store, owner, "x", "viewer")
    with pytest.raises(DataError, match="already"):
        create_token(store, owner, "x")
    with pytest.raises(UnknownNameError):
        create_token(store, owner, "y", "none")
    with pytest.raises(UnknownNameError, match="did you mean"):
        revoke_token(store, owner, "xx")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 81, " shop", "\x00"])
def test_a_token_needs_a_name_that_can_be_printed(name: str) -> None:
    store = open_store()
    with pytest.raises(DataError, match="name of a token"):
        create_token(store, open_local_account(store), name)


def test_a_name_gets_another_token_when_the_first_is_revoked() -> None:
    store = open_store()
    owner = open_local_account(store)
    first = create_token(store, owner, "shop")
    revoke_token(store, owner, "shop")
    second = create_token(store, owner, "shop", "viewer")
    assert authenticate(store, first) is None
    found: Any = authenticate(store, second)
    assert found.account.role == "viewer" and found.account.name == "shop"
    assert len({each.account.id for each in list_tokens(store, owner)}) == 1
