"""The upload wizard in a real browser, with a messy file, and a second window that sees nothing of it."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

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


def upload(page: Page, path: Path, shows: str = "1 · Assign the columns") -> None:
    """Choose a file in the wizard, and wait for a text that follows."""
    page.locator('input[type="file"]').first.set_input_files(path)
    expect(page.get_by_text(shows, exact=False).first).to_be_visible(timeout=30_000)
    settled(page)


def select_box(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("combobox", name=re.compile(f"^{label}"))


def choose(page: Page, label: str, option: str) -> None:
    box = select_box(page, label)
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # scrolling closes the list of options
    box.click()
    page.get_by_role("option", name=option, exact=True).click()
    page.wait_for_timeout(300)
    settled(page)


def open_first_timeline(page: Page) -> None:
    """Use the checked upload, and wait until the timeline of its most active user is drawn."""
    press(page, "Use this dataset")
    page.wait_for_url("**/timeline?*", timeout=READY_MS)
    settled(page)
    expect(page.locator('[class*="st-key-strip"] .js-plotly-plot').first).to_be_visible(timeout=READY_MS)
    expect(page.locator(".rs-list li").first).to_be_visible()


def test_a_messy_file_becomes_private_data(server: Server, page: Page, browser: Browser, messy: Path) -> None:
    before = set(server.home.glob("*/*"))
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    upload(page, messy)
    press(page, "Check the file")
    expect(page.get_by_text("cannot be read as times, for example 'not a date'", exact=False)).to_be_visible(timeout=30_000)
    press(page, "Drop these rows and continue")
    expect(page.get_by_text("3 rows were dropped")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Times in the future")).to_be_visible()
    open_first_timeline(page)
    expect(page.get_by_text("Espresso <b>bar</b>").first).to_be_visible()
    assert "dataset=messy-shop" in page.url
    assert set(server.home.glob("*/*")) == before, "an upload and its models stay out of RECSYS_HOME"

    other = browser.new_context().new_page()
    visit(other, page.url)
    expect(other.get_by_text("Dataset “messy-shop” was not found", exact=False)).to_be_visible(timeout=30_000)
    expect(other.get_by_text("Büch & Co", exact=False)).to_have_count(0)
    other.context.close()


def test_from_upload_to_a_timeline_in_three_clicks(server: Server, page: Page, visits: Path) -> None:
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    upload(page, visits)
    press(page, "Check the file")
    open_first_timeline(page)
    assert "dataset=visits" in page.url and "user=ann" in page.url
    expect(page.get_by_role("heading", name="User ann after", exact=False)).to_be_visible()
    visit(page, f"{server.url}/checkpoints?dataset=visits")  # a new session
    expect(page.get_by_text("Dataset “visits” was not found", exact=False)).to_be_visible()


def test_an_unreadable_file_gets_one_line(server: Server, page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"this is not a zip")
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    upload(page, broken, "broken.zip is not a readable zip")
    (empty := tmp_path / "empty.csv").touch()
    upload(page, empty, "empty.csv is empty")
    expect(page.get_by_text("broken.zip", exact=False)).to_have_count(0)


def test_a_file_of_one_user_needs_no_column_of_users(server: Server, page: Page, tmp_path: Path) -> None:
    lines = ["endTime,artistName,trackName,msPlayed"]
    for number in range(60):
        artist, track = ("The Dry Stones", "Nordlicht")[number % 2], ("Night", "Intro", "Ghost")[number % 3]
        lines.append(
            f"{datetime(2024, 1, 3, 8) + timedelta(hours=9 * number):%Y-%m-%d %H:%M},{artist},{track},{(9000, 180000)[number % 4 > 0]}"
        )
    (plays := tmp_path / "plays.csv").write_text("\n".join(lines), encoding="utf-8")
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    upload(page, plays, "plays.csv does not say clearly which columns are meant for User")
    expect(select_box(page, "User")).to_have_value("all rows are of one user")
    press(page, "Check the file")
    expect(page.get_by_text("1 user, 6 items, 60 events")).to_be_visible(timeout=30_000)
    choose(page, "Plays under 30 seconds", "drop the rows")
    press(page, "Check again")
    expect(page.get_by_text("1 user, 6 items, 45 events")).to_be_visible(timeout=30_000)
    open_first_timeline(page)
    assert "dataset=plays" in page.url and "user=me" in page.url


def test_the_order_of_day_and_month_is_answered_in_the_app(server: Server, page: Page, tmp_path: Path) -> None:
    days = [f"{1 + number * 5 % 12:02}/{1 + number * 7 % 12:02}/2024" for number in range(36)]
    lines = [f"user{number % 3},item{number % 4},{day}" for number, day in enumerate(days)]
    (orders := tmp_path / "orders.csv").write_text("\n".join(["user,item,date", *lines]), encoding="utf-8")
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    upload(page, orders)
    press(page, "Check the file")
    expect(page.get_by_text("contains dates that can be read in several ways", exact=False)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Continue", exact=True)).to_be_disabled()
    choose(page, "Dates are written", "day first")
    press(page, "Continue")
    expect(page.get_by_text("3 users, 4 items, 36 events")).to_be_visible(timeout=30_000)
    open_first_timeline(page)


def test_a_workbook_with_two_sheets_asks_for_one(server: Server, page: Page, tmp_path: Path) -> None:
    start, products = datetime(2024, 1, 1), ("Tea", "Milk", "Rice", "Bread")
    bought = [(f"C{number % 5:03}", start + timedelta(hours=7 * number), products[number * 3 % 7 % 4]) for number in range(60)]
    book = tmp_path / "shop.xlsx"
    with pd.ExcelWriter(book) as writer:
        pd.DataFrame({"Product": products, "Price": (1.5, 2.0, 2.5, 3.0)}).to_excel(writer, sheet_name="Products", index=False)
        pd.DataFrame(bought, columns=["Customer No", "Order date", "Product"]).to_excel(writer, sheet_name="Orders", index=False)
    visit(page, f"{server.url}/dataset")
    open_wizard(page)
    upload(page, book, "holds several tables")
    expect(select_box(page, "The events are in")).to_have_value("Orders")
    press(page, "Continue")
    expect(page.get_by_text("1 · Assign the columns")).to_be_visible(timeout=30_000)
    press(page, "Answer the questions about this file again")
    choose(page, "The events are in", "Products")
    press(page, "Continue")
    expect(page.get_by_text("1 · Assign the columns")).to_be_visible(timeout=30_000)
    press(page, "Answer the questions about this file again")
    press(page, "Continue")
    expect(page.get_by_text("the column is named 'Customer No'", exact=False)).to_be_visible(timeout=30_000)
    press(page, "Check the file")
    expect(page.get_by_text("5 users, 4 items, 60 events")).to_be_visible(timeout=30_000)
    open_first_timeline(page)
