"""The charts and lists of the Attention page."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages import cache
from pages.inspect.attention.summary_text import AttentionText, gap_title, gate_text, has_spread
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.analysis.attention import (
    MEAN,
    ROLLOUT,
    AttentionSummary,
    compute_view,
    describe_view,
    list_blocks,
    list_views,
    measure_logit_shares,
    summarize_attention,
)
from recsys.core import Dataset
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _
from recsys.evaluation.replay import StepAttention
from recsys.figures.attention import GATE, attention_arcs, attention_map, gate_line, locate_on_gate, share_bars, weight_by_gap
from recsys.models import IMPORTED_MODELS, MODELS, find_model_spec

SHARE_HELP = N_(
    "A share is the spread of one term of the attention logits over the events (its standard deviation), relative to the other terms. A "
    "term that is the same for all events has no effect."
)
ROLLOUT_HELP = N_(
    "Attention rollout follows the attention down through all blocks to the events. It assumes that half of each block’s "
    "input passes through unchanged, so the latest event always has a large share."
)


def draw(here: Cursor, attention: StepAttention) -> None:
    """Draw one view of the attention at the cursor's step."""
    lead = st.empty()
    summary = summarize_attention(attention, here.history, _choose_view(attention))
    text, colours = AttentionText(here, summary), theme.theme_palette()
    with lead:
        html.lead(text.lead_html())
    if not len(summary.events):
        st.info(_("There are no events before this step. Choose a later step or a user with a history."))
        return
    if summary.view == ROLLOUT:
        st.caption(_(ROLLOUT_HELP))
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(text.list_html())
        _draw_gaps(summary, text, summary.hours, "hours")
    with right:
        _clickable_chart(attention_arcs(summary, text.titles, text.tints(), colours), "arcs", text.arcs_text())
        if attention.terms:
            shares = measure_logit_shares(attention)
            charts.chart(share_bars(shares, list_blocks(attention), colours), key="shares", alt=text.shares_text(shares))
            st.caption(_(SHARE_HELP))
        _draw_gaps(summary, text, summary.kilometres, "kilometres")
    _draw_gates(here)
    _draw_map(here, attention, summary.view, text)


def draw_alternatives(dataset: Dataset, checkpoint: str) -> None:
    """Draw what to do about a model without attention: the trained models that have it, or those that could be trained."""
    checkpoints = cache.checkpoints(dataset)
    spec = find_model_spec(checkpoints[checkpoint].card.model)
    title = html.escape_html(spec.title)
    if checkpoints[checkpoint].card.model in IMPORTED_MODELS:
        html.lead(_("“{model}” was imported without attention over single events, so there is none to show.", model=title))
    elif spec.gradient:
        html.lead(_("“{model}” summarises the history in one state, so there is no attention to show.", model=title))
    else:
        html.lead(_("“{model}” is based on counts, so there is no attention to show.", model=title))
    able = [name for name, each in checkpoints.items() if find_model_spec(each.card.model).shows_attention]
    if able:
        st.write(_("These models have attention. Choose one of them:"))
        for name in able:
            kind = checkpoints[name].card.model
            label = find_model_spec(kind).title if name == kind else f"{name} ({find_model_spec(kind).title})"
            st.button(escape_markdown(label), key=f"take_{name}", on_click=_choose_model, args=(name,))
        return
    titles = [each.title for each in MODELS.values() if each.shows_attention and not each.lacks(dataset.has)]
    st.info(
        _(
            "No model with attention is trained on this dataset yet. Train one of these on the Checkpoints page: {models}.",
            models=escape_markdown(join_words(titles, "or")),
        )
    )


def _choose_view(attention: StepAttention) -> str:
    names = sorted(list_views(attention), key=lambda name: name != MEAN)
    view = st.segmented_control(
        _("Heads"), names, default=MEAN, required=True, key="attention_view", label_visibility="collapsed", format_func=describe_view
    )
    return view if view in names else MEAN


def _clickable_chart(figure: go.Figure, key: str, alt: str) -> None:
    charts.chart(figure, key=key, alt=alt, on_select=lambda: _go_to_clicked(key), selection_mode="points")


def _go_to_clicked(chart: str) -> None:
    """Move the cursor to the step of the event or row that was clicked."""
    points = st.session_state[chart].selection.points
    if points and points[0].get("customdata") is not None:
        value = points[0]["customdata"]
        cursor.move_cursor(step=int(value[0] if isinstance(value, list) else value))


def _draw_gaps(summary: AttentionSummary, text: AttentionText, gaps: np.ndarray | None, unit: str) -> None:
    if gaps is None or not has_spread(gaps):
        return
    title = gap_title(summary.weights, gaps, unit)
    charts.chart(weight_by_gap(summary, gaps, title, unit, text.titles, theme.theme_palette()), key=f"by_{unit}", alt=title)


def _draw_gates(here: Cursor) -> None:
    """Draw the gates of the model at every step of the timeline, or of the part of a long one with the cursor's step."""
    replay = cache.replay_part(here.dataset, here.model, here.user, here.device, here.step)
    gates = {name: gate for name, gate in replay.gates.items() if np.ptp(gate)}  # else one side of the gate is switched off
    if gates and not replay.is_whole:
        st.caption(
            _(
                "The gate is shown for events {first} to {last} of {total}.",
                first=format_number(replay.first + 1),
                last=format_number(replay.first + len(replay.item_ids)),
                total=format_number(replay.length),
            )
        )
    for name, gate in gates.items():
        with st.container(key="strip_box"):
            title, alt = gate_text(name, gate, here.step - replay.first)
            charts.chart(gate_line(gate, title, theme.theme_palette(), replay.first), key=f"gate_{name}", alt=alt)
            st.html(html.now_over(GATE, *locate_on_gate(gate, here.step - replay.first)))


def _draw_map(here: Cursor, attention: StepAttention, view: str, text: AttentionText) -> None:
    if not st.toggle(_("Show the attention of every step as a map"), key="attention_map"):
        return
    titles = text.event_titles(attention.steps)
    heat = attention_map(compute_view(attention, view), attention.steps, titles, here.step, theme.theme_palette())
    _clickable_chart(heat, "look_map", _("Attention of each step to the events before it."))
    st.caption(
        _(
            "Rows are steps, columns events; a stronger colour is more attention. The blue frame marks the current step. Click a row to go to its step."
        )
    )


def _choose_model(name: str) -> None:
    cursor.move_cursor(model=name)
