"""Ratings that a model expects beside those given."""

import numpy as np
import plotly.graph_objects as go

from recsys.evaluation.rating_predictions import RatingPredictions
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette

SHADES = 12  # groups of ratings given, where they are no stars


def ratings_beside(found: RatingPredictions, colours: Palette) -> go.Figure:
    """For every rating given the middle of those expected, with bars that hold 80 % of them; the dashed line would be right."""
    figure = Chart("Expected against given ratings", colours, 280, "dot: the middle · bar: 80 % · dashed: exactly right")
    values, groups = _groups(found.given)
    low, middle, high = (np.array([np.quantile(found.expected[group], share) for group in groups]) for share in (0.1, 0.5, 0.9))
    ends = [float(min(found.given.min(), low.min())), float(max(found.given.max(), high.max()))]
    figure.add_trace(
        dict(type="scatter", x=ends, y=ends, mode="lines", line=dict(color=colours.quiet, dash="dash", width=1.2), hoverinfo="skip")
    )
    figure.add_trace(
        dict(
            type="scatter",
            x=values.astype(np.float32),
            y=middle.astype(np.float32),
            mode="markers",
            marker=dict(size=11, color=colours.accent),
            error_y=dict(
                type="data", symmetric=False, array=high - middle, arrayminus=middle - low, color=colours.quiet, thickness=2, width=0
            ),
            text=[f"{len(group):,} events" for group in groups],
            hovertemplate="given %{x:g}: %{y:.2f} expected<br>%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(title=axis_title("rating given", colours))
    figure.update_yaxes(title=axis_title("rating expected", colours), showgrid=True, gridcolor=colours.surface)
    figure.update_layout(margin=dict(l=56, r=12, t=40, b=44))
    return figure.drawn()


def _groups(given: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The ratings there are and the events of each; many different ones are put together to equal parts, by their means."""
    values = np.unique(given)
    if len(values) <= SHADES:
        return values, [np.flatnonzero(given == value) for value in values]
    parts = [part for part in np.array_split(np.argsort(given, kind="stable"), SHADES) if len(part)]
    return np.array([given[part].mean() for part in parts]), parts
