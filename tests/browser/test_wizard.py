"""The upload wizard in a real browser, with a messy file, and a second window that sees nothing of it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.live import READY_MS, Server, settled, visit

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


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """Three people who go round the same four places on different days; ann most often."""
    places = ["Café", "Park", "Library", "Market"]
    lines = ["who,what,date"]
    for person, days in (("ann", 40), ("ben", 24), ("cara", 16)):
        lines += [f"{person},{places[(day + len(person)) % 4]},{date(2024, 1, 1) + timedelta(days=day)}" for day in range(days)]
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
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
    page.wait_for_url("**/timeline?*", timeout=READY_MS)
    settled(page)
    expect(page.get_by_text("Espresso <b>bar</b>").first).to_be_visible()
    assert "dataset=messy-shop" in page.url
    assert not list(server.home.glob("*/*")), "an upload and its models stay out of RECSYS_HOME"

    other = browser.new_context().new_page()
    visit(other, page.url)
    expect(other.get_by_text("Dataset “messy-shop” was not found", exact=False)).to_be_visible(timeout=30_000)
    expect(other.get_by_text("Büch & Co", exact=False)).to_have_count(0)
    other.context.close()


def test_from_upload_to_a_timeline_in_three_clicks(server: Server, page: Page, visits: Path) -> None:
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    page.locator('input[type="file"]').set_input_files(visits)
    expect(page.get_by_text("1 · Assign the columns")).to_be_visible(timeout=30_000)
    settled(page)
    press(page, "Check the file")
    press(page, "Use this dataset")
    page.wait_for_url("**/timeline?*", timeout=READY_MS)
    settled(page)
    assert "dataset=visits" in page.url and "user=ann" in page.url
    expect(page.get_by_role("heading", name="User ann after", exact=False)).to_be_visible()
    expect(page.locator('[class*="st-key-strip"] .js-plotly-plot').first).to_be_visible()
    expect(page.locator(".rs-list li").first).to_be_visible()
    visit(page, f"{server.url}/checkpoints?dataset=visits")  # a new session
    expect(page.get_by_text("Dataset “visits” was not found", exact=False)).to_be_visible()


def test_an_unreadable_file_gets_one_line(server: Server, page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"this is not a zip")
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    page.locator('input[type="file"]').set_input_files(broken)
    expect(page.get_by_text("broken.zip is not a readable zip", exact=False)).to_be_visible(timeout=30_000)
    settled(page)
