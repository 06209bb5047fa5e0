"""A real server and what a browser test needs to know of it."""

import ast
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY_MS = 60_000


@dataclass(frozen=True)
class Server:
    """A running app: `url` without a slash at the end, `home` its RECSYS_HOME, `log` what it printed."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def serving(home: Path, app: str = "app.py", processes: int | None = None, **environment: str) -> Iterator[Server]:
    """`streamlit run app.py` on a free port, as a person starts it, or `recscope serve`; ends with everything it started."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = home.parent / f"{home.name}-{port}.log"
    arguments = ["streamlit", "run", app, f"--server.port={port}", "--server.headless=true"]
    if processes is not None:
        arguments = ["recsys", "serve", f"--port={port}", f"--processes={processes}"]
    command = [sys.executable, "-m", *arguments]
    variables = {**os.environ, "RECSYS_HOME": str(home), "OMP_NUM_THREADS": "1", **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", home, log, process)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        _end(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: Server, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}:\n{server.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the server did not answer within {seconds:.0f} s:\n{server.log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    family = [process, *psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
    for member in family:
        member.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def launch(playwright: Playwright) -> Browser:
    """The Chromium that tests/run.sh found, or the one on the PATH, or Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("RECSYS_CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)


def settled(page: Page) -> Page:
    """Wait until the app has drawn all of its page; fail on an exception box."""
    app = page.locator('[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]')
    expect(app).to_be_visible(timeout=READY_MS)
    expect(page.get_by_test_id("stMain").get_by_test_id("stMainBlockContainer")).to_be_visible(timeout=READY_MS)
    # A page that was loaded again is connected before its first run begins; it is empty then.
    expect(page.get_by_test_id("stMain").get_by_test_id("stElementContainer").first).to_be_attached(timeout=READY_MS)
    # Between a click and the run it starts there is a moment of "not running": look twice.
    page.wait_for_timeout(150)
    expect(app).to_be_visible(timeout=READY_MS)
    boxes = exception_boxes(page)
    assert boxes.count() == 0, f"{page.url} shows an exception:\n{boxes.first.inner_text()}"
    return page


def exception_boxes(page: Page) -> Locator:
    return page.get_by_test_id("stException")


def visit(page: Page, address: str) -> Page:
    """Open an address of the app and wait until it is drawn and, where there are steps, hears keys."""
    page.goto(address)
    settled(page)
    page.wait_for_function("() => !document.querySelector('.st-key-slider') || globalThis.recscopeWalker?.of", timeout=READY_MS)
    return page


def page_paths() -> dict[str, str]:
    """{path in the URL: title} of every page, read from pages/navigation.py without running it; the start page has path ''."""
    tree = ast.parse((ROOT / "pages" / "navigation.py").read_text(encoding="utf-8"))
    paths = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "Page":
            options = {each.arg: each.value for each in call.keywords}
            path = "" if "default" in options else ast.literal_eval(options["url_path"])
            title = options["title"]
            assert isinstance(title, ast.Call)  # _("Timeline")
            paths[path] = ast.literal_eval(title.args[0])
    return paths
