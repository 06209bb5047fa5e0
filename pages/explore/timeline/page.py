"""One person's timeline: what the model would have recommended at every step, and whether it was right."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from pages import cache
from pages.explore.timeline import next_behaviour, step_view
from pages.shell import cursor, keyboard
from pages.ui import charts, html, theme
from pages.ui.errors import guarded
from recsys.figures.interest_profile import interest_stream
from recsys.figures.timeline import rank_strip

here = cursor.current_cursor()
dataset, colours = here.dataset, theme.theme_palette()
replay = cache.replay(dataset, here.model, here.user, here.device)
interest = cache.interest_profile(dataset, here.user)
story = step_view.StepView(here)


def frames(wanted: Iterable[int]) -> dict[int, dict[str, str]]:
    """The parts of the page that change with the step, at each of these steps."""
    numbers = list(wanted)
    lines = next_behaviour.lines_html(here, numbers)
    return {step: story.at(step).parts(replay, interest, line) for step, line in zip(numbers, lines, strict=True)}


@guarded
def to_clicked_step() -> None:
    """A click on a dot moves the cursor there. A click on the dot selected before takes its selection back: it counts too."""
    points = st.session_state["strip"].selection.points
    if points:
        st.session_state["clicked_step"] = int(points[0]["customdata"])
    cursor.move_cursor(step=st.session_state.get("clicked_step", here.step))


now = frames([here.step])[here.step]
keyboard.part("head", now["head"])
with st.container(key="strip_box"):
    changes = [change.step for change in cache.drift_report(dataset, here.user).lasting]
    strip = rank_strip(replay.ranks, [str(each) for each in replay.splits], story.dates, colours, changes)
    clicks: dict[str, Any] = dict(on_select=to_clicked_step, selection_mode="points")
    charts.chart(strip, key="strip", alt=story.strip_in_words(replay.ranks), **clicks)
    keyboard.part("now_on_strip", now["now_on_strip"])
left, right = st.columns([10, 11], gap="medium")
with left:
    keyboard.part("list", now["list"])
with right:
    if story.view is None:
        keyboard.part("beside", now["beside"])
    else:
        st.html(html.list_head("The way here, and where the list points", ""))
        with st.container(key="map_box"):
            st.html(cache.map_ground(dataset, here.user, colours))
            keyboard.part("beside", now["beside"])
if interest is not None:
    wide, narrow = st.columns([3, 2], gap="medium")
    with wide, st.container(key="stream_box"):
        stream = interest_stream(interest, cache.category_tints(dataset, colours), colours)
        charts.chart(stream, key="stream", alt=story.interest_in_words(interest))
        keyboard.part("now_on_stream", now["now_on_stream"])
    with narrow:
        keyboard.part("pairs", now["pairs"])
keyboard.walk(frames)
