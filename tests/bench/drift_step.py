"""From the key → to the page Drift showing the step, p95 over a life of about 200 events of demo-city, transformer.

Keys come fast and slow by turns, whether or not the page is ready: after a slow one the server draws it anew, and the next key falls
into that. A key that is never answered counts as forever. Reference: the same key on an empty Streamlit page, in the same run.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from recsys.cli.console import say
from recsys.datasets import open_dataset
from recsys.storage.paths import home
from tests.bench._browser import EMPTY_APP, window
from tests.bench._timing import measured
from tests.bench.cursor_step import FIRST, STEPS, WARM, steps_of, with_events
from tests.browser.live import READY_MS, serving, settled

PAUSES = (100, 250, 400, 700)  # milliseconds between keys
PATIENCE = 5000  # and for the last one
WATCH = """first => {
    window.shown = [];
    const look = () => {
        const parts = [...document.querySelectorAll('[data-part]')].map(part => Number(part.dataset.step));
        const step = document.querySelector('.rs-line-now') && parts.length ? Math.min(...parts) : 0;
        while (shown.length < pressed.length && step > first + shown.length) shown.push(performance.now());
        requestAnimationFrame(look);
    };
    look();
}"""
"""Notes, to the frame, when the line on the stream and every other part of the page were where each key led."""


def measure() -> dict[str, Any]:
    user = with_events(open_dataset("demo-city"), 200)
    with tempfile.TemporaryDirectory() as folder, window() as page:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_APP, encoding="utf-8")
        with serving(Path(folder) / "home", RECSYS_HOME=str(home())) as server:
            taken = _steps(page, f"{server.url}/drift?dataset=demo-city&model=sasrec&user={user}&step={FIRST}")
        with serving(Path(folder) / "none", str(empty), STREAMLIT_RUNNER_POST_SCRIPT_GC="true") as server:
            reference = steps_of(page, server.url, 0)
    return measured(float(np.quantile(taken, 0.95)), "ms", float(np.quantile(reference, 0.95)))


def _steps(page: Page, address: str) -> list[float]:
    # before the page is opened: who listens first hears keys that others keep to themselves
    page.add_init_script("window.pressed = []; window.addEventListener('keydown', () => window.pressed.push(performance.now()), true)")
    page.goto(address)
    settled(page)
    page.wait_for_function("() => globalThis.recscopeWalker?.frames.size", timeout=READY_MS)
    page.evaluate(WATCH, FIRST)
    for number in range(WARM + STEPS):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(PAUSES[number % len(PAUSES)])
    page.wait_for_timeout(PATIENCE)
    pressed, shown = page.evaluate("[pressed, shown]")
    say(f"{len(pressed) - len(shown)} of {WARM + STEPS} keys not heard")
    taken = np.full(WARM + STEPS, np.inf)
    taken[: len(shown)] = np.subtract(shown, pressed[: len(shown)])
    page.goto("about:blank")
    return taken[WARM:].tolist()
