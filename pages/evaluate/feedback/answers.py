"""Answers to the lists that were shown: per version, over time, ratings against predictions, and the latest answers."""

import streamlit as st

from pages import cache
from pages.evaluate.feedback import answer_text, rating_errors
from pages.shell import feedback
from pages.shell.account import current_account, current_store
from pages.shell.cursor import Cursor
from pages.ui import charts, checkpoint_titles, html, theme
from pages.ui.errors import error_boundary
from recsys.core.translation import _
from recsys.feedback.summary import FeedbackSummary, summarize_feedback
from recsys.figures.feedback import action_colours, feedback_by_day, feedback_rates

MOST_VERSIONS = 8
LATEST = 12


def draw(here: Cursor) -> None:
    """Draw this part of the page."""
    titles = checkpoint_titles.name_checkpoints(cache.checkpoints(here.dataset))
    summary = None
    with error_boundary():
        summary = _load_summary(here)
        if summary is not None:
            _draw_summary(summary, titles)
    rating_errors.draw(here)
    if summary is not None and summary.latest:
        st.html(html.list_head(_("Latest answers"), "") + answer_text.latest_table(here.dataset, summary.latest, titles))


def _load_summary(here: Cursor) -> FeedbackSummary | None:
    """Return the summary of the cursor's dataset; None for data that is private to the session, of which nothing is stored."""
    if feedback.is_private(here):
        html.lead(_("This data is private, so nothing that you do with its lists is stored."))
        return None
    return summarize_feedback(current_store(), current_account(), here.dataset.name, LATEST)


def _draw_summary(summary: FeedbackSummary, titles: dict[str, str]) -> None:
    if not summary.versions:
        html.lead(_("Nobody has been shown a list of this dataset yet."))
        st.info(_("Every list on the page Recommendations is kept here, and so is what people add, like, dislike or rate on it."))
    else:
        html.lead(answer_text.finding_html(summary, titles))
        st.html(answer_text.versions_table(summary.versions, titles))
    if summary.answers:
        _draw_charts(summary, titles)
    else:
        st.page_link("demo/recommend/page.py", label=_("Open the recommendations"))


def _draw_charts(summary: FeedbackSummary, titles: dict[str, str]) -> None:
    colours = theme.theme_palette()
    shown = sorted(summary.versions, key=lambda each: -each.impressions)[:MOST_VERSIONS]
    st.html(answer_text.legend_html(summary, action_colours(colours)))
    names = [titles.get(each.name, each.name) for each in shown]
    left, right = st.columns(2, gap="medium")
    with left:
        alt = answer_text.describe_versions(shown, names)
        charts.chart(feedback_rates(names, shown, colours), key="feedback_rates", alt=alt)
    with right:
        alt = _("Number of answers by day, in the colours of the actions.")
        charts.chart(feedback_by_day(summary.days, colours), key="feedback_by_day", alt=alt)
