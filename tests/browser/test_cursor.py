"""The cursor under real keys and clicks."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from recsys import checkpoints
from tests.browser.live import Server, settled, visit


def step_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query).get("step", [""])[0]


def to_step(page: Page, step: int) -> None:
    page.wait_for_function("step => new URL(location).searchParams.get('step') === step", arg=str(step), timeout=20_000)
    settled(page)


@pytest.fixture
def timeline(server: Server, page: Page) -> Page:
    if not checkpoints.list_checkpoints("demo-city"):
        pytest.fail("demo-city has no shipped checkpoints")
    visit(page, f"{server.url}/timeline?step=40")
    # Widgets and charts come in pieces of their own; a key pressed before is lost.
    expect(page.get_by_role("button", name="Next miss")).to_be_visible()
    expect(page.locator(".st-key-strip .points path").first).to_be_visible()
    return page


def test_arrows_step_once_each_also_from_the_slider(timeline: Page) -> None:
    for key, step in (("ArrowRight", 41), ("ArrowRight", 42), ("ArrowLeft", 41)):
        timeline.keyboard.press(key)
        to_step(timeline, step)
    timeline.get_by_role("slider", name="Step").focus()
    timeline.keyboard.press("ArrowRight")
    to_step(timeline, 42)
    timeline.wait_for_timeout(1_000)
    assert step_of(timeline) == "42"


def test_space_plays_and_pauses(timeline: Page) -> None:
    timeline.keyboard.press("Space")
    timeline.wait_for_function("Number(new URL(location).searchParams.get('step')) >= 42", timeout=20_000)
    timeline.keyboard.press("Space")
    expect(timeline.get_by_role("button", name="Play")).to_be_visible()
    settled(timeline)
    paused = step_of(timeline)
    timeline.wait_for_timeout(3_000)
    assert step_of(timeline) == paused


def test_next_miss_shows_what_was_missed(timeline: Page) -> None:
    timeline.keyboard.press("m")
    expect(timeline.locator(".rs-row.missed")).to_have_count(1)
    assert step_of(timeline) != "40"


def test_a_click_on_a_dot_moves_there(timeline: Page) -> None:
    dot = timeline.locator(".st-key-strip .points path").nth(5)
    dot.dispatch_event("mousemove")
    box = dot.bounding_box()
    assert box is not None
    timeline.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    to_step(timeline, 5)
