"""The rank strip: a model's rank of the next item at every step of one timeline."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core import TOP_K
from recsys.core.formatting import format_date, format_day, format_number, format_short_moment
from recsys.core.translation import N_, _
from recsys.figures.chart import Chart, PlotArea, axis_title, format_ranks
from recsys.figures.palette import Palette, mix_colours

STRIP = PlotArea(height=200, left=52, right=8, top=58, bottom=40)
TOP = -0.3  # room above rank 1, in units of `_height`
SPLIT_LABELS = {"train": N_("training events"), "validation": N_("validation events"), "test": N_("test events")}
HIT_COUNTS = {
    "train": N_("training events: {hits} of {count} in the top {k}"),
    "validation": N_("validation events: {hits} of {count} in the top {k}"),
    "test": N_("test events, not used in training: {hits} of {count} in the top {k}"),
}


def rank_strip(
    ranks: np.ndarray,
    splits: Sequence[str],
    moments: Sequence[dt.datetime | None] | None,
    colours: Palette,
    first: int = 0,
    title: str = "",
    marked: int | None = None,
) -> go.Figure:
    """A dot for each step by its rank on a log scale: green in the top 10, orange outside.

    `ranks` (T + 1,) NaN at the end and where a model has no list, infinity for an item outside a finished list, which is drawn at the
    bottom; `splits` (T,) train, validation or test, `moments` (T,) local times, None where unknown and for
    data that knows only the order of events. Of a long timeline they are a stretch from step `first` on, which `title` then says. Dots carry their step as customdata. Training events are drawn pale, since hits on these do not measure prediction. The figure is the same at every step, so that the
    browser draws it once; `locate_on_strip` returns the cursor's place on it. Where there is no cursor, the step `marked` has a line and a ring.
    """
    note = _("green: in the top {k}, orange: not", k=TOP_K)
    figure = Chart(title or _("Rank of the next item at every step"), colours, STRIP.height, note)
    length, worst = len(splits), _worst(ranks)
    floor = _floor(ranks)
    _shade_splits(figure, ranks, splits, floor, colours, first)
    figure.add_trace(_dots(ranks, splits, moments, colours, first))
    ticks = [rank for rank in (1, 10, 100, 1_000, 10_000, 100_000) if rank <= worst]
    labels = [format_number(rank) for rank in ticks]
    figure.update_yaxes(range=[floor, TOP], tickvals=_height(ticks), ticktext=labels, title=axis_title(_("rank"), colours))
    positions, labels = step_ticks(length, moments, first)
    figure.update_xaxes(range=[first - 0.6, first + length + 0.6], tickvals=positions, ticktext=labels, tickangle=0)
    if marked is not None:
        _mark_step(figure, ranks, marked, floor, colours, first)
    figure.update_layout(margin=STRIP.margin, clickmode="event+select")
    return figure.to_figure()


def locate_on_strip(ranks: np.ndarray, step: int) -> tuple[float, float | None]:
    """Return the cursor's place as a fraction from the left, and its dot's from the top, None at the end of the timeline.

    On a strip of a stretch, `step` counts from the stretch's first one; one outside the strip is at its nearer edge, without a dot.
    """
    across = (step + 0.6) / (len(ranks) - 1 + 1.2)
    if not 0 <= step < len(ranks):
        return float(np.clip(across, 0.0, 1.0)), None
    if np.isnan(ranks[step]):
        return across, None
    return across, (float(_dot_heights(ranks)[step]) - TOP) / (_floor(ranks) - TOP)


def _mark_step(figure: Chart, ranks: np.ndarray, step: int, floor: float, colours: Palette, first: int) -> None:
    figure.add_shape(type="line", x0=step, x1=step, y0=TOP, y1=floor, line=dict(color=colours.accent, width=2), layer="above")
    if not np.isnan(ranks[step - first]):
        ring = dict(size=16, color="rgba(0,0,0,0)", line=dict(width=2.5, color=colours.accent))
        height = _dot_heights(ranks)[step - first : step - first + 1]
        figure.add_trace(dict(type="scatter", x=[step], y=height, mode="markers", marker=ring, hoverinfo="skip"))


def _worst(ranks: np.ndarray) -> float:
    return max(float(ranks[np.isfinite(ranks)].max(initial=TOP_K)), 100.0)


def _floor(ranks: np.ndarray) -> float:
    return float(_height(_worst(ranks))) + 0.15


def _height(ranks: float | Sequence[float] | np.ndarray) -> np.ndarray:
    """The height of a rank on a log scale, on which the first ten take twice the room of a later decade."""
    logs = np.log10(np.maximum(np.asarray(ranks, dtype=np.float64), 1.0))
    return np.where(logs <= 1, 2 * logs, 1 + logs)


def _dot_heights(ranks: np.ndarray) -> np.ndarray:
    """The heights of dots: items outside a finished list have no rank and stand just above the floor."""
    return np.where(np.isinf(ranks), _floor(ranks) - 0.07, _height(ranks))


def _shade_splits(figure: Chart, ranks: np.ndarray, splits: Sequence[str], floor: float, colours: Palette, first: int) -> None:
    """Shade the splits, each labelled with its own hit count, and the top 10 over them."""
    start, bands = 0, []  # `start` counts from `first`
    shades = dict(zip(("train", "validation", "test"), colours.splits, strict=True))
    for name, group in groupby(splits):
        stop = start + len(list(group))
        x = dict(x0=first + start - 0.5, x1=first + stop - 0.5)
        figure.add_shape(type="rect", **x, y0=TOP, y1=floor, fillcolor=shades[name], line=dict(width=0), layer="below")
        bands.append((start, stop, name == "train", _hit_count(name, ranks[start:stop])))
        start = stop
    _label_bands(figure, bands, len(splits), colours, first)
    band = dict(
        type="rect", x0=first - 0.6, x1=first + len(splits) + 0.6, y0=TOP, y1=float(_height(TOP_K + 0.5)), line=dict(width=0), layer="below"
    )
    figure.add_shape(fillcolor=colours.hit, opacity=0.13, **band)


def _label_bands(figure: Chart, bands: Sequence[tuple[int, int, bool, str]], length: int, colours: Palette, first: int) -> None:
    """Write the label of each band (start, stop, whether it can do without, text) above it, on the lower of two lines that is free.

    The last bands choose first. The label of a narrow one moves left of its end; one that can do without is left out where it is wider
    than its band, or both lines are taken.
    """
    lines: list[list[tuple[float, float]]] = [[], []]
    for start, stop, can_do_without, text in reversed(bands):
        left, right = start / length, stop / length
        width = len(text) / 95  # of a narrow screen
        at_end = left + width > 1.0
        low = right - width if at_end else left
        free = [at for at, taken in enumerate(lines) if all(low + width <= begin or low >= end for begin, end in taken)]
        if can_do_without and (width >= right - left or not free):
            continue
        line = free[0] if free else len(lines) - 1
        lines[line].append((low, low + width))
        anchor = dict(xanchor="right", x=first + stop - 0.5) if at_end else dict(xanchor="left", x=first + start - 0.5)
        font = dict(size=12.5, color=colours.quiet)
        figure.add_annotation(text=text, showarrow=False, font=font, yanchor="bottom", y=TOP, yshift=line * 15, **anchor)


def _hit_count(split: str, ranks: np.ndarray) -> str:
    known = ranks[~np.isnan(ranks)]
    return _(HIT_COUNTS[split], hits=format_number((known <= TOP_K).sum()), count=format_number(len(known)), k=TOP_K)


def _dots(
    ranks: np.ndarray, splits: Sequence[str], moments: Sequence[dt.datetime | None] | None, colours: Palette, first: int
) -> dict[str, Any]:
    steps = np.flatnonzero(~np.isnan(ranks))
    values = ranks[steps]
    solid = {True: colours.hit, False: colours.miss}
    pale = {hit: mix_colours(colour, colours.background, 0.45) for hit, colour in solid.items()}
    tints = [(pale if splits[int(step)] == "train" else solid)[bool(value <= TOP_K)] for step, value in zip(steps, values, strict=True)]
    return dict(
        type="scatter",
        x=first + steps,
        y=_dot_heights(ranks)[steps].astype(np.float32),
        mode="markers",
        marker=dict(size=8 if len(steps) <= 250 else 6, color=tints),
        selected=dict(marker=dict(opacity=1)),
        unselected=dict(marker=dict(opacity=1)),
        customdata=first + steps,
        text=_hover_texts(steps.tolist(), values.tolist(), moments, first),
        hovertemplate="%{text}<extra></extra>",
    )


def _hover_texts(steps: list[int], ranks: list[float], moments: Sequence[dt.datetime | None] | None, first: int) -> list[str]:
    plain, dated = _("Step {step}: rank {rank}"), _("Step {step}: rank {rank}<br>{moment}")
    texts = []
    for step, rank in zip(steps, format_ranks(ranks), strict=True):
        moment = None if moments is None else moments[step]
        texts.append(
            plain.format(step=first + step, rank=rank)
            if moment is None
            else dated.format(step=first + step, rank=rank, moment=format_short_moment(moment))
        )
    return texts


def step_ticks(length: int, moments: Sequence[dt.datetime | None] | None, first: int = 0) -> tuple[list[int], list[str]]:
    """Some six steps with the day below each, from step `first` on: so few that they stand side by side on a narrow screen."""
    every = max(1, int(np.ceil(length / 6 / 5)) * 5) if length > 6 else 1
    start = -(-first // every) * every
    positions = list(range(start, first + length + 1, every))
    if moments is None:
        return positions, [_("step {step}", step=format_number(at)) if at == start else format_number(at) for at in positions]
    labels, year = [], None
    for at in positions:
        moment = moments[at - first] if at < first + length else None
        label = format_number(at)
        if moment is not None:
            label += f"<br>{format_day(moment)}" if moment.year == year else f"<br>{format_date(moment)}"
            year = moment.year
        labels.append(label)
    return positions, labels
