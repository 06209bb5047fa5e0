"""Failures under real clicks and keys: a slice opens its cases, a case the timeline, and fast keys walk from case to case."""

import re

import pytest
from playwright.sync_api import Page, expect

from recsys.core.split import split_interactions
from recsys.datasets import open_dataset
from recsys.failures.slice_report import is_reliable, measure_slices
from recsys.failures.wording import title_slice
from recsys.leaderboard import find_measurement
from recsys.training.checkpoints import list_checkpoints
from tests.browser.live import READY_MS, Server, settled, visit

HEAD, ROW = 38, 35  # pixels of the table's head and of each of its rows
AT_CASE = """([user, step, number]) => {
    const query = new URL(location).searchParams;
    const shown = document.querySelector('.rs-case-number')?.innerText;
    return query.get('user') === user && query.get('step') === String(step) && shown === String(number);
}"""


@pytest.fixture(scope="module")
def gyms() -> list[tuple[str, int]]:
    """Users and steps of the cases of sasrec on demo-city in the slice of gyms, the worst rank first, computed apart from the app."""
    dataset = open_dataset("demo-city")
    card = next(each.card for each in list_checkpoints("demo-city") if each.name == "sasrec")
    split = split_interactions(dataset, card.protocol)
    measured = find_measurement(card, dataset, split, "validation")
    assert measured is not None
    ranks, rows = measured.evaluation.ranks, measured.evaluation.rows
    categories = dataset.items["category"].to_numpy()[dataset.item_codes[rows] - 1]
    cases = sorted(((-rank, row) for rank, row, category in zip(ranks, rows, categories, strict=True) if category == "gym"))
    users = dataset.interactions["user_id"].astype(str).to_numpy()
    return [(users[row], int(row - dataset.rows(users[row]).start)) for _rank, row in cases]


def open_slice(page: Page, server: Server, title: str) -> None:
    """The page Failures with the cases of one slice, opened by a click beside its dot."""
    visit(page, f"{server.url}/failures?dataset=demo-city&model=sasrec")
    label = page.locator(".st-key-slice_chart .yaxislayer-above text", has_text=re.compile(f"^{title}$"))
    expect(label).to_be_visible()
    settled(page)
    words = label.bounding_box()
    assert words is not None
    across, down = words["x"] + words["width"] + 60, words["y"] + words["height"] / 2
    page.mouse.move(across, down)
    page.wait_for_timeout(200)
    page.mouse.click(across, down)
    expect(page.locator(".st-key-close_cases button")).to_be_visible()
    settled(page)


def open_case(page: Page, number: int) -> None:
    """The timeline at a case of the list, by a click on its row."""
    grid = page.locator(".stDataFrame, [data-testid=stDataFrame]").first
    expect(grid).to_be_visible()
    settled(page)
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 150, box["y"] + HEAD + ROW * (number - 1) + ROW / 2)
    expect(page.locator(".rs-walk")).to_be_visible()
    settled(page)


def rests_at(page: Page, cases: list[tuple[str, int]], number: int) -> None:
    """The page comes to rest at this case and stays there."""
    user, step = cases[number - 1]
    page.wait_for_function(AT_CASE, arg=[user, step, number], timeout=READY_MS)
    settled(page)
    page.wait_for_timeout(1_000)
    settled(page)
    assert page.evaluate(AT_CASE, [user, step, number]), f"{page.url} has left case {number}"
    expect(page.get_by_test_id("stMain").locator("h1")).to_contain_text(f"after {step:,} of")


def test_from_a_slice_to_its_cases_through_them_with_fast_keys_and_back(server: Server, page: Page, gyms: list[tuple[str, int]]) -> None:
    open_slice(page, server, "Category: gym")
    expect(page.get_by_test_id("stMain")).to_contain_text(f"{len(gyms)} cases of")
    open_case(page, 3)
    assert "model=sasrec" in page.url
    rests_at(page, gyms, 3)
    for _press in range(14):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
    for _press in range(4):
        page.keyboard.press("ArrowLeft")
    rests_at(page, gyms, 13)
    for name, times in (("next", 4), ("case_next", 3), ("case_back", 2), ("back", 1)):
        for _click in range(times):
            page.locator(f".st-key-{name} button").click(no_wait_after=True)
            page.wait_for_timeout(60)
    page.keyboard.press("ArrowRight")
    rests_at(page, gyms, 18)
    page.locator(".st-key-case_list button").click()
    expect(page.locator(".st-key-close_cases button")).to_be_visible()
    expect(page.get_by_test_id("stMain")).to_contain_text("Category: gym")
    assert "/failures" in page.url
    page.locator(".st-key-close_cases button").click()
    expect(page.locator(".st-key-slice_chart")).to_be_visible()


def test_a_step_chosen_by_hand_pauses_the_walk_and_keys_move_steps_until_it_goes_on(
    server: Server, page: Page, gyms: list[tuple[str, int]]
) -> None:
    open_slice(page, server, "Category: gym")
    open_case(page, 1)
    user, step = gyms[0]
    page.get_by_role("slider", name="Step").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".rs-walk")).to_contain_text("Paused at case 1")
    settled(page)
    for _press in range(3):
        page.keyboard.press("Escape")
    page.locator(".rs-walk").click()
    for _press in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("step => new URL(location).searchParams.get('step') === step", arg=str(step - 4), timeout=READY_MS)
    assert f"user={user}" in page.url
    page.locator(".st-key-case_continue button").click()
    rests_at(page, gyms, 1)
    page.keyboard.press("ArrowRight")
    rests_at(page, gyms, 2)
    page.locator(".st-key-next_person button").click()
    expect(page.locator(".rs-walk")).to_contain_text("Paused at case 2")
    page.locator(".st-key-case_stop button").click()
    expect(page.locator(".rs-walk")).to_have_count(0)


def test_slices_on_the_page_are_those_of_the_library(server: Server, page: Page) -> None:
    dataset = open_dataset("demo-city")
    card = next(each.card for each in list_checkpoints("demo-city") if each.name == "sasrec")
    split = split_interactions(dataset, card.protocol)
    measured = find_measurement(card, dataset, split, "validation")
    assert measured is not None
    report = measure_slices(measured.evaluation, dataset, split)
    costliest = min(report.slices, key=lambda each: each.difference * each.cases if is_reliable(each) else 0)
    visit(page, f"{server.url}/failures?dataset=demo-city&model=sasrec")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text(f"loses most on {title_slice(costliest.attribute, costliest.value)}")
    expect(main).to_contain_text(f"{len(report.slices)} slices")
