"""What only a live server shows: deep links first, two windows at once, and a network that is cut off."""

import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from recsys.datasets import open_dataset
from tests.browser.live import READY_MS, ROOT, Server, page_paths, serving, settled, visit

pytestmark = pytest.mark.timeout(600)  # several servers, one after the other

PATHS = page_paths()
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def headings(page: Page) -> list[str]:
    return [text.strip() for text in page.get_by_test_id("stMain").locator("h1, h2, h3").all_inner_texts()]


CURSOR_IS = "cursor => Object.entries(cursor).every(([name, value]) => new URLSearchParams(location.search).get(name) === value)"


def wait_for(page: Page, **cursor: str) -> None:
    """Wait until the URL has the cursor there and the page is drawn."""
    page.wait_for_function(CURSOR_IS, arg=cursor, timeout=READY_MS)
    settled(page)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path or "home")
def test_a_deep_link_opens_first_on_a_fresh_server(path: str, fresh_server: Server, page: Page) -> None:
    visit(page, f"{fresh_server.url}/{path}")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    assert urlsplit(page.url).path.strip("/") == path
    assert headings(page), f"/{path} drew no heading"
    assert PATHS[path] in page.title() or path == ""


def test_an_unknown_page_is_said_to_be_unknown(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/nowhere")
    expect(page.get_by_text("Page not found")).to_be_visible()


def test_only_this_machine_can_reach_the_server(server: Server) -> None:
    addresses = {each.laddr.ip for each in psutil.Process(server.process.pid).net_connections("inet") if each.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_two_windows_never_see_each_others_state(server: Server, browser: Browser) -> None:
    _, anna, boris, carla, *_ = open_dataset("demo-city").user_ids
    first, second = (browser.new_context(viewport={"width": 1440, "height": 900}).new_page() for _ in range(2))
    visit(first, f"{server.url}/timeline?dataset=demo-city&user={anna}&step=5")
    visit(second, f"{server.url}/timeline?dataset=demo-city&user={boris}&step=9")
    # They move in turn: each must find itself where it left off.
    for forward in range(1, 4):
        for window, user, start in ((first, anna, 5), (second, boris, 9)):
            # the button and not its key: a key pressed before the page has bound it is lost on a busy machine
            window.bring_to_front()
            window.locator(".st-key-next button").click()
            wait_for(window, user=user, step=str(start + forward))
    second.get_by_role("button", name="Next user").click()
    wait_for(second, user=carla)
    first.reload()
    wait_for(first, user=anna, step="8")
    assert "after 8 of" in headings(first)[0] and "after 8 of" not in headings(second)[0]
    for window in (first, second):
        window.context.close()


def test_nothing_reaches_for_the_network(tmp_path: Path, page: Page) -> None:
    """The browser may ask this machine only; so may the server, whose sockets refuse and write down everything else."""
    attempts = tmp_path / "attempts.txt"
    attempts.touch()
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    asked: list[str] = []

    def answer(route: Route) -> None:
        if urlsplit(route.request.url).hostname in LOOPBACK:
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    page.context.route("**/*", answer)
    page.on("websocket", lambda opened: urlsplit(opened.url).hostname in LOOPBACK or asked.append(opened.url))
    with serving(tmp_path / "home", PYTHONPATH=f"{guard}:{ROOT}", RECSYS_TEST_ATTEMPTS=str(attempts)) as server:
        for path in PATHS:
            visit(page, f"{server.url}/{path}")
            assert page.get_by_test_id("stMain").inner_text().strip(), f"/{path} is empty without a network"
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            visit(page, f"{server.url}/timeline")
    assert asked == []
    assert attempts.read_text(encoding="utf-8") == "guard is on\n"


GUARD = textwrap.dedent(
    '''
    """Refuses and writes down every attempt of this process to reach another machine."""
    import os
    import sys

    def note(line):
        with open(os.environ["RECSYS_TEST_ATTEMPTS"], "a", encoding="utf-8") as file:
            file.write(line + "\\n")

    def watch(event, arguments):
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None  # a text is a socket in the file system
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = arguments[0]
        else:
            return
        if isinstance(host, bytes):
            host = host.decode()
        if host not in (None, "", "127.0.0.1", "localhost", "::1", "0.0.0.0"):
            note(f"{event} {host}")
            raise OSError(101, f"the network is cut off in this test: {host}")

    sys.addaudithook(watch)
    if not os.path.getsize(os.environ["RECSYS_TEST_ATTEMPTS"]):
        note("guard is on")
    '''
)
