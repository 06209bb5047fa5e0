"""Where a model looks at one step: a heat map of steps and events, arcs over the timeline, weight against gaps, shares."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.attention import AttentionSummary
from recsys.figures.chart import Chart, PlotArea, axis_title
from recsys.figures.palette import Palette, escaped, mixed

SHOWN = 60  # steps and events of the heat map: cells smaller than this cannot be told apart
ARCS = 40  # thinner ones would not be seen
STRONG, LEAST = 0.1, 1e-4
PARTS = {
    "content": "what it was",
    "order": "how many events ago",
    "time": "how long ago",
    "distance": "how far away",
    "follows": "what came before it",
    "hour": "at which hour",
}


def attention_arcs(look: AttentionSummary, titles: Sequence[str], tints: Sequence[str], colours: Palette) -> go.Figure:
    """Arcs from now back to the events looked at; thicker and darker is more weight. `titles`, `tints` (n,) go with `look.events`."""
    figure = Chart("Where it looks back to", colours, 230)
    heaviest = [at for at in look.heaviest(ARCS) if look.weights[at] > 0.002][::-1]
    # A look spread evenly over many events is drawn thin, not as many strong ones.
    strongest = max(float(look.weights.max(initial=0.0)), STRONG)
    first = int(look.events[0]) if len(look.events) else 0
    span = max(look.step - first, 1)
    for at in heaviest:
        share = float(look.weights[at]) / strongest
        x, y = _arc(float(look.events[at]), float(look.step), span)
        line = dict(color=colours.accent, width=0.8 + 5.2 * share)
        figure.add_trace(dict(type="scatter", x=x, y=y, mode="lines", line=line, opacity=0.15 + 0.7 * share, hoverinfo="skip"))
    figure.add_trace(
        dict(
            type="scatter",
            x=look.events,
            y=np.zeros(len(look.events), dtype=np.float32),
            mode="markers",
            marker=dict(size=(5 + 15 * np.sqrt(look.weights / strongest)).astype(np.float32), color=list(tints), line=dict(width=0)),
            customdata=look.events,
            text=[
                f"event {at + 1}: {escaped(title)}<br>{weight:.1%} of the look"
                for at, title, weight in zip(look.events, titles, look.weights, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    now = dict(size=13, color=colours.accent, line=dict(color=colours.background, width=2))
    figure.add_trace(dict(type="scatter", x=[look.step], y=[0], mode="markers", marker=now, hovertemplate="now<extra></extra>"))
    figure.update_xaxes(
        range=[first - 0.02 * span - 0.5, look.step + 0.02 * span + 0.5], title=axis_title("step", colours, 2), automargin=True
    )
    figure.update_yaxes(range=[-0.12, 1.05], visible=False)
    figure.update_layout(margin=dict(l=8, r=8, t=38, b=40), hovermode="closest", clickmode="event+select")
    return figure.drawn()


def attention_map(weights: np.ndarray, steps: np.ndarray, titles: Sequence[str], step: int, colours: Palette) -> go.Figure:
    """Rows are steps, columns the events they look at, the latest of both; the accent row is now.

    `weights` (n + 1, n + 1), `steps` (n + 1,) as in Attention, `titles` (n + 1,). Heat maps return no selection, so a
    transparent point lies over every cell, its customdata the step of its row.
    """
    first = max(len(steps) - SHOWN, 0)
    shown, events = weights[first:, first:], steps[first:]
    rows = events + 1  # the row of event i is the look after it
    figure = Chart("Every step’s look at the events before it", colours, 430)
    names = ["start" if event < 0 else f"{event}" for event in events]
    high = float(np.quantile(shown[np.tril_indices(len(shown))], 0.99)) if len(shown) else 1.0
    positions = np.arange(len(events))
    figure.add_trace(
        dict(
            type="heatmap",
            z=np.where(np.tri(len(shown), dtype=bool), shown, np.nan).astype(np.float32),
            x=positions,
            y=positions,
            colorscale=[[0, colours.surface], [1, colours.accent]],
            zmin=0,
            zmax=max(high, 1e-6),
            showscale=False,
            hoverinfo="skip",
        )
    )
    row, column = np.tril_indices(len(shown))
    figure.add_trace(
        dict(
            type="scattergl",
            x=column,
            y=row,
            mode="markers",
            marker=dict(size=max(5, min(14, 420 // max(len(shown), 1))), color="rgba(0,0,0,0)", symbol="square"),
            selected=dict(marker=dict(opacity=0)),
            unselected=dict(marker=dict(opacity=0)),
            customdata=rows[row],
            text=[
                f"step {rows[r]} looks at {escaped(titles[first + c])}: {shown[r, c]:.1%}"
                for r, c in zip(row.tolist(), column.tolist(), strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    here = int(np.searchsorted(rows, step))
    figure.add_shape(type="rect", x0=-0.5, x1=here + 0.5, y0=here - 0.5, y1=here + 0.5, line=dict(color=colours.miss, width=2))
    every = max(1, -(-len(events) // 8))
    ticks = positions[::every]
    figure.update_xaxes(tickvals=ticks, ticktext=[names[at] for at in ticks], title=axis_title("event looked at", colours), automargin=True)
    figure.update_yaxes(
        tickvals=ticks,
        ticktext=[f"{rows[at]}" for at in ticks],
        title=axis_title("at step", colours),
        automargin=True,
        autorange="reversed",
    )
    figure.update_layout(margin=dict(l=56, r=8, t=40, b=46), hovermode="closest", clickmode="event+select")
    return figure.drawn()


def weight_by_gap(look: AttentionSummary, gaps: np.ndarray, title: str, unit: str, titles: Sequence[str], colours: Palette) -> go.Figure:
    """Weight of each event against its gap (n,) in time or space, both on log scales; what is closer than the first tick stands on it."""
    figure = Chart(title, colours, 280)
    known = np.flatnonzero(np.isfinite(gaps))
    ticks = _gap_ticks(unit)
    figure.add_trace(
        dict(
            type="scatter",
            x=np.log10(np.maximum(gaps[known], ticks[0][0])).astype(np.float32),
            y=np.log10(np.maximum(look.weights[known], LEAST)).astype(np.float32),
            mode="markers",
            marker=dict(size=8, color=colours.accent, opacity=0.6),
            customdata=look.events[known],
            text=[f"{escaped(titles[at])}: {look.weights[at]:.1%}" for at in known.tolist()],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(
        tickvals=[float(np.log10(value)) for value, _ in ticks], ticktext=[name for _, name in ticks], tickangle=0, automargin=True
    )
    low, high = np.log10(np.clip([look.weights[known].min(initial=1.0), look.weights[known].max(initial=0.0)], LEAST, 1.0))
    steps = (1, 2, 5) if high - low < 1.5 else (1,)
    levels = [step * 10.0**power for power in range(-4, 1) for step in steps if step * 10.0**power <= 1]
    room = max(0.08 * (high - low), 0.05)
    if not any(low - room <= np.log10(level) <= high + room for level in levels):
        levels = [float(f"{10**end:.2g}") for end in (low, high)]  # a look spread so evenly that no round share is in sight
    figure.update_yaxes(
        tickvals=np.log10(levels),
        ticktext=[f"{level * 100:g} %" for level in levels],
        range=[low - room, high + room],
        title=axis_title("share of the look", colours),
        automargin=True,
    )
    figure.update_layout(margin=dict(l=72, r=10, t=40, b=30), hovermode="closest")
    return figure.drawn()


def share_bars(shares: Mapping[str, np.ndarray], block_names: Sequence[str], colours: Palette) -> go.Figure:
    """What decides the look, a bar for every block (and head): shares of the parts of the logits, (blocks, heads) a part."""
    figure = Chart("What decides where it looks", colours, 280)
    heads = next(iter(shares.values())).shape[1]
    names = [name + (f", head {head + 1}" if heads > 1 else "") for name in block_names for head in range(heads)]
    # Not the colours of categories, which mean something else in the charts beside this one.
    tints = (
        (colours.accent, colours.background),
        (colours.quiet, colours.background),
        (colours.other, colours.background),
        (colours.faint, colours.text),
        (mixed(colours.accent, colours.background, 0.55), colours.text),
        (colours.surface, colours.text),
    )
    for (part, values), (tint, ink) in zip(shares.items(), cycle(tints), strict=False):
        percent = values.reshape(-1) * 100
        figure.add_trace(
            dict(
                type="bar",
                y=names,
                x=percent.astype(np.float32),
                orientation="h",
                name=PARTS.get(part, part),
                marker=dict(color=tint),
                text=[f"{value:.0f} %" if value >= 9 else "" for value in percent],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont=dict(color=ink, size=13),
                hovertemplate=f"%{{y}}: {PARTS.get(part, part)}, %{{x:.1f}} %<extra></extra>",
            )
        )
    legend = dict(orientation="h", y=-0.16, yanchor="top", x=0, font=dict(size=13), traceorder="normal")
    figure.update_layout(barmode="stack", showlegend=True, legend=legend, margin=dict(l=8, r=16, t=40, b=30), bargap=0.4)
    figure.update_xaxes(range=[0, 100.5], tickvals=[0, 25, 50, 75, 100], ticktext=["0", "25 %", "50 %", "75 %", "100 %"], automargin=True)
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=dict(size=13, color=colours.text))
    return figure.drawn()


GATE = PlotArea(height=190, left=56, right=8, top=40, bottom=40)


def gate_line(gate: np.ndarray, title: str, colours: Palette) -> go.Figure:
    """What share one side of a gate had at every step (T + 1,), as a line from 0 to 1."""
    figure = Chart(title, colours, GATE.height)
    figure.add_trace(
        dict(
            type="scatter",
            x=np.arange(len(gate), dtype=np.float32),
            y=gate.astype(np.float32),
            mode="lines+markers" if len(gate) < 80 else "lines",
            line=dict(color=colours.quiet, width=1.8),
            marker=dict(size=5, color=colours.quiet),
            fill="tozeroy",
            fillcolor=colours.surface,
            customdata=np.arange(len(gate)),
            hovertemplate="step %{x}: %{y:.0%}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[-0.6, len(gate) - 0.4], title=axis_title("step", colours))
    figure.update_yaxes(range=[0, 1.02], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"])
    figure.update_layout(margin=GATE.margin)
    return figure.drawn()


def now_on_gate(gate: np.ndarray, step: int) -> tuple[float, float]:
    """How far from left to right and from top to bottom the cursor lies in the plot."""
    return (step + 0.6) / (len(gate) + 0.2), 1 - float(gate[step]) / 1.02


def _arc(start: float, end: float, span: int) -> tuple[np.ndarray, np.ndarray]:
    """A half ellipse, as high as it is long, as far as the whole goes."""
    angle = np.linspace(0, np.pi, 33)
    middle, half = (start + end) / 2, (end - start) / 2
    height = np.sqrt((end - start) / span)
    return (middle - half * np.cos(angle)).astype(np.float32), (height * np.sin(angle)).astype(np.float32)


def _gap_ticks(unit: str) -> list[tuple[float, str]]:
    if unit == "hours":
        return [(0.1, "6 min"), (1, "1 h"), (24, "1 day"), (168, "1 wk"), (720, "1 mo"), (8766, "1 yr")]
    return [(0.05, "here"), (0.5, "500 m"), (2, "2 km"), (10, "10 km"), (100, "100 km"), (1000, "1,000 km")]
