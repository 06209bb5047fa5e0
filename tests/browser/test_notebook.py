"""A notebook that opens the app: the output of its cell is a timeline."""

import os
import re
import textwrap
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Page, expect

from tests.browser.live import ROOT

pytestmark = pytest.mark.timeout(300)

CELLS = (
    """
    import numpy as np, pandas as pd, recsys
    random = np.random.default_rng(1)
    events = pd.DataFrame({
        "user_id": [f"u{at}" for at in random.integers(30, size=600)],
        "item_id": random.integers(50, size=600),
        "timestamp": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(100_000, size=600), unit="min"),
    })
    """,
    "recsys.show(events, name='clicks')",
)


@pytest.fixture
def output(tmp_path: Path) -> Iterator[str]:
    """The HTML that the last cell shows, while its kernel lives."""
    (tmp_path / "temporary").mkdir()
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    places = {"PYTHONPATH": path, "TMPDIR": str(tmp_path / "temporary"), "IPYTHONDIR": str(tmp_path / "ipython")}
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(code).strip()) for code in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel(env={**os.environ, **places}):
        for at, cell in enumerate(notebook.cells):
            client.execute_cell(cell, at)
        (shown,) = notebook.cells[-1].outputs
        yield shown["data"]["text/html"]
    assert not list((tmp_path / "temporary").glob("recscope-*")), "the data goes with the kernel"
    assert not (Path(os.environ["RECSYS_HOME"]) / "datasets").exists()


def test_the_output_of_the_cell_is_a_timeline(output: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    (address,) = re.findall(r'<iframe src="([^"]+)"', output)
    assert (urlsplit(address).path, parse_qs(urlsplit(address).query)) == ("/timeline", {"dataset": ["clicks"]})
    assert urllib.request.urlopen(address, timeout=10).status == 200
    page: Page = request.getfixturevalue("page")  # after the kernel has started: both want an event loop
    (tmp_path / "notebook.html").write_text(output, encoding="utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as notebook:  # a page of this machine may frame another one; a bare page may not
        Thread(target=notebook.serve_forever, daemon=True).start()
        page.goto(f"http://localhost:{notebook.server_port}/notebook.html")
        heading = page.frame_locator("iframe").get_by_test_id("stMain").locator("h1, h2").first
        expect(heading).to_have_text(re.compile(r"User u\d+ after \d+ of \d+ events"))
        notebook.shutdown()
