"""The files of an upload: gone when its session or its server ends, however it ends."""

import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live import READY_MS, Server, serving, settled, visit
from tests.browser.test_wizard import open_first_timeline, open_wizard, press

TTL = 2  # seconds that Streamlit keeps a closed session here; 120 by default
SOON = 25.0  # seconds: the TTL, and two checks of the server, on a busy machine
TABLE = "user,item\nann,tea\nann,milk\nbob,tea\n"


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def server_at(tmp_path: Path, temporary: Path):  # type: ignore[no-untyped-def]
    return serving(tmp_path / "home", TMPDIR=str(temporary), STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(TTL))


def upload(page: Page, server: Server, name: str) -> None:
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    page.locator('input[type="file"]').set_input_files({"name": name, "mimeType": "text/csv", "buffer": TABLE.encode()})
    expect(page.get_by_text("1 · Assign the columns")).to_be_visible()
    settled(page)


PLACES = ("bakery", "garden", "library", "market", "harbour", "cinema", "museum")
MARK = "Xylographer"  # a word that no file of the app contains


def use_with_texts(page: Page, server: Server, temporary: Path) -> None:
    """Upload a table with titles, use it, and have its texts encoded."""
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    rows = [f"u{at % 9},p{at * at % 7},{1_700_000_000 + 7200 * at},{MARK} {PLACES[at * at % 7]}" for at in range(120)]
    table = "\n".join(["user_id,item_id,timestamp,title", *rows])
    page.locator('input[type="file"]').set_input_files({"name": "titled.csv", "mimeType": "text/csv", "buffer": table.encode()})
    expect(page.get_by_text("1 · Assign the columns")).to_be_visible(timeout=READY_MS)
    settled(page)
    press(page, "Check the file")
    expect(page.get_by_text("3 · Use the dataset")).to_be_visible(timeout=READY_MS)
    open_first_timeline(page)
    page.get_by_test_id("stTopNavSection").filter(has_text="Explore").click()
    page.get_by_test_id("stTopNavDropdownLink").filter(has_text="Items").click()  # an address would begin another session
    encode = page.get_by_role("button", name="Encode the texts of the items")
    expect(encode).to_be_visible(timeout=READY_MS)
    encode.click()
    expect(encode).to_have_count(0, timeout=READY_MS)
    settled(page)
    assert list(temporary.rglob("*.sqlite")), "vectors of private texts are not in RECSYS_HOME"


def list_files(*folders: Path) -> set[Path]:
    """All files below some folders but those of the store, which the server makes when it starts."""
    return {path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.name.startswith("recscope.db")}


def find_marked(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]


def test_nothing_of_a_private_upload_stays_on_the_disk(page: Page, tmp_path: Path, temporary: Path) -> None:
    with server_at(tmp_path, temporary) as server:
        visit(page, f"{server.url}/dataset")
        before = list_files(server.home, temporary)
        use_with_texts(page, server, temporary)
        during = list_files(server.home, temporary) - before
        assert {path.suffix for path in during} >= {".csv", ".safetensors", ".sqlite"}, "the upload, its model and the vectors of its texts"
        assert not list_files(server.home) - before
        page.close()
        wait_until_empty(temporary, "**/session-*/*")
        assert list_files(server.home, temporary) == before
        assert not find_marked(server.home, temporary)


def test_nothing_of_a_private_upload_stays_when_a_killed_server_starts_again(page: Page, tmp_path: Path, temporary: Path) -> None:
    with server_at(tmp_path, temporary) as killed:
        use_with_texts(page, killed, temporary)
        killed.process.kill()
        killed.process.wait(timeout=20)
        assert find_marked(temporary)
    with server_at(tmp_path, temporary) as server:
        assert not find_marked(server.home, temporary)
        assert not list(temporary.rglob("*.sqlite"))
        assert not list_files(server.home)


def _has_any(folder: Path, pattern: str) -> bool:
    try:
        return bool(list(folder.glob(pattern)))
    except FileNotFoundError:  # a folder was removed while it was read
        return True


def wait_until_empty(folder: Path, pattern: str) -> float:
    began = time.monotonic()
    while _has_any(folder, pattern):
        assert time.monotonic() - began < SOON, sorted(folder.rglob("*"))
        time.sleep(0.1)
    return time.monotonic() - began


def test_files_go_with_the_page_and_not_with_another(page: Page, tmp_path: Path, temporary: Path) -> None:
    with server_at(tmp_path, temporary) as server:
        upload(page, server, "mine.csv")
        other = page.context.new_page()
        upload(other, server, "theirs.csv")
        assert len(list(temporary.glob("**/mine.csv"))) == len(list(temporary.glob("**/theirs.csv"))) == 1
        page.close()
        wait_until_empty(temporary, "**/mine.csv")
        assert list(temporary.glob("**/theirs.csv")), "another session's upload stays"
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=20)
        assert not list(temporary.glob("recscope-*")), "the server takes its files with it"


def test_files_of_a_killed_server_go_when_the_next_one_starts(page: Page, tmp_path: Path, temporary: Path) -> None:
    with server_at(tmp_path, temporary) as killed:
        upload(page, killed, "lost.csv")
        with server_at(tmp_path / "second", temporary) as living:
            other = page.context.new_page()
            upload(other, living, "kept.csv")
            killed.process.kill()
            killed.process.wait(timeout=20)
            assert list(temporary.glob("**/lost.csv"))
            with server_at(tmp_path / "third", temporary):
                assert not list(temporary.glob("**/lost.csv"))
                assert list(temporary.glob("**/kept.csv")), "the files of a living server stay"
