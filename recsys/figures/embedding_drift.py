"""Interest as a way through two dimensions, and how far it is from where it was, in more than one view."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.drift import DriftReport
from recsys.drift.embedding_drift import InterestGap, Trajectory
from recsys.figures.chart import Chart, PlotArea, axis_title
from recsys.figures.drift import moments, time_span
from recsys.figures.palette import Palette, escaped, mixed

WAY = PlotArea(height=400, left=28, right=12, top=44, bottom=30)
MOST = 240  # dots of a way
LETTER, LINE = 0.021, 0.062  # parts of the plot that a letter and a line of text take
GAP = 0.075  # of the height, between two names at the right edge


def interest_trajectory(found: Trajectory, changes: Sequence[tuple[str, int]], title: str, colours: Palette) -> go.Figure:
    """The way from pale to dark as time passes, with numbers at the changes (number, step), among the kinds of items it lies between."""
    figure = Chart(title, colours, WAY.height)
    low, high = spread(found)
    known = np.flatnonzero(np.isfinite(found.path).all(axis=1))
    shown = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST)).round().astype(int))]
    pale = [mixed(colours.accent, colours.background, 0.85 * (1 - at / max(len(shown) - 1, 1))) for at in range(len(shown))]
    figure.add_trace(
        dict(
            type="scatter", x=found.path[shown, 0].astype(np.float32), y=found.path[shown, 1].astype(np.float32), mode="lines+markers",
            line=dict(color=mixed(colours.accent, colours.background, 0.7), width=1.5), marker=dict(size=7, color=pale, line=dict(width=0)),
            customdata=shown + 1, hovertemplate="after event %{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        dict(
            type="scatter", x=found.marks[:, 0].astype(np.float32), y=found.marks[:, 1].astype(np.float32), mode="markers",
            marker=dict(size=9, color=colours.quiet, symbol="diamond"), text=[escaped(name) for name in found.names],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    _name_marks(figure, found, low, high, colours)
    for number, step in changes:
        at = found.path[min(step, len(found.path) - 1)]
        if np.isfinite(at).all():
            figure.add_annotation(
                x=float(at[0]), y=float(at[1]), text=number, showarrow=False, bgcolor=colours.text, borderpad=2,
                font=dict(size=13, color=colours.background, weight=600),
            )  # fmt: skip
    for update, way, name in ((figure.update_xaxes, 0, "first"), (figure.update_yaxes, 1, "second")):
        says = axis_title(f"{name} direction: {found.shares[way]:.0%} of all differences", colours)
        update(range=[float(low[way]), float(high[way])], showticklabels=False, ticks="", title=says)
    figure.update_layout(margin=WAY.margin)
    return figure.drawn()


def spread(found: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """The corners (2,) of what is shown, with room around."""
    points = np.vstack([found.path[np.isfinite(found.path).all(axis=1)], found.marks])
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(high - low, 1e-6) * np.array([0.12, 0.1])
    return low - room, high + room


def now_on_trajectory(found: Trajectory, step: int) -> tuple[float, float] | None:
    """How far from left to right and from top to bottom interest stands after so many events; None where it is not known."""
    at = found.path[min(max(step, 1), len(found.path)) - 1]
    if not np.isfinite(at).all():
        return None
    low, high = spread(found)
    across, up = (at - low) / (high - low)
    return float(across), float(1 - up)


def _name_marks(figure: Chart, found: Trajectory, low: np.ndarray, high: np.ndarray, colours: Palette) -> None:
    """The name of each kind, from the outermost inwards, where no other name is in the way; the rest say theirs under the mouse."""
    places = (found.marks - low) / (high - low)
    taken: list[tuple[float, float, float]] = []
    for at in np.argsort(-np.abs(places - 0.5).max(axis=1), kind="stable"):
        name = found.names[at] if len(found.names[at]) <= 26 else found.names[at][:25] + "…"
        across, up = float(places[at, 0]), float(places[at, 1]) + (LINE if places[at, 1] < 0.9 else -LINE)
        half = len(name) * LETTER / 2
        across = min(max(across, half), 1 - half)
        if all(abs(up - other) > LINE or abs(across - beside) > half + wide for beside, other, wide in taken):
            taken.append((across, up, half))
            place = low + np.array([across, up]) * (high - low)
            text = dict(size=13, color=colours.text)
            figure.add_annotation(x=float(place[0]), y=float(place[1]), text=escaped(name), showarrow=False, font=text)


def gap_lines(
    gaps: Mapping[str, InterestGap], report: DriftReport, times: np.ndarray, changes: Sequence[tuple[str, float]], colours: Palette
) -> go.Figure:
    """How many times farther recent interest is from all before than in shuffled order, a line a view, with lines at the changes.

    `times` (T,) are seconds UTC of the events, or their steps.
    """
    figure = Chart("How far from before", colours, WAY.height)
    tints = dict(zip(gaps, (colours.text, colours.categories[0], colours.categories[6]), strict=False))
    ends = []
    for name, gap in gaps.items():
        if not len(gap.steps):
            continue
        ratios = gap.apart / np.maximum(gap.usual, 1e-9)
        figure.add_trace(
            dict(
                type="scatter", x=moments(report, times[gap.steps - 1]), y=ratios.astype(np.float32), mode="lines",
                line=dict(color=tints[name], width=2.2), customdata=np.column_stack([gap.apart, gap.usual]).astype(np.float32),
                hovertemplate=f"{escaped(name)}: %{{y:.1f}} times the usual (%{{customdata[0]:.2f}} against %{{customdata[1]:.2f}})<extra></extra>",
            )
        )  # fmt: skip
        ends.append((float(ratios[-1]), name, float(ratios.max())))
    top = 1.12 * max([2.0, *(highest for _, _, highest in ends)])
    level = -np.inf
    for value, name, _ in sorted(ends):
        level = max(value, level + GAP * top)
        place = dict(x=1, xref="paper", xanchor="left", xshift=6, y=level)
        figure.add_annotation(text=escaped(name), showarrow=False, font=dict(size=13, color=tints[name], weight=600), **place)
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=1, y1=1, line=dict(color=colours.quiet, width=1.5, dash="dot"))
    for number, time in changes:
        (at,) = moments(report, [time])
        figure.add_shape(type="line", x0=at, x1=at, yref="paper", y0=0, y1=0.94, line=dict(color=colours.text, width=2))
        figure.add_annotation(
            x=at, y=1, yref="paper", yanchor="top", text=number, showarrow=False, bgcolor=colours.text, borderpad=2,
            font=dict(size=13, color=colours.background, weight=600),
        )  # fmt: skip
    figure.update_yaxes(range=[0, top], nticks=5, title=axis_title("times the usual", colours))
    what = "step" if report.clock == "steps" else ""
    figure.update_xaxes(range=moments(report, time_span(report)), nticks=4, tickangle=0, title=axis_title(what, colours))
    if not what:
        figure.update_xaxes(tickformat="%b %y")
    figure.update_layout(margin=dict(l=48, r=104, t=44, b=40))
    return figure.drawn()
