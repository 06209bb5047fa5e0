"""Beyond accuracy: popularity, coverage, novelty, diversity and categories of a model's lists, beside those of other models."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import cache
from pages.evaluate.failures.subject import Subject
from pages.shell import evaluations
from pages.ui import charts, html, theme
from pages.ui.checkpoint_titles import matching_checkpoints, name_checkpoints
from pages.ui.metrics import SPLITS_IN_SENTENCES
from recsys.core import TOP_K
from recsys.core.formatting import format_share
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.failures.beyond_accuracy import BeyondAccuracy, Mean
from recsys.figures.beyond_accuracy import category_pairs, exposure_lines, model_rows, popularity_pairs
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry

BESIDE = "beyond_models"
MOST = 6
"""Models that fit into one figure."""
PROPERTIES = {
    "coverage": (N_("Coverage"), N_("share of the catalogue")),
    "novelty": (N_("Novelty"), N_("mean self-information, bits")),
    "diversity": (N_("Diversity"), N_("share of pairs of two categories")),
    "calibration": (N_("Calibration"), N_("divergence from the history, bits")),
}


def draw(subject: Subject) -> None:
    """Draw this part of the page, with a choice of the models beside."""
    titles = name_checkpoints(_evaluated(subject))
    lead = st.container()
    beside = _choose_beside(subject, titles)
    which = subject.evaluation.split
    found = {titles[name]: cache.beyond_accuracy(subject.dataset, name, which, subject.here.device) for name in (subject.name, *beside)}
    own, colours = titles[subject.name], theme.theme_palette()
    mine = found[own]
    with lead:
        html.lead(popularity_sentence(subject.title, mine))
    charts.chart(exposure_lines(found, own, colours), key="exposure", alt=exposure_text(mine))
    left, right = st.columns(2, gap="medium")
    with left:
        charts.chart(
            popularity_pairs(mine, colours), key="popularity_pairs", alt=_("Mean popularity of history and lists by group of users.")
        )
    with right:
        if mine.categories:
            charts.chart(category_pairs(mine, colours), key="category_pairs", alt=_("Mean shares of categories in history and lists."))
    st.caption(_("Grey: the history, blue: the lists. A list that follows the history has both in one place."))
    columns = st.columns(2, gap="medium")
    shown = [name for name in PROPERTIES if getattr(mine, name) is not None]
    for at, name in enumerate(shown):
        title, axis = (_(each) for each in PROPERTIES[name])
        with columns[at % 2]:
            rows: dict[str, Mean | float | None] = {label: getattr(each, name) for label, each in found.items()}
            charts.chart(model_rows(title, rows, own, axis, colours), key=f"beyond_{name}", alt=f"{title}: {axis}")
    st.caption(protocol_text(subject, mine))


def _evaluated(subject: Subject) -> "dict[str, CheckpointEntry]":
    """Return the checkpoints whose evaluation on this split may be seen, the cursor's among them."""
    which = subject.evaluation.split
    return {
        name: each
        for name, each in matching_checkpoints(subject.here).items()
        if name == subject.name
        or (
            not find_model_spec(each.card.model).candidates_only
            and evaluations.find_evaluation(subject.here, name, each, which) is not None
            and each.card.protocol == subject.card.protocol
        )
    }


def _choose_beside(subject: Subject, titles: dict[str, str]) -> list[str]:
    """Draw the choice of models beside: first the popularity baseline, where it was evaluated."""
    others = [name for name in titles if name != subject.name]
    if not others:
        st.caption(_("Evaluate other models on the Leaderboard to see them beside this one."))
        return []
    first = [name for name in others if name == "popularity"] or others[:1]
    chosen = st.multiselect(
        _("Models beside"), others, default=first, key=BESIDE, max_selections=MOST - 1, format_func=lambda name: titles[name],
        persist_state="session",
    )  # fmt: skip
    return [name for name in chosen if name in others]


def popularity_sentence(title: str, found: BeyondAccuracy) -> str:
    """Return how popular the lists are against the histories, as HTML."""
    lift = found.popularity_lift
    numbers = dict(
        model=html.escape_html(title),
        lift=format_share(abs(lift.value)),
        coverage=format_share(found.coverage, 0 if 0.1 <= found.coverage < 0.99 or found.coverage == 1 else 1),
        low=format_share(lift.low),
        high=format_share(lift.high),
        k=TOP_K,
    )
    if not np.isfinite(lift.low):  # cases of one user alone, or histories without an item of training
        return _("The top {k} lists of <b>{model}</b> hold <b>{coverage}</b> of the catalogue.", **numbers)
    if lift.low > 0:
        return _(
            "<b>{model}</b> recommends items <b>{lift} more popular</b> than those in people’s histories (95% interval {low} to {high}), "
            "and its top {k} lists hold {coverage} of the catalogue.",
            **numbers,
        )
    if lift.high < 0:
        return _(
            "<b>{model}</b> recommends items <b>{lift} less popular</b> than those in people’s histories (95% interval {low} to {high}), "
            "and its top {k} lists hold {coverage} of the catalogue.",
            **numbers | dict(low=format_share(-lift.high), high=format_share(-lift.low)),
        )
    return _(
        "<b>{model}</b> recommends items about as popular as those in people’s histories, and its top {k} lists hold <b>{coverage}</b> of "
        "the catalogue.",
        **numbers,
    )


def exposure_text(found: BeyondAccuracy) -> str:
    """Return the share of the most popular tenth as plain text."""
    return _(
        "The most popular tenth of the catalogue takes {shown} of all recommendations and {taken} of the next items.",
        shown=format_share(found.exposure[0]),
        taken=format_share(found.taken[0]),
    )


def protocol_text(subject: Subject, found: BeyondAccuracy) -> str:
    """Return what was measured."""
    text = _(
        "{protocol}, {split}: top {k} lists for {events}; bars are 95% intervals over users.",
        protocol=subject.evaluation.protocol,
        split=_(SPLITS_IN_SENTENCES[subject.evaluation.split]),
        k=TOP_K,
        events=count_events(found.cases, "event"),
    )
    if found.cases < found.all_cases:
        text += " " + _("These are drawn at random from {all} with seed 0.", all=count_events(found.all_cases, "event"))
    return text
