"""From the key → to the timeline page showing the step, p95 over a history of about 200 events of demo-city, transformer.

Four keys a second, as a person presses them: the page walks in the browser and fetches steps ahead meanwhile. Reference: the same
key on an empty Streamlit page, in the same run, with Streamlit's own settings.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.datasets import open_dataset
from recsys.storage.paths import home
from recsys.training.checkpoints import list_checkpoints
from tests.bench._browser import EMPTY_APP, milliseconds_of_step, wait_until_drawn, watch_keys, window
from tests.bench._timing import measured
from tests.browser.live import serving

FIRST, STEPS, WARM, PAUSE = 100, 60, 5, 250  # milliseconds between keys


def measure() -> dict[str, Any]:
    trained = [found.name for found in list_checkpoints("demo-city")]
    if "sasrec" not in trained:
        raise RecsysError("demo-city has no checkpoint of sasrec; make one: python -m recsys train sasrec demo-city")
    user = with_events(open_dataset("demo-city"), 200)
    with tempfile.TemporaryDirectory() as folder, window() as page:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_APP, encoding="utf-8")
        with serving(Path(folder) / "home", RECSYS_HOME=str(home())) as server:
            taken = steps_of(page, f"{server.url}/timeline?dataset=demo-city&model=sasrec&user={user}&step={FIRST}", FIRST)
        own = "STREAMLIT_RUNNER_POST_SCRIPT_GC"  # .streamlit/config.toml turns it off for the app, and would for the reference
        with serving(Path(folder) / "none", str(empty), **{own: "true"}) as server:
            reference = steps_of(page, server.url, 0)
    return measured(float(np.quantile(taken, 0.95)), "ms", float(np.quantile(reference, 0.95)))


def steps_of(page: Page, address: str, first: int) -> list[float]:
    watch_keys(page)
    page.goto(address)
    wait_until_drawn(page, f"after {first} of")
    page.wait_for_timeout(1000)  # keys that come before the page listens are lost
    taken = []
    for step in range(first + 1, first + 1 + WARM + STEPS):
        taken.append(milliseconds_of_step(page, step))
        page.wait_for_timeout(PAUSE)
    page.goto("about:blank")
    return taken[WARM:]


def with_events(dataset: Dataset, count: int) -> str:
    """The user whose history is nearest to that long."""
    return str(dataset.user_ids[np.abs(np.diff(dataset.user_starts) - count).argmin()])
