"""Learning curves of a training run: loss and validation score by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_fixed
from recsys.core.translation import _
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette

METRIC = "ndcg@10"  # chooses the epoch


def loss_curve(history: Sequence[Mapping[str, float]], colours: Palette, height: int = 260) -> go.Figure:
    """Mean loss of each epoch, in nats per target. `history` holds epoch, loss and ndcg@10, as in a checkpoint's card."""
    losses = [each["loss"] for each in history]
    title = _("Training loss")
    if len(losses) > 1:
        title = _("Training loss: from {first} to {last} nats", first=format_fixed(losses[0], 2), last=format_fixed(losses[-1], 2))
    figure = Chart(title, colours, height)
    _curve(figure, history, losses, colours.quiet, _("epoch %{x}: %{y:.3f} nats<extra></extra>"))
    return _axes(figure, history, _("loss, nats per target"), colours)


def validation_curve(history: Sequence[Mapping[str, float]], colours: Palette, height: int = 260) -> go.Figure:
    """Validation NDCG@10 after each epoch; the best epoch, whose weights are kept, is marked."""
    values = [each[METRIC] for each in history]
    best = int(np.argmax(values)) if values else 0
    title = _("Validation score")
    if values:
        title = _("Best epoch: {epoch}, NDCG@10 {score}", epoch=best + 1, score=format_fixed(values[best], 3))
    figure = Chart(title, colours, height)
    _curve(figure, history, values, colours.accent, _("epoch %{x}: NDCG@10 %{y:.4f}<extra></extra>"))
    if values:
        ring = dict(size=13, color=colours.hit, line=dict(color=colours.background, width=2))
        figure.add_trace(dict(type="scatter", x=[history[best]["epoch"]], y=[values[best]], mode="markers", marker=ring, hoverinfo="skip"))
    return _axes(figure, history, "NDCG@10", colours)


def _curve(figure: Chart, history: Sequence[Mapping[str, float]], values: Sequence[float], colour: str, hover: str) -> None:
    figure.add_trace(
        dict(
            type="scatter",
            x=[each["epoch"] for each in history],
            y=list(values),
            mode="lines+markers" if len(values) < 40 else "lines",
            line=dict(color=colour, width=2),
            marker=dict(size=5),
            hovertemplate=hover,
        )
    )


def _axes(figure: Chart, history: Sequence[Mapping[str, float]], unit: str, colours: Palette) -> go.Figure:
    last = max((each["epoch"] for each in history), default=1)
    figure.update_xaxes(
        range=[0.5, max(last, 2) + 0.5], title=axis_title(_("epoch"), colours), automargin=True, tick0=0, dtick=max(1, -(-int(last) // 8))
    )
    figure.update_yaxes(title=axis_title(unit, colours, 6), automargin=True, nticks=5, showgrid=True, gridcolor=colours.surface)
    figure.update_layout(margin=dict(l=70, r=12, t=40, b=44))
    return figure.to_figure()
