"""The Drift page: one user's interest over time and space, its changes, and their effect on the model."""

from collections.abc import Iterable

import streamlit as st

from pages import cache
from pages.inspect.drift import embedding_drift, forecast, population, report_view
from pages.inspect.drift.report_text import evidence_html
from pages.shell import cursor, keyboard
from pages.ui import html
from pages.ui.errors import error_boundary
from recsys.core.translation import _
from recsys.drift.embedding_drift import Trajectory
from recsys.drift.report_wording import choosable_views, describe_report, footnote, main_change

here = cursor.current_cursor()
report = cache.drift_report(here.dataset, here.user)
scene = embedding_drift.scene_name(here)
trajectories: dict[str, Trajectory] = {}


def frames(steps: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return the parts of the page that change with the step, for each of these steps."""
    return {
        step: {
            "now_on_drift": report_view.cursor_html(here, report, step),
            **{f"now_on_{name}": embedding_drift.ring_html(each, step) for name, each in trajectories.items()},
        }
        for step in steps
    }


st.title(_("Drift"))
html.lead(describe_report(report, here.dataset.noun))
if len(here.history) and choosable_views(report):
    main = main_change(report)
    report_view.draw_stream(here, report, main, scene)
    if report.changes:
        st.html(evidence_html(report))
    st.caption(footnote(report))
    if main is not None and main.kind not in ("novelty", "return"):  # these leave categories, areas and hours as they were
        report_view.draw_change(report, main)
    report_view.draw_mobility(here, report, main)
    with error_boundary():
        trajectories = embedding_drift.draw(here, report, scene)
    report_view.draw_hit_rate(here, report)
    with error_boundary():
        forecast.draw(here, report)
    keyboard.walk(frames, scene)
else:
    st.info(_("The items of this user’s events have no category, area or time. Choose another user or dataset."))
population.draw(here, report)
