"""Keys and clicks faster than the server draws: on every page the cursor ends where they lead, none lost, none twice."""

import pytest
from playwright.sync_api import Browser, Page, expect

from recsys.datasets import open_dataset
from tests.browser.live import READY_MS, Server, settled, visit

FIRST, PRESSES, PAUSE = 40, 12, 70  # the step, keys, and milliseconds between them
PAGES = ("drift", "explain", "attention", "compare", "recommend", "timeline", "leaderboard")

AT_STEP = """step => {
    const shown = document.querySelector('.st-key-slider [data-testid="stSliderThumbValue"]')?.innerText;
    return new URL(location).searchParams.get('step') === String(step) && shown === String(step);
}"""
"""The address and the number on the slider say this step. Streamlit's own value behind that number may be one step late under load."""


def opened(page: Page, server: Server, path: str, user: str = "p0913", step: int = FIRST) -> Page:
    visit(page, f"{server.url}/{path}?dataset=demo-city&model=sasrec&user={user}&step={step}")
    expect(page.get_by_role("button", name="Next miss")).to_be_visible()
    settled(page)
    return page


def rests_at(page: Page, step: int) -> None:
    """The page comes to rest at this step and stays there."""
    page.wait_for_function(AT_STEP, arg=step, timeout=READY_MS)
    settled(page)
    page.wait_for_timeout(1_000)
    settled(page)
    assert page.evaluate(AT_STEP, step), f"{page.url} has left step {step}"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(PAUSE)


@pytest.mark.parametrize("path", PAGES)
def test_the_page_ends_at_the_step_the_keys_lead_to(server: Server, page: Page, path: str) -> None:
    opened(page, server, path)
    press(page, *["ArrowRight"] * PRESSES)
    rests_at(page, FIRST + PRESSES)
    press(page, *["ArrowLeft"] * 9, "ArrowRight", "ArrowRight")
    rests_at(page, FIRST + PRESSES - 7)


@pytest.mark.parametrize("path", ["attention", "timeline"])
def test_clicks_count_as_keys_do(server: Server, page: Page, path: str) -> None:
    opened(page, server, path)
    for name, times in (("next", 7), ("back", 3)):
        for _ in range(times):
            page.locator(f".st-key-{name} button").click(no_wait_after=True)
            page.wait_for_timeout(PAUSE)
    press(page, "ArrowRight")
    rests_at(page, FIRST + 5)


def test_keys_beyond_either_end_stop_there(server: Server, page: Page) -> None:
    length = len(open_dataset("demo-city").history("p0913"))
    opened(page, server, "attention", step=length - 3)
    press(page, *["ArrowRight"] * 6, "ArrowLeft")
    rests_at(page, length - 1)
    opened(page, server, "attention", step=2)
    press(page, *["ArrowLeft"] * 6, "ArrowRight")
    rests_at(page, 1)


def test_keys_count_from_the_moment_the_page_can_hear_them(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/explain?dataset=demo-city&model=sasrec&user=p0913&step={FIRST}")
    page.wait_for_function("globalThis.recscopeWalker", polling=1, timeout=READY_MS)
    press(page, *["ArrowLeft"] * 3, *["ArrowRight"] * 8)
    rests_at(page, FIRST + 5)


def test_two_windows_pressed_at_once_do_not_disturb_each_other(server: Server, browser: Browser) -> None:
    _, anna, boris, *_ = open_dataset("demo-city").user_ids
    first, second = (browser.new_context(viewport={"width": 1440, "height": 900}).new_page() for _ in range(2))
    opened(first, server, "attention", anna, 20)
    opened(second, server, "compare", boris, 20)
    for _ in range(PRESSES):
        press(first, "ArrowRight")
        press(second, "ArrowRight", "ArrowRight", "ArrowLeft")
    rests_at(first, 20 + PRESSES)
    rests_at(second, 20 + PRESSES)
    for window in (first, second):
        window.context.close()


def test_the_step_pressed_to_is_told_at_once(server: Server, page: Page) -> None:
    opened(page, server, "attention")
    expect(page.get_by_test_id("stSliderThumbValue")).to_have_text(str(FIRST))
    shown = []
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        shown.append(page.get_by_test_id("stSliderThumbValue").inner_text())
    assert shown == [str(FIRST + pressed) for pressed in range(1, 6)]
    rests_at(page, FIRST + 5)


def test_space_and_m_work_where_the_server_draws(server: Server, page: Page) -> None:
    opened(page, server, "attention")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("Number(new URL(location).searchParams.get('step')) >= 42", timeout=READY_MS)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    settled(page)
    paused = page.url
    page.wait_for_timeout(2_500)
    assert page.url == paused
    page.keyboard.press("m")
    page.wait_for_function("url => location.href !== url", arg=paused, timeout=READY_MS)


def test_space_on_a_line_of_paths_opens_it(server: Server, page: Page) -> None:
    opened(page, server, "recommend")
    line = page.locator(".rs-paths summary").first
    line.focus()
    page.keyboard.press("Space")
    expect(page.locator(".rs-paths[open]")).to_have_count(1)
    expect(page.locator(".st-key-play")).to_contain_text("Play")
    rests_at(page, FIRST)


def test_keys_in_a_field_are_the_fields_own(server: Server, page: Page) -> None:
    opened(page, server, "recommend")
    page.locator(".st-key-user input").click()
    press(page, "ArrowDown", "ArrowLeft", "m", "Space")
    page.keyboard.press("Escape")
    page.get_by_role("slider", name="Step").focus()
    press(page, "ArrowRight")
    rests_at(page, FIRST + 1)


@pytest.mark.parametrize("path", ["explain", "timeline"])
def test_keys_right_after_somebody_else_was_chosen_are_meant_of_them(server: Server, page: Page, path: str) -> None:
    data = open_dataset("demo-city")
    people = [str(each) for each in data.user_ids]
    after = people[people.index("p0913") + 1]
    opened(page, server, path)
    press(page, *["ArrowRight"] * 3)
    page.locator(".st-key-next_person button").click(no_wait_after=True)
    press(page, *["ArrowLeft"] * 5)
    rests_at(page, len(data.history(after)) - 1 - 5)
    assert f"user={after}" in page.url


@pytest.mark.parametrize("path", ["attention", "timeline"])
def test_a_word_that_was_lost_is_said_again(server: Server, page: Page, path: str) -> None:
    opened(page, server, path)
    page.evaluate("const say = recscopeWalker.say; recscopeWalker.say = () => { recscopeWalker.say = say; }")
    press(page, *["ArrowRight"] * 3)
    rests_at(page, FIRST + 3)
