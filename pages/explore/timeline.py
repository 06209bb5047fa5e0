"""One person's timeline: what the model would have recommended at every step, and whether it was right."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from pages import behaviours, cursor, loaders, look, steps, told
from pages.boundary import guarded
from recsys.figures.interest import interest_stream
from recsys.figures.timeline import rank_strip

here = cursor.now()
dataset, colours = here.dataset, look.colours()
replay = loaders.replay(dataset, here.model, here.user, here.device)
interest = loaders.interest(dataset, here.user)
story = told.Story(here)


def frames(wanted: Iterable[int]) -> dict[int, dict[str, str]]:
    """The parts of the page that change with the step, at each of these steps."""
    numbers = list(wanted)
    lines = behaviours.lines_html(here, numbers)
    return {step: story.at(step).parts(replay, interest, line) for step, line in zip(numbers, lines, strict=True)}


@guarded
def to_clicked_step() -> None:
    """A click on a dot moves the cursor there. A click on the dot selected before takes its selection back: it counts too."""
    points = st.session_state["strip"].selection.points
    if points:
        st.session_state["clicked_step"] = int(points[0]["customdata"])
    cursor.place(step=st.session_state.get("clicked_step", here.step))


now = frames([here.step])[here.step]
steps.part("head", now["head"])
with st.container(key="strip_box"):
    changes = [change.step for change in loaders.drift(dataset, here.user).lasting]
    strip = rank_strip(replay.ranks, [str(each) for each in replay.splits], story.dates, colours, changes)
    clicks: dict[str, Any] = dict(on_select=to_clicked_step, selection_mode="points")
    look.chart(strip, key="strip", alt=story.strip_in_words(replay.ranks), **clicks)
    steps.part("now_on_strip", now["now_on_strip"])
left, right = st.columns([10, 11], gap="medium")
with left:
    steps.part("list", now["list"])
with right:
    if story.view is None:
        steps.part("beside", now["beside"])
    else:
        st.html(look.list_head("The way here, and where the list points", ""))
        with st.container(key="map_box"):
            st.html(loaders.map_ground(dataset, here.user, colours))
            steps.part("beside", now["beside"])
if interest is not None:
    wide, narrow = st.columns([3, 2], gap="medium")
    with wide, st.container(key="stream_box"):
        stream = interest_stream(interest, loaders.category_tints(dataset, colours), colours)
        look.chart(stream, key="stream", alt=story.interest_in_words(interest))
        steps.part("now_on_stream", now["now_on_stream"])
    with narrow:
        steps.part("pairs", now["pairs"])
steps.walk(frames)
