"""People sign in through a real OpenID Connect provider: who comes in, as whom, and for how long."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.live import READY_MS, ROOT, Server, free_port, serving, settled
from tests.browser.oidc_provider import CLIENT, SECRET, Provider, provide

pytestmark = pytest.mark.timeout(300)

PEOPLE = {
    "ann": {"name": "Ann Admin", "email": "ann@example.com", "email_verified": True},
    "mallory": {"name": "Mallory", "email": "ann@example.com", "email_verified": False},
    "ed": {"name": "Ed <b>Itor</b>", "groups": ["team"]},
    "eve": {"name": "Eve Itor", "groups": ["team"]},
    "vic": {"name": "Vic Viewer"},
    "val": {"name": "Val Viewer"},
    "nobody": {"name": "Nobody", "groups": ["strangers"]},
}
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{metadata}"

[recscope]
admins = ["ann@example.com"]
role_claim = "groups"

[recscope.roles]
team = "editor"
strangers = "none"
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provide() as running:
        running.people = PEOPLE
        yield running


@pytest.fixture(scope="module")
def team(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with sign-in."""
    folder = tmp_path_factory.mktemp("team")
    secrets = folder / "secrets.toml"
    secrets.write_text(SECRETS.format(client=CLIENT, secret=SECRET, metadata=provider.metadata), encoding="utf-8")
    with serving(folder / "home", STREAMLIT_SECRETS_FILES=str(secrets)) as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[[], Page]]:
    """window(): a browser of somebody else, with cookies of its own."""
    contexts = []

    def open_window() -> Page:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}, service_workers="block"))
        return contexts[-1].new_page()

    yield open_window
    for context in contexts:
        context.close()


def sign_in(page: Page, address: str, login: str) -> Page:
    page.goto(address)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=login, exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=READY_MS)
    return settled(page)


def expect_closed(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=READY_MS)
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    assert page.get_by_test_id("stMain").inner_text().count("\n") < 12, "nothing but the page to sign in with"


def query(server: Server, sql: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(server.home / "recscope.db")) as connection:
        return connection.execute(sql).fetchall()


def test_nothing_is_shown_to_who_has_not_signed_in(team: Server, page: Page) -> None:
    for path in ("", "/timeline?dataset=demo-city", "/accounts", "/dataset", "/nowhere"):
        page.goto(team.url + path)
        expect_closed(page)
        assert "Vellamar" not in page.content()


def test_the_address_that_was_asked_for_opens_after_signing_in(team: Server, page: Page) -> None:
    sign_in(page, f"{team.url}/timeline?dataset=demo-city&step=5", "ed")
    page.wait_for_url("**/timeline?**", timeout=READY_MS)
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["step"] == ["5"]
    expect(page.get_by_role("heading", name="after 5 of")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("Ed <b>Itor</b>")).to_be_visible()


def test_a_viewer_may_look_and_no_more(team: Server, page: Page) -> None:
    sign_in(page, team.url, "vic")
    page.get_by_test_id("stTopNavSection").filter(has_text="Evaluate").click()
    expect(page.get_by_role("menuitem", name="Leaderboard")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Accounts")).to_have_count(0)
    for path, part, words in (
        ("accounts", None, "manage accounts"),
        ("checkpoints", "Train a model", "train models"),
        ("checkpoints", "Bring a model", "upload data and models"),
        ("dataset", "Import a file", "upload data and models"),
    ):
        page.goto(f"{team.url}/{path}")
        settled(page)
        if part:
            page.get_by_role("radio", name=part).click()
            settled(page)
        expect(page.get_by_text(f"does not allow you to {words}")).to_be_visible()
        expect(page.get_by_test_id("stFileUploader")).to_have_count(0)


def test_an_address_that_is_not_verified_makes_no_admin(team: Server, page: Page) -> None:
    sign_in(page, team.url, "mallory")
    expect(page.get_by_test_id("stSidebar").get_by_text("viewer", exact=True)).to_be_visible()


def test_an_account_without_a_role_stays_outside(team: Server, page: Page) -> None:
    sign_in(page, team.url, "nobody")
    expect_closed(page)
    expect(page.get_by_text("Nobody may not use this server")).to_be_visible()


def test_signing_out_ends_the_sign_in_in_every_window_and_at_the_provider(
    team: Server, provider: Provider, page: Page, window: Callable[[], Page]
) -> None:
    sign_in(page, team.url, "ed")
    other = page.context.new_page()
    other.goto(f"{team.url}/recommend")
    settled(other)
    stolen = page.context.cookies()
    page.wait_for_timeout(1_100)  # identities are issued by the second, and one of the same second may have signed in elsewhere
    before = len(provider.signed_out)
    page.get_by_role("button", name="Sign out").click()
    expect_closed(page)
    assert len(provider.signed_out) == before + 1
    page.reload()
    expect_closed(page)
    other.wait_for_timeout(5_000)
    other.get_by_role("button", name="Like", exact=True).first.click()  # draws a part of the page alone
    expect_closed(other)
    assert not query(team, "SELECT action FROM feedback")
    thief = window()
    thief.context.add_cookies(stolen)  # type: ignore[arg-type]
    thief.goto(team.url)
    expect_closed(thief)
    expect(thief.get_by_text("you have signed out")).to_be_visible()
    sign_in(page, team.url, "ed")


def test_an_expired_sign_in_ends_with_a_clear_line(team: Server, provider: Provider, page: Page) -> None:
    provider.lifetime = 8.0
    try:
        sign_in(page, team.url, "eve")
    finally:
        provider.lifetime = 3600.0
    page.wait_for_timeout(8_000)
    page.get_by_role("button", name="Random user").click()
    expect_closed(page)
    expect(page.get_by_text("your sign-in has expired; sign in again")).to_be_visible()
    page.reload()
    expect_closed(page)
    sign_in(page, team.url, "eve")


@pytest.mark.parametrize("fault", ["signature", "audience", "nonce"])
def test_a_forged_token_opens_no_door(team: Server, provider: Provider, page: Page, fault: str) -> None:
    provider.is_broken = fault
    try:
        page.goto(team.url)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("button", name="ann", exact=True).click()
        expect_closed(page)
    finally:
        provider.is_broken = ""
    assert urlsplit(page.url).netloc == urlsplit(team.url).netloc


def test_two_people_at_once_keep_their_own_feedback(team: Server, window: Callable[[], Page]) -> None:
    address = f"{team.url}/recommend?dataset=demo-city&step=40"
    ed, eve = sign_in(window(), address, "ed"), sign_in(window(), address, "eve")
    for page in (ed, eve):
        page.wait_for_url("**/recommend?**", timeout=READY_MS)
        settled(page)
    ed.get_by_role("button", name="Like", exact=True).first.click()
    expect(ed.get_by_role("button", name="Liked", exact=True).first).to_be_visible(timeout=READY_MS)
    settled(eve).reload()
    settled(eve)
    expect(eve.get_by_role("button", name="Liked", exact=True)).to_have_count(0)
    eve.get_by_role("button", name="Dislike", exact=True).first.click()
    settled(eve)
    settled(ed).reload()
    expect(ed.get_by_role("button", name="Liked", exact=True).first).to_be_visible(timeout=READY_MS)
    expect(ed.get_by_role("button", name="Disliked", exact=True)).to_have_count(0)
    given = query(team, "SELECT subject, action FROM feedback JOIN accounts ON accounts.id = account_id WHERE action <> 'skip' ORDER BY 1")
    assert given == [("ed", "like"), ("eve", "dislike")]


def test_an_admin_takes_a_role_away_while_its_window_is_open(team: Server, window: Callable[[], Page]) -> None:
    val, ann = sign_in(window(), team.url, "val"), sign_in(window(), f"{team.url}/accounts", "ann")
    ann.wait_for_url("**/accounts**", timeout=READY_MS)
    settled(ann)
    expect(ann.get_by_role("cell", name="Val Viewer")).to_be_visible()
    choose(ann, "Account", "Val Viewer")
    choose(ann, "Role", "none")
    ann.get_by_role("button", name="Set role").click()
    expect(ann.get_by_text("Val Viewer now has the role none")).to_be_visible()
    val.wait_for_timeout(5_000)
    val.get_by_role("button", name="Random user").click()
    expect_closed(val)
    settled(ann)
    ann.get_by_role("radio", name="Audit log").click()
    settled(ann)
    expect(ann.get_by_test_id("stDataFrame")).to_be_visible()
    last = query(
        team, "SELECT name, action, audit_log.subject FROM audit_log JOIN accounts ON accounts.id = account_id ORDER BY audit_log.id"
    )[-1]
    assert last[:2] == ("Ann Admin", "set role")
    assert last[2].endswith(" none")


def test_commands_that_start_the_app_ask_for_the_sign_in_too(
    provider: Provider, team: Server, window: Callable[[], Page], tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "recsys", "demo", "--no-browser", "--port", str(port)]
    variables = {**os.environ, "RECSYS_HOME": str(tmp_path / "home"), "STREAMLIT_SECRETS_FILES": str(team.home.parent / "secrets.toml")}
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        page = window()
        page.goto(address)
        expect_closed(page)
        sign_in(page, f"http://127.0.0.1:{port}", "vic")
    finally:
        process.terminate()
        process.wait(timeout=20)


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_test_id("stMain").get_by_test_id("stSelectbox").filter(has=page.get_by_text(label, exact=True)).first
    box.locator("input").click()
    page.get_by_role("option", name=option).first.click()
    settled(page)


def test_a_server_without_secrets_asks_nobody(tmp_path: Path, page: Page) -> None:
    with serving(tmp_path / "home") as server:  # its own: others keep feedback on the server that tests share
        page.goto(server.url)
        settled(page)
        expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
        expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
        assert not (server.home / "recscope.db").exists()
