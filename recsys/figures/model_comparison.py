"""Ranks of the next item under several models: a row of dots for each model."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.model_comparison import ReplayComparison
from recsys.core.translation import _
from recsys.figures.chart import Chart, PlotArea, axis_title, format_ranks, shorten_label
from recsys.figures.palette import Palette, escape_label

ROW = 26
LETTER = 7.4  # pixels, about
WIDTH = 2_000.0  # pixels for all steps if each dot covers half of the next


def rank_rows_area(titles: Sequence[str]) -> PlotArea:
    """Return the plot area: a row for each model, with room for the longest title."""
    longest = max((len(title) for title in titles), default=0)
    return PlotArea(height=78 + ROW * len(titles), left=min(int(longest * LETTER) + 16, 250), right=8, top=36, bottom=42)


def locate_on_rank_rows(comparison: ReplayComparison, step: int) -> float:
    """Return the cursor's place in the plot, as a fraction from the left."""
    return (step - comparison.first + 0.6) / (comparison.ranks.shape[1] + 1.2)


def rank_rows(comparison: ReplayComparison, titles: Sequence[str], k: int, colours: Palette) -> go.Figure:
    """A dot for each model and step: green where the next item was in the top k, large where no other model ranked it higher."""
    area = rank_rows_area(titles)
    figure = Chart(
        _("Rank of the next item under each model"),
        colours,
        area.height,
        _("green: in the top {k} · large: best rank", k=k),
    )
    large = float(np.clip(WIDTH / max(comparison.ranks.shape[1], 1), 5, 11))  # many steps leave each little room
    models, steps = (each.ravel() for each in np.indices(comparison.ranks.shape))
    steps = comparison.first + steps
    ranks, best = comparison.ranks.ravel(), comparison.best.ravel()
    template = _("step {step}: {model}<br>rank {rank}")
    figure.add_trace(
        dict(
            type="scattergl" if ranks.size > 5_000 else "scatter",
            x=steps.astype(np.float32),
            y=models.astype(np.float32),
            mode="markers",
            marker=dict(
                size=np.where(best, large, 0.45 * large).astype(np.float32),
                color=[colours.hit if rank <= k else colours.miss if top else colours.faint for rank, top in zip(ranks, best, strict=True)],
                line=dict(width=0),
                opacity=1.0,
            ),
            customdata=steps,
            text=[
                template.format(step=step, model=escape_label(titles[model]), rank=rank)
                for model, step, rank in zip(models.tolist(), steps.tolist(), format_ranks(ranks.tolist()), strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    first, last = comparison.first, comparison.first + comparison.ranks.shape[1]
    for start, stop in _true_ranges(comparison.unseen):
        figure.add_shape(
            type="rect", xref="x", yref="paper", x0=first + start - 0.5, x1=first + stop - 0.5, y0=0, y1=1,
            fillcolor=colours.splits[2], line=dict(width=0), layer="below",
        )  # fmt: skip
    figure.update_xaxes(range=[first - 0.6, last + 0.6], title=axis_title(_("step; shaded: test events of all models"), colours))
    tint = dict(color=colours.text, size=13)
    figure.update_yaxes(
        tickvals=list(range(len(titles))),
        ticktext=[shorten_label(title, 32) for title in titles],
        range=[len(titles) - 0.5, -0.5],
        tickfont=tint,
    )
    figure.update_layout(margin=area.margin, clickmode="event+select")
    return figure.to_figure()


def _true_ranges(flags: np.ndarray) -> list[tuple[int, int]]:
    """Starts and ends of the ranges of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
