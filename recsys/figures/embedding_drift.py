"""Drift in embedding space: the trajectory of interest in two dimensions, and distances from long-term interest."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.translation import _
from recsys.drift import DriftReport
from recsys.drift.embedding_drift import InterestGap, Trajectory
from recsys.drift.wording import level_label
from recsys.figures.chart import Chart, PlotArea, axis_title, component_titles, shorten_label
from recsys.figures.drift import time_axis, to_axis_values
from recsys.figures.palette import Palette, escape_label, mix_colours

TRAJECTORY = PlotArea(height=400, left=28, right=12, top=44, bottom=30)
MOST = 240  # dots of a trajectory
LETTER, LINE = 0.021, 0.062  # width of a letter and height of a line of text, as fractions of the plot
GAP = 0.075  # of the height, between two labels at the right edge


def interest_trajectory(trajectory: Trajectory, changes: Sequence[tuple[str, int]], title: str, colours: Palette) -> go.Figure:
    """The trajectory from pale to dark over time, with numbers at the changes (number, step) and diamonds at the kinds of items."""
    figure = Chart(title, colours, TRAJECTORY.height)
    low, high = trajectory_bounds(trajectory)
    known = np.flatnonzero(np.isfinite(trajectory.path).all(axis=1))
    shown = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST)).round().astype(int))]
    pale = [mix_colours(colours.accent, colours.background, 0.85 * (1 - at / max(len(shown) - 1, 1))) for at in range(len(shown))]
    figure.add_trace(
        dict(
            type="scatter", x=trajectory.path[shown, 0].astype(np.float32), y=trajectory.path[shown, 1].astype(np.float32), mode="lines+markers",
            line=dict(color=mix_colours(colours.accent, colours.background, 0.7), width=1.5), marker=dict(size=7, color=pale, line=dict(width=0)),
            customdata=shown + 1, hovertemplate=_("after event %{customdata}<extra></extra>"),
        )
    )  # fmt: skip
    figure.add_trace(
        dict(
            type="scatter", x=trajectory.marks[:, 0].astype(np.float32), y=trajectory.marks[:, 1].astype(np.float32), mode="markers",
            marker=dict(size=9, color=colours.quiet, symbol="diamond"), text=[escape_label(level_label("category", name)) for name in trajectory.names],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    _label_marks(figure, trajectory, low, high, colours)
    for number, step in changes:
        at = trajectory.path[min(step, len(trajectory.path) - 1)]
        if np.isfinite(at).all():
            figure.add_annotation(
                x=float(at[0]), y=float(at[1]), text=number, showarrow=False, bgcolor=colours.text, borderpad=2,
                font=dict(size=13, color=colours.background, weight=600),
            )  # fmt: skip
    first, second = component_titles(trajectory.shares)
    for update, axis, text in ((figure.update_xaxes, 0, first), (figure.update_yaxes, 1, second)):
        update(range=[float(low[axis]), float(high[axis])], showticklabels=False, ticks="", title=axis_title(text, colours))
    figure.update_layout(margin=TRAJECTORY.margin)
    return figure.to_figure()


def trajectory_bounds(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper corners (2,) of the plot, with room around the trajectory."""
    points = np.vstack([trajectory.path[np.isfinite(trajectory.path).all(axis=1)], trajectory.marks])
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(high - low, 1e-6) * np.array([0.12, 0.1])
    return low - room, high + room


def locate_on_trajectory(trajectory: Trajectory, step: int) -> tuple[float, float] | None:
    """Return the place of interest after so many events, as fractions from the left and from the top; None where unknown."""
    at = trajectory.path[min(max(step, 1), len(trajectory.path)) - 1]
    if not np.isfinite(at).all():
        return None
    low, high = trajectory_bounds(trajectory)
    across, up = (at - low) / (high - low)
    return float(across), float(1 - up)


def _label_marks(figure: Chart, trajectory: Trajectory, low: np.ndarray, high: np.ndarray, colours: Palette) -> None:
    """Write the name of each kind, from the outermost inwards, where no other is in the way; the rest show theirs on hover."""
    places = (trajectory.marks - low) / (high - low)
    taken: list[tuple[float, float, float]] = []
    for at in np.argsort(-np.abs(places - 0.5).max(axis=1), kind="stable"):
        label = level_label("category", trajectory.names[at])
        across, up = float(places[at, 0]), float(places[at, 1]) + (LINE if places[at, 1] < 0.9 else -LINE)
        half = min(len(label), 26) * LETTER / 2
        across = min(max(across, half), 1 - half)
        if all(abs(up - other) > LINE or abs(across - beside) > half + wide for beside, other, wide in taken):
            taken.append((across, up, half))
            place = low + np.array([across, up]) * (high - low)
            text = dict(size=13, color=colours.text)
            figure.add_annotation(x=float(place[0]), y=float(place[1]), text=shorten_label(label, 26), showarrow=False, font=text)


def gap_lines(
    gaps: Mapping[str, InterestGap], report: DriftReport, times: np.ndarray, changes: Sequence[tuple[str, float]], colours: Palette
) -> go.Figure:
    """Distance of recent from long-term interest by that in random order, a line for each view, with lines at the changes.

    `gaps` are by name of the view, in the reader's language; `times` (T,) are seconds UTC of the events, or their steps.
    """
    figure = Chart(_("Distance from earlier interest"), colours, TRAJECTORY.height)
    tints = dict(zip(gaps, (colours.text, colours.categories[0], colours.categories[6]), strict=False))
    ends = []
    for name, gap in gaps.items():
        if not len(gap.steps):
            continue
        ratios = gap.distances / np.maximum(gap.expected, 1e-9)
        figure.add_trace(
            dict(
                type="scatter", x=to_axis_values(report, times[gap.steps - 1]), y=ratios.astype(np.float32), mode="lines",
                line=dict(color=tints[name], width=2.2), customdata=np.column_stack([gap.distances, gap.expected]).astype(np.float32),
                hovertemplate=_(
                    "{name}: %{{y:.1f}} times that in random order (%{{customdata[0]:.2f}} against %{{customdata[1]:.2f}})<extra></extra>",
                    name=escape_label(name),
                ),
            )
        )  # fmt: skip
        ends.append((float(ratios[-1]), name, float(ratios.max())))
    top = 1.12 * max([2.0, *(highest for _last, _name, highest in ends)])
    level = -np.inf
    for value, name, _highest in sorted(ends):
        level = max(value, level + GAP * top)
        place = dict(x=1, xref="paper", xanchor="left", xshift=6, y=level)
        figure.add_annotation(text=escape_label(name), showarrow=False, font=dict(size=13, color=tints[name], weight=600), **place)
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=1, y1=1, line=dict(color=colours.quiet, width=1.5, dash="dot"))
    for number, time in changes:
        (at,) = to_axis_values(report, [time])
        figure.add_shape(type="line", x0=at, x1=at, yref="paper", y0=0, y1=0.94, line=dict(color=colours.text, width=2))
        figure.add_annotation(
            x=at, y=1, yref="paper", yanchor="top", text=number, showarrow=False, bgcolor=colours.text, borderpad=2,
            font=dict(size=13, color=colours.background, weight=600),
        )  # fmt: skip
    figure.update_yaxes(range=[0, top], nticks=5, title=axis_title(_("distance relative to random order"), colours))
    figure.update_xaxes(**time_axis(report, 3, colours))
    figure.update_layout(margin=dict(l=48, r=72, t=44, b=40))
    return figure.to_figure()
