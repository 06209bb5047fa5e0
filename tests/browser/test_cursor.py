"""The cursor under real keys and clicks."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from recsys.training import checkpoints
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
    page.wait_for_function("() => globalThis.recscopeWalker?.frames.size")
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


def test_keys_pressed_fast_are_never_lost(timeline: Page) -> None:
    for _ in range(45):
        timeline.keyboard.press("ArrowRight")
    for _ in range(5):
        timeline.keyboard.press("ArrowLeft")
    to_step(timeline, 80)
    assert "after 80 of" in title_of(timeline)


def parts_of(page: Page) -> dict[str, str]:
    return page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-part]')].map(each => [each.dataset.part, each.innerHTML]))"
    )


def test_a_step_walked_to_in_the_browser_is_what_the_server_draws(timeline: Page) -> None:
    at_first = parts_of(timeline)
    for _ in range(4):
        timeline.keyboard.press("ArrowRight")
    timeline.wait_for_function("() => [...document.querySelectorAll('[data-part]')].every(each => each.dataset.step === '44')")
    walked = parts_of(timeline)
    assert all(walked[part] != at_first[part] for part in ("head", "list", "now_on_strip"))
    to_step(timeline, 44)
    visit(timeline, timeline.url)
    expect(timeline.get_by_test_id("stMain").locator("h1")).to_contain_text("after 44 of")
    assert parts_of(timeline) == walked


def test_arrows_move_on_after_a_choice_from_a_list(timeline: Page) -> None:
    """The closed list keeps the focus; its arrows would do nothing."""
    timeline.locator(".st-key-model input").click()
    timeline.keyboard.press("Escape")
    timeline.keyboard.press("ArrowRight")
    to_step(timeline, 41)
    assert "after 41 of" in title_of(timeline)


def test_space_plays_and_pauses(timeline: Page) -> None:
    timeline.keyboard.press("Space")
    timeline.wait_for_function("recscopeWalker.step >= 42", timeout=20_000)
    timeline.keyboard.press("Space")
    expect(timeline.get_by_role("button", name="Play")).to_be_visible()
    settled(timeline)
    paused = step_of(timeline)
    assert int(paused) >= 42
    timeline.wait_for_timeout(3_000)
    assert step_of(timeline) == paused


def test_next_miss_shows_what_was_missed(timeline: Page) -> None:
    timeline.keyboard.press("m")
    expect(timeline.locator(".rs-row.missed")).to_have_count(1)
    timeline.wait_for_function("() => new URL(location).searchParams.get('step') !== '40'")


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
    timeline.get_by_role("button", name="Next user").click()
    expect(timeline.get_by_test_id("stMain").locator("h1")).not_to_have_text(before)
    settled(timeline)
    timeline.wait_for_timeout(500)
    assert f"after {int(step_of(timeline)):,} of" in title_of(timeline)


def test_back_goes_to_the_person_and_the_step_before(server: Server, page: Page) -> None:
    visit(page, f"{server.url}/timeline?user=p0913&step=103")
    page.get_by_role("button", name="Next user").click()
    page.wait_for_function("() => !location.search.includes('user=p0913') && !location.search.includes('step=103')")
    settled(page)
    page.go_back()
    to_step(page, 103)
    assert "user=p0913" in page.url and "after 103 of" in title_of(page)


def test_the_address_says_who_is_shown_not_who_was_asked_for(server: Server, page: Page) -> None:
    visit(page, f"{server.url}/timeline?user=nobody&step=99999")
    page.wait_for_function("() => !location.search.includes('nobody') && !location.search.includes('99999')")
    visit(page, page.url)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
