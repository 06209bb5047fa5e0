"""Failures of a model: differences of slices with their intervals, and the ranks of two models on the same cases."""

import math
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import _, ngettext
from recsys.figures.chart import Chart, axis_title, shorten_label
from recsys.figures.palette import Palette, escape_label

ROW, LETTER, LABEL = 27, 7, 48
"""Height of a row and width of a letter in pixels, and the most letters of a label."""
LINE = 34
"""Letters of a line of the title of an axis, in a figure that has half of a page's width."""


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
    figure.update_layout(
        margin=dict(l=8, r=24 + LETTER * max((len(row.note) for row in rows), default=0), t=40, b=44), hovermode="y", hoverdistance=ROW
    )
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


RANK_EDGES = (1, 2, 4, TOP_K + 1, 31, 101, 301, 1_001, 3_001)
"""First ranks of the bins in which the ranks of two models are counted, about three to a decade; the top 10 ends at a limit."""
BUBBLE = 46
"""Diameter of the largest bubble in pixels."""


def bin_ranks(ranks: np.ndarray) -> np.ndarray:
    """Return the bin (n,) of each rank; an item that is not listed is in the last one."""
    return np.searchsorted(RANK_EDGES, np.ceil(ranks), side="right") - 1


def rank_pairs(counts: np.ndarray, first: str, second: str, colours: Palette) -> go.Figure:
    """Bubbles for the cases by their rank under two models: `counts` (bins, bins) by the bin of the first and of the second.

    Green where only the second has the item in its top 10, orange where only the first has. The `customdata` of a bubble is
    bin of the first × bins + bin of the second.
    """
    figure = Chart(_("Rank of what came next under both models"), colours, 470)
    used = int(np.flatnonzero(counts.any(axis=0) | counts.any(axis=1)).max(initial=0)) + 1
    across, up = np.nonzero(counts)
    sizes = counts[across, up]
    top = RANK_EDGES.index(TOP_K + 1)
    tints = np.where((across >= top) & (up < top), colours.hit, np.where((across < top) & (up >= top), colours.miss, colours.other))
    labels = [label_rank_bin(at) for at in range(used)]
    figure.add_shape(type="line", x0=-0.5, x1=used - 0.5, y0=-0.5, y1=used - 0.5, line=dict(color=colours.faint, width=1.5), layer="below")
    for limit in (dict(x0=top - 0.5, x1=top - 0.5, y0=-0.5, y1=used - 0.5), dict(y0=top - 0.5, y1=top - 0.5, x0=-0.5, x1=used - 0.5)):
        if used > top:
            figure.add_shape(type="line", line=dict(color=colours.quiet, width=1, dash="dot"), layer="below", **limit)
    figure.add_trace(
        dict(
            type="scatter",
            x=across.tolist(),
            y=up.tolist(),
            mode="markers",
            marker=dict(
                size=sizes.tolist(),
                sizemode="area",
                sizeref=2 * float(sizes.max(initial=1)) / BUBBLE**2,
                sizemin=3,
                color=tints.tolist(),
                opacity=0.85,
                line=dict(width=0),
            ),
            unselected=dict(marker=dict(opacity=0.85)),
            customdata=(across * len(RANK_EDGES) + up).tolist(),
            text=[
                _("{first}: rank {a}<br>{second}: rank {b}<br>{events}", first=escape_label(first), second=escape_label(second),
                  a=labels[a], b=labels[b], events=ngettext("{count} event", "{count} events", int(size)))
                for a, b, size in zip(across, up, sizes, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
    )  # fmt: skip
    ticks = dict(tickvals=list(range(used)), ticktext=labels, range=[-0.6, used - 0.4])
    across_title, up_title = (_wrap(_("rank under {model}", model=each)) for each in (first, second))
    figure.update_xaxes(title=axis_title(across_title, colours), automargin=True, **ticks)
    figure.update_yaxes(title=axis_title(up_title, colours), automargin=True, **ticks)
    figure.update_layout(margin=dict(l=8, r=16, t=44, b=48))
    return figure.to_figure()


def label_rank_bin(at: int) -> str:
    """Return a bin of ranks as "4–10", the last one as "3,001 or more"."""
    first = RANK_EDGES[at]
    if at == len(RANK_EDGES) - 1:
        return _("{first} or more", first=format_number(first))
    last = RANK_EDGES[at + 1] - 1
    return format_number(first) if first == last else f"{format_number(first)}–{format_number(last)}"


def _wrap(title: str) -> str:
    """Return the escaped title of an axis in lines: names of two versions of a model may differ in their last letters alone."""
    return "<br>".join(escape_label(line) for line in textwrap.wrap(title, LINE))
