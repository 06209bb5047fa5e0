"""The section about the attention of the model."""

from collections.abc import Mapping
from typing import Any

from recsys.analysis.attention import MEAN, describe_view, list_views, summarize_attention
from recsys.analysis.attention_wording import describe_age, describe_attention
from recsys.core import shows_attention
from recsys.core.formatting import format_number, format_share, join_words
from recsys.core.translation import _
from recsys.evaluation.replay import compute_step_attention
from recsys.figures.attention import attention_arcs
from recsys.figures.palette import LIGHT
from recsys.reports.sections import Row, Section, make_figure
from recsys.reports.step import Step

LISTED = 6


def make_attention_section(here: Step, settings: Mapping[str, Any]) -> Section:
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
