"""Two to six models at the cursor, side by side, the popularity baseline and the Markov chain always among them."""

import streamlit as st

from pages import cache
from pages.demo.compare import view
from pages.shell import cursor, keyboard
from pages.shell.cursor import Cursor
from pages.ui import charts, checkpoint_titles, html, theme
from pages.ui.errors import escape_markdown, guarded
from recsys.core import TOP_K
from recsys.core.formatting import join_words
from recsys.core.translation import _
from recsys.figures.model_comparison import locate_on_rank_rows, rank_rows, rank_rows_area
from recsys.models import MODELS


@guarded
def go_to_selected_step() -> None:
    """Move the cursor to the dot clicked; a second click on it, which clears the selection, moves it there too."""
    points = st.session_state["rank_rows"].selection.points
    if points:
        st.session_state["selected_step"] = int(points[0]["customdata"])
    cursor.move_cursor(step=st.session_state.get("selected_step", cursor.current_cursor().step))


def draw(here: Cursor) -> None:
    """Draw the lists of the models and their scores over the timeline."""
    lead = st.empty()
    found = checkpoint_titles.matching_checkpoints(here)
    replays = {name: cache.replay_part(here.dataset, name, here.user, here.device, here.step) for name in view.choose_models(here, found)}
    columns = view.ModelColumns(here, checkpoint_titles.name_checkpoints(found), replays)
    with lead:
        html.lead(columns.sentence())
    st.html(columns.lists_html())
    if note := columns.part_note():
        st.caption(note)
    absent = [MODELS[name].title for name in view.BASELINES if name not in found]
    if absent:
        sentence = _(
            "Not trained on this dataset yet: {models}. Train on the Checkpoints page; it takes seconds.", models=join_words(absent)
        )
        st.caption(escape_markdown(sentence))
    if columns.comparison.ranks.shape[1]:
        _draw_scores(here, columns)
    keyboard.walk()


def _draw_scores(here: Cursor, columns: view.ModelColumns) -> None:
    comparison, titles = columns.comparison, columns.titles
    with st.container(key="strip_box"):
        figure, alt = rank_rows(comparison, titles, TOP_K, theme.theme_palette()), columns.describe_wins()
        charts.chart(figure, key="rank_rows", alt=alt, on_select=go_to_selected_step, selection_mode="points")
        st.html(html.now_over(rank_rows_area(titles), locate_on_rank_rows(comparison, here.step)))
    st.html(columns.score_table())
    st.caption(_(view.SCORE_NOTE))
