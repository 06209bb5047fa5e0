"""Several models on one timeline: a row of dots each."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.model_comparison import ReplayComparison
from recsys.figures.chart import Chart, PlotArea, axis_title
from recsys.figures.palette import Palette, escaped

ROW = 26
LETTER = 7.4  # pixels, about
WIDTH = 2_000.0  # pixels for all steps if each dot covers half of the next


def rank_rows_frame(titles: Sequence[str]) -> PlotArea:
    """Where the rows lie: as high as there are models, with room for the longest title."""
    longest = max((len(title) for title in titles), default=0)
    return PlotArea(height=78 + ROW * len(titles), left=min(int(longest * LETTER) + 16, 250), right=8, top=36, bottom=42)


def now_on_rank_rows(race: ReplayComparison, step: int) -> float:
    """How far from left to right the cursor lies in the plot."""
    return (step + 0.6) / (race.ranks.shape[1] + 1.2)


def rank_rows(race: ReplayComparison, titles: Sequence[str], k: int, colours: Palette) -> go.Figure:
    """A dot a model and step: green where the next item was among the k, large where no other model ranked it higher."""
    frame = rank_rows_frame(titles)
    figure = Chart(
        "Who saw it coming, step by step",
        colours,
        frame.height,
        f"green: among the {k} · large: best of all",
    )
    large = float(np.clip(WIDTH / max(race.ranks.shape[1], 1), 5, 11))  # many steps leave each little room
    models, steps = (each.ravel() for each in np.indices(race.ranks.shape))
    ranks, best = race.ranks.ravel(), race.best.ravel()
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
                f"step {step}: {escaped(titles[model])}<br>rank {rank:,g}"
                for model, step, rank in zip(models.tolist(), steps.tolist(), ranks.tolist(), strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    last = race.ranks.shape[1]
    for start, stop in _runs(race.unseen):
        figure.add_shape(
            type="rect", xref="x", yref="paper", x0=start - 0.5, x1=stop - 0.5, y0=0, y1=1,
            fillcolor=colours.splits[2], line=dict(width=0), layer="below",
        )  # fmt: skip
    figure.update_xaxes(range=[-0.6, last + 0.6], title=axis_title("step; shaded: events no model has seen", colours))
    tint = dict(color=colours.text, size=13)
    shown = [title if len(title) <= 32 else title[:31] + "…" for title in titles]
    figure.update_yaxes(
        tickvals=list(range(len(titles))), ticktext=[escaped(title) for title in shown], range=[len(titles) - 0.5, -0.5], tickfont=tint
    )
    figure.update_layout(margin=frame.margin, clickmode="event+select")
    return figure.drawn()


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Starts and ends of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
