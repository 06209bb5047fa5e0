"""Pictures of items in a browser: they are loaded, a list has its height before they are, and one that fails leaves the initial."""

from playwright.sync_api import Page

from tests.browser.live import Server, visit

VIEW = "timeline?dataset=demo-city&model=markov&step=20"
LOADED = "() => [...document.querySelectorAll('.rs-row .rs-thumb img')].map((each) => each.complete && each.naturalWidth)"
HEIGHTS = "() => [...document.querySelectorAll('.rs-row')].map((each) => each.getBoundingClientRect().height)"
SIGN = "() => getComputedStyle(document.querySelector('.rs-row .rs-thumb img'), '::after').content"


def test_pictures_are_loaded_and_one_that_fails_breaks_nothing(server: Server, page: Page) -> None:
    page.route("**/images/**", lambda route: route.abort())
    visit(page, f"{server.url}/{VIEW}")
    assert set(page.evaluate(LOADED)) == {0}
    heights, sign = page.evaluate(HEIGHTS), page.evaluate(SIGN)
    assert len(sign) == 3 and sign.strip('"').isupper(), "the initial of the category covers the browser's sign"
    page.unroute("**/images/**")
    visit(page, f"{server.url}/{VIEW}")
    page.wait_for_function(f"() => ({LOADED})().every((width) => width > 100)")
    assert page.evaluate(HEIGHTS) == heights and len(heights) >= 10
