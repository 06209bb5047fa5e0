"""A whole population's interest: how far from where it began, and what rises and falls."""

import numpy as np
import plotly.graph_objects as go

from recsys.drift.forecast import Forecast
from recsys.drift.impact import Impact
from recsys.drift.population import Population
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette, escaped, mixed

BARS = 6  # rising, and as many falling


def distance_line(found: Population, what: str, colours: Palette) -> go.Figure:
    """How far each period is from the first, two measures, with bands over people."""
    figure = Chart(f"How far {what.lower()} have moved", colours, 320)
    when = ((found.edges[:-1] + found.edges[1:]) / 2).round().astype("datetime64[s]").astype("datetime64[ms]").astype(str).tolist()
    for values, tint, name in ((found.stability, colours.quiet, "stability index"), (found.divergence, colours.accent, "Jensen-Shannon")):
        band = np.concatenate([values[:, 2], values[::-1, 1]])
        pale = dict(fill="toself", fillcolor=tint, opacity=0.16, line=dict(width=0), mode="lines", hoverinfo="skip")
        figure.add_trace(dict(type="scatter", x=when + when[::-1], y=np.maximum(band, 0).astype(np.float32), **pale))
        figure.add_trace(
            dict(
                type="scatter", x=when, y=values[:, 0].astype(np.float32), mode="lines+markers", line=dict(color=tint, width=2.5),
                hovertemplate=f"{name}: %{{y:.3f}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_yaxes(rangemode="tozero", nticks=5)
    figure.update_xaxes(type="date", nticks=5, tickangle=0, tickformat="%b %y")
    figure.update_layout(margin=dict(l=48, r=12, t=44, b=34))
    return figure.drawn()


def gain_bars(found: Population, what: str, colours: Palette) -> go.Figure:
    """What rose most and fell most from the first third of the time to the last, in points of its share; pale where it may be chance."""
    order = np.argsort(found.gains[:, 0], kind="stable")
    falling, rising = order[found.gains[order, 0] < 0][:BARS], order[found.gains[order, 0] > 0][-BARS:]
    shown = np.concatenate([falling, rising])
    sure = (found.gains[shown, 1] > 0) | (found.gains[shown, 2] < 0)
    tints = [colours.accent if gain > 0 else colours.miss for gain in found.gains[shown, 0]]
    figure = Chart(f"{what} that rise and fall", colours, 400, "pale: may be chance")
    points = found.gains[shown] * 100
    figure.add_trace(
        dict(
            type="bar", orientation="h", y=[_short(found.names[at]) for at in shown], x=points[:, 0].astype(np.float32),
            marker=dict(color=[tint if clear else mixed(tint, colours.background, 0.65) for tint, clear in zip(tints, sure, strict=True)]),
            error_x=dict(
                type="data", symmetric=False, array=np.maximum(points[:, 2] - points[:, 0], 0), arrayminus=np.maximum(points[:, 0] - points[:, 1], 0),
                color=colours.text, thickness=1.2, width=3,
            ),
            hovertemplate="%{y}: %{x:+.1f} points<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(automargin=True, type="category", tickfont=dict(size=13, color=colours.text))
    figure.update_xaxes(title=axis_title("points of share", colours), nticks=5, zeroline=True, zerolinecolor=colours.faint)
    figure.update_layout(margin=dict(l=8, r=12, t=44, b=42))
    return figure.drawn()


def cost_dots(found: Impact, colours: Palette) -> go.Figure:
    """A dot a person: how large their change is against how much worse or better the model ranks after it; means with 95 % intervals."""
    figure = Chart("The larger the change, the worse the list?", colours, 340, "grey: no change")
    sizes = np.array([row.moment.size for row in found.rows])
    values = np.array([row.reciprocal for row in found.rows])
    rng = np.random.default_rng(0)
    across = np.where(sizes > 0, sizes, rng.uniform(-0.09, -0.03, len(sizes)))  # side by side, and apart from small changes
    figure.add_trace(
        dict(
            type="scatter", x=across.astype(np.float32), y=values.astype(np.float32), mode="markers",
            marker=dict(size=7, opacity=0.55, color=[colours.accent if size > 0 else colours.quiet for size in sizes], line=dict(width=0)),
            text=[escaped(row.moment.user) for row in found.rows], hovertemplate="%{text}: %{y:+.2f}<extra></extra>",
        )
    )  # fmt: skip
    far = max(float(sizes.max()), 0.1)
    for (mean, low, high), tint, ends in ((found.stable, colours.quiet, (-0.1, -0.02)), (found.changed, colours.accent, (0.0, far))):
        band = dict(type="rect", x0=ends[0], x1=ends[1], y0=float(low), y1=float(high), line=dict(width=0), opacity=0.25, fillcolor=tint)
        figure.add_shape(**band)
        figure.add_shape(type="line", x0=ends[0], x1=ends[1], y0=float(mean), y1=float(mean), line=dict(color=tint, width=2.5))
    figure.add_shape(type="line", x0=-0.11, x1=far * 1.03, y0=0, y1=0, line=dict(color=colours.faint, width=1.5))
    figure.update_xaxes(
        range=[-0.11, far * 1.03], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], title=axis_title("size of the change, 0 to 1", colours)
    )
    figure.update_yaxes(nticks=5, title=axis_title("better or worse (change in 1 / rank)", colours))
    figure.update_layout(margin=dict(l=56, r=8, t=44, b=44))
    return figure.drawn()


def forecast_map(found: Forecast, shown: list[int], highest: float, title: str, colours: Palette) -> go.Figure:
    """Hours across, areas down, darker where the model expects more; `highest` is the same for maps side by side."""
    figure = Chart(title, colours, 90 + 30 * len(shown))
    figure.add_trace(
        dict(
            type="heatmap", x=[f"{hour}:00" for hour in found.hours], y=[_short(found.areas[at]) for at in shown],
            z=(found.shares[:, shown].T * 100).astype(np.float32), zmin=0, zmax=highest * 100, showscale=False, xgap=2, ygap=2,
            colorscale=[[0, colours.surface], [1, colours.accent]], hovertemplate="%{y} at %{x}: %{z:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=dict(size=13, color=colours.text))
    figure.update_xaxes(nticks=5, tickangle=0)
    figure.update_layout(margin=dict(l=8, r=8, t=44, b=30))
    return figure.drawn()


def _short(name: str, most: int = 26) -> str:
    return escaped(name if len(name) <= most else name[: most - 1] + "…")
