"""One person's timeline: what the model would have recommended at every step, and whether it was right."""

import streamlit as st

from pages import cursor, loaders, look, told
from recsys.figures.interest import interest_stream
from recsys.figures.maps import way_map
from recsys.figures.timeline import rank_strip

here = cursor.now()
dataset, step, colours = here.dataset, here.step, look.colours()
story = told.Story(here)

st.title(story.title)
replay = loaders.replay(dataset, here.model, here.user, here.device)
look.lead(story.sentence(replay))


def to_clicked_step() -> None:
    """A click on a dot moves the cursor there."""
    points = st.session_state["strip"].selection.points
    if points:
        cursor.place(step=int(points[0]["customdata"]))


dates = story.dates()
strip = rank_strip(replay.ranks, [str(each) for each in replay.splits], step, dates, colours)
st.plotly_chart(
    strip,
    key="strip",
    on_select=to_clicked_step,
    selection_mode="points",
    theme=None,
    config=look.CHART,
    alt=story.strip_in_words(replay.ranks),
)
left, right = st.columns([10, 11], gap="medium")
with left:
    st.html(story.list_html(replay))
with right:
    view = loaders.map_view(dataset, here.user)
    if view is None:
        st.html(story.recent_html())
    else:
        st.plotly_chart(way_map(view, story.way(replay), colours), key="map", theme=None, config=look.CHART, alt=story.map_in_words(replay))

interest = loaders.interest(dataset, here.user)
if interest is not None:
    wide, narrow = st.columns([3, 2], gap="medium")
    tints = loaders.category_tints(dataset, colours)
    with wide:
        st.plotly_chart(
            interest_stream(interest, step, tints, colours),
            key="stream",
            theme=None,
            config=look.CHART,
            alt=story.interest_in_words(interest),
        )
    with narrow:
        st.html(story.pairs_html(interest))
