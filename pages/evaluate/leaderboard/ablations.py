"""Ablations: the effect of each component, measured as the difference between a model with it and one without."""

import math
from collections.abc import Sequence

import streamlit as st

from pages.evaluate.leaderboard.labels import ALL
from pages.evaluate.leaderboard.rows import LeaderboardRows
from pages.evaluate.leaderboard.tables import place_side_by_side
from pages.ui import html
from pages.ui.metrics import METRICS, format_interval
from recsys.core.formatting import format_fixed
from recsys.core.translation import _
from recsys.evaluation import PairedDifference
from recsys.leaderboard import ABLATIONS, Ablation, AblationEffect, measure_ablation
from recsys.models import MODELS


def draw_ablations(shown: LeaderboardRows, metric: str, part: str) -> None:
    """Draw a table for every ablation whose models were measured."""
    slice = None if part == ALL else part
    effects = [(ablation, measure_ablation(ablation, shown.evaluations, metric, slice)) for ablation in ABLATIONS]
    tables = [ablation_html(ablation, steps, metric) for ablation, steps in effects if steps]
    if tables:
        st.subheader(_("Ablations: effect of each component"))
        html.lead(_("Both models are evaluated on the same events, so each interval is that of the difference."))
        st.html(place_side_by_side(tables))


def ablation_html(ablation: Ablation, steps: Sequence[AblationEffect], metric: str) -> str:
    """Return one ablation as HTML: for each step the metric without and with the component, and the gain with its interval."""
    gain = _("Gain in {metric}", metric=_(METRICS[metric]))
    heads = "".join(f'<th class="n">{html.escape_html(head)}</th>' for head in (_("Without"), _("With"), gain))
    rows = "".join(_step_html(each) for each in steps)
    return (
        f'<div class="rs-head"><span>{html.escape_html(_(ablation.title))}</span></div>'
        f'<p class="rs-data">{html.escape_html(_(ablation.summary))}</p>'
        f'<table class="rs-table"><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _step_html(effect: AblationEffect) -> str:
    models = _("{model} against {other}", model=MODELS[effect.step.model].title, other=MODELS[effect.without].title)
    return (
        f"<tr><td>{html.escape_html(_(effect.step.component))}<small>{html.escape_html(models)}</small></td>"
        f'<td class="n">{format_fixed(effect.before, 3)}</td><td class="n">{format_fixed(effect.after, 3)}</td>'
        f'<td class="n{" best" if effect.gain.low > 0 else ""}">{_gain_html(effect.gain)}</td></tr>'
    )


def _gain_html(gain: PairedDifference) -> str:
    if not math.isfinite(gain.low):
        return format_fixed(gain.difference, 3, sign=True)
    note = interval = format_interval(gain.low, gain.high, sign=True)
    if gain.high < 0:
        note = _("{interval}, a loss", interval=interval)
    elif gain.low <= 0:
        note = _("{interval}, not significant", interval=interval)
    return f"{format_fixed(gain.difference, 3, sign=True)}<small>{note}</small>"
