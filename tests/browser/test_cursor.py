"""The cursor under real keys and clicks."""

import re
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


def title_of(page: Page) -> str:
    return page.get_by_test_id("stMain").locator("h1").inner_text()


def test_a_link_at_the_last_step_opens_there(server: Server, timeline: Page) -> None:
    """Also at the first one, and whether it was reached by key or written into the address."""
    length = int(re.findall(r"of ([\d,]+)", title_of(timeline))[0].replace(",", ""))
    visit(timeline, f"{server.url}/timeline?step={length - 1}")
    expect(timeline.get_by_role("button", name="Next miss")).to_be_visible()
    timeline.locator(".st-key-next button").click()
    to_step(timeline, length)
    for step in (length, 0):
        visit(timeline, timeline.url.replace(f"step={step_of(timeline)}", f"step={step}"))
        expect(timeline.get_by_test_id("stMain").locator("h1")).to_contain_text(f"after {step:,} of")
        assert step_of(timeline) == str(step)


def test_the_next_person_of_a_link_brings_their_own_step(server: Server, timeline: Page) -> None:
    visit(timeline, f"{server.url}/timeline?user=p0913&step=103")
    before = title_of(timeline)
    timeline.get_by_role("button", name="Next person").click()
    expect(timeline.get_by_test_id("stMain").locator("h1")).not_to_have_text(before)
    settled(timeline)
    timeline.wait_for_timeout(500)
    assert f"after {int(step_of(timeline)):,} of" in title_of(timeline)
