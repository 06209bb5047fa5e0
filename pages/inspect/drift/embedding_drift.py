"""The part of the page on drift that looks at a person in more than one way: counts, words, and the model's own state."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from pages import cache
from pages.inspect.drift import report_view
from pages.shell import keyboard
from pages.shell.cursor import Cursor
from pages.ui import charts, html, text_vectors, theme
from pages.ui.errors import escape_markdown
from recsys.core.errors import DataError
from recsys.drift import Change, DriftReport
from recsys.drift.embedding_drift import ALPHA, SHUFFLES, ChangeSupport, EmbeddingDrift, InterestGap, Trajectory
from recsys.figures.embedding_drift import WAY, gap_lines, interest_trajectory, now_on_trajectory
from recsys.models import MODELS

WORDS, STATE = "words", "model"
TITLES = {WORDS: "How interest wandered, in words", STATE: "How interest wandered, in the model"}
LINES = {WORDS: "in words", STATE: "in the model"}


def draw(here: Cursor, report: DriftReport, scene: str) -> dict[str, Trajectory]:
    """The way of interest in two dimensions, its distance from before in three views, and which of them see each change.

    Returns the ways there are, by name, for the cursor on them; `scene` as in `steps.part`.
    """
    seen = _angles(here)
    ways = {name: each.way for name, each in seen.items() if each.way is not None}
    if not ways:
        return {}
    marks = [(str(number), change) for number, change in enumerate(report.changes, start=1) if change.kind != "temporary"]
    shown = next(iter(ways))
    if len(ways) > 1:
        shown = st.segmented_control(
            "The way through", list(ways), default=shown, required=True, key="drift_way", label_visibility="collapsed",
            format_func={WORDS: "Words about the items", STATE: "The model’s own state"}.__getitem__,
        )  # fmt: skip
    way = ways[shown]
    left, right = st.columns([11, 10], gap="medium")
    with left:
        _draw_way(way, shown, [(number, change.step) for number, change in marks], here.step, scene)
    gaps = {"counted": cache.count_gap(here.dataset, here.user)} | {LINES[name]: each.gap for name, each in seen.items()}
    far = any(len(gap.steps) for gap in gaps.values())
    if far:
        with right:
            _draw_gaps(gaps, here, report, [(number, change.time) for number, change in marks])
    beside = (
        " Right: how unlike the latest 20 events are to all before them; 1 is what the same events in shuffled order give." if far else ""
    )
    st.caption(
        f"Left: where the latest 20 events are at every step, pale long ago, dark lately; what is alike lies close, diamonds are the middle "
        f"of each kind of item. Flattened, the picture keeps {way.shares.sum():.0%} of how these events differ.{beside}"
    )
    if marks:
        st.html(_witnesses(here, report, marks, seen))
    return ways


def _draw_way(way: Trajectory, name: str, changes: list[tuple[str, int]], step: int, scene: str) -> None:
    with st.container(key="way_box"):
        between = ", ".join(escape_markdown(name) for name in way.names[:4])
        figure = interest_trajectory(way, changes, TITLES[name], theme.theme_palette())
        charts.chart(figure, key="way", alt=f"The way of interest between {between}.")
        keyboard.part(f"now_on_{name}", now_html(way, step), scene)


def scene(here: Cursor) -> str:
    """What decides which ways there are, besides the cursor."""
    try:
        return "drift with words" if text_vectors.has_item_texts(here.dataset) and text_vectors.are_texts_encoded(here.dataset) else "drift"
    except DataError:  # no encoder: told where the words would be
        return "drift"


def now_html(way: Trajectory, step: int) -> str:
    """HTML: the cursor as a ring on the way; nothing before the first event that is known."""
    now = now_on_trajectory(way, step)
    return "" if now is None else html.ring_over(WAY, *now)


def _draw_gaps(gaps: Mapping[str, InterestGap], here: Cursor, report: DriftReport, changes: list[tuple[str, float]]) -> None:
    times = cache.drift_events(here.dataset, here.user).utc
    times = np.arange(report.events, dtype=np.float64) if times is None else times
    figure = gap_lines(gaps, report, times, changes, theme.theme_palette())
    charts.chart(figure, key="gaps", alt="How far recent interest is from all before, in each view.")


def _angles(here: Cursor) -> dict[str, EmbeddingDrift]:
    """The views there are besides counting: words that have been read, and a model that keeps a state."""
    found: dict[str, EmbeddingDrift] = {}
    if text_vectors.has_item_texts(here.dataset) and text_vectors.offer_encoding(here.dataset):
        found[WORDS] = cache.text_drift(here.dataset, here.user)
    if here.trained:
        state = cache.state_drift(here.dataset, here.model, here.user, here.device)
        if state is not None:
            found[STATE] = state
    return found


def _witnesses(here: Cursor, report: DriftReport, marks: list[tuple[str, Change]], seen: Mapping[str, EmbeddingDrift]) -> str:
    """HTML: what the other views say of each lasting change."""
    title = MODELS[cache.checkpoints(here.dataset)[here.model].card.model].title if here.trained else ""
    who = {WORDS: "the words about the items", STATE: f"the state of {title}"}
    lines = []
    for at, (number, _) in enumerate(marks):
        says = [_said(who[name], each.witnesses[at], here, report) for name, each in seen.items()]
        says[0] = says[0][:1].upper() + says[0][1:]
        lines.append(f'<p class="rs-quiet"><b>{number}</b> {html.escape_html("; ".join(says))}.</p>')
    return "".join(lines)


def _said(where: str, witness: ChangeSupport | None, here: Cursor, report: DriftReport) -> str:
    if witness is None:
        return f"in {where} too little is known to tell"
    times = cache.drift_events(here.dataset, here.user).utc
    when = report_view.when(report, float(witness.step if times is None else times[witness.step]))
    chance = f"{_odds(witness.p_value)} of 1,000 shuffled lives look as changed"
    if witness.agrees:
        return f"in {where} it shows too, most clearly at {when} ({chance})"
    if witness.p_value <= ALPHA:
        return f"in {where} it breaks at another time, {when} ({chance})"
    return f"in {where} it does not show ({chance})"


def _odds(p_value: float) -> str:
    return "fewer than 6" if p_value <= 1 / (SHUFFLES + 1) else f"{p_value * 1000:.0f}"
