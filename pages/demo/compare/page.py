"""Two to four models at the cursor, side by side, with what is popular and the Markov chain always beside them."""

from typing import Any

import streamlit as st

from pages import cache
from pages.demo.compare import view
from pages.shell import cursor, keyboard
from pages.ui import charts, checkpoint_titles, formatting, html, theme
from pages.ui.errors import escape_markdown, guarded
from recsys.core import TOP_K
from recsys.figures.model_comparison import now_on_rank_rows, rank_rows, rank_rows_frame

here = cursor.current_cursor()
dataset, colours = here.dataset, theme.theme_palette()


@guarded
def to_clicked_step() -> None:
    """A click on a dot moves the cursor there; the same click again, which takes the selection back, does too."""
    points = st.session_state["race"].selection.points
    if points:
        st.session_state["raced_step"] = int(points[0]["customdata"])
    cursor.move_cursor(step=st.session_state.get("raced_step", here.step))


def draw() -> None:
    lead = st.empty()
    found = checkpoint_titles.matching_checkpoints(here)
    names = view.chosen(here, found)
    replays = {name: cache.replay(dataset, name, here.user, here.device) for name in names}
    told = view.ModelColumns(here, checkpoint_titles.checkpoint_titles(found), replays)
    with lead:
        html.lead(told.sentence())
    st.html(told.lists_html())
    absent = [name for name in view.ALWAYS if name not in found]
    if absent:
        st.caption(
            f"Not trained on this data yet, so not beside them: {escape_markdown(', '.join(absent))}. It takes seconds on the page Checkpoints."
        )
    if not told.race.ranks.shape[1]:
        return
    with st.container(key="strip_box"):
        clicks: dict[str, Any] = dict(on_select=to_clicked_step, selection_mode="points")
        figure = rank_rows(told.race, told.titles, TOP_K, colours)
        charts.chart(figure, key="race", alt=told.race_in_words(), **clicks)
        st.html(html.now_over(rank_rows_frame(told.titles), now_on_rank_rows(told.race, here.step)))
    st.html(told.score_html())
    st.caption(
        "Best: no other model ranked what came next higher. Only unseen events, which no model here learnt from or was chosen by, show foresight."
    )


st.title(
    escape_markdown(
        f"Side by side: {cache.user_name(dataset, here.user)} after {here.step:,} of {formatting.plural(len(here.history), dataset.noun)}"
    )
)
draw()
keyboard.walk()
