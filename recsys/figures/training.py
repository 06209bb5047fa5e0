"""How a training run went: loss and validation, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette

CHOOSES = "ndcg@10"


def loss_curve(history: Sequence[Mapping[str, float]], colours: Palette, height: int = 260) -> go.Figure:
    """Mean loss of each epoch, in nats a target. `history` holds epoch, loss and ndcg@10, as in a checkpoint's card."""
    losses = [each["loss"] for each in history]
    fall = f": from {losses[0]:.2f} to {losses[-1]:.2f} nats" if len(losses) > 1 else ""
    figure = Chart(f"The loss{fall}", colours, height)
    _curve(figure, history, losses, colours.quiet, "epoch %{x}: %{y:.3f} nats<extra></extra>")
    return _axes(figure, history, "nats a target", colours)


def validation_curve(history: Sequence[Mapping[str, float]], colours: Palette, height: int = 260) -> go.Figure:
    """Validation NDCG@10 after each epoch, the one that was kept marked."""
    values = [each[CHOOSES] for each in history]
    best = int(np.argmax(values)) if values else 0
    title = f"Best: epoch {best + 1}, NDCG@10 {values[best]:.3f}" if values else "Validation"
    figure = Chart(title, colours, height)
    _curve(figure, history, values, colours.accent, "epoch %{x}: NDCG@10 %{y:.4f}<extra></extra>")
    if values:
        kept = dict(size=13, color=colours.hit, line=dict(color=colours.background, width=2))
        figure.add_trace(dict(type="scatter", x=[history[best]["epoch"]], y=[values[best]], mode="markers", marker=kept, hoverinfo="skip"))
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
        range=[0.5, max(last, 2) + 0.5], title=axis_title("epoch", colours), automargin=True, tick0=0, dtick=max(1, -(-int(last) // 8))
    )
    figure.update_yaxes(title=axis_title(unit, colours, 6), automargin=True, nticks=5, showgrid=True, gridcolor=colours.surface)
    figure.update_layout(margin=dict(l=70, r=12, t=40, b=44))
    return figure.drawn()
