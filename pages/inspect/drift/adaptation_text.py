"""Sentences about the model around a change: its hit rates before and after, and whether it recovered."""

import numpy as np

from pages.ui import html
from recsys.core import TOP_K
from recsys.core.formatting import format_share
from recsys.core.nouns import count_events
from recsys.core.translation import _, ngettext
from recsys.drift import Change, DriftReport
from recsys.drift.adaptation import ACROSS, AROUND, Adaptation, measure_adaptation


def adaptation_html(report: DriftReport, ranks: np.ndarray, splits: np.ndarray, model: str) -> str:
    """Return the hit rates around each lasting change, and how much of them is in-sample, as HTML."""
    lines, learnt = [], []
    for number, change in enumerate(report.changes, start=1):
        if change.kind == "temporary":
            continue
        adaptation = measure_adaptation(ranks, splits, change.step)
        if adaptation.before is None or adaptation.across is None:
            continue
        learnt.append(adaptation.learnt)
        lines.append(f"<b>{number}</b> {_hit_rates(adaptation, change, html.escape_html(model))} {_recovery(adaptation)}")
    if any(learnt):
        if min(learnt) < 1:
            share = format_share(float(np.mean(learnt)))
            lines.append(_("{share} of these events are training events, so some hits are memorised.", share=share))
        else:
            lines.append(_("All of these events are training events, so hits may be memorised."))
    return "".join(f'<p class="rs-quiet">{line}</p>' for line in lines)


def _hit_rates(adaptation: Adaptation, change: Change, model: str) -> str:
    assert adaptation.before is not None and adaptation.across is not None
    values = {
        "model": model,
        "k": TOP_K,
        "events": count_events(min(AROUND, change.step), "event"),
        "before": format_share(adaptation.before),
        "across": format_share(adaptation.across),
        "n_across": ACROSS,
    }
    if adaptation.after is None:
        return _(
            "The hit rate of {model} in the top {k} is {before} in the {events} before the change and {across} in the next {n_across}.",
            **values,
        )
    return _(
        "The hit rate of {model} in the top {k} is {before} in the {events} before the change, {across} in the next {n_across} and {after} after that.",
        **values,
        after=format_share(adaptation.after),
    )


def _recovery(adaptation: Adaptation) -> str:
    enough = 0.9 * (adaptation.before or 0.0)
    if adaptation.after is not None and adaptation.after < enough:
        return _("It has not recovered since.")
    if (adaptation.across or 0.0) >= enough:
        return _("The change hardly affected it.")
    if not adaptation.adapted:
        return _("It has not recovered yet.") if adaptation.after is None else _("It recovered later.")
    return ngettext("It recovered after {count} step.", "It recovered after {count} steps.", adaptation.adapted)
