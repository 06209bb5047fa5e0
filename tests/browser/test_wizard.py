"""The upload wizard in a real browser, with a messy file, and a second window that sees nothing of it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.live import Server, settled, visit

MESSY = (
    "\ufeffwhen;who;shop item;stars\n"
    "01/02/2024 10:00;anna;Espresso <b>bar</b>;4\n"
    "15/02/2024 11:00;anna;Büch & Co;5\n"
    "16/02/2024 09:00;ben;Espresso <b>bar</b>;n/a\n"
    "17/02/2024 09:00;ben;Büch & Co;3\n"
    "17/02/2024 09:00;ben;Büch & Co;3\n"
    "not a date;ben;Park;2\n"
    "20/02/2024 09:00;;Park;2\n"
    "21/02/2034 09:00;cara;Park;1\n"
    "22/02/2024 09:00;cara;😀 Kino;5\n"
)


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    path = tmp_path / "messy shop.csv"
    path.write_text(MESSY, encoding="utf-8")
    return path


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_timeout(300)
    settled(page)


def open_wizard(page: Page) -> None:
    page.get_by_text("Import a file", exact=True).click()
    expect(page.locator('input[type="file"]')).to_be_attached(timeout=30_000)
    settled(page)


def test_a_messy_file_becomes_private_data(server: Server, page: Page, browser: Browser, messy: Path) -> None:
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    page.locator('input[type="file"]').set_input_files(messy)
    expect(page.get_by_text("1 · Assign the columns")).to_be_visible(timeout=30_000)
    settled(page)
    press(page, "Check the file")
    expect(page.get_by_text("3 rows were dropped")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Times in the future")).to_be_visible()
    press(page, "Use this dataset")
    expect(page.get_by_role("heading", name="Messy shop")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Espresso <b>bar</b>").first).to_be_visible()
    assert "dataset=messy-shop" in page.url

    other = browser.new_context().new_page()
    visit(other, page.url)
    expect(other.get_by_text("Dataset “messy-shop” was not found", exact=False)).to_be_visible(timeout=30_000)
    expect(other.get_by_role("heading", name="Messy shop")).to_have_count(0)
    other.context.close()


def test_an_unreadable_file_gets_one_line(server: Server, page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"this is not a zip")
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    page.locator('input[type="file"]').set_input_files(broken)
    expect(page.get_by_text("broken.zip is not a readable zip", exact=False)).to_be_visible(timeout=30_000)
    settled(page)
