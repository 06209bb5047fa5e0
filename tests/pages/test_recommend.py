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
    """The HTML of every card."""
    return [each.proto.body for each in app.get("html") if "rs-card" in each.proto.body and "<style>" not in each.proto.body]


def tried(app: AppTest) -> list[str]:
    """The chips of what was done at this step, the latest first."""
    return [each.label for each in app.button if str(each.key).startswith("tried_")]


def test_adding_liking_and_disliking_change_the_list(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    before = listed(app)
    app.button(key="take_4").click().run()
    assert not app.exception and listed(app) != before
    assert [each.split(":")[0] for each in tried(app)] == ["Added"]
    app.button(key="like_0").click().run()
    app.button(key="dislike_1").click().run()
    assert [each.split(":")[0] for each in tried(app)] == ["Disliked", "Liked", "Added"]


def test_a_disliked_item_is_gone_until_it_is_taken_back(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    before = listed(app)
    app.button(key="dislike_0").click().run()
    title = before[0].split('class="rs-title" title="')[1].split('"')[0]
    assert all(f'title="{title}"' not in card for card in listed(app))
    app.button(key="tried_0_dislike").click().run()
    assert not app.exception and listed(app) == before and not tried(app)


def test_forgetting_starts_again(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    before = listed(app)
    app.button(key="take_4").click().run()
    app.button(key="try_reset").click().run()
    assert not app.exception and listed(app) == before and not tried(app)


def test_categories_are_filtered_and_limited(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov", user="three", step="2")
    app.multiselect(key="try_only_odd").set_value(["y"]).run()
    assert not app.exception and len(listed(app)) == 3
    app.select_slider(key="try_most").set_value("1").run()
    assert len(listed(app)) == 1


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


def test_further_paths_are_opened_by_the_line_of_the_strongest(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    opening = [card for card in listed(app) if "<details" in card]
    assert opening
    for card in opening:
        line, others = card.split("<summary>")[1].split("</summary>")
        assert f"{others.count('rs-path-words')} more" in line and line.count('class="rs-path"') == 1


def test_each_card_shows_a_connection_that_is_not_an_explanation(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="3")
    lines = [each.split('class="rs-path" title="')[1].split('"')[0] for each in listed(app)]
    assert len(lines) == 10 and all(lines) and len(set(lines)) > 1
    assert any("does not explain the list" in each.value for each in app.caption)
