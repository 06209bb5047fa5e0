"""Reports and other downloads in a real browser: opened from disk without a network, drawn, printed, and saved from the app."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from recsys.__main__ import main
from recsys.accounts.account import open_local_account
from recsys.cases.case import View
from recsys.cases.keeping import keep_case
from recsys.database.engine import open_store
from tests.browser.live import Server, visit

USER, STEP = "p0001", 30


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of one step of the demo, with a note that would like to run a script and load a picture."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    note = "<script>document.title = 'run'</script><img src='http://nowhere.test/a.png'> ![b](http://nowhere.test/b.png) **bold**"
    step = ["--dataset", "demo-city", "--model", "sasrec", "--user", USER, "--step", str(STEP), "--note", note]
    assert main(["report", *step, "--out", str(out)]) == 0
    return out


@pytest.fixture
def offline(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    return context.new_page()


def open_report(page: Page, report: Path) -> list[str]:
    """Open the file and return the addresses that the page asks for from then on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    return asked


def draw_all(page: Page) -> int:
    """Scroll to every figure and wait until Plotly has drawn it."""
    figures = page.locator("figure")
    for at in range(figures.count()):
        figures.nth(at).scroll_into_view_if_needed()
        expect(figures.nth(at).locator(".live .main-svg").first).to_be_visible()
    return figures.count()


def test_opens_without_a_network_and_draws_every_figure(offline: Page, report: Path) -> None:
    errors: list[str] = []
    offline.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    offline.on("pageerror", lambda error: errors.append(str(error)))
    asked = open_report(offline, report)
    assert draw_all(offline) >= 5
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [report.as_uri()] and not errors
    expect(offline).to_have_title(re.compile("Recscope"))
    expect(offline.locator(".note strong")).to_have_text("bold")
    offline.locator("figure.ranks .live .main-svg").first.hover(position={"x": 300, "y": 100})
    expect(offline.locator("figure.ranks .hoverlayer")).to_be_attached()


def test_static_dots_are_where_plotly_draws_them(offline: Page, report: Path) -> None:
    open_report(offline, report)
    draw_all(offline)
    # The figure is drawn again at the width of its static drawing.
    places = offline.evaluate(
        """async () => {
            const figure = document.querySelector("figure.ranks");
            const still = figure.querySelector(".still > svg");
            const plot = figure.querySelector(".live");
            await Plotly.relayout(plot, { width: Number(still.getAttribute("width")), autosize: false });
            const corner = plot.querySelector(".main-svg").getBoundingClientRect();
            const drawn = [...plot.querySelectorAll(".scatterlayer .trace:first-child .point")].map((point) => {
                const box = point.getBoundingClientRect();
                return [box.x + box.width / 2 - corner.x, box.y + box.height / 2 - corner.y];
            });
            const dots = [...still.querySelectorAll('path[stroke-linecap="round"]')].flatMap((path) =>
                [...path.getAttribute("d").matchAll(/M([\\d.-]+) ([\\d.-]+)h0/g)].map(([, x, y]) => [Number(x), Number(y)]));
            return [drawn, dots];
        }"""
    )
    drawn, dots = (sorted((round(x), round(y)) for x, y in each) for each in places)
    assert len(drawn) > 30 and len(drawn) == len(dots)
    assert all(abs(x - a) <= 1 and abs(y - b) <= 1 for (x, y), (a, b) in zip(drawn, dots, strict=True))


def test_prints_its_static_figures_before_any_script_is_done(browser: Browser, report: Path) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    for figure in page.locator("figure").all():
        expect(figure.locator(".still svg").first).to_be_visible()
        expect(figure.locator(".live")).to_be_hidden()
    pdf = page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 3 <= pages <= 8
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12]", pdf)  # A4
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_wider_than_the_window(width: int, offline: Page, report: Path) -> None:
    offline.set_viewport_size({"width": width, "height": 844})
    open_report(offline, report)
    draw_all(offline)
    assert offline.evaluate("document.documentElement.scrollWidth") <= width
    box = offline.locator(".lead").first.bounding_box()
    assert box is not None and box["width"] > 0.6 * min(width, 960)


def saved(page: Page, press: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.locator(press).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_charts_and_tables_of_the_app_are_saved(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/timeline?dataset=demo-city&model=sasrec&user={USER}&step={STEP}")
    chart = ".st-key-strip"
    page.locator(f"{chart} .js-plotly-plot").hover()
    name, svg = saved(page, f"{chart} .rs-format:has-text('SVG')")
    assert name == f"timeline-rank-of-the-next-item-at-every-step-demo-city-sasrec-{USER}.svg"
    assert svg.startswith(b"<svg") and b"Rank of the next item" in svg
    name, png = saved(page, f"{chart} .rs-format:has-text('PNG')")
    assert name.endswith(".png") and png.startswith(b"\x89PNG")
    visit(page, f"{server.url}/leaderboard?dataset=demo-city&model=sasrec")
    table = page.locator("table.rs-table").first
    table.hover()
    name, text = saved(page, "table.rs-table .rs-csv")
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert name.endswith(".csv") and len(rows) == table.locator("tr").count()
    assert len({len(row) for row in rows}) == 1
    assert rows[0][:4] == ["Model", "Model (details)", "NDCG@10", "NDCG@10 (details)"]
    shown = [cell.split("\n")[0] for cell in table.locator("tbody td:first-child").all_inner_texts()]
    assert {row[0] for row in rows[1:]} >= set(shown)


def test_replay_of_the_timeline_is_saved(page: Page, server: Server, tmp_path: Path) -> None:
    import pandas as pd

    visit(page, f"{server.url}/timeline?dataset=demo-city&model=markov&user={USER}&step={STEP}")
    name, content = saved(page, ".st-key-download_replay button")
    (tmp_path / name).write_bytes(content)
    table = pd.read_parquet(tmp_path / name)
    assert name == f"replay-demo-city-markov-{USER}.parquet"
    assert json.dumps(table["step"].tolist()) == json.dumps(list(range(len(table))))


def test_a_case_and_a_tag_are_downloaded_from_the_app(page: Page, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_HOME", str(server.home))
    store = open_store()
    account = open_local_account(store)
    for step, tag in ((7, "rare"), (9, "other")):
        keep_case(store, account, View("demo-city", "markov", 1, "", USER, step, "timeline"), f"note at {step}", [tag])
    visit(page, f"{server.url}/cases")
    name, content = saved(page, ".st-key-cases_report button")
    html = content.decode()
    assert name == "cases.html" and "note at 7" in html and "note at 9" in html
    name, content = saved(page, "[class*=st-key-case_] [class*=st-key-report_] button")
    html = content.decode()
    assert name == f"case-demo-city-{USER}-9.html" and "note at 9" in html and "note at 7" not in html
