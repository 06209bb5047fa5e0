"""Failures: the slices of cases in which a model is worse, combinations of them, a second model beside it, and the cases themselves."""

from typing import Any

import streamlit as st

from pages import cache
from pages.evaluate.failures import beyond, combinations, slice_text, slices, two_models
from pages.evaluate.failures.subject import Subject
from pages.shell import cursor, evaluations
from pages.ui import html
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.metrics import DEFAULT_METRIC, METRICS, SPLITS
from recsys.core.translation import N_, _
from recsys.training.checkpoints import check_dataset_match

PARTS = {
    "slices": (N_("Slices"), slices.draw),
    "combinations": (N_("Combinations"), combinations.draw),
    "two_models": (N_("Two models"), two_models.draw),
    "beyond": (N_("Beyond accuracy"), beyond.draw),
}

here = cursor.current_cursor()


def choose(label: str, options: dict[str, str], key: str, **look: Any) -> str:
    first = next(iter(options))
    return st.segmented_control(
        label, list(options), default=first, required=True, key=key, format_func=lambda name: _(options[name]), persist_state="session", **look
    ) or first  # fmt: skip


st.title(_("Failures"))
found = cache.checkpoints(here.dataset).get(here.model)
if found is None:
    cache.loaded(here.dataset, here.model, here.device)  # raises an error that says how to train it
    raise AssertionError("a model without a checkpoint was loaded")
check_dataset_match(found.card, here.dataset)
finding = st.container()
parts = {name: title for name, (title, _draw) in PARTS.items()}
part = choose(_("Part of the page"), parts, "failures_part", label_visibility="collapsed")
with st.container(horizontal=True, gap="medium"):
    metric = DEFAULT_METRIC
    if part != "beyond":  # which has metrics of its own
        metric = choose(_("Metric"), {DEFAULT_METRIC: METRICS[DEFAULT_METRIC], **METRICS}, "failures_metric", width="content")
    which = choose(_("Split"), SPLITS, "failures_split", width="content")
measured = evaluations.find_evaluation(here, here.model, found, which)
if measured is None:
    with finding:
        html.lead(
            _(
                "Where <b>{model}</b> fails is known once it has been evaluated on these events.",
                model=html.escape_html(name_checkpoint(here.model, found.card.model)),
            )
        )
    evaluations.draw_button(here, {here.model: found}, [here.model], which)
else:
    subject = Subject(here, here.model, name_checkpoint(here.model, found.card.model), found.card, metric, measured.evaluation)
    with finding:
        html.lead(slice_text.finding_html(subject, subject.report))
    PARTS[part][1](subject)
