"""Any two numbers of all models against each other, with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from recsys.core.translation import _
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette, escape_label


class Mark(NamedTuple):
    """One model in the scatter. Intervals are (low, high) or None; `aware` models use time or place and are drawn filled."""

    title: str
    x: float
    y: float
    x_interval: tuple[float, float] | None
    y_interval: tuple[float, float] | None
    aware: bool
    chosen: bool


def trade_off(marks: Sequence[Mark], x_title: str, y_title: str, x_log: bool, y_log: bool, colours: Palette) -> go.Figure:
    """A dot for each model with bars for its 95 % intervals; the chosen model in the accent colour."""
    figure = Chart(_("{y} vs. {x}", x=x_title, y=y_title), colours, 400)
    side_of = dict(zip(marks, _sides(marks, x_log, y_log), strict=True))
    hover = _("%{{customdata}}<br>{x}: %{{x:.4~g}}<br>{y}: %{{y:.4~g}}<extra></extra>", x=escape_label(x_title), y=escape_label(y_title))
    for kind, filled in ((_("uses time or place"), True), (_("uses neither"), False)):
        here = [mark for mark in marks if mark.aware == filled]
        if not here:
            continue
        tints = [colours.accent if mark.chosen else colours.quiet for mark in here]
        figure.add_trace(
            dict(
                type="scatter",
                x=[mark.x for mark in here],
                y=[mark.y for mark in here],
                name=kind,
                mode="markers+text",
                marker=dict(size=13, color=tints if filled else colours.background, line=dict(color=tints, width=2.5)),
                error_x=_bars([mark.x_interval for mark in here], [mark.x for mark in here], colours),
                error_y=_bars([mark.y_interval for mark in here], [mark.y for mark in here], colours),
                text=[escape_label(mark.title) if side_of[mark] else "" for mark in here],
                textposition=[side_of[mark] or "middle right" for mark in here],
                customdata=[escape_label(mark.title) for mark in here],
                textfont=dict(size=13, color=colours.text),
                cliponaxis=False,
                hovertemplate=hover,
            )
        )
    grid = dict(showgrid=True, gridcolor=colours.surface, automargin=True)
    figure.update_xaxes(title=axis_title(escape_label(x_title), colours, 6), type="log" if x_log else "linear", **grid)
    figure.update_yaxes(title=axis_title(escape_label(y_title), colours, 6), type="log" if y_log else "linear", **grid)
    for log, values, update in (
        (x_log, [mark.x for mark in marks], figure.update_xaxes),
        (y_log, [mark.y for mark in marks], figure.update_yaxes),
    ):
        update(**_padded_range(values, log))
    legend = dict(orientation="h", y=1.02, yanchor="bottom", x=1, xanchor="right", font=dict(size=13))
    figure.update_layout(margin=dict(l=72, r=24, t=64, b=52), showlegend=True, legend=legend, hovermode="closest")
    return figure.to_figure()


def _bars(intervals: Sequence[tuple[float, float] | None], values: Sequence[float], colours: Palette) -> dict[str, object]:
    high = [max(interval[1] - value, 0) if interval else 0 for interval, value in zip(intervals, values, strict=True)]
    low = [max(value - interval[0], 0) if interval else 0 for interval, value in zip(intervals, values, strict=True)]
    return dict(type="data", symmetric=False, array=high, arrayminus=low, color=colours.faint, thickness=2, width=0)


WIDTH, HEIGHT = 600.0, 290.0
"""Pixels of the smallest plot, by which labels are placed: on wider screens they stand further apart."""

LETTER, LINE, DOT = 7.5, 17.0, 9.0


def _sides(marks: Sequence[Mark], x_log: bool, y_log: bool) -> list[str]:
    """The position of each label, empty where there is no room: the chosen model's is always placed and first, the others from the top.

    Models without a label show their name on hover.
    """
    across, up = _places([mark.x for mark in marks], x_log) * WIDTH, _places([mark.y for mark in marks], y_log) * HEIGHT
    taken = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in zip(across, up, strict=True)]
    sides = [""] * len(marks)
    for at in sorted(range(len(marks)), key=lambda at: (not marks[at].chosen, -marks[at].y)):
        x, y, long = across[at], up[at], LETTER * len(marks[at].title)
        for side, left, low in (
            ("middle right", x + DOT, y - LINE / 2),
            ("middle left", x - DOT - long, y - LINE / 2),
            ("top center", x - long / 2, y + DOT),
            ("bottom center", x - long / 2, y - DOT - LINE),
        ):
            box = (left, low, left + long, low + LINE)
            others = taken[:at] + taken[at + 1 :]
            inside = box[0] >= 0 and box[2] <= WIDTH
            if inside and (marks[at].chosen or not any(_overlap(box, other) for other in others)):
                taken.append(box)
                sides[at] = side
                break
    return sides


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _places(values: Sequence[float], log: bool) -> np.ndarray:
    """Values (n,) as fractions of an axis with the range of `_padded_range`."""
    numbers = np.log10(np.maximum(values, 1e-9)) if log else np.asarray(values, dtype=np.float64)
    low, high = _limits(numbers, log)
    return (numbers - low) / (high - low)


def _limits(numbers: np.ndarray, log: bool) -> tuple[float, float]:
    span = float(np.ptp(numbers)) or abs(float(numbers.max())) or 1.0
    room = 0.5 if log else 0.15 * span
    return float(numbers.min()) - room, float(numbers.max()) + room


def _padded_range(values: Sequence[float], log: bool) -> dict[str, object]:
    """The range of an axis with room for the labels."""
    if not values:
        return {}
    numbers = np.log10(np.maximum(values, 1e-9)) if log else np.asarray(values, dtype=np.float64)
    return dict(range=list(_limits(numbers, log)), **({"dtick": 1} if log else {}))
