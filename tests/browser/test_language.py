"""A page whose every text is a third longer still fits a narrow screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import translations
from tests.browser.live import Server, page_paths, serving, visit

pytestmark = pytest.mark.timeout(600)

PATHS = [path for path in page_paths() if path != "persona"]
# Elements whose text is wider than they are, though nothing tells the reader that it goes on (no ellipsis, no scroll bar).
CUT_OFF = """() => [...document.querySelectorAll('.stMain *, [data-testid=stSidebar] *')].filter(element => {
    if (!element.checkVisibility() || element.closest('.js-plotly-plot, [data-testid=stDataFrame], svg') || !element.innerText?.trim())
        return false;
    const style = getComputedStyle(element);
    const hidden = ['hidden', 'clip'].includes(style.overflowX) && style.textOverflow !== 'ellipsis';
    return hidden && element.scrollWidth > element.clientWidth + 2 && element.clientWidth > 1;
}).map(element => element.innerText.slice(0, 80))"""
BEYOND = """() => [...document.querySelectorAll('.stMain button, .stMain p, .stMain h1, .stMain h2, .stMain h3, .stMain li, .stMain table')]
    .filter(element => element.checkVisibility() && element.innerText.trim() && !element.closest('.rs-map')
        && element.getBoundingClientRect().right > innerWidth + 2 && !element.closest('[style*=overflow], .rs-scroll'))
    .map(element => element.innerText.slice(0, 80))"""


@pytest.fixture(scope="module")
def pseudo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("pseudo")
    catalogues = translations.write_pseudo_locale(folder / "translations")
    with serving(folder / "home", RECSYS_TRANSLATIONS=str(catalogues)) as running:
        yield running


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path or "home")
def test_longer_texts_fit_at_1024(path: str, pseudo_server: Server, browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1024, "height": 900}, locale="en-XA", service_workers="block")
    page = visit(context.new_page(), f"{pseudo_server.url}/{path}?dataset=demo-city&model=sasrec-time&user=p0015&step=60")
    main = page.get_by_test_id("stMain")
    expect(main.locator("h1").first).to_be_visible()
    assert "ñóŕé" in main.inner_text(), "the page is not in the pseudo-locale"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(BEYOND) == []
    context.close()
