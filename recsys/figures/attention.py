"""Attention at one step: arcs back to the events, a heat map of all steps, weight against gaps, and shares of the logits' terms."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.attention import AttentionSummary, describe_view
from recsys.core.formatting import format_distance, format_share
from recsys.core.translation import N_, _
from recsys.figures.chart import Chart, PlotArea, axis_title, percent_ticks
from recsys.figures.palette import Palette, escape_label, mix_colours

SHOWN = 60  # steps and events of the heat map: cells smaller than this cannot be told apart
ARCS = 40  # thinner ones would not be seen
STRONG, LEAST = 0.1, 1e-4
TERMS = {
    "content": N_("item"),
    "order": N_("number of events ago"),
    "time": N_("time ago"),
    "distance": N_("distance"),
    "follows": N_("preceding item"),
    "hour": N_("hour of the day"),
}
HOUR_TICKS = ((0.1, N_("6 min")), (1, N_("1 h")), (24, N_("1 day")), (168, N_("1 wk")), (720, N_("1 mo")), (8766, N_("1 yr")))
KILOMETRE_TICKS = (0.05, 0.5, 2, 10, 100, 1000)
GATE = PlotArea(height=190, left=56, right=8, top=40, bottom=40)


def attention_arcs(summary: AttentionSummary, titles: Sequence[str], tints: Sequence[str], colours: Palette) -> go.Figure:
    """Arcs from the current step back to the events, thicker and darker with more weight.

    `titles` and `tints` (n,) belong to `summary.events`; customdata is the event's index.
    """
    figure = Chart(_("Attention on earlier events"), colours, 230)
    heaviest = [at for at in summary.heaviest(ARCS) if summary.weights[at] > 0.002][::-1]
    # Attention spread evenly over many events is drawn thin, not as many strong arcs.
    strongest = max(float(summary.weights.max(initial=0.0)), STRONG)
    first = int(summary.events[0]) if len(summary.events) else 0
    span = max(summary.step - first, 1)
    for at in heaviest:
        share = float(summary.weights[at]) / strongest
        x, y = _arc(float(summary.events[at]), float(summary.step), span)
        line = dict(color=colours.accent, width=0.8 + 5.2 * share)
        figure.add_trace(dict(type="scatter", x=x, y=y, mode="lines", line=line, opacity=0.15 + 0.7 * share, hoverinfo="skip"))
    template = _("event {number}: {title}<br>{share} of the attention")
    figure.add_trace(
        dict(
            type="scatter",
            x=summary.events,
            y=np.zeros(len(summary.events), dtype=np.float32),
            mode="markers",
            marker=dict(size=(5 + 15 * np.sqrt(summary.weights / strongest)).astype(np.float32), color=list(tints), line=dict(width=0)),
            customdata=summary.events,
            text=[
                template.format(number=at + 1, title=escape_label(title), share=format_share(weight, 1))
                for at, title, weight in zip(summary.events, titles, summary.weights, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    now = dict(size=13, color=colours.accent, line=dict(color=colours.background, width=2))
    figure.add_trace(
        dict(type="scatter", x=[summary.step], y=[0], mode="markers", marker=now, hovertemplate=_("this step") + "<extra></extra>")
    )
    figure.update_xaxes(
        range=[first - 0.02 * span - 0.5, summary.step + 0.02 * span + 0.5], title=axis_title(_("step"), colours, 2), automargin=True
    )
    figure.update_yaxes(range=[-0.12, 1.05], visible=False)
    figure.update_layout(margin=dict(l=8, r=8, t=38, b=40), hovermode="closest", clickmode="event+select")
    return figure.to_figure()


def attention_map(weights: np.ndarray, steps: np.ndarray, titles: Sequence[str], step: int, colours: Palette) -> go.Figure:
    """Heat map with a row for each step and a column for each event, the latest of both; a frame marks the current step.

    `weights` (n + 1, n + 1) and `steps` (n + 1,) are as in StepAttention, `titles` (n + 1,). Heat maps return no selection, so a
    transparent point lies over every cell, its customdata the step of its row.
    """
    first = max(len(steps) - SHOWN, 0)
    shown, events = weights[first:, first:], steps[first:]
    rows = events + 1  # the row of event i holds the attention after it
    figure = Chart(_("Attention on earlier events, at every step"), colours, 430)
    names = [_("start") if event < 0 else f"{event}" for event in events]
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
    template = _("attention of step {step} on {title}: {share}")
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
                template.format(step=rows[r], title=escape_label(titles[first + c]), share=format_share(shown[r, c], 1))
                for r, c in zip(row.tolist(), column.tolist(), strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    here = int(np.searchsorted(rows, step))
    figure.add_shape(type="rect", x0=-0.5, x1=here + 0.5, y0=here - 0.5, y1=here + 0.5, line=dict(color=colours.accent, width=2))
    every = max(1, -(-len(events) // 8))
    ticks = positions[::every]
    figure.update_xaxes(tickvals=ticks, ticktext=[names[at] for at in ticks], title=axis_title(_("event"), colours), automargin=True)
    figure.update_yaxes(
        tickvals=ticks,
        ticktext=[f"{rows[at]}" for at in ticks],
        title=axis_title(_("step"), colours),
        automargin=True,
        autorange="reversed",
    )
    figure.update_layout(margin=dict(l=56, r=8, t=40, b=46), hovermode="closest", clickmode="event+select")
    return figure.to_figure()


def weight_by_gap(summary: AttentionSummary, gaps: np.ndarray, title: str, unit: str, titles: Sequence[str], colours: Palette) -> go.Figure:
    """Attention on each event against its gap (n,) in `unit`, hours or kilometres, on log scales; smaller gaps stand at the first tick."""
    figure = Chart(title, colours, 280)
    known = np.flatnonzero(np.isfinite(gaps))
    ticks = _gap_ticks(unit)
    template = _("{title}: {share} of the attention")
    figure.add_trace(
        dict(
            type="scatter",
            x=np.log10(np.maximum(gaps[known], ticks[0][0])).astype(np.float32),
            y=np.log10(np.maximum(summary.weights[known], LEAST)).astype(np.float32),
            mode="markers",
            marker=dict(size=8, color=colours.accent, opacity=0.6),
            customdata=summary.events[known],
            text=[template.format(title=escape_label(titles[at]), share=format_share(summary.weights[at], 1)) for at in known.tolist()],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(
        tickvals=[float(np.log10(value)) for value, _name in ticks],
        ticktext=[name for _value, name in ticks],
        tickangle=0,
        title=axis_title(_("time ago") if unit == "hours" else _("distance from the last place"), colours),
        automargin=True,
    )
    low, high = np.log10(np.clip([summary.weights[known].min(initial=1.0), summary.weights[known].max(initial=0.0)], LEAST, 1.0))
    steps = (1, 2, 5) if high - low < 1.5 else (1,)
    levels = [step * 10.0**power for power in range(-4, 1) for step in steps if step * 10.0**power <= 1]
    room = max(0.08 * (high - low), 0.05)
    if not any(low - room <= np.log10(level) <= high + room for level in levels):
        levels = [float(f"{10**end:.2g}") for end in (low, high)]  # weights so even that no round share is within the range
    figure.update_yaxes(
        tickvals=np.log10(levels),
        ticktext=[_format_level(level) for level in levels],
        range=[low - room, high + room],
        title=axis_title(_("share of the attention"), colours),
        automargin=True,
    )
    figure.update_layout(margin=dict(l=72, r=10, t=40, b=46), hovermode="closest")
    return figure.to_figure()


def share_bars(shares: Mapping[str, np.ndarray], block_names: Sequence[str], colours: Palette) -> go.Figure:
    """A stacked bar for each block and head: shares (blocks, heads) of the terms of the attention logits, by term."""
    figure = Chart(_("Terms that decide the attention"), colours, 280)
    heads = next(iter(shares.values())).shape[1]
    names = [describe_view(f"{name}, head {head + 1}" if heads > 1 else name) for name in block_names for head in range(heads)]
    # Not the colours of categories, which mean something else in the charts beside this one.
    tints = (
        (colours.accent, colours.background),
        (colours.quiet, colours.background),
        (colours.other, colours.background),
        (colours.faint, colours.text),
        (mix_colours(colours.accent, colours.background, 0.55), colours.text),
        (colours.surface, colours.text),
    )
    for (term, values), (tint, ink) in zip(shares.items(), cycle(tints), strict=False):
        label, percent = _(TERMS[term]) if term in TERMS else term, values.reshape(-1) * 100
        figure.add_trace(
            dict(
                type="bar",
                y=names,
                x=percent.astype(np.float32),
                orientation="h",
                name=label,
                marker=dict(color=tint),
                text=[format_share(value / 100) if value >= 9 else "" for value in percent],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont=dict(color=ink, size=13),
                hovertemplate=_("%{{y}}: {term}, %{{x:.1f}}%<extra></extra>", term=label),
            )
        )
    legend = dict(orientation="h", y=-0.16, yanchor="top", x=0, font=dict(size=13), traceorder="normal")
    figure.update_layout(barmode="stack", showlegend=True, legend=legend, margin=dict(l=8, r=16, t=40, b=30), bargap=0.4)
    figure.update_xaxes(range=[0, 100.5], **percent_ticks(0, 25, 50, 75, 100), automargin=True)
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont=dict(size=13, color=colours.text))
    return figure.to_figure()


def gate_line(gate: np.ndarray, title: str, colours: Palette, first: int = 0) -> go.Figure:
    """A gate's value (S,) at every step from `first` on, from 0 to 1."""
    figure = Chart(title, colours, GATE.height)
    figure.add_trace(
        dict(
            type="scatter",
            x=first + np.arange(len(gate), dtype=np.float32),
            y=gate.astype(np.float32),
            mode="lines+markers" if len(gate) < 80 else "lines",
            line=dict(color=colours.quiet, width=1.8),
            marker=dict(size=5, color=colours.quiet),
            fill="tozeroy",
            fillcolor=colours.surface,
            customdata=first + np.arange(len(gate)),
            hovertemplate=_("step %{x}: %{y:.0%}<extra></extra>"),
        )
    )
    figure.update_xaxes(range=[first - 0.6, first + len(gate) - 0.4], title=axis_title(_("step"), colours))
    figure.update_yaxes(range=[0, 1.02], tickvals=[0, 0.5, 1], ticktext=[format_share(value) for value in (0, 0.5, 1)])
    figure.update_layout(margin=GATE.margin)
    return figure.to_figure()


def locate_on_gate(gate: np.ndarray, step: int) -> tuple[float, float]:
    """Return the cursor's place in the plot, as fractions from the left and from the top."""
    return (step + 0.6) / (len(gate) + 0.2), 1 - float(gate[step]) / 1.02


def _arc(start: float, end: float, span: int) -> tuple[np.ndarray, np.ndarray]:
    """Half an ellipse, its height relative to that of an arc over the whole span."""
    angle = np.linspace(0, np.pi, 33)
    middle, half = (start + end) / 2, (end - start) / 2
    height = np.sqrt((end - start) / span)
    return (middle - half * np.cos(angle)).astype(np.float32), (height * np.sin(angle)).astype(np.float32)


def _gap_ticks(unit: str) -> list[tuple[float, str]]:
    if unit == "hours":
        return [(hours, _(name)) for hours, name in HOUR_TICKS]
    nearest, *others = KILOMETRE_TICKS
    return [(nearest, _("here")), *((distance, format_distance(distance)) for distance in others)]


def _format_level(level: float) -> str:
    """A share as a percentage with as many decimals as it has."""
    return format_share(level, len(f"{level * 100:.10g}".partition(".")[2]))
