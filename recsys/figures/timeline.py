"""The rank strip: where a model ranked what came next, at every step of one timeline."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core import TOP_K
from recsys.figures.chart import Chart, PlotArea, axis_title
from recsys.figures.palette import Palette, mixed

STRIP = PlotArea(height=200, left=52, right=8, top=58, bottom=40)
TOP = -0.3  # room above rank 1, in units of `_height`


def rank_strip(
    ranks: np.ndarray, splits: Sequence[str], dates: Sequence[str] | None, colours: Palette, changes: Sequence[int] = ()
) -> go.Figure:
    """A dot a step, by its rank on a log scale: green in the ten, orange outside.

    `ranks` (T + 1,) NaN at the end, `splits` (T,) train, validation or test, `dates` (T,) text or None for data that has
    order only, `changes` the steps at which the person's interest changed for good. Dots carry their step as customdata. Events the model learnt from are drawn pale: a hit there is no foresight.
    The figure is the same at every step, so that the browser draws it once; `now_on_strip` says where the cursor lies on it.
    """
    note = f"green: in its top {TOP_K}, orange: not" + (", dashes: interest changed" if changes else "")
    figure = Chart("Where the model ranked what came next, at every step", colours, STRIP.height, note)
    length, worst = len(splits), _worst(ranks)
    floor = _floor(ranks)
    _shade(figure, ranks, splits, floor, colours)
    figure.add_trace(_dots(ranks, splits, dates, colours))
    for step in changes:
        line = dict(color=colours.text, width=2, dash="dash")
        figure.add_shape(type="line", x0=step - 0.5, x1=step - 0.5, y0=floor, y1=TOP, line=line)
    ticks = [rank for rank in (1, 10, 100, 1_000, 10_000, 100_000) if rank <= worst]
    labels = [f"{rank:,}" for rank in ticks]
    figure.update_yaxes(range=[floor, TOP], tickvals=_height(ticks), ticktext=labels, title=axis_title("rank", colours))
    positions, labels = _step_ticks(length, dates)
    figure.update_xaxes(range=[-0.6, length + 0.6], tickvals=positions, ticktext=labels, tickangle=0)
    figure.update_layout(margin=STRIP.margin, clickmode="event+select")
    return figure.drawn()


def now_on_strip(ranks: np.ndarray, step: int) -> tuple[float, float | None]:
    """How far from left to right the cursor lies in the plot, and how far down its dot, None at the end of the timeline."""
    across = (step + 0.6) / (len(ranks) - 1 + 1.2)
    if not np.isfinite(ranks[step]):
        return across, None
    return across, (float(_height(ranks[step])) - TOP) / (_floor(ranks) - TOP)


def _worst(ranks: np.ndarray) -> float:
    return max(float(np.nanmax(ranks, initial=TOP_K)), 100.0)


def _floor(ranks: np.ndarray) -> float:
    return float(_height(_worst(ranks))) + 0.15


def _height(ranks: float | Sequence[float] | np.ndarray) -> np.ndarray:
    """Where a rank stands: a log scale, on which the first ten take twice the room of a later decade."""
    logs = np.log10(np.maximum(np.asarray(ranks, dtype=np.float64), 1.0))
    return np.where(logs <= 1, 2 * logs, 1 + logs)


def _shade(figure: Chart, ranks: np.ndarray, splits: Sequence[str], floor: float, colours: Palette) -> None:
    """Bands for train, validation and test, each with its own hit rate, and the band of the ten on top of them."""
    start, taken = 0, -1.0
    shades = dict(zip(("train", "validation", "test"), colours.splits, strict=True))
    length = max(len(splits), 1)
    for name, group in groupby(splits):
        stop = start + len(list(group))
        figure.add_shape(
            type="rect", x0=start - 0.5, x1=stop - 0.5, y0=TOP, y1=floor, fillcolor=shades[name], line=dict(width=0), layer="below"
        )
        text = f"{WORDS[name]}: {_rate(ranks[start:stop])}"
        # A narrow band's label would run into its neighbour's: it moves left of the band's end, or stays unsaid.
        left, right = start / length, stop / length
        width = len(text) / 95  # of a narrow screen
        if name != "train" or width < right - left:
            at_end = left + width > 1.0
            x, low = (stop - 0.5, right - width) if at_end else (start - 0.5, left)
            row = 0 if low >= taken else 1
            anchor = dict(xanchor="right" if at_end else "left", x=x, yanchor="bottom", y=TOP, yshift=row * 15)
            figure.add_annotation(text=text, showarrow=False, font=dict(size=12.5, color=colours.quiet), **anchor)
            taken = low + width if row == 0 else taken
        start = stop
    band = dict(type="rect", x0=-0.6, x1=len(splits) + 0.6, y0=TOP, y1=float(_height(TOP_K + 0.5)), line=dict(width=0), layer="below")
    figure.add_shape(fillcolor=colours.hit, opacity=0.13, **band)


WORDS = {"train": "training, already seen", "validation": "validation", "test": "test, never seen"}


def _rate(ranks: np.ndarray) -> str:
    known = ranks[np.isfinite(ranks)]
    return f"{(known <= TOP_K).sum()} of {len(known)} in the top 10"


def _dots(ranks: np.ndarray, splits: Sequence[str], dates: Sequence[str] | None, colours: Palette) -> dict[str, Any]:
    steps = np.flatnonzero(np.isfinite(ranks))
    values = ranks[steps]
    solid = {True: colours.hit, False: colours.miss}
    pale = {hit: mixed(colour, colours.background, 0.45) for hit, colour in solid.items()}
    tints = [(pale if splits[int(step)] == "train" else solid)[bool(value <= TOP_K)] for step, value in zip(steps, values, strict=True)]
    when = [f"<br>{dates[int(step)]}" if dates is not None else "" for step in steps]
    return dict(
        type="scatter",
        x=steps,
        y=_height(values).astype(np.float32),
        mode="markers",
        marker=dict(size=8 if len(steps) <= 250 else 6, color=tints),
        selected=dict(marker=dict(opacity=1)),
        unselected=dict(marker=dict(opacity=1)),
        customdata=steps,
        text=[f"Step {step}: rank {rank:,g}{date}" for step, rank, date in zip(steps, values, when, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )


def _step_ticks(length: int, dates: Sequence[str] | None) -> tuple[list[int], list[str]]:
    """Some six steps and, below each, its day: so few that they stand side by side on a narrow screen."""
    every = max(1, int(np.ceil(length / 6 / 5)) * 5) if length > 6 else 1
    positions = list(range(0, length + 1, every))
    if dates is None:
        return positions, [f"step {at}" if at == 0 else f"{at:,}" for at in positions]
    labels, year = [], ""
    for at in positions:
        day, _, this_year = dates[at].split(",")[0].rpartition(" ") if at < length else ("", "", year)
        labels.append(f"{at:,}" + (f"<br>{day}" if day else "") + (f" {this_year}" if this_year != year else ""))
        year = this_year
    return positions, labels
