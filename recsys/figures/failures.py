"""Failures of a model: differences of slices with their intervals, and the ranks of two models on the same cases."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from recsys.core.formatting import format_fixed
from recsys.core.translation import _
from recsys.figures.chart import Chart, axis_title, shorten_label
from recsys.figures.palette import Palette, escape_label

ROW, LABEL = 27, 48
"""Height of a row in pixels, and the most letters of its label."""


class DifferenceRow(NamedTuple):
    """One row of a chart of differences. `note` stands at its right end, `hover` is shown with the label; both are plain text."""

    label: str
    difference: float
    low: float
    high: float
    is_reliable: bool
    note: str
    hover: str


def difference_rows(title: str, rows: Sequence[DifferenceRow], axis: str, colours: Palette, note: str = "") -> go.Figure:
    """A dot for each row with a bar for its 95 % interval: orange for a reliable loss, green for a reliable gain.

    The `customdata` of a dot is the number of its row, so that a click says which one it was.
    """
    figure = Chart(title, colours, 84 + len(rows) * ROW, note)
    tints = [_tint(row, colours) for row in rows]
    for at, (row, tint) in enumerate(zip(rows, tints, strict=True)):
        if math.isfinite(row.low):
            figure.add_shape(type="line", x0=row.low, x1=row.high, y0=at, y1=at, line=dict(color=tint, width=3), opacity=0.55)
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=10, y=at, text=escape_label(row.note), showarrow=False,
            font=dict(size=13, color=colours.quiet),
        )  # fmt: skip
    figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="paper", line=dict(color=colours.quiet, width=1.5))
    figure.add_trace(
        dict(
            type="scatter",
            x=[row.difference for row in rows],
            y=list(range(len(rows))),
            mode="markers",
            marker=dict(size=11, color=tints),
            unselected=dict(marker=dict(opacity=1)),
            customdata=list(range(len(rows))),
            text=[_hover(row) for row in rows],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_xaxes(
        title=axis_title(escape_label(axis), colours), showgrid=True, gridcolor=colours.surface, range=_range(rows), nticks=7
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[shorten_label(row.label, LABEL) for row in rows],
        range=[len(rows) - 0.5, -0.5],
        automargin=True,
        tickfont=dict(color=colours.text, size=14),
    )
    # A click anywhere in a row is one on its dot.
    figure.update_layout(margin=dict(l=8, r=150, t=40, b=44), hovermode="y", hoverdistance=ROW)
    return figure.to_figure()


def _tint(row: DifferenceRow, colours: Palette) -> str:
    if not row.is_reliable:
        return colours.other
    return colours.miss if row.difference < 0 else colours.hit


def _hover(row: DifferenceRow) -> str:
    values = [format_fixed(each, 3, sign=True) for each in (row.difference, row.low, row.high)]
    difference = _("{difference} ({low} to {high})", **dict(zip(("difference", "low", "high"), values, strict=True)))
    return f"{escape_label(row.label)}<br>{difference if math.isfinite(row.low) else values[0]}<br>{escape_label(row.hover)}"


def _range(rows: Sequence[DifferenceRow]) -> list[float]:
    """The range of the axis with zero inside."""
    ends = [each for row in rows for each in (row.difference, row.low, row.high) if math.isfinite(each)] + [0.0]
    room = 0.05 * (max(ends) - min(ends)) or 0.01
    return [min(ends) - room, max(ends) + room]
