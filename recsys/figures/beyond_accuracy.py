"""Lists beyond accuracy: what is shown against what people take, users by the popularity of their history, categories, and models in rows."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_share
from recsys.core.translation import N_, _
from recsys.failures.beyond_accuracy import BeyondAccuracy, Mean
from recsys.figures.chart import Chart, axis_title, percent_ticks, shorten_label
from recsys.figures.palette import Palette, escape_label

ROW, LABEL, CATEGORIES = 34, 34, 12
GROUPS = (N_("the third of users with the least popular history"), N_("the middle third"), N_("the third with the most popular history"))


def exposure_lines(found: Mapping[str, BeyondAccuracy], own: str, colours: Palette) -> go.Figure:
    """A line for each model: the share of all recommendations that go to each tenth of the catalogue; dashed, the share of next items."""
    figure = Chart(_("What is recommended, by popularity"), colours, 380)
    tenths = list(range(1, 11))
    lines = [(title, each.exposure, colours.accent if title == own else colours.other, "solid") for title, each in found.items()]
    lines.append((_("what people take next"), found[own].taken, colours.text, "dash"))
    for title, shares, colour, dash in lines:
        name = shorten_label(title, LABEL)
        figure.add_trace(
            dict(
                type="scatter", mode="lines+markers", x=tenths, y=(100 * np.asarray(shares)).astype(np.float32), name=name,
                line=dict(color=colour, width=2.5 if colour != colours.other else 1.5, dash=dash), marker=dict(size=6),
                text=[f"{name}: {format_share(share, 1)}" for share in shares], hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(tickvals=tenths, title=axis_title(_("tenths of the catalogue, the most popular first"), colours))
    figure.update_yaxes(**percent_ticks(0, 20, 40, 60, 80, 100), rangemode="tozero", showgrid=True, gridcolor=colours.surface)
    figure.update_layout(
        showlegend=True, legend=dict(x=1, xanchor="right", y=1, yanchor="top", font=dict(size=13)), margin=dict(l=48, r=10, t=44, b=48)
    )
    return figure.to_figure()


def popularity_pairs(found: BeyondAccuracy, colours: Palette) -> go.Figure:
    """For each third of the users, the mean popularity of the history and, joined to it, of the lists."""
    shown = [(_(name), pair) for name, pair in zip(GROUPS, found.group_popularity, strict=True) if np.isfinite(pair).all()]
    figure = _pairs(_("Popularity of history and lists"), [name for name, _pair in shown], [pair for _name, pair in shown], colours, 30)
    figure.update_xaxes(title=axis_title(_("mean training events"), colours), rangemode="tozero")
    return figure.to_figure()


def category_pairs(found: BeyondAccuracy, colours: Palette) -> go.Figure:
    """The categories whose shares of history and lists differ most, the largest difference first."""
    order = np.argsort(-np.abs(found.category_shares[:, 1] - found.category_shares[:, 0]), kind="stable")[:CATEGORIES]
    names = [found.categories[at] for at in order]
    figure = _pairs(_("Categories of history and lists"), names, list(found.category_shares[order]), colours, 24)
    figure.update_xaxes(title=axis_title(_("mean share"), colours), rangemode="tozero", tickformat=".0%")
    return figure.to_figure()


def model_rows(title: str, rows: Mapping[str, Mean | float | None], own: str, axis: str, colours: Palette) -> go.Figure:
    """A dot for each model with a bar for its 95 % interval, where it has one."""
    known = {name: value if isinstance(value, Mean) else Mean(value, np.nan, np.nan) for name, value in rows.items() if value is not None}
    figure = Chart(title, colours, 84 + ROW * len(known))
    for at, (name, mean) in enumerate(known.items()):
        tint = colours.accent if name == own else colours.quiet
        if math.isfinite(mean.low):
            figure.add_shape(type="line", x0=mean.low, x1=mean.high, y0=at, y1=at, line=dict(color=tint, width=3), opacity=0.55)
    figure.add_trace(
        dict(
            type="scatter", mode="markers", x=[mean.value for mean in known.values()], y=list(range(len(known))),
            marker=dict(size=11, color=[colours.accent if name == own else colours.quiet for name in known]),
            hoverinfo="skip", cliponaxis=False,
        )
    )  # fmt: skip
    figure.update_xaxes(
        title=axis_title(escape_label(axis), colours),
        showgrid=True,
        gridcolor=colours.surface,
        nticks=5,
        range=_find_range(list(known.values())),
    )
    figure.update_yaxes(
        tickvals=list(range(len(known))), ticktext=[shorten_label(name, LABEL) for name in known], range=[len(known) - 0.5, -0.5],
        automargin=True, showline=False,
    )  # fmt: skip
    figure.update_layout(margin=dict(l=8, r=16, t=44, b=44))
    return figure.to_figure()


def _find_range(means: Sequence[Mean]) -> list[float] | None:
    """Return the ends of the axis: room around all intervals, and never so little that the interval of a single model fills the figure."""
    ends = [end for mean in means for end in mean if math.isfinite(end)]
    if not ends:
        return None
    low, high = min(ends), max(ends)
    half = max(0.6 * (high - low), 0.1 * max(abs(low), abs(high)), 1e-3)
    return [(low + high) / 2 - half, (low + high) / 2 + half]


def _pairs(title: str, names: Sequence[str], pairs: Sequence[np.ndarray], colours: Palette, wide: int) -> Chart:
    """Rows of two dots joined by a line: what the history has, and what the lists have."""
    figure = Chart(title, colours, 110 + ROW * len(names))
    for at, pair in enumerate(pairs):
        figure.add_shape(
            type="line", x0=float(pair[0]), x1=float(pair[1]), y0=at, y1=at, line=dict(color=colours.faint, width=4), layer="below"
        )
    for column, tint in enumerate((colours.other, colours.accent)):
        figure.add_trace(
            dict(
                type="scatter", mode="markers", x=[float(pair[column]) for pair in pairs], y=list(range(len(names))),
                marker=dict(size=12, color=tint), hoverinfo="skip", cliponaxis=False,
            )
        )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[_break(name, wide) for name in names], range=[len(names) - 0.5, -0.5], automargin=True,
        showline=False, tickfont=dict(color=colours.text, size=13),
    )  # fmt: skip
    figure.update_layout(margin=dict(l=8, r=16, t=44, b=48))
    return figure


def _break(name: str, width: int) -> str:
    """Return an escaped name in at most two lines."""
    head, tail = name, ""
    if len(name) > width and " " in name:
        at = name.rfind(" ", 0, width + 1)
        head, tail = (name[:at], name[at + 1 :]) if at > 0 else (name, "")
    lines = [shorten_label(each, width) for each in (head, tail) if each]
    return "<br>".join(lines)
