"""The Explain page in a browser: preliminary at once, then sharper, and replaced when the cursor moves."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live import READY_MS, Server, exception_boxes, settled, visit

pytestmark = pytest.mark.timeout(300)
WHERE = "dataset=demo-city&model=sasrec&user=p0042"


def test_an_explanation_sharpens_and_the_cursor_takes_over(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/explain?{WHERE}&step=60")
    main = page.get_by_test_id("stMain")
    # The first picture is there before the work is finished.
    expect(main.locator(".js-plotly-plot").first).to_be_visible(timeout=READY_MS)
    page.locator(".st-key-back button").click()
    page.wait_for_function("new URL(location).searchParams.get('step') === '59'", timeout=READY_MS)
    settled(page)
    expect(main.get_by_text("Starting from the baseline")).to_be_visible()
    expect(main.get_by_text("Preliminary")).to_have_count(0)
    expect(main.get_by_text("Smallest change that removes it")).to_be_visible()
    assert main.locator("h1").inner_text() == "Explain"
    # The waterfall ends at the model's score, and every row has its name.
    labels = main.locator(".js-plotly-plot").first.locator(".ytick").all_text_contents()
    assert labels[0].startswith("Baseline") and labels[-1].startswith("Total")


def test_what_if_and_the_global_view_are_links(server: Server, page: Page) -> None:
    visit(page, f"{server.url}/explain?{WHERE}&step=60&view=What+if")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("List after the changes")).to_be_visible()
    expect(main.get_by_text("unchanged")).to_be_visible()
    main.get_by_test_id("stMultiSelect").first.click()
    page.get_by_role("option").first.click()
    expect(main.get_by_text("unchanged")).to_have_count(0)
    assert exception_boxes(page).count() == 0
    visit(page, f"{server.url}/explain?{WHERE}&step=60&view=The+model+in+general")
    expect(main.get_by_text("Surrogate model: a few rules")).to_be_visible()
    assert main.locator(".js-plotly-plot").count() == 5, "two of events, three of the boosted trees"
