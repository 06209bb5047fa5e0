"""Recent interest as a stream of category shares over all steps."""

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.interest_profile import InterestProfile
from recsys.core.formatting import format_number
from recsys.core.translation import _, ngettext
from recsys.figures.chart import Chart, PlotArea, axis_title, percent_ticks
from recsys.figures.palette import Palette, escape_label

STREAM = PlotArea(height=250, left=52, right=8, top=36, bottom=36)


MOST_STEPS, STRETCHES = 2_000, 250
"""Most steps drawn one by one; a longer timeline is drawn in so many stretches, each with the mean shares of its steps."""


def locate_on_stream(interest: InterestProfile, step: int) -> float:
    """Return the cursor's place in the plot, as a fraction from the left."""
    return (step + 0.6) / (len(interest.short) - 1 + 1.2)


def strongest_categories(interest: InterestProfile, count: int) -> list[int]:
    """Return the positions of the categories with the largest mean share of recent events, in the dataset's order."""
    best = np.argsort(-interest.short.mean(axis=0), kind="stable")[:count]
    return sorted(int(each) for each in best)


def interest_stream(interest: InterestProfile, colour_of: dict[str, str], colours: Palette, count: int = 7) -> go.Figure:
    """Shares of the recent window over all steps, stacked, all other categories in grey. The same figure at every step."""
    title = ngettext("Categories of the last {count} event", "Categories of the last {count} events", interest.window)
    shares, steps, every = _average(interest.short[1:])
    note = _("means of {count} steps", count=format_number(every)) if every > 1 else ""
    figure = Chart(title, colours, STREAM.height, note)
    edge = 0.5 if len(steps) <= 400 else 0.0  # between narrow steps the edges would hide the areas
    shown = strongest_categories(interest, count)
    layers = [(escape_label(interest.categories[at]), shares[:, at], colour_of[interest.categories[at]]) for at in shown]
    if len(interest.categories) > len(shown):
        rest = 1.0 - shares[:, shown].sum(axis=1)
        layers.append((_("all others"), np.maximum(rest, 0), colours.faint))
    for name, share, colour in layers:
        figure.add_trace(
            dict(
                type="scatter",
                x=steps,
                y=(share * 100).astype(np.float32),
                name=name,
                stackgroup="interest",
                mode="lines",
                line=dict(width=edge, color=colours.background),
                fillcolor=colour,
                hovertemplate=_("{name}: %{{y:.0f}}%<extra></extra>", name=name),
            )
        )
    figure.update_yaxes(range=[0, 100], **percent_ticks(0, 50, 100))
    figure.update_xaxes(range=[-0.6, len(interest.short) - 1 + 0.6], tickformat=",d", title=axis_title(_("step"), colours))
    figure.update_layout(margin=STREAM.margin)
    return figure.to_figure()


def _average(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return shares (n, C) of the steps from 1 on, or of a long timeline the means of stretches; their steps (n,); the steps of a stretch."""
    if len(shares) <= MOST_STEPS:
        return shares, np.arange(1, len(shares) + 1), 1
    every = -(-len(shares) // STRETCHES)
    starts = np.arange(0, len(shares), every)
    counts = np.diff(np.append(starts, len(shares)))
    return np.add.reduceat(shares, starts, axis=0) / counts[:, None], starts + counts / 2 + 0.5, every
