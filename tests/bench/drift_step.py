"""From the key → to the page Drift showing the step, p95 over a life of about 200 events of demo-city, transformer.

Four keys a second; the cursor moves on every picture. Reference: the same key on an empty Streamlit page, in the same run.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, TimeoutError

from recsys.commands.console import say
from recsys.datasets import open_dataset
from recsys.storage import home
from tests.bench._browser import EMPTY_APP, window
from tests.bench._timing import measured
from tests.bench.cursor_step import FIRST, PAUSE, STEPS, WARM, steps_of, with_events
from tests.browser.live import READY_MS, serving, settled

PATIENCE = 5000  # milliseconds after which a key was not heard

DRAWN = """step => {
    const parts = [...document.querySelectorAll('[data-part]')], line = document.querySelector('.rs-line-now');
    return line && parts.length && parts.every(part => part.dataset.step == step) && [performance.now() - window.pressed];
}"""
"""The milliseconds since the last key, or false: the line on the stream and every other part of the page show this step."""


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
    page.add_init_script("window.addEventListener('keydown', () => { window.pressed = performance.now(); }, true)")
    page.goto(address)
    settled(page)
    page.wait_for_function("() => globalThis.recscopeWalker?.frames.size", timeout=READY_MS)
    page.wait_for_timeout(1000)  # keys that come before the page listens are lost
    taken, lost, step = [], 0, FIRST
    while len(taken) < WARM + STEPS:
        page.keyboard.press("ArrowRight")
        try:
            shown = page.wait_for_function(DRAWN, arg=step + 1, polling="raf", timeout=PATIENCE)
        except TimeoutError:
            lost += 1  # pressed while the page was drawn anew
            step = page.evaluate("recscopeWalker.step")
            assert lost < STEPS, "no key is heard"
            continue
        step += 1
        taken.append(float(shown.json_value()[0]))
        page.wait_for_timeout(PAUSE)
    say(f"{lost} of {WARM + STEPS + lost} keys not heard")
    page.goto("about:blank")
    return taken[WARM:]
