"""Recommendations: the list follows what is tried, and nothing shared is changed by it."""

from collections.abc import Callable

import numpy as np
from streamlit.testing.v1 import AppTest

from pages.ui import request_context
from recsys.core import Dataset
from tests.pages.conftest import told

Visit = Callable[..., AppTest]
PAGE = "demo/recommend/page.py"


def listed(app: AppTest) -> list[str]:
    """The trial of the session, and the HTML of every card."""
    return [str(app.session_state["tryout"])] + [
        each.proto.body for each in app.get("html") if "rs-card" in each.proto.body and "<style>" not in each.proto.body
    ]


def test_adding_liking_and_disliking_change_the_list_of_this_session_only(
    visit: Visit, keep: Callable[..., Dataset], tiny: Dataset
) -> None:
    keep(tiny)
    app, other = (visit(PAGE, dataset="tiny", model="markov", user="u03", step="3") for _ in range(2))
    before = listed(app)
    app.button(key="take_4").click().run()
    assert not app.exception and listed(app) != before
    assert len(app.session_state["tryout"].taken) == 1 and "Added to the history:" in told(app)
    app.button(key="like_0").click().run()
    app.button(key="not_1").click().run()
    assert len(app.session_state["tryout"].likes) == 1 and len(app.session_state["tryout"].dislikes) == 1
    assert "Liked:" in told(app) and "Disliked:" in told(app)
    assert listed(other.run()) == before


def test_a_disliked_item_is_gone_and_moving_the_cursor_forgets(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    first = listed(app)[1]
    app.button(key="not_0").click().run()
    title = first.split('class="rs-title" title="')[1].split('"')[0]
    assert all(f'title="{title}"' not in card for card in listed(app)[1:])
    app.button(key="next").click().run()
    assert not app.session_state["tryout"].changed


def test_a_reset_forgets_the_trial(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    before = listed(app)
    app.button(key="take_4").click().run()
    app.button(key="try_reset").click().run()
    assert not app.exception and listed(app) == before


def test_categories_are_filtered_and_limited(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov", user="three", step="2")
    app.multiselect(key="try_only_odd").set_value(["y"]).run()
    assert not app.exception and len(listed(app)) - 1 == 3
    app.select_slider(key="try_most").set_value("1").run()
    assert len(listed(app)) - 1 == 1


def test_a_caption_names_what_the_model_does_not_use(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset, odd: Dataset) -> None:
    keep(tiny), keep(odd)
    captions = [each.value for each in visit(PAGE, dataset="tiny", model="markov", user="u03").caption]
    assert "This model does not use the time." in captions and "This model does not use the place." in captions
    captions = [each.value for each in visit(PAGE, dataset="odd", model="markov", user="three").caption]
    assert any("no times" in each for each in captions)


def test_the_request_is_moved_to_another_hour_and_weekday(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    from pages.shell import cursor

    keep(tiny, "frequency")
    app = visit(PAGE, dataset="tiny", model="frequency", user="u03", step="5")
    assert "of the request is set to" not in told(app)
    app.select_slider(key="try_hour").set_value(21).run()
    assert not app.exception and "The hour of the request is set to 21:00." in told(app)
    app.pills(key="try_weekday").set_value(0).run()
    assert not app.exception and "The time of the request is set to Monday, 21:00." in told(app)
    here = cursor.Cursor(tiny, "frequency", "u03", 5, "cpu", True)
    moved = request_context.build_request(
        here, request_context.TrialHistory(("tiny", "u03", 5)), request_context.RequestContext(weekday=6, hour=21)
    )
    assert moved.time is not None and moved.utc_offset is not None
    local = np.datetime64(int(moved.time + moved.utc_offset * 60), "s").item()
    assert (local.weekday(), local.hour) == (6, 21)


def test_ids_with_html_are_text(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov", user="<b>one</b>", step="1")
    assert not app.exception and "<script>" not in " ".join(listed(app)) and "<script>" not in told(app)


def test_each_card_shows_a_connection_that_is_not_an_explanation(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    lines = [card.split('class="rs-path" title="')[1].split('"')[0] for card in listed(app)[1:]]
    assert len(lines) == 10 and all(lines) and len(set(lines)) > 1
    assert any("does not explain the list" in each.value for each in app.caption)
