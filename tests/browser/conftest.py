"""A live server and a real Chromium for the tests in this folder."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.live import READY_MS, Server, launch, serving

expect.set_options(timeout=READY_MS)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One app with an empty RECSYS_HOME, shared by the tests of one worker."""
    with serving(tmp_path_factory.mktemp("live") / "home") as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An app that nobody has visited yet."""
    with serving(tmp_path_factory.mktemp("fresh") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium, closed after each file: Playwright holds an event loop that other tests must not find running."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of its own: no cookies, no history, 1440 × 900."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, service_workers="block")
    yield context.new_page()
    context.close()
