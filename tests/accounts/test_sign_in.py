"""Identities, their roles, and their accounts in the store."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.accounts.account import Account, open_local_account
from recsys.accounts.administration import list_accounts, set_role
from recsys.accounts.audit_log import list_actions
from recsys.accounts.roles import ROLES
from recsys.accounts.sign_in import decide_role, load_account, read_identity, sign_out
from recsys.accounts.sign_in_settings import SignInSettings
from recsys.accounts.tokens import create_token
from recsys.core.errors import DataError, NotAllowedError, NotSignedInError
from recsys.database.engine import Store

ADMINS = frozenset({"ann@example.com"})
BY_GROUP = SignInSettings(("default",), ADMINS, "groups", {"team": "editor", "leads": "admin", "guests": "none"})


def claims(subject: str = "1", issued: float = 0.0, **others: Any) -> dict[str, Any]:
    now = time.time()
    return {"iss": "https://id.example.com", "sub": subject, "iat": int(now + issued), "exp": int(now) + 600, "name": "Ann", **others}


@pytest.fixture
def owner(store: Store) -> Account:
    return open_local_account(store)


@pytest.mark.parametrize(
    ("given_claims", "assigned", "role"),
    [
        ({}, None, "viewer"),
        ({}, "editor", "editor"),
        ({"groups": ["team"]}, None, "editor"),
        ({"groups": "team"}, None, "editor"),
        ({"groups": ["guests", "leads", "team"]}, None, "admin"),
        ({"groups": ["guests"]}, None, "none"),
        ({"groups": ["strangers"]}, None, "viewer"),
        ({"groups": ["leads"]}, "viewer", "viewer"),  # what an admin has set wins over the claim
        ({"groups": ["leads"]}, "none", "none"),
        ({"email": "ann@example.com", "email_verified": True}, "none", "admin"),  # nobody can lock these out
        ({"email": "Ann@Example.com", "email_verified": True}, None, "admin"),
        ({"email": "ann@example.com", "email_verified": "true"}, None, "admin"),
        ({"email": "ann@example.com", "email_verified": False}, None, "viewer"),
        ({"email": "ann@example.com", "email_verified": "false"}, None, "viewer"),
        ({"email": "ann@example.com", "email_verified": 1.5}, None, "viewer"),
        ({"email": "ann@example.com"}, None, "viewer"),
        ({"email": ["ann@example.com"], "email_verified": True}, None, "viewer"),
        ({"groups": {"team": True}}, None, "viewer"),
        ({"groups": [["leads"], None, 3]}, None, "viewer"),
    ],
)
def test_role(given_claims: dict[str, Any], assigned: str | None, role: str) -> None:
    assert decide_role(read_identity(claims(**given_claims)), BY_GROUP, assigned) == role


def test_claims_within_claims() -> None:
    identity = read_identity(claims(**{"realm_access": {"roles": ["a"]}, "https://example.com/roles": "b"}))
    for claim, value in {"realm_access.roles": "a", "https://example.com/roles": "b"}.items():
        assert decide_role(identity, SignInSettings(("x",), role_claim=claim, roles={value: "editor"})) == "editor"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["leads", "ann@example.com"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["groups", "email", "x"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["groups", "email", "email_verified", "name", "preferred_username"]), json))
def test_only_a_listed_group_or_a_verified_listed_address_makes_an_admin(given_claims: dict[str, Any]) -> None:
    role = decide_role(read_identity(claims() | given_claims), BY_GROUP)
    groups = given_claims.get("groups")
    is_lead = groups == "leads" or (isinstance(groups, list) and "leads" in groups)
    is_listed = given_claims.get("email") == "ann@example.com" and given_claims.get("email_verified") in (True, "true")
    assert role in ROLES
    assert (role == "admin") == (is_lead or is_listed)


@pytest.mark.parametrize("name", ["iss", "sub", "exp", "iat"])
@pytest.mark.parametrize("value", [None, "", [], {}, True, "x" * 300])
def test_an_identity_without_its_claims_is_refused(name: str, value: object) -> None:
    with pytest.raises(DataError, match=name):
        read_identity(claims() | {name: value})


@pytest.mark.parametrize("issuer", ["local", "token"])
def test_no_provider_stands_for_accounts_made_here(issuer: str) -> None:
    with pytest.raises(DataError, match="iss"):
        read_identity(claims() | {"iss": issuer})


def test_entering_keeps_one_account(store: Store, owner: Account) -> None:
    first = load_account(store, read_identity(claims(groups=["team"])), BY_GROUP)
    again = load_account(store, read_identity(claims(groups=["team"], issued=5, name="Ann B.")), BY_GROUP)
    other = load_account(store, read_identity(claims("2")), BY_GROUP)
    assert (first.id, first.role, again.name) == (again.id, "editor", "Ann B.")
    assert other.id != first.id
    assert {row.id for row in list_accounts(store, owner)} == {first.id, other.id, owner.id}
    assert [each.account for each in list_actions(store, owner, action="sign in")] == ["Ann", "Ann B.", "Ann B."]


def test_a_person_who_signs_in_in_many_windows_at_once_is_one_account(store: Store, owner: Account) -> None:
    identity = read_identity(claims())
    with ThreadPoolExecutor(8) as pool:
        entered = set(pool.map(lambda _at: load_account(store, identity, BY_GROUP), range(8)))
    assert len(entered) == 1
    assert len(list_accounts(store, owner)) == 2
    assert len(list_actions(store, owner, action="sign in")) == 1


def test_an_older_sign_in_changes_nothing(store: Store) -> None:
    load_account(store, read_identity(claims(groups=[])), BY_GROUP)
    assert load_account(store, read_identity(claims(groups=["leads"], issued=-60)), BY_GROUP).role == "viewer"


def test_an_expired_identity_does_not_enter(store: Store) -> None:
    with pytest.raises(NotSignedInError, match="expired"):
        load_account(store, read_identity(claims() | {"exp": time.time() - 1}), BY_GROUP)


def test_signing_out_ends_this_identity_everywhere(store: Store, owner: Account) -> None:
    identity = read_identity(claims())
    load_account(store, identity, BY_GROUP)
    sign_out(store, identity)
    with pytest.raises(NotSignedInError, match="signed out"):
        load_account(store, identity, BY_GROUP)
    assert load_account(store, read_identity(claims(issued=2)), BY_GROUP).name == "Ann"
    assert [each.action for each in list_actions(store, owner)] == ["sign in", "sign out", "sign in"]


def test_roles_set_by_an_admin(store: Store, owner: Account) -> None:
    person = claims(groups=["team"], email="Ed@example.com", email_verified=True)
    ed = load_account(store, read_identity(person), BY_GROUP)
    assert set_role(store, owner, "ed@EXAMPLE.com", "admin").role == "admin"
    assert load_account(store, read_identity(person), BY_GROUP).role == "admin"
    assert set_role(store, owner, ed.id, "none").role == "none"
    assert load_account(store, read_identity(claims(groups=["leads"], issued=5)), BY_GROUP).role == "none"
    assert set_role(store, owner, ed.id, None).role == "admin", "the role by the latest sign-in"
    assert [each.subject for each in list_actions(store, owner, action="set role")] == [
        f"{ed.id} by sign-in (admin)",
        f"{ed.id} none",
        f"{ed.id} admin",
    ]


def test_who_may_not_manage(store: Store, owner: Account) -> None:
    for role in ROLES[:-1]:
        person = load_account(store, read_identity(claims(role)), SignInSettings(("x",), default_role=role))
        for attempt in (
            lambda person=person: set_role(store, person, person.id, "admin"),
            lambda person=person: list_accounts(store, person),
            lambda person=person: list_actions(store, person),
        ):
            with pytest.raises(NotAllowedError, match="manage accounts"):
                attempt()
    assert not list_actions(store, owner, action="set role")


def test_addresses_that_name_nobody(store: Store, owner: Account) -> None:
    load_account(store, read_identity(claims("1", email="ann@example.com")), BY_GROUP)  # not verified
    load_account(store, read_identity(claims("2", email="bob@example.com", email_verified=True)), BY_GROUP)
    load_account(store, read_identity(claims("3", email="bob@example.com", email_verified=True)), BY_GROUP)
    for whom, message in {"ann@example.com": "no account", "": "no account", "%": "no account", "bob@example.com": "several"}.items():
        with pytest.raises(DataError, match=message):
            set_role(store, owner, whom, "admin")
    create_token(store, owner, "shop")
    with pytest.raises(DataError, match="token shop"):
        set_role(store, owner, next(each.id for each in list_accounts(store, owner) if each.name == "shop"), "admin")
    with pytest.raises(DataError, match="owner of this machine"):
        set_role(store, owner, owner.id, "viewer")


def test_the_log_by_account_and_time(store: Store, owner: Account) -> None:
    ann, bob = (load_account(store, read_identity(claims(each)), BY_GROUP) for each in ("1", "2"))
    assert [each.account_id for each in list_actions(store, owner, ann.id)] == [ann.id]
    assert {each.account_id for each in list_actions(store, owner, since=time.time() - 60)} == {ann.id, bob.id}
    assert not list_actions(store, owner, since=time.time() + 60)
