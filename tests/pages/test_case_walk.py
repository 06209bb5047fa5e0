"""A walk through a list of cases: the buttons move from case to case, and whoever moves the cursor elsewhere pauses it."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.shell import case_walk
from pages.shell.case_walk import UserStep, Walk
from recsys.core import Dataset
from tests.pages.conftest import told

TIMELINE = "explore/timeline/page.py"
CASES = [UserStep("u03", 2, "rank 12"), UserStep("u05", 1), UserStep("u03", 4), UserStep("u07", 0, "<b>bold</b>")]


@pytest.fixture
def walking(visit: Callable[..., AppTest], keep: Callable[..., Dataset], tiny: Dataset) -> AppTest:
    """The timeline at the first of CASES, with the walk begun."""
    keep(tiny)
    app = visit(TIMELINE, dataset="tiny", user="u03", step="2")
    app.session_state[case_walk.STATE] = Walk("a <i>title</i>", CASES, 0, "evaluate/leaderboard/page.py")
    return app.run()


def place(app: AppTest) -> tuple[str, int]:
    assert not app.exception
    here = app.session_state["cursor"]
    return here.user, here.step


def has_button(app: AppTest, key: str) -> bool:
    return any(button.key == key for button in app.button)


def test_the_bar_names_the_case_and_escapes_what_comes_from_data(walking: AppTest) -> None:
    assert ">1</span> of 4" in told(walking) and "a &lt;i&gt;title" in told(walking) and "rank 12" in told(walking)
    for _ in range(3):
        walking.button(key="case_next").click().run()
    assert place(walking) == ("u07", 0) and "&lt;b&gt;bold" in told(walking) and "<b>bold" not in told(walking)


@pytest.mark.parametrize(("back", "next_"), [("back", "next"), ("case_back", "case_next")])
def test_both_pairs_of_buttons_go_from_case_to_case_and_stop_at_the_ends(walking: AppTest, back: str, next_: str) -> None:
    reached = []
    for key in (next_, next_, back, next_, next_, next_, back, back, back, back):
        walking.button(key=key).click().run()
        reached.append(place(walking))
    assert reached == [CASES[at][:2] for at in (1, 2, 1, 2, 3, 3, 2, 1, 0, 0)]


def test_another_step_pauses_the_walk_until_it_is_continued(walking: AppTest) -> None:
    walking.button(key="case_next").click().run()
    walking.slider(key="slider").set_value(3).run()
    assert place(walking) == ("u05", 3)
    assert "Paused at case" in told(walking) and not has_button(walking, "case_next")
    walking.button(key="next").click().run()
    assert place(walking) == ("u05", 4), "the keys move steps while the walk is paused"
    for _ in range(3):
        walking.button(key="back").click().run()
    assert place(walking) == CASES[1][:2] and "Paused" in told(walking), "passing the case by hand does not continue the walk"
    walking.button(key="next").click().run()
    walking.button(key="case_continue").click().run()
    assert place(walking) == CASES[1][:2] and "Paused" not in told(walking)
    walking.button(key="next").click().run()
    assert place(walking) == CASES[2][:2]


def test_another_user_pauses_the_walk_and_another_case_of_it_does_not(walking: AppTest) -> None:
    walking.button(key="next_person").click().run()
    assert place(walking)[0] == "u04" and "Paused at case" in told(walking)
    walking.button(key="case_continue").click().run()
    walking.session_state["go_user"], walking.session_state["go_step"] = CASES[2][:2]
    walking.run()
    assert "Paused" not in told(walking) and ">3</span> of 4" in told(walking)


def test_stop_ends_it_and_the_cursor_stays(walking: AppTest) -> None:
    walking.button(key="case_next").click().run()
    walking.button(key="case_stop").click().run()
    assert place(walking) == CASES[1][:2] and not has_button(walking, "case_list")
    walking.button(key="next").click().run()
    assert place(walking) == ("u05", 2)


def test_the_list_is_one_click_away_and_elsewhere_the_keys_move_steps(walking: AppTest) -> None:
    walking.button(key="case_next").click().run()
    walking.slider(key="slider").set_value(3).run()
    walking.button(key="case_list").click().run()
    assert "Leaderboard" in [each.value for each in walking.title]
    assert place(walking) == CASES[1][:2] and not has_button(walking, "case_list")
    walking.button(key="next").click().run()
    assert place(walking) == ("u05", 2)
    walking.switch_page(TIMELINE).run()
    assert "Paused at case" in told(walking)


def test_a_walk_over_datasets_and_models_brings_them(
    visit: Callable[..., AppTest], keep: Callable[..., Dataset], tiny: Dataset, odd: Dataset
) -> None:
    keep(tiny), keep(odd), keep(odd, "popularity")
    app = visit(TIMELINE, dataset="tiny", user="u03", step="2")
    cases = [UserStep("u03", 2, dataset="tiny"), UserStep("three", 1, dataset="odd", model="popularity")]
    app.session_state[case_walk.STATE] = Walk("kept", cases, 0, "inspect/cases/page.py")
    app.run()
    app.button(key="next").click().run()
    assert place(app) == ("three", 1)
    assert (app.session_state["cursor"].dataset.name, app.session_state["cursor"].model) == ("odd", "popularity")
    app.button(key="back").click().run()
    assert place(app) == ("u03", 2) and app.session_state["cursor"].dataset.name == "tiny"


def test_cases_are_made_when_they_are_asked_for(visit: Callable[..., AppTest], keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    made: list[int] = []

    class Long(list[UserStep]):
        def __len__(self) -> int:
            return 100_000

        def __getitem__(self, at: int) -> UserStep:  # type: ignore[override]
            made.append(at)
            return UserStep(f"u{at % 9:02d}", at % 3)

    app = visit(TIMELINE, dataset="tiny", user="u00", step="0")
    app.session_state[case_walk.STATE] = Walk("long", Long(), 0, "inspect/cases/page.py")
    app.run()
    app.button(key="next").click().run()
    assert place(app) == ("u01", 1) and "of 100,000" in told(app)
    assert len(set(made)) < 100
