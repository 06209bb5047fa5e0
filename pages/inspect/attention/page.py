"""Which past events the model looks at, at the cursor's step."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages import cache
from pages.inspect.attention import view
from pages.shell import cursor, keyboard
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.analysis.attention import MEAN, OWN, ROLLOUT, AttentionSummary, blocks, matrix, shares, summarize_attention, views
from recsys.core import shows_attention
from recsys.evaluation.replay import Attention
from recsys.figures.attention import GATE, attention_arcs, attention_map, gate_line, now_on_gate, share_bars, weight_by_gap

TITLES = {ROLLOUT: "Followed through the blocks", MEAN: "Mean of all heads", OWN: "Own events"}
here = cursor.current_cursor()
dataset, colours = here.dataset, theme.theme_palette()


def to_clicked(chart: str) -> None:
    """A click on an event or a row moves the cursor to that step."""
    points = st.session_state[chart].selection.points
    if points and points[0].get("customdata") is not None:
        value = points[0]["customdata"]
        cursor.move_cursor(step=int(value[0] if isinstance(value, list) else value))


def clicked_chart(figure: go.Figure, key: str, words: str) -> None:
    charts.chart(figure, key=key, alt=words, on_select=lambda: to_clicked(key), selection_mode="points")


def chosen_view(found: Attention) -> str:
    names = sorted(views(found), key=lambda name: name != MEAN)
    view = st.segmented_control(
        "Way of looking", names, default=MEAN, required=True, key="attention_view", label_visibility="collapsed",
        format_func=lambda name: TITLES.get(name, name.capitalize()),
    )  # fmt: skip
    return view if view in names else MEAN


def draw(found: Attention) -> None:
    lead = st.empty()
    seen = summarize_attention(found, here.history, chosen_view(found))
    words = view.AttentionWords(here, seen)
    with lead:
        html.lead(words.sentence())
    if not len(seen.events):
        st.info("Nothing has happened yet at this step. Move the cursor on, or take someone with a history.")
        return
    if seen.view == ROLLOUT:
        st.caption(view.ROLLOUT_MEANING)
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(words.list_html())
        draw_gap(seen, words, seen.hours, "Older events get", "hours")
    with right:
        arcs = attention_arcs(seen, words.titles, words.tints(), colours)
        clicked_chart(arcs, "arcs", words.arcs_in_words())
        if found.terms:
            parts = shares(found)
            charts.chart(share_bars(parts, blocks(found), colours), key="shares", alt=words.shares_in_words(parts))
            st.caption(view.SHARE_MEANING)
        draw_gap(seen, words, seen.kilometres, "Events farther away get", "kilometres")
    draw_gates()
    draw_map(found, seen.view, words)


def draw_gap(seen: AttentionSummary, words: view.AttentionWords, values: np.ndarray | None, start: str, unit: str) -> None:
    if values is None or not view.some(values):
        return
    title = f"{start} {view.trend(seen.weights, values)}"
    figure = weight_by_gap(seen, values, title, unit, words.titles, colours)
    charts.chart(figure, key=f"by_{unit}", alt=title)


def draw_gates() -> None:
    """What the model weighs against the rest, at every step of the timeline."""
    gates = cache.replay(dataset, here.model, here.user, here.device).gates
    for name, gate in gates.items():
        if np.ptp(gate) == 0:
            continue  # a half that is switched off weighs nothing
        with st.container(key="strip_box"):
            title, words = view.gate_in_words(name, gate, here.step)
            charts.chart(gate_line(gate, title, colours), key=f"gate_{name}", alt=words)
            st.html(html.now_over(GATE, *now_on_gate(gate, here.step)))


def draw_map(found: Attention, view: str, words: view.AttentionWords) -> None:
    if not st.toggle("Show every step’s look as a map", key="attention_map"):
        return
    heat = attention_map(matrix(found, view), found.steps, words.all_titles(found.steps), here.step, colours)
    clicked_chart(heat, "look_map", "Steps against the events they look at.")
    st.caption("A row is a step, a column an event, darker is more. The orange frame is the cursor’s step; click a row to go to it.")


st.title(f"What the model looks at: {escape_markdown(cache.user_name(dataset, here.user))}, step {here.step:,}")
model = cache.loaded(dataset, here.model, here.device).model
if shows_attention(model):
    draw(cache.attention(dataset, here.model, here.user, here.step, here.device))
else:
    view.empty(dataset, here.model)
keyboard.walk()
