"""Feedback on recommended lists: rates of each version, and counts by day."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_date, format_number
from recsys.core.translation import N_, _
from recsys.feedback.rates import estimate_rate
from recsys.feedback.summary import DailyFeedback, VersionFeedback
from recsys.figures.chart import Chart, shorten_label
from recsys.figures.palette import Palette
from recsys.figures.time_axis import time_ticks

ACTION_NAMES = {
    "take": N_("added"),
    "like": N_("liked"),
    "dislike": N_("disliked"),
    "rating": N_("rated"),
    "skip": N_("skipped"),
}
"""Actions in the order of all tables and charts, with the words for an item that got them."""
ROW, BETWEEN = 22, 18
"""Height of a dot's line and of the space between versions, in pixels."""
LONGEST_SPAN = 120
"""Days; a longer time is counted by weeks."""


def action_colours(colours: Palette) -> dict[str, str]:
    """Return the colour of each action: green is good, orange is not, as for hits and misses. Both charts share one legend of the page."""
    return {
        "take": colours.accent,
        "like": colours.hit,
        "dislike": colours.miss,
        "rating": colours.categories[0],
        "skip": colours.other,
    }


def feedback_rates(titles: Sequence[str], versions: Sequence[VersionFeedback], colours: Palette) -> go.Figure:
    """Answers per 100 lists of each version, a dot for each action with its 95 % interval; skipped items are left out."""
    actions = [each for each in ACTION_NAMES if each != "skip" and any(version.actions.get(each) for version in versions)]
    height = 72 + len(versions) * (len(actions) * ROW + BETWEEN)
    figure = Chart(_("Answers per 100 lists"), colours, height, _("bars: 95% intervals"))
    tints, block = action_colours(colours), len(actions) + BETWEEN / ROW
    for at, action in enumerate(actions):
        rates = [estimate_rate(version.actions.get(action, 0), version.impressions) for version in versions]
        values = np.array([[rate.value, rate.low, rate.high] for rate in rates]) * 100
        figure.add_trace(
            dict(
                type="scatter",
                x=values[:, 0],
                y=[version * block + at for version in range(len(versions))],
                mode="markers",
                name=_(ACTION_NAMES[action]),
                marker=dict(size=11, color=tints[action]),
                error_x=dict(
                    type="data",
                    symmetric=False,
                    array=values[:, 2] - values[:, 0],
                    arrayminus=values[:, 0] - values[:, 1],
                    color=tints[action],
                    thickness=2,
                    width=0,
                ),
                text=[_("{count} on {lists} lists", count=format_number(rate.count), lists=format_number(rate.lists)) for rate in rates],
                hovertemplate="%{x:.1f}<br>%{text}<extra></extra>",
            )
        )
    middles = [version * block + (len(actions) - 1) / 2 for version in range(len(versions))]
    figure.update_xaxes(rangemode="tozero", showgrid=True, gridcolor=colours.surface, nticks=7)
    figure.update_yaxes(
        tickvals=middles,
        ticktext=[shorten_label(title, 32) for title in titles],
        range=[len(versions) * block - 0.5, -1],
        automargin=True,
    )
    figure.update_layout(margin=dict(l=8, r=16, t=40, b=28))
    return figure.to_figure()


def feedback_by_day(days: Sequence[DailyFeedback], colours: Palette) -> go.Figure:
    """Counts of each action by day, by week where the time is long, of all versions together; skipped items are left out."""
    first, last = min(each.day for each in days), max(each.day for each in days)
    width = 1 if (last - first).days < LONGEST_SPAN else 7
    counts: dict[str, Counter[int]] = {action: Counter() for action in ACTION_NAMES if action != "skip"}
    for each in days:
        for action, count in each.feedback.actions.items():
            if action in counts:
                counts[action][(each.day - first).days // width] += count
    figure = Chart(_("Answers by day") if width == 1 else _("Answers by week"), colours, 280)
    tints = action_colours(colours)
    for action, by_bin in counts.items():
        if by_bin:
            starts = [first + dt.timedelta(days=at * width) for at in sorted(by_bin)]
            figure.add_trace(
                dict(
                    type="bar",
                    x=[start.isoformat() for start in starts],
                    y=[by_bin[at] for at in sorted(by_bin)],
                    width=width * 86_400_000 * 0.8,
                    name=_(ACTION_NAMES[action]),
                    marker=dict(color=tints[action]),
                    text=[format_date(start) for start in starts],
                    textposition="none",
                    hovertemplate="%{text}: %{y}<extra>" + _(ACTION_NAMES[action]) + "</extra>",
                )
            )
    low, high = (dt.datetime.combine(day, dt.time(), dt.UTC).timestamp() for day in (first, last))
    margin = dt.timedelta(days=max(width, 4))
    figure.update_xaxes(
        type="date", range=[(first - margin).isoformat(), (last + margin).isoformat()], tickangle=0, **time_ticks(low, high, 3)
    )
    figure.update_yaxes(showgrid=True, gridcolor=colours.surface, automargin=True, nticks=5)
    figure.update_layout(margin=dict(l=40, r=12, t=40, b=36), barmode="stack")
    return figure.to_figure()
