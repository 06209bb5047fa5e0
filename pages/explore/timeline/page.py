"""Timeline: the recommendations of a model at every step of one user's history, and the rank of the item that came next."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages import cache
from pages.explore.timeline import replay_download, whole_replay
from pages.explore.timeline.change_marks import ChangeMarks
from pages.explore.timeline.interest_comparison import describe_interest
from pages.explore.timeline.step_view import StepView
from pages.shell import cursor, keyboard
from pages.ui import charts, html, theme
from pages.ui.errors import guarded
from recsys.core.translation import _
from recsys.figures.timeline_overview import hit_overview

here = cursor.current_cursor()
dataset, colours = here.dataset, theme.theme_palette()
whole_replay.replay_if_asked(here)
view = StepView(here)
whole_replay.record(here, view.replay)


@guarded
def move_to_clicked_step(chart: str) -> None:
    """Move the cursor to the dot or bar that was clicked; a second click on it deselects it, which counts as a click too."""
    points = st.session_state[chart].selection.points
    if points:
        st.session_state["clicked_step"] = int(points[0]["customdata"])
    cursor.move_cursor(step=st.session_state.get("clicked_step", here.step))


def draw_clickable(figure: go.Figure, key: str, alt: str) -> None:
    clicks: dict[str, Any] = dict(on_select=lambda: move_to_clicked_step(key), selection_mode="points")
    charts.chart(figure, key=key, alt=alt, **clicks)


now = view.frames([here.step])[here.step]
keyboard.part("head", now["head"])
strip = view.strip
if strip.bins is not None:
    whole_replay.draw_offer(here, view.replay)
    with st.container(key="overview_box"):
        moments = view.moments(min(int(edge), len(view.history) - 1) for edge in strip.bins.edges)
        overview = hit_overview(strip.bins, moments, strip.overview_title(), colours)
        draw_clickable(overview, "overview", strip.describe_overview())
        keyboard.part("now_on_overview", now["now_on_overview"])
with st.container(key="strip_box"):
    draw_clickable(view.strip_figure(), "strip", strip.describe())
    change_marks = ChangeMarks(view)
    keyboard.part("now_on_strip", now["now_on_strip"])
left, right = st.columns([10, 11], gap="medium")
with left:
    keyboard.part("list", now["list"])
with right:
    if view.map_view is None:
        keyboard.part("beside", now["beside"])
    else:
        st.html(html.list_head(_("Latest places and recommendations"), ""))
        with st.container(key="map_box"):
            st.html(cache.map_ground(dataset, here.user, colours))
            keyboard.part("beside", now["beside"])
if view.interest is not None:
    wide, narrow = st.columns([3, 2], gap="medium")
    with wide, st.container(key="stream_box"):
        charts.chart(view.stream_figure(view.interest), key="stream", alt=describe_interest(view.interest))
        keyboard.part("now_on_stream", now["now_on_stream"])
    with narrow:
        keyboard.part("pairs", now["pairs"])
replay_download.draw_button(here)
keyboard.walk(view.frames)
change_marks.draw()
