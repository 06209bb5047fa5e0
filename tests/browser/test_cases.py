"""Cases in a browser: kept, opened after a restart of the server with the same view, copied as a link, walked through by the keys."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.live import READY_MS, exception_boxes, serving, settled, visit

pytestmark = pytest.mark.timeout(600)
WHERE = "dataset=demo-city&model=markov&user=p0042&step=60"
NOTE = "**Why** does it ask for <b>bold</b>?\n\n![a picture](https://elsewhere.test/a.png) 🙂"


@pytest.fixture
def context(browser: Browser) -> BrowserContext:
    made = browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["clipboard-read", "clipboard-write"])
    made.set_default_timeout(READY_MS)
    return made


def shown(page: Page) -> list[str]:
    """The explanation on the screen: the chosen settings, the sentence and the rows of the figure."""
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("Preliminary")).to_have_count(0)
    expect(main.get_by_text("Smallest change that removes it")).to_be_visible()
    chosen = main.locator(
        '[data-testid="stButtonGroup"] [aria-checked="true"], [data-testid="stButtonGroup"] [aria-pressed="true"]'
    ).all_inner_texts()
    item = main.get_by_test_id("stSelectbox").first.locator("input").input_value()
    return [
        *chosen,
        item,
        main.locator(".rs-lead").first.inner_text(),
        *main.locator(".js-plotly-plot").first.locator(".ytick").all_text_contents(),
    ]


def keep(page: Page, note: str, tag: str) -> None:
    page.locator(".st-key-keep_case button").click()
    page.get_by_label("Note", exact=True).fill(note)
    tags = page.locator(".st-key-keep_tags input")
    tags.fill(tag)
    tags.press("Enter")
    tags.press("Tab")
    page.locator(".st-key-keep_save button").click()
    expect(page.get_by_text("Kept. Opening the case brings this view back.")).to_be_visible()
    page.keyboard.press("Escape")


def test_a_kept_view_is_the_same_after_a_restart(context: BrowserContext, tmp_path: Path) -> None:
    home, page = tmp_path / "home", context.new_page()
    outside: list[str] = []
    context.on("request", lambda request: outside.append(request.url) if "elsewhere.test" in request.url else None)
    with serving(home) as server:
        visit(page, f"{server.url}/explain?{WHERE}")
        page.get_by_test_id("stMain").get_by_test_id("stSelectbox").first.locator("input").click()
        page.get_by_role("option").nth(3).click()
        settled(page)
        page.get_by_text("Margin over rank 10").click()
        settled(page)
        page.get_by_text("Replaced by a neutral item").click()
        settled(page)
        before = shown(page)
        assert "Margin over rank 10" in before and "Replaced by a neutral item" in before
        keep(page, NOTE, "odd reasons")
    page.close()
    with serving(home) as server:
        page = context.new_page()
        visit(page, f"{server.url}/cases")
        main = page.get_by_test_id("stMain")
        expect(main.get_by_text("<b>bold</b>")).to_be_visible()
        expect(main.get_by_role("link", name="a picture")).to_have_attribute("href", "https://elsewhere.test/a.png")
        main.locator('[class*="st-key-open_"] button').click()
        expect(main.locator("h1")).to_have_text("Explain")
        settled(page)
        assert shown(page) == before
        assert "case=" in page.url and main.locator(".rs-markdown strong").inner_text() == "Why"

        page.locator(".st-key-copy_view .rs-copy").click()
        expect(page.locator(".st-key-copy_view .rs-copy")).to_have_text("Link copied")
        link = page.evaluate("navigator.clipboard.readText()")
        other = context.new_page()
        visit(other, link)
        assert shown(other) == before and "with=" not in other.url

        again = context.new_page()
        visit(again, f"{server.url}/cases?{re.search(r'case=[0-9a-f]+', page.url).group()}")  # type: ignore[union-attr]
        expect(again.get_by_test_id("stMain").locator("h1")).to_have_text("Explain")
        settled(again)
        assert shown(again) == before
        again.reload()
        settled(again)
        assert shown(again) == before and exception_boxes(again).count() == 0
    assert outside == []


def test_two_people_edit_one_note(context: BrowserContext, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        first, second = context.new_page(), context.new_page()
        visit(first, f"{server.url}/timeline?{WHERE}")
        keep(first, "as it was", "shared")
        for page in (first, second):
            visit(page, f"{server.url}/cases")
            page.locator('[class*="st-key-edit_"] button').click()
            settled(page)
        for page, text in ((second, "of the *second*"), (first, "of the first")):
            page.get_by_label("Note", exact=True).fill(text)
            page.locator('[class*="st-key-save_"] button').click()
            settled(page)
        main = first.get_by_test_id("stMain")
        expect(main.get_by_text("changed this case on")).to_be_visible()
        assert main.locator(".rs-markdown em").inner_text() == "second"
        assert first.get_by_label("Note", exact=True).input_value() == "of the first"
        first.get_by_role("button", name="Replace it with mine").click()
        settled(first)
        expect(main.get_by_text("of the first")).to_be_visible()


def test_the_arrow_keys_walk_through_kept_cases(context: BrowserContext, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        page = context.new_page()
        for path, note in (("explain", "the third"), ("timeline", "the second"), ("recommend", "the first")):
            visit(page, f"{server.url}/{path}?{WHERE}")
            keep(page, note, "walk")
        visit(page, f"{server.url}/cases")
        page.get_by_role("button", name="Walk through them").click()
        main = page.get_by_test_id("stMain")
        for note, path in (("the first", "recommend"), ("the second", "timeline"), ("the third", "explain")):
            expect(main.locator(".st-key-open_case .rs-markdown")).to_have_text(note)
            settled(page)
            assert f"/{path}?" in page.url
            if path != "explain":
                page.keyboard.press("ArrowRight")
        for _ in range(2):
            page.keyboard.press("ArrowLeft")
        expect(main.locator(".st-key-open_case .rs-markdown")).to_have_text("the first")
        settled(page)
        page.get_by_role("button", name="Back to the list").click()
        expect(main.locator("h1")).to_have_text("Cases")
