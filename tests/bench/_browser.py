"""A Chromium and what it takes to know, to the frame, when a page is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.browser.live import READY_MS, launch

EMPTY_APP = """
import streamlit as st
step = st.session_state.setdefault("step", 0)
def move(): st.session_state["step"] += 1
st.button("Next", shortcut="Right", on_click=move)
st.title(f"A user after {step} of 1,000 events")
"""
"""As little as a Streamlit page can be: the floor under everything here."""

DRAWN = """says => {
    const app = document.querySelector('[data-testid="stApp"]'), main = document.querySelector('[data-testid="stMain"]');
    const idle = app?.dataset.testScriptState === 'notRunning' && app?.dataset.testConnectionState === 'CONNECTED';
    return idle && main?.querySelector('h1, h2, h3') && main.textContent.includes(says) && [performance.now() - (window.pressed ?? 0)];
}"""
"""The milliseconds since the last key, or false: the script has ended, and the page has a heading and says so."""

SHOWN = """step => {
    const parts = [...document.querySelectorAll('[data-part]')], says = document.querySelector('[data-testid="stMain"] h1')?.textContent;
    return says?.includes(`after ${step} of`) && parts.every(part => part.dataset.step == step) && [performance.now() - window.pressed];
}"""
"""The milliseconds since the last key, or false: the title and every part of the page show this step."""


@contextmanager
def window() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium.new_page(viewport={"width": 1440, "height": 900})
        chromium.close()


def wait_until_drawn(page: Page, says: str = "") -> float:
    """Milliseconds from the last key until the page said this, looked at in every frame."""
    return float(page.wait_for_function(DRAWN, arg=says, polling="raf", timeout=READY_MS).json_value()[0])


def milliseconds_of_step(page: Page, step: int) -> float:
    """From the key → until every part of the page shows the step."""
    page.keyboard.press("ArrowRight")
    return float(page.wait_for_function(SHOWN, arg=step, polling="raf", timeout=READY_MS).json_value()[0])


def watch_keys(page: Page) -> None:
    """To be called before the page is opened: who listens first hears keys that others keep to themselves."""
    page.add_init_script("window.addEventListener('keydown', () => { window.pressed = performance.now(); }, true)")
