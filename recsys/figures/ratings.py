"""Predicted ratings: predicted against given, and their error over time."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_date, format_fixed
from recsys.core.nouns import count_events
from recsys.core.translation import _
from recsys.evaluation.rating_predictions import ErrorPeriod, RatingPredictions
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette
from recsys.figures.time_axis import time_ticks

GROUPS = 12  # of given ratings, where these take more values


def rating_calibration(predictions: RatingPredictions, colours: Palette) -> go.Figure:
    """The median predicted rating for each given rating, with bars that hold 80 % of the predictions; the dashed line is exact."""
    figure = Chart(_("Predicted against given ratings"), colours, 280, _("dot: median · bar: middle 80% · dashed: exact"))
    values, groups = _groups(predictions.given)
    low, middle, high = (np.array([np.quantile(predictions.expected[group], share) for group in groups]) for share in (0.1, 0.5, 0.9))
    ends = [float(min(predictions.given.min(), low.min())), float(max(predictions.given.max(), high.max()))]
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
            text=[count_events(len(group), "event") for group in groups],
            hovertemplate=_("given %{x:g}, predicted %{y:.2f}<br>%{text}<extra></extra>"),
        )
    )
    figure.update_xaxes(title=axis_title(_("given rating"), colours))
    figure.update_yaxes(title=axis_title(_("predicted rating"), colours), showgrid=True, gridcolor=colours.surface)
    figure.update_layout(margin=dict(l=56, r=12, t=40, b=44))
    return figure.to_figure()


def rating_error_over_time(periods: Sequence[ErrorPeriod], baseline: float, colours: Palette) -> go.Figure:
    """RMSE of predicted ratings in successive periods with 95 % intervals; the dashed line is the error of always predicting the mean."""
    figure = Chart(_("Error over time"), colours, 280, _("bar: 95% interval · dashed: always the mean"))
    values = np.array([[each.rmse, each.low, each.high] for each in periods])
    middles = [(each.start + each.end) / 2 for each in periods]
    low, high = periods[0].start, max(periods[-1].end, periods[0].start + 1)
    ends = [np.datetime64(round(each), "s").item().isoformat() for each in (low, high)]
    figure.add_trace(
        dict(
            type="scatter", x=ends, y=[baseline] * 2, mode="lines", line=dict(color=colours.quiet, dash="dash", width=1.2), hoverinfo="skip"
        )
    )
    spans = ((np.datetime64(round(each.start), "s").item().date(), np.datetime64(round(each.end), "s").item().date()) for each in periods)
    texts = [
        _("{start} to {end}: RMSE {rmse}", start=format_date(start), end=format_date(end), rmse=format_fixed(each.rmse, 2))
        for each, (start, end) in zip(periods, spans, strict=True)
    ]
    figure.add_trace(
        dict(
            type="scatter",
            x=[np.datetime64(round(each), "s").item().isoformat() for each in middles],
            y=values[:, 0],
            mode="lines+markers",
            line=dict(color=colours.accent, width=2),
            marker=dict(size=9),
            error_y=dict(
                type="data",
                symmetric=False,
                array=values[:, 2] - values[:, 0],
                arrayminus=values[:, 0] - values[:, 1],
                color=colours.quiet,
                thickness=2,
                width=0,
            ),
            text=texts,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(type="date", tickangle=0, **time_ticks(low, high, 3))
    figure.update_yaxes(title=axis_title(_("RMSE"), colours, 6), rangemode="tozero", showgrid=True, gridcolor=colours.surface, nticks=5)
    figure.update_layout(margin=dict(l=56, r=12, t=40, b=36))
    return figure.to_figure()


def _groups(given: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The given ratings and the events of each; where there are many, groups of equal size and their means."""
    values = np.unique(given)
    if len(values) <= GROUPS:
        return values, [np.flatnonzero(given == value) for value in values]
    parts = [part for part in np.array_split(np.argsort(given, kind="stable"), GROUPS) if len(part)]
    return np.array([given[part].mean() for part in parts]), parts
