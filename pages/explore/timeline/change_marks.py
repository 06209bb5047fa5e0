"""Change points of the user's interest, marked on the rank strip once they are known."""

from collections.abc import Sequence

import streamlit as st

from pages import cache
from pages.explore.timeline.step_view import StepView
from pages.ui import html
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import ngettext
from recsys.figures.timeline import STRIP

DRAWN = "change_points_drawn"  # timelines whose change points this session has seen
LABEL_SHARE = 0.8  # of the width; a label further right would run out of the plot


class ChangeMarks:
    """A layer over the rank strip with a dashed line at each lasting change.

    Detecting drift takes longer than anything else on this page. The layer is therefore reserved here and filled by `draw` after the
    rest of the page; only where this session has drawn it before, so that the report is cached, is it filled at once. The figure
    below stays the same, so that neither its layout nor its selection changes.
    """

    def __init__(self, view: StepView) -> None:
        self._view = view
        self._layer = st.empty()
        self._is_filled = False
        if self._timeline in self._drawn:
            self.draw()

    def draw(self) -> None:
        """Detect drift unless the report is cached, and mark the lasting changes."""
        if self._is_filled:
            return
        strip = self._view.strip
        lasting = cache.drift_report(self._view.dataset, self._view.cursor.user).lasting
        steps = [change.step for change in lasting if strip.first < change.step < strip.first + len(strip.ranks)]
        if steps:
            self._layer.html(marks_html(steps, self._view))
        self._drawn.add(self._timeline)
        self._is_filled = True

    @property
    def _timeline(self) -> tuple[str, str, str]:
        return self._view.dataset.name, self._view.dataset.fingerprint, self._view.cursor.user

    @property
    def _drawn(self) -> set[tuple[str, str, str]]:
        drawn: set[tuple[str, str, str]] = st.session_state.setdefault(DRAWN, set())
        return drawn


def marks_html(steps: Sequence[int], view: StepView) -> str:
    """Return a dashed line before the first event after each change, and a label at the first line."""
    places = [(view.strip.locate(step - 1)[0] + view.strip.locate(step)[0]) / 2 for step in steps]
    lines = "".join(f'<i class="rs-line-change" style="{_left(across)};{_height()}"></i>' for across in places)
    first = min(places)
    side = " rs-west" if first > LABEL_SHARE else ""
    text = html.escape_html(ngettext("change point", "change points", len(steps)))
    label = f'<span class="rs-change-label{side}" style="{_left(first)};bottom:{STRIP.bottom + 3}px">{text}</span>'
    named = join_words(format_number(step) for step in steps)
    alt = ngettext("Change point at step {steps}", "Change points at steps {steps}", len(steps), steps=named)
    return f'<div class="rs-over" role="img" aria-label="{html.escape_html(alt)}">{lines}{label}</div>'


def _left(across: float) -> str:
    return f"left:calc({STRIP.left}px + (100% - {STRIP.left + STRIP.right}px) * {across:.5f})"


def _height() -> str:
    return f"top:{STRIP.top}px;height:{STRIP.height - STRIP.top - STRIP.bottom}px"
