"""Sections about the user's interest: its drift, and the attention of the model."""

from collections.abc import Mapping
from typing import Any

from recsys.analysis.attention import MEAN, describe_view, list_views, summarize_attention
from recsys.analysis.attention_wording import describe_age, describe_attention
from recsys.core import shows_attention
from recsys.core.formatting import format_number, format_share, join_words
from recsys.core.translation import _
from recsys.drift import DriftReport, FeatureSpace, detect_drift
from recsys.drift.report_wording import (
    STREAM_TITLES,
    VIEW_OF_KIND,
    choosable_views,
    describe_evidence,
    describe_report,
    footnote,
    main_change,
    stream_text,
)
from recsys.evaluation.replay import compute_step_attention
from recsys.figures.attention import attention_arcs
from recsys.figures.drift import drift_stream, level_colours
from recsys.figures.palette import LIGHT
from recsys.reports.sections import Figure, Row, Section, make_figure
from recsys.reports.step import Step

LISTED = 6


def tell_drift(here: Step, space: FeatureSpace, settings: Mapping[str, Any]) -> Section:
    """Return the changes of the user's interest in words with their evidence, and the stream of the kept view."""
    report = detect_drift(here.dataset, space, here.user)
    has_views = bool(len(here.history) and choosable_views(report))
    return Section(
        "drift",
        _("Drift of interest"),
        lead=describe_report(report, here.dataset.noun),
        figures=(_draw_stream(here, report, settings),) if has_views else (),
        points=tuple((each.heading, each.sentence, " · ".join(each.facts)) for each in describe_evidence(report)),
        notes=(footnote(report),) if has_views else (),
    )


def _draw_stream(here: Step, report: DriftReport, settings: Mapping[str, Any]) -> Figure:
    views, main = choosable_views(report), main_change(report)
    kept = settings.get(f"drift_view_{here.dataset.name}_{here.user}")
    default = VIEW_OF_KIND.get(main.kind, "category") if main is not None else "category"
    view = next(each for each in (kept, default, *views) if each in [*views])  # a list, since what was kept may be any JSON value
    tints = level_colours(report, view, here.tints, LIGHT)
    return make_figure("interest", drift_stream(report, view, _(STREAM_TITLES[view]), tints, LIGHT), stream_text(report, view))


def tell_attention(here: Step, settings: Mapping[str, Any]) -> Section:
    """Return the events with most attention under the kept view of the heads."""
    title = _("Attention")
    if not shows_attention(here.loaded.model):
        return Section("attention", title, lead=_("This model has no attention over single events."))
    attention = compute_step_attention(here.loaded.model, here.history, here.step)
    kept = settings.get("attention_view")
    view = kept if kept in list_views(attention) else MEAN
    summary = summarize_attention(attention, here.history, view)
    titles = here.dataset.titles_of([str(here.history.items[event]) for event in summary.events])
    lead = describe_attention(summary, titles, here.dataset.noun)
    if not len(summary.events):
        return Section("attention", title, lead=lead)
    abouts = [here.about(str(here.history.items[event])) for event in summary.events]
    best = summary.heaviest(LISTED).tolist()
    pictures = {at: here.picture(str(here.history.items[summary.events[at]])) for at in best}
    strongest = float(summary.weights[best[0]]) or 1.0
    rows = tuple(
        Row(
            format_number(int(summary.events[at]) + 1),
            titles[at],
            " · ".join(each for each in (describe_age(summary, at, here.dataset.noun), abouts[at][0]) if each),
            abouts[at][1],
            tag=format_share(float(summary.weights[at]), 1),
            share=float(summary.weights[at]) / strongest,
            picture=pictures[at][0],
            initial=pictures[at][1],
        )
        for at in best
    )
    named = join_words(f"{titles[at]} {format_share(float(summary.weights[at]))}" for at in best[:3])
    alt = _("Arcs from step {step} back to the events with most attention: {events}.", step=here.step, events=named)
    figure = attention_arcs(summary, titles, [colour or LIGHT.other for _about, colour in abouts], LIGHT)
    notes = (_("Heads: {view}. Events are numbered from the first one of the timeline.", view=describe_view(view)),)
    return Section("attention", title, lead=lead, figures=(make_figure("attention", figure, alt),), rows=rows, notes=notes)
