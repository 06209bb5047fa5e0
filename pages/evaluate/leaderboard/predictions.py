"""Errors of models that also predict ratings or behaviours, against a baseline on the same events."""

from collections.abc import Sequence

import streamlit as st

from pages.evaluate.leaderboard.tables import place_side_by_side
from pages.ui import html
from pages.ui.metrics import metric_html
from recsys.core.translation import N_, _
from recsys.leaderboard import LeaderboardRow

TITLES = {"rmse": N_("RMSE of the next event’s rating"), "log_loss": N_("Log loss of the next behaviour, in nats")}
BASELINES = {"rmse": N_("the mean rating"), "log_loss": N_("the frequency of each behaviour")}


def draw_predictions(lines: Sequence[LeaderboardRow]) -> None:
    """Draw a table for ratings and one for behaviours where a model predicts them."""
    tables = [table for table in (predictions_html(lines, name) for name in TITLES) if table]
    if tables:
        st.subheader(_("Predicted ratings and behaviours"))
        st.html(place_side_by_side(tables))


def predictions_html(lines: Sequence[LeaderboardRow], name: str) -> str:
    """Return the error of every model that makes these predictions as HTML, lowest first; empty if none does."""
    able = sorted((line for line in lines if name in line.metrics), key=lambda line: line.metrics[name])
    if not able:
        return ""
    note = _("Lower is better. The baseline predicts {baseline}.", baseline=_(BASELINES[name]))
    first = _("Model")
    heads = "".join(f'<th class="n">{head}</th>' for head in (_("Error"), _("Baseline"), _("Improvement")))
    return (
        f'<div class="rs-head"><span>{_(TITLES[name])}</span></div><p class="rs-data">{note}</p>'
        f'<table class="rs-table"><thead><tr><th>{first}</th>{heads}</tr></thead>'
        f"<tbody>{''.join(_row(line, name) for line in able)}</tbody></table>"
    )


def _row(line: LeaderboardRow, name: str) -> str:
    better = line.intervals.get(f"{name}_gain", (0.0, 0.0))[0] > 0
    return (
        f'<tr><td>{html.escape_html(line.title)}</td><td class="n">{metric_html(line.metrics, line.intervals, name)}</td>'
        f'<td class="n">{metric_html(line.metrics, line.intervals, f"{name}_baseline")}</td>'
        f'<td class="n{" best" if better else ""}">{metric_html(line.metrics, line.intervals, f"{name}_gain")}</td></tr>'
    )
