"""A model in general: what kinds of events move it, and which category moves which."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import plotly.graph_objects as go

from recsys.explain.global_.global_importance import GlobalImportance, ImportanceLine
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette, escaped, mixed

DOTS = 160  # drawn in a row; more would only be darker
ROW = 30
UNIT = "what the score loses without the event (1: the usual spread of all scores)"


def beeswarm(found: GlobalImportance, lines: Sequence[ImportanceLine], colours: Palette, seed: int = 0) -> go.Figure:
    """A row for each answer to each question, a dot for each event, a bar for the mean; beyond the outermost hundredth dots stand at the edge."""
    groups = [(feature, list(each)) for feature, each in groupby(lines, key=lambda line: line.feature)]
    figure = Chart("Which events move the list", colours, 90 + ROW * (len(lines) + len(groups)))
    random, at, ticks, labels = np.random.default_rng(seed), 0, [], []
    low, high = np.quantile(found.values, [0.005, 0.995])
    left, right = min([low, *(line.low for line in lines)]), max([high, *(line.high for line in lines)])
    room = max(float(right - left), 1e-6)
    for feature, answered in groups:
        ticks.append(at)
        labels.append(f"<b>{escaped(feature)}</b>")
        note = f"explains {found.importance(feature):.0%} of the differences"
        figure.add_annotation(
            xref="paper", x=1, xanchor="right", yref="y", y=at, text=note, showarrow=False, font=dict(size=12, color=colours.quiet)
        )
        for line in answered:
            at += 1
            ticks.append(at)
            labels.append(escaped(line.name))
            _row(figure, found, line, at, (float(low), float(high)), random, colours)
        at += 1
    figure.add_shape(type="line", xref="x", yref="paper", x0=0, x1=0, y0=0, y1=1, line=dict(color=colours.faint, width=1), layer="below")
    figure.update_xaxes(range=[left - 0.05 * room, right + 0.05 * room], nticks=7, title=axis_title(UNIT, colours))
    figure.update_yaxes(
        tickvals=ticks, ticktext=labels, range=[at - 0.4, -0.8], tickfont=dict(color=colours.text, size=13), showline=False, automargin=True
    )
    figure.update_layout(margin=dict(l=170, r=10, t=40, b=50))
    return figure.drawn()


def _row(
    figure: Chart,
    found: GlobalImportance,
    line: ImportanceLine,
    at: int,
    ends: tuple[float, float],
    random: np.random.Generator,
    colours: Palette,
) -> None:
    codes, names = found.features[line.feature]
    values = found.values[codes == names.index(line.name)]
    shown = values if len(values) <= DOTS else random.choice(values, DOTS, replace=False)
    figure.add_trace(
        dict(
            type="scatter", mode="markers", x=np.clip(shown, *ends).astype(np.float32),
            y=(at + 0.28 * (2 * random.random(len(shown)) - 1)).astype(np.float32),
            marker=dict(size=5, color=[colours.accent if value > 0 else colours.miss for value in shown], opacity=0.6), hoverinfo="skip",
        )
    )  # fmt: skip
    text = f"{escaped(line.name)}: {line.mean:+.3f} [{line.low:+.3f}, {line.high:+.3f}] on average of {line.events:,} events"
    figure.add_trace(
        dict(
            type="scatter", mode="markers", x=[line.mean], y=[at], text=[text], hovertemplate="%{text}<extra></extra>",
            marker=dict(symbol="line-ns", size=17, line=dict(width=3.5, color=colours.text)),
            error_x=dict(type="data", symmetric=False, array=[line.high - line.mean], arrayminus=[line.mean - line.low], color=colours.text, thickness=1.3, width=3),
        )
    )  # fmt: skip


def category_map(names: Sequence[str], means: np.ndarray, colours: Palette) -> go.Figure:
    """What an event of a row's category adds to a recommendation of a column's; blue pushes up, orange down, empty where too few."""
    figure = Chart("Which kind of event leads to which recommendation", colours, 150 + 32 * len(names))
    largest = max(float(np.nanmax(np.abs(means), initial=0.0)), 1e-9)
    scale = [[0, colours.miss], [0.5, mixed(colours.surface, colours.background, 0.5)], [1, colours.accent]]
    short = [escaped(name if len(name) <= 22 else f"{name[:21]}…") for name in names]
    figure.add_trace(
        dict(
            type="heatmap", z=_rooted(means, largest), x=list(range(len(names))), y=list(range(len(names))), colorscale=scale, zmin=-1, zmax=1, showscale=False, xgap=2, ygap=2,
            text=[[f"after {row}, {column}: {_said(means[r, c])}" for c, column in enumerate(short)] for r, row in enumerate(short)],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    positions = list(range(len(names)))
    figure.update_xaxes(
        tickvals=positions, ticktext=short, tickangle=-40, side="bottom", showline=False, title=axis_title("recommended", colours)
    )
    figure.update_yaxes(
        tickvals=positions, ticktext=short, autorange="reversed", showline=False, title=axis_title("event before", colours), automargin=True
    )
    figure.update_layout(margin=dict(l=150, r=10, t=40, b=120))
    return figure.drawn()


def _rooted(means: np.ndarray, largest: float) -> np.ndarray:
    """Roots, so that small influences are still seen beside the large ones of a kind on itself."""
    return np.asarray(np.sign(means) * np.sqrt(np.abs(means) / largest))


def _said(value: float) -> str:
    return "too few events" if np.isnan(value) else f"{value:+.3f}"
