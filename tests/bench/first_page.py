"""From starting the server to the first page drawn in a browser that is open already; reference: an empty Streamlit page."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

from tests.bench._browser import EMPTY_APP, wait_until_drawn, window
from tests.bench._timing import measured
from tests.browser.live import serving

STARTS = 3


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, window() as page:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_APP, encoding="utf-8")
        starts = [
            (_start(page, Path(folder) / f"home{i}", "app.py"), _start(page, Path(folder) / f"none{i}", str(empty))) for i in range(STARTS)
        ]
    app, reference = np.median(starts, axis=0)
    return measured(float(app), "s", float(reference))


def _start(page: Page, home: Path, app: str) -> float:
    began = time.perf_counter()
    with serving(home, app) as server:
        page.goto(server.url, wait_until="commit")
        wait_until_drawn(page)
        taken = time.perf_counter() - began
        page.goto("about:blank")  # or the page would look for its server for ever
    return taken
