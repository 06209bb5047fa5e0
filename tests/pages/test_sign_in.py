"""The door of the app, and actions that a role does not allow, as AppTest runs them. A real provider signs people in in tests/browser."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shell import account as session_account
from pages.shell import sign_in
from recsys.accounts.account import open_local_account
from recsys.accounts.administration import list_accounts, set_role
from recsys.accounts.audit_log import list_actions
from recsys.accounts.tokens import authenticate
from recsys.cases.case import View
from recsys.cases.keeping import keep_case
from recsys.core import Dataset
from recsys.core.errors import StoreError
from recsys.database.engine import open_store
from recsys.storage import paths
from tests.pages.conftest import NAVIGATION

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "recscope",
    "client_secret": "hush",
    "server_metadata_url": "http://127.0.0.1:1/.well-known/openid-configuration",
}
ROLES = {"role_claim": "role", "roles": {"viewer": "viewer", "editor": "editor", "admin": "admin", "none": "none"}}
SECRETS = {"auth": AUTH, "recscope": ROLES}
REFUSAL = "your role viewer does not allow you to"


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings are read once in a process; a role is asked for at every run here."""
    monkeypatch.setattr(session_account, "ASK_EVERY", 0.0)
    session_account.sign_in_settings.cache_clear()
    yield
    session_account.sign_in_settings.cache_clear()


def person(role: str, expires: float = 600) -> dict[str, Any]:
    now = int(time.time())
    return {
        "is_logged_in": True,
        "iss": "https://id.test",
        "sub": role,
        "iat": now,
        "exp": now + expires,
        "name": f"A {role}",
        "role": role,
    }


@pytest.fixture
def enter(tiny: Dataset, keep: Callable[..., Dataset]) -> Callable[..., AppTest]:
    """enter(role, page): the app as a person with this role sees it; role '' is a person who has not signed in."""
    keep(tiny)

    def open_page(role: str, page: str = "", secrets: Any = SECRETS, **claims: Any) -> AppTest:
        app = AppTest.from_file(NAVIGATION, default_timeout=60)
        app.secrets = secrets
        app.user = person(role) | claims if role else {"is_logged_in": False}
        app.query_params["dataset"] = tiny.name
        app.run()
        return app.switch_page(page).run() if page else app

    return open_page


def texts(app: AppTest) -> str:
    return "\n".join(
        each.value for kind in ("title", "markdown", "warning", "error", "info", "html") for each in app.get(kind) if hasattr(each, "value")
    )


def labels(app: AppTest) -> set[str]:
    return {each.label for each in app.button}


def test_without_sign_in_nothing_is_asked_and_the_store_is_not_opened(visit: Callable[..., AppTest], tiny: Dataset, keep: Any) -> None:
    keep(tiny)
    app = visit("evaluate/checkpoints/page.py", dataset=tiny.name)
    assert not labels(app) & {"Sign in", "Sign out"}
    assert not (paths.home() / "recscope.db").exists()


@pytest.mark.parametrize("page", ["", "explore/timeline/page.py", "evaluate/accounts/page.py"])
def test_nothing_is_shown_before_signing_in(enter: Callable[..., AppTest], page: str) -> None:
    app = enter("", page)
    assert [each.value for each in app.title] == ["Sign in"]
    assert labels(app) == {"Sign in"}
    assert not app.sidebar.children
    assert "tiny" not in texts(app)


def test_a_choice_of_providers(enter: Callable[..., AppTest]) -> None:
    client = {key: AUTH[key] for key in ("client_id", "client_secret", "server_metadata_url")}
    shared = {key: AUTH[key] for key in ("redirect_uri", "cookie_secret")}
    app = enter("", secrets={"auth": {**shared, "google": client, "okta": client}})
    assert labels(app) == {"Sign in with Google", "Sign in with Okta"}


def test_a_person_with_a_role_is_in(enter: Callable[..., AppTest]) -> None:
    app = enter("viewer")
    assert "Sign out" in labels(app)
    assert "A viewer" in texts(app)


@pytest.mark.parametrize(
    ("role", "claims", "message"),
    [
        ("viewer", {"exp": 1}, "your sign-in has expired"),
        ("viewer", {"exp": None}, "no usable claim exp"),
        ("none", {}, "may not use this server"),
    ],
)
def test_who_is_turned_away_and_why(enter: Callable[..., AppTest], role: str, claims: dict[str, Any], message: str) -> None:
    app = enter(role, **claims)
    assert [each.value for each in app.title] == ["Sign in"]
    assert message in app.warning[0].value
    assert not app.sidebar.children


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        ({"auth": {**AUTH, "cookie_secret": "xxx"}}, "cookie_secret"),
        ({"recscope": ROLES}, "but no"),
        ({"auth": AUTH, "recscope": {"admin": []}}, "unknown setting admin"),
    ],
)
def test_a_mistake_in_the_settings_opens_no_door(enter: Callable[..., AppTest], secrets: Any, message: str) -> None:
    for role in ("", "admin"):
        app = enter(role, secrets=secrets)
        assert message in app.warning[0].value.replace("\\", "")
        assert not app.button
        assert not app.sidebar.children


def test_a_damaged_file_of_secrets_opens_no_door(visit: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st
    from streamlit.runtime.secrets import Secrets

    (tmp_path / "secrets.toml").write_text("[auth\n")
    monkeypatch.setattr(st, "secrets", Secrets())
    monkeypatch.setattr(
        "streamlit.config.get_option",
        lambda name, get=st.config.get_option: [str(tmp_path / "secrets.toml")] if name == "secrets.files" else get(name),
    )
    app = visit()
    assert "cannot be read" in app.warning[0].value
    assert not app.sidebar.children


def test_a_missing_library_is_said_and_opens_no_door(enter: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "find_spec", lambda name: None if name == "authlib" else object())
    for role in ("", "admin"):
        app = enter(role)
        assert "needs the libraries authlib; install requirements-server.txt" in app.warning[0].value
        assert not app.button


def test_a_store_that_is_away_opens_no_door_but_closes_none(enter: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    inside = enter("viewer")

    def fail() -> None:
        raise StoreError("the store did not answer")

    monkeypatch.setattr(session_account, "open_store", fail)
    assert "Sign out" in labels(inside.run())
    assert "the store did not answer" in enter("viewer").warning[0].value


def test_signing_out_here_signs_out_the_other_windows(enter: Callable[..., AppTest]) -> None:
    issued = int(time.time())
    one, other = enter("editor", iat=issued), enter("editor", iat=issued)
    one.button("sign_out").click().run()
    assert [each.value for each in one.title] == ["Sign in"]
    assert "you have signed out" in other.run().warning[0].value
    assert [each.action for each in actions()] == ["sign out", "sign in"]


def actions(kind: str | None = None) -> list[Any]:
    store = open_store()
    return list_actions(store, open_local_account(store), action=kind)


@pytest.mark.parametrize(
    ("page", "part", "key"),
    [("evaluate/checkpoints/page.py", ("checkpoint_part", "train"), "start_training"), ("evaluate/leaderboard/page.py", None, "evaluate")],
)
def test_a_button_drawn_before_the_role_was_taken_away_does_nothing(
    enter: Callable[..., AppTest], tiny: Dataset, page: str, part: Any, key: str
) -> None:
    app = enter("admin", page)
    if part:
        app.session_state[part[0]] = part[1]
        app.run()
    button = app.button(key)
    store = open_store()
    owner = open_local_account(store)
    set_role(store, owner, next(each.id for each in list_accounts(store, owner) if each.subject == "admin"), "viewer")
    before = sorted(paths.home().rglob("*.safetensors"))
    app = button.click().run()
    assert REFUSAL in texts(app)
    assert "training" not in app.session_state
    assert sorted(paths.home().rglob("*.safetensors")) == before
    assert not actions("train")
    assert not actions("evaluate")


CALLS = {
    "upload": """
from pages.explore.dataset.import_state import keep_upload
keep_upload(file)
""",
    "side file": """
from pages.explore.dataset.import_state import ImportState, keep_side_file
keep_side_file(file, "items", ImportState("1", Path("x.csv")))
""",
    "use": """
from pages.explore.dataset import use_dataset
use_dataset._accept(data, "Mine", False)
""",
    "first models": """
from pages.explore.dataset import first_training
first_training.start(data, True)
""",
    "save": """
from pages.explore.dataset import use_dataset
from pages.explore.dataset.import_state import ImportState
use_dataset._save(use_dataset.Imported(data, Path("x.csv"), None), "mine", "Mine", ImportState("1", Path("x.csv")))
""",
    "prepare": """
from pages.explore.dataset import catalogue
catalogue._prepare_dataset("foursquare-nyc")
""",
    "train": """
from pages.evaluate.checkpoints import training_form
training_form._start(data, {"model": "popularity", "settings": {}, "name": "mine", "protocol": "last-out"})
""",
    "bring": """
from pages.evaluate.checkpoints import bring_model
bring_model._keep_upload([file], SimpleNamespace(dataset=data))
""",
    "evaluate": """
from pages.shell import evaluations
evaluations.evaluate(SimpleNamespace(dataset=data, device="cpu"), {}, ["markov"], "validation")
""",
    "accounts": """
from pages.evaluate.accounts import roles
roles._set("anyone", "admin")
""",
}
SCRIPT = """
from pathlib import Path
from types import SimpleNamespace
import streamlit as st
from pages import cache
from pages.ui.errors import draw_notices, error_boundary
data = cache.dataset({name!r})
file = SimpleNamespace(name="x.csv", file_id="1", getbuffer=lambda: b"user,item")
with error_boundary():
{call}
draw_notices()
"""


@pytest.mark.parametrize("action", CALLS)
def test_what_a_viewer_calls_directly_is_refused(tiny: Dataset, keep: Callable[..., Dataset], action: str) -> None:
    keep(tiny)
    before = {each for each in paths.home().rglob("*") if "recscope.db" not in each.name}
    call = "\n".join(f"    {line}" for line in CALLS[action].strip().splitlines())
    app = AppTest.from_string(SCRIPT.format(name=tiny.name, call=call), default_timeout=60)
    app.secrets, app.user = SECRETS, person("viewer")
    app.run()
    assert not app.exception
    assert REFUSAL in texts(app)
    assert {each for each in paths.home().rglob("*") if "recscope.db" not in each.name} == before
    assert all(key not in app.session_state for key in ("training", "wizard"))


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_the_page_of_accounts_refuses_others(enter: Callable[..., AppTest], role: str) -> None:
    app = enter(role, "evaluate/accounts/page.py")
    assert "does not allow you to manage accounts" in app.error[0].value
    assert all(each.key != "role_of" for each in app.selectbox)


def test_an_admin_changes_a_role_and_reads_the_log(enter: Callable[..., AppTest]) -> None:
    viewer, app = enter("viewer"), enter("admin", "evaluate/accounts/page.py")
    whom = next(each for each in app.selectbox("role_of").options if "A viewer" in each)
    app.selectbox("role_of").select(whom).run()
    key = next(each.key for each in app.selectbox if (each.key or "").startswith("role_") and each.key != "role_of")
    app.selectbox(key).set_value("editor").run()
    app.button("set_role").click().run()
    assert "A viewer now has the role editor" in app.warning[0].value
    assert "editor" in texts(viewer.run())
    app.session_state["accounts_part"] = "log"
    app.run()
    assert list(app.dataframe[0].value["action"]) == ["set role", "sign in", "sign in"]


def test_an_admin_makes_and_revokes_a_token(enter: Callable[..., AppTest]) -> None:
    app = enter("admin", "evaluate/accounts/page.py")
    app.session_state["accounts_part"] = "tokens"
    app.run()
    app.text_input("token_name").set_value("shop")
    app.button("make_token").click().run()
    text = app.code[0].value
    token = authenticate(open_store(), text)
    assert token is not None
    assert (token.name, token.account.role) == ("shop", "editor")
    assert not app.run().code, "it is shown once"
    app.button("make_token").click().run()
    assert "there is a token 'shop' already" in app.error[0].value
    app.button("revoke_token").click().run()
    assert authenticate(open_store(), text) is None
    assert [each.action for each in actions()][:2] == ["revoke token", "create token"]


def test_every_fragment_looks_at_the_sign_in() -> None:
    """A fragment that draws itself again is not behind the door of the script."""
    wrapped, fragments = set(), set()
    for path in (Path(NAVIGATION).parent).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names = [ast.unparse(each) for each in node.decorator_list]
                wrapped |= {(path, node.name)} if "signed_in" in names else set()
                fragments |= {(path, node.name)} if any(name.startswith(("st.fragment", "st.dialog")) for name in names) else set()
            elif (
                isinstance(node, ast.Call)
                and node.args
                and re.fullmatch(r"st\.fragment|st\.dialog\([^()]*(\([^()]*\))?[^()]*\)", ast.unparse(node.func))
            ):
                fragments.add((path, ast.unparse(node.args[0])))
    assert len(fragments) > 5
    assert fragments == wrapped


def test_a_viewer_opens_cases_and_changes_none(enter: Callable[..., AppTest]) -> None:
    store = open_store()
    case = keep_case(store, open_local_account(store), View("tiny", "markov", 1, "", "u03", 9, "timeline"), "a note", ["a tag"])
    app = enter("viewer", "inspect/cases/page.py")
    html = "".join(str(each.proto.body) for each in app.get("html"))
    assert "a note" in html and "Kept by local" in html
    keys = {each.key for each in app.button}
    assert f"open_{case.id}" in keys and f"edit_{case.id}" not in keys and not any(str(key).startswith("delete_") for key in keys)
    app = enter("viewer", "explore/timeline/page.py")
    app.button(key="keep_case").click().run()
    assert REFUSAL in texts(app) and not any(each.key == "keep_save" for each in app.button)


def test_only_an_admin_may_delete_the_cases_of_others(enter: Callable[..., AppTest]) -> None:
    store = open_store()
    case = keep_case(store, open_local_account(store), View("tiny", "markov", 1, "", "u03", 9, "timeline"))
    for role, may_delete in (("editor", False), ("admin", True)):
        app = enter(role, "inspect/cases/page.py")
        app.session_state[f"delete_{case.id}"] = True
        app.run()
        assert any(each.key == f"delete_now_{case.id}" for each in app.button) == may_delete
        assert any(each.key == f"edit_{case.id}" for each in app.button)
