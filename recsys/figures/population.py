"""Drift of a population and its impact: distances from the first period, gains and losses of share, effects on ranks, forecasts."""

import datetime as dt

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_clock
from recsys.core.translation import _
from recsys.drift.forecast import Forecast
from recsys.drift.impact import Impact
from recsys.drift.population import Population
from recsys.drift.wording import level_label
from recsys.figures.chart import Chart, axis_title, shorten_label
from recsys.figures.palette import Palette, escape_label, mix_colours
from recsys.figures.time_axis import time_ticks

BARS = 6  # with a gain, and as many with a loss


def distance_line(population: Population, title: str, colours: Palette) -> go.Figure:
    """Distance of each period from the first by two measures, with 95 % bands over users."""
    figure = Chart(title, colours, 320)
    times = (
        ((population.edges[:-1] + population.edges[1:]) / 2).round().astype("datetime64[s]").astype("datetime64[ms]").astype(str).tolist()
    )
    for values, tint, hover in (
        (population.stability, colours.quiet, _("population stability index: %{y:.3f}<extra></extra>")),
        (population.divergence, colours.accent, _("Jensen-Shannon divergence: %{y:.3f}<extra></extra>")),
    ):
        band = np.concatenate([values[:, 2], values[::-1, 1]])
        pale = dict(fill="toself", fillcolor=tint, opacity=0.16, line=dict(width=0), mode="lines", hoverinfo="skip")
        figure.add_trace(dict(type="scatter", x=times + times[::-1], y=np.maximum(band, 0).astype(np.float32), **pale))
        figure.add_trace(
            dict(
                type="scatter", x=times, y=values[:, 0].astype(np.float32), mode="lines+markers", line=dict(color=tint, width=2.5),
                hovertemplate=hover,
            )
        )  # fmt: skip
    figure.update_yaxes(rangemode="tozero", nticks=5, title=axis_title(_("distance from the first period"), colours))
    figure.update_xaxes(type="date", tickangle=0, **time_ticks(float(population.edges[0]), float(population.edges[-1]), 4))
    figure.update_layout(margin=dict(l=62, r=12, t=44, b=34))
    return figure.to_figure()


def gain_bars(population: Population, title: str, colours: Palette) -> go.Figure:
    """Largest gains and losses of share from the first third of the time to the last, in percentage points.

    Bars are pale where the 95 % interval includes 0.
    """
    order = np.argsort(population.gains[:, 0], kind="stable")
    falling, rising = order[population.gains[order, 0] < 0][:BARS], order[population.gains[order, 0] > 0][-BARS:]
    shown = np.concatenate([falling, rising])
    significant = (population.gains[shown, 1] > 0) | (population.gains[shown, 2] < 0)
    tints = [colours.accent if gain > 0 else colours.miss for gain in population.gains[shown, 0]]
    figure = Chart(title, colours, 400, _("pale: could be chance"))
    points = population.gains[shown] * 100
    figure.add_trace(
        dict(
            type="bar", orientation="h", y=[shorten_label(level_label(population.view, population.names[at]), 26) for at in shown], x=points[:, 0].astype(np.float32),
            marker=dict(color=[tint if clear else mix_colours(tint, colours.background, 0.65) for tint, clear in zip(tints, significant, strict=True)]),
            error_x=dict(
                type="data", symmetric=False, array=np.maximum(points[:, 2] - points[:, 0], 0), arrayminus=np.maximum(points[:, 0] - points[:, 1], 0),
                color=colours.text, thickness=1.2, width=3,
            ),
            hovertemplate=_("%{y}: %{x:+.1f} percentage points<extra></extra>"),
        )
    )  # fmt: skip
    figure.update_yaxes(automargin=True, type="category", tickfont=dict(size=13, color=colours.text))
    figure.update_xaxes(
        title=axis_title(_("change in share, percentage points"), colours), nticks=5, zeroline=True, zerolinecolor=colours.faint
    )
    figure.update_layout(margin=dict(l=8, r=12, t=44, b=42))
    return figure.to_figure()


def impact_scatter(impact: Impact, colours: Palette) -> go.Figure:
    """A dot for each user: difference in mean reciprocal rank against the size of the change; means with 95 % intervals."""
    figure = Chart(_("Effect of a change on the model’s ranks"), colours, 340, _("grey: users without a change"))
    sizes = np.array([row.moment.size for row in impact.rows])
    values = np.array([row.reciprocal for row in impact.rows])
    rng = np.random.default_rng(0)
    across = np.where(sizes > 0, sizes, rng.uniform(-0.09, -0.03, len(sizes)))  # side by side, and apart from small changes
    figure.add_trace(
        dict(
            type="scatter", x=across.astype(np.float32), y=values.astype(np.float32), mode="markers",
            marker=dict(size=7, opacity=0.55, color=[colours.accent if size > 0 else colours.quiet for size in sizes], line=dict(width=0)),
            text=[escape_label(row.moment.user) for row in impact.rows], hovertemplate="%{text}: %{y:+.2f}<extra></extra>",
        )
    )  # fmt: skip
    far = max(float(sizes.max()), 0.1)
    for (mean, low, high), tint, ends in ((impact.stable, colours.quiet, (-0.1, -0.02)), (impact.changed, colours.accent, (0.0, far))):
        band = dict(type="rect", x0=ends[0], x1=ends[1], y0=float(low), y1=float(high), line=dict(width=0), opacity=0.25, fillcolor=tint)
        figure.add_shape(**band)
        figure.add_shape(type="line", x0=ends[0], x1=ends[1], y0=float(mean), y1=float(mean), line=dict(color=tint, width=2.5))
    figure.add_shape(type="line", x0=-0.11, x1=far * 1.03, y0=0, y1=0, line=dict(color=colours.faint, width=1.5))
    figure.update_xaxes(
        range=[-0.11, far * 1.03], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], title=axis_title(_("size of the change, 0 to 1"), colours)
    )
    figure.update_yaxes(nticks=5, title=axis_title(_("difference in mean reciprocal rank"), colours))
    figure.update_layout(margin=dict(l=56, r=8, t=44, b=44))
    return figure.to_figure()


def forecast_map(forecast: Forecast, shown: list[int], highest: float, title: str, colours: Palette) -> go.Figure:
    """Heat map of probabilities by hour and area; `highest` is the darkest value, the same for maps side by side."""
    figure = Chart(title, colours, 90 + 30 * len(shown))
    figure.add_trace(
        dict(
            type="heatmap", x=[format_clock(dt.time(hour)) for hour in forecast.hours], y=[shorten_label(level_label("area", forecast.areas[at]), 26) for at in shown],
            z=(forecast.shares[:, shown].T * 100).astype(np.float32), zmin=0, zmax=highest * 100, showscale=False, xgap=2, ygap=2,
            colorscale=[[0, colours.surface], [1, colours.accent]], hovertemplate=_("%{y} at %{x}: %{z:.0f}%<extra></extra>"),
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=dict(size=13, color=colours.text))
    figure.update_xaxes(nticks=5, tickangle=0)
    figure.update_layout(margin=dict(l=8, r=8, t=44, b=30))
    return figure.to_figure()
