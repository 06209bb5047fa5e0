"""Models against each other: any two of their figures, with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from recsys.figures.palette import Palette, blank_figure, escaped


class Mark(NamedTuple):
    """One model in the scatter. Intervals are (low, high) or None; `aware` models are drawn filled, blind ones hollow."""

    title: str
    x: float
    y: float
    x_interval: tuple[float, float] | None
    y_interval: tuple[float, float] | None
    aware: bool
    chosen: bool


def trade_off(marks: Sequence[Mark], x_title: str, y_title: str, x_log: bool, y_log: bool, colours: Palette) -> go.Figure:
    """A dot a model, its bars the 95 % intervals; the model of the cursor in the accent colour."""
    figure = blank_figure(f"{y_title} against {x_title.lower() if x_title[1:2].islower() else x_title}", colours, 400)
    for kind, filled in (("told time or place", True), ("told neither", False)):
        here = [mark for mark in marks if mark.aware == filled]
        if not here:
            continue
        tints = [colours.accent if mark.chosen else colours.quiet for mark in here]
        figure.add_trace(
            go.Scatter(
                x=[mark.x for mark in here],
                y=[mark.y for mark in here],
                name=kind,
                mode="markers+text",
                marker=dict(size=13, color=tints if filled else colours.background, line=dict(color=tints, width=2.5)),
                error_x=_bars([mark.x_interval for mark in here], [mark.x for mark in here], colours),
                error_y=_bars([mark.y_interval for mark in here], [mark.y for mark in here], colours),
                text=[escaped(mark.title) for mark in here],
                textposition=[_side(mark, marks, x_log) for mark in here],
                textfont=dict(size=13, color=colours.text),
                cliponaxis=False,
                hovertemplate=f"%{{text}}<br>{escaped(x_title)}: %{{x:.4~g}}<br>{escaped(y_title)}: %{{y:.4~g}}<extra></extra>",
            )
        )
    grid = dict(showgrid=True, gridcolor=colours.surface, fixedrange=True)
    figure.update_xaxes(title=dict(text=escaped(x_title), standoff=6), type="log" if x_log else "linear", **grid)
    figure.update_yaxes(title=dict(text=escaped(y_title), standoff=6), type="log" if y_log else "linear", **grid)
    for log, values, update in (
        (x_log, [mark.x for mark in marks], figure.update_xaxes),
        (y_log, [mark.y for mark in marks], figure.update_yaxes),
    ):
        update(**_roomy(values, log))
    legend = dict(orientation="h", y=1.02, yanchor="bottom", x=1, xanchor="right", font=dict(size=13))
    figure.update_layout(margin=dict(l=72, r=24, t=64, b=52), showlegend=True, legend=legend, hovermode="closest")
    return figure


def _bars(intervals: Sequence[tuple[float, float] | None], values: Sequence[float], colours: Palette) -> dict[str, object]:
    high = [max(interval[1] - value, 0) if interval else 0 for interval, value in zip(intervals, values, strict=True)]
    low = [max(value - interval[0], 0) if interval else 0 for interval, value in zip(intervals, values, strict=True)]
    return dict(type="data", symmetric=False, array=high, arrayminus=low, color=colours.faint, thickness=2, width=0)


def _side(mark: Mark, marks: Sequence[Mark], log: bool) -> str:
    """The label stands on the side with room, above or below by turns where dots crowd."""
    place = sorted(marks, key=lambda each: (each.x, each.y)).index(mark)
    at = {each: float(np.log10(max(each.x, 1e-9))) if log else each.x for each in marks}
    low, high = min(at.values()), max(at.values())
    side = "left" if high > low and (at[mark] - low) / (high - low) > 0.6 else "right"
    return f"{'top' if place % 2 else 'bottom'} {side}"


def _roomy(values: Sequence[float], log: bool) -> dict[str, object]:
    """A range with room for the labels."""
    if not values:
        return {}
    if log:
        numbers = np.log10(np.maximum(values, 1e-9))
        return dict(range=[float(numbers.min()) - 0.5, float(numbers.max()) + 0.5], dtick=1)
    span = max(values) - min(values) or abs(max(values)) or 1.0
    return dict(range=[min(values) - 0.15 * span, max(values) + 0.15 * span])
