"""Two to four models at the cursor, side by side, with what is popular and the Markov chain always beside them."""

from typing import Any

import streamlit as st

from pages import comparing, cursor, loaders, look, steps
from pages.boundary import guarded, plain
from recsys.core import TOP_K
from recsys.figures.comparison import now_on_race, race_frame, race_rows

here = cursor.now()
dataset, colours = here.dataset, look.colours()


@guarded
def to_clicked_step() -> None:
    """A click on a dot moves the cursor there; the same click again, which takes the selection back, does too."""
    points = st.session_state["race"].selection.points
    if points:
        st.session_state["raced_step"] = int(points[0]["customdata"])
    cursor.place(step=st.session_state.get("raced_step", here.step))


def draw() -> None:
    lead = st.empty()
    found = comparing.fitting(here)
    names = comparing.chosen(here, found)
    replays = {name: loaders.replay(dataset, name, here.user, here.device) for name in names}
    told = comparing.Comparison(here, comparing.titles(found), replays)
    with lead:
        look.lead(told.sentence())
    st.html(told.lists_html())
    absent = [name for name in comparing.ALWAYS if name not in found]
    if absent:
        st.caption(
            f"Not trained on this data yet, so not beside them: {plain(', '.join(absent))}. It takes seconds on the page Checkpoints."
        )
    if not told.race.ranks.shape[1]:
        return
    with st.container(key="strip_box"):
        clicks: dict[str, Any] = dict(on_select=to_clicked_step, selection_mode="points")
        figure = race_rows(told.race, told.titles, TOP_K, colours)
        look.chart(figure, key="race", alt=told.race_in_words(), **clicks)
        st.html(look.now_over(race_frame(told.titles), now_on_race(told.race, here.step)))
    st.html(told.score_html())
    st.caption(
        "Best: no other model ranked what came next higher. Only unseen events, which no model here learnt from or was chosen by, show foresight."
    )


st.title(
    plain(f"Side by side: {loaders.person_name(dataset, here.user)} after {here.step:,} of {look.plural(len(here.history), dataset.noun)}")
)
draw()
steps.walk()
