"""Drift in embeddings, of the items' texts and of the model's state: trajectories, distances, and their support for each change."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from pages import cache
from pages.shell import keyboard
from pages.shell.cursor import Cursor
from pages.ui import charts, html, text_vectors, theme
from pages.ui.errors import error_boundary
from recsys.core.errors import DataError
from recsys.core.formatting import format_number, format_share, join_words
from recsys.core.translation import N_, _
from recsys.drift import Change, DriftReport
from recsys.drift.embedding_drift import ALPHA, SHUFFLES, WINDOW, ChangeSupport, EmbeddingDrift, InterestGap, Trajectory
from recsys.drift.report_wording import moment_text
from recsys.drift.wording import level_label
from recsys.figures.embedding_drift import TRAJECTORY, gap_lines, interest_trajectory, locate_on_trajectory
from recsys.models import find_model_spec

TEXT, STATE = "text", "state"
OPTIONS = {TEXT: N_("Text embeddings"), STATE: N_("Model state")}
TITLES = {TEXT: N_("Interest trajectory in text embeddings"), STATE: N_("Interest trajectory in the model’s state")}
LINES = {"counts": N_("counts"), TEXT: N_("texts"), STATE: N_("model")}
# Four sentences for each embedding. In order: it supports the change, it shows a change at another time, it shows none, it cannot judge.
SUPPORTS = {
    TEXT: (
        N_("Text embeddings support this change, most clearly around {moment} ({chance})."),
        N_("Text embeddings show a change at another time, {moment} ({chance})."),
        N_("Text embeddings do not show this change ({chance})."),
        N_("Too few items have texts to judge this change."),
    ),
    STATE: (
        N_("The state of {model} supports this change, most clearly around {moment} ({chance})."),
        N_("The state of {model} shows a change at another time, {moment} ({chance})."),
        N_("The state of {model} does not show this change ({chance})."),
        N_("The state of {model} covers too few events to judge this change."),
    ),
}


def draw(here: Cursor, report: DriftReport, scene: str) -> dict[str, Trajectory]:
    """Draw the trajectory of interest, the distance of recent from earlier interest, and the embeddings' support for lasting changes.

    Returns the trajectories by embedding, on which `ring_html` draws the cursor; `scene` as in `keyboard.part`.
    """
    embeddings = _measure_embeddings(here)
    trajectories = {name: each.trajectory for name, each in embeddings.items() if each.trajectory is not None}
    if not trajectories:
        return {}
    lasting = [(str(number), change) for number, change in enumerate(report.changes, start=1) if change.kind != "temporary"]
    shown = next(iter(trajectories))
    if len(trajectories) > 1:
        shown = st.segmented_control(
            _("Embedding"), list(trajectories), default=shown, required=True, key="drift_way", label_visibility="collapsed",
            format_func=lambda name: _(OPTIONS[name]),
        )  # fmt: skip
    trajectory = trajectories[shown]
    left, right = st.columns([11, 10], gap="medium")
    with left:
        _draw_trajectory(trajectory, shown, [(number, change.step) for number, change in lasting], here.step, scene)
    gaps = {"counts": cache.count_gap(here.dataset, here.user)} | {name: each.gap for name, each in embeddings.items()}
    has_gaps = any(len(gap.steps) for gap in gaps.values())
    if has_gaps:
        with right:
            _draw_gaps(
                {_(LINES[name]): gap for name, gap in gaps.items()}, here, report, [(number, change.time) for number, change in lasting]
            )
    captions = [
        _(
            "Left: the mean embedding of the latest {window} events at every step, faint for early steps and strong for late ones; diamonds are "
            "the means of categories. The two directions account for {share} of the variance of the events.",
            window=WINDOW,
            share=format_share(float(trajectory.shares.sum())),
        )
    ]
    if has_gaps:
        captions.append(
            _(
                "Right: the distance of the latest {window} events from all earlier ones; 1 is what shuffled events give.",
                window=WINDOW,
            )
        )
    st.caption(" ".join(captions))
    if lasting:
        st.html(_supports_html(here, report, lasting, embeddings))
    return trajectories


def scene_name(here: Cursor) -> str:
    """Return the page's scene for `keyboard.part`, which differs with and without encoded texts, since they add a trajectory."""
    try:
        has_text = text_vectors.has_item_texts(here.dataset) and text_vectors.are_texts_encoded(here.dataset)
    except DataError:  # no encoder; the part of the page about texts shows the error
        return "drift"
    return "drift with texts" if has_text else "drift"


def ring_html(trajectory: Trajectory, step: int) -> str:
    """Return the cursor as a ring on the trajectory, as HTML; empty before the first event with an embedding."""
    position = locate_on_trajectory(trajectory, step)
    return "" if position is None else html.ring_over(TRAJECTORY, *position)


def _draw_trajectory(trajectory: Trajectory, name: str, changes: list[tuple[str, int]], step: int, scene: str) -> None:
    with st.container(key="way_box"):
        figure = interest_trajectory(trajectory, changes, _(TITLES[name]), theme.theme_palette())
        alt = _(
            "Trajectory of interest between {categories}.",
            categories=join_words(level_label("category", each) for each in trajectory.names[:4]),
        )
        charts.chart(figure, key="way", alt=alt)
        keyboard.part(f"now_on_{name}", ring_html(trajectory, step), scene)


def _draw_gaps(gaps: Mapping[str, InterestGap], here: Cursor, report: DriftReport, changes: list[tuple[str, float]]) -> None:
    times = cache.drift_events(here.dataset, here.user).utc
    times = np.arange(report.events, dtype=np.float64) if times is None else times
    figure = gap_lines(gaps, report, times, changes, theme.theme_palette())
    charts.chart(figure, key="gaps", alt=_("Distance of recent interest from all interest before, by counts and embeddings."))


def _measure_embeddings(here: Cursor) -> dict[str, EmbeddingDrift]:
    """Return the drift in each available embedding: in text embeddings if encoded, and in the model's state if the model has one."""
    embeddings: dict[str, EmbeddingDrift] = {}
    if text_vectors.has_item_texts(here.dataset) and text_vectors.offer_encoding(here.dataset):
        embeddings[TEXT] = cache.text_drift(here.dataset, here.user)
    if here.trained:
        with error_boundary():
            state = cache.state_drift(here.dataset, here.model, here.user, here.device)
            if state is not None:
                embeddings[STATE] = state
    return embeddings


def _supports_html(here: Cursor, report: DriftReport, lasting: list[tuple[str, Change]], embeddings: Mapping[str, EmbeddingDrift]) -> str:
    """Return the support of each embedding for each lasting change, as HTML."""
    model = find_model_spec(cache.checkpoints(here.dataset)[here.model].card.model).title if here.trained else ""
    lines = []
    for at, (number, _change) in enumerate(lasting):
        sentences = [_support_text(name, each.supports[at], here, report, model) for name, each in embeddings.items()]
        lines.append(f'<p class="rs-quiet"><b>{number}</b> {html.escape_html(" ".join(sentences))}</p>')
    return "".join(lines)


def _support_text(name: str, support: ChangeSupport | None, here: Cursor, report: DriftReport, model: str) -> str:
    agrees, elsewhere, absent, unknown = SUPPORTS[name]
    if support is None:
        return _(unknown, model=model)
    times = cache.drift_events(here.dataset, here.user).utc
    moment = moment_text(report, float(support.step if times is None else times[support.step]))
    template = agrees if support.agrees else elsewhere if support.p_value <= ALPHA else absent
    return _(template, model=model, moment=moment, chance=_chance(support.p_value))


def _chance(p_value: float) -> str:
    """Return the share of shuffled timelines with such a change in the embedding."""
    smallest = 1 / (SHUFFLES + 1)  # the p-value of a change that no shuffled timeline reaches
    if p_value <= smallest:
        return _("fewer than {count} of 1,000 shuffled timelines change as much", count=int(1000 * smallest) + 1)
    return _("{count} of 1,000 shuffled timelines change as much", count=format_number(round(p_value * 1000)))
