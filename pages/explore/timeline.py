"""One person's timeline: what the model would have recommended at every step, and whether it was right."""

from typing import Any

import streamlit as st

from pages import behaviours, cursor, loaders, look, told
from pages.boundary import guarded, plain
from recsys.figures.interest import STREAM, interest_stream, now_on_stream
from recsys.figures.timeline import STRIP, now_on_strip, rank_strip
from recsys.figures.way import any_beyond, way_html

here = cursor.now()
dataset, step, colours = here.dataset, here.step, look.colours()
story = told.Story(here)

st.title(plain(story.title))
replay = loaders.replay(dataset, here.model, here.user, here.device)
look.lead(story.sentence(replay))
next_behaviour = behaviours.line_html(here)
if next_behaviour:
    st.html(next_behaviour)


@guarded
def to_clicked_step() -> None:
    """A click on a dot moves the cursor there. A click on the dot selected before takes its selection back: it counts too."""
    points = st.session_state["strip"].selection.points
    if points:
        st.session_state["clicked_step"] = int(points[0]["customdata"])
    cursor.place(step=st.session_state.get("clicked_step", step))


with st.container(key="strip_box"):
    strip = rank_strip(replay.ranks, [str(each) for each in replay.splits], story.dates(), colours)
    clicks: dict[str, Any] = dict(on_select=to_clicked_step, selection_mode="points")
    st.plotly_chart(strip, key="strip", theme=None, config=look.CHART, alt=story.strip_in_words(replay.ranks), **clicks)
    st.html(look.now_over(STRIP, *now_on_strip(replay.ranks, step)))
left, right = st.columns([10, 11], gap="medium")
with left:
    st.html(story.list_html(replay))
with right:
    view = loaders.map_view(dataset, here.user)
    if view is None:
        st.html(story.recent_html())
    else:
        st.html(look.list_head("The way here, and where the list points", ""))
        with st.container(key="map_box"):
            way = story.way(replay)
            st.html(loaders.map_ground(dataset, here.user, colours))
            st.html(way_html(view, way, story.map_in_words(replay), colours) + story.legend_html(any_beyond(view, way)))

interest = loaders.interest(dataset, here.user)
if interest is not None:
    wide, narrow = st.columns([3, 2], gap="medium")
    tints = loaders.category_tints(dataset, colours)
    with wide, st.container(key="stream_box"):
        stream = interest_stream(interest, tints, colours)
        st.plotly_chart(stream, key="stream", theme=None, config=look.CHART, alt=story.interest_in_words(interest))
        st.html(look.now_over(STREAM, now_on_stream(interest, step)))
    with narrow:
        st.html(story.pairs_html(interest))
