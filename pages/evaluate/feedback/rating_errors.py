"""Predicted against actual ratings of the cursor's model, and their error over time."""

import streamlit as st

from pages import cache
from pages.shell import feedback
from pages.shell.account import current_store
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.errors import error_boundary, escape_markdown
from pages.ui.rating_text import describe_given_rating_error, describe_rating_error
from recsys.core.errors import StoreError
from recsys.core.translation import N_, _
from recsys.evaluation.rating_predictions import RatingPredictions, group_errors_by_time
from recsys.figures.ratings import rating_calibration, rating_error_over_time

FEWEST = 10
"""Ratings of lists from which on they are shown first."""
SOURCES = {"given": N_("Ratings given on lists"), "validation": N_("Validation events of the dataset")}


def draw(here: Cursor) -> None:
    """Draw the charts of this model's predicted ratings; nothing for data without ratings."""
    if not here.trained or cache.star_values(here.dataset) is None:
        return
    st.html(html.list_head(_("Predicted against actual ratings"), ""))
    with error_boundary():
        known = {"given": _load_given(here), "validation": cache.expected_ratings(here.dataset, here.model, here.device)}
        found = {name: each for name, each in known.items() if each is not None}
        if not found:
            card = cache.checkpoints(here.dataset)[here.model].card
            words = _("{model} does not predict ratings; choose a model that does.", model=name_checkpoint(here.model, card.model))
            st.caption(escape_markdown(words))
            return
        source = _choose(found)
        _draw_charts(found[source], source)


def _choose(found: dict[str, RatingPredictions]) -> str:
    if len(found) == 1:
        return next(iter(found))
    first = "given" if len(found["given"].given) >= FEWEST else "validation"
    chosen = st.segmented_control(
        _("Ratings"), list(found), default=first, required=True, key="rating_source",
        format_func=lambda name: _(SOURCES[name]), label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen or first)


def _load_given(here: Cursor) -> RatingPredictions | None:
    if feedback.is_private(here):
        return None
    try:
        return cache.given_ratings(current_store(), here.dataset, here.model, here.device)
    except StoreError:  # the top of the page says so
        return None


def _draw_charts(predictions: RatingPredictions, source: str) -> None:
    colours = theme.theme_palette()
    sentence = describe_given_rating_error(predictions) if source == "given" else describe_rating_error(predictions)
    periods = group_errors_by_time(predictions)
    left, right = st.columns(2, gap="medium")
    with left:
        charts.chart(rating_calibration(predictions, colours), key=f"rating_calibration_{source}", alt=sentence)
    with right:
        if periods:
            alt = _("RMSE of the predicted ratings in successive periods.")
            charts.chart(rating_error_over_time(periods, predictions.baseline, colours), key=f"rating_periods_{source}", alt=alt)
        else:
            st.caption(_("Too few ratings with a time to draw their error over time; 20 are needed."))
    st.caption(escape_markdown(sentence))
