"""One person's interest over time: the stream with its changes, before against after, hours, days, and what it did to a model."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core import TOP_K
from recsys.drift import Change, DriftReport
from recsys.figures.chart import Chart, PlotArea, axis_title
from recsys.figures.palette import Palette, escaped, mixed
from recsys.figures.timeline import WORDS

STREAM = PlotArea(height=300, left=52, right=8, top=44, bottom=40)
SHOWN = 8  # levels with a colour of their own
BARS = 7  # levels of a before and after
RUN = 20
REST = "everything else"
TALLEST = 1.6  # rows that the highest ridge reaches


def moments(report: DriftReport, values: Sequence[float] | np.ndarray) -> Any:
    """What a time axis takes: dates, or steps for data that knows only the order."""
    if report.clock == "steps":
        return [float(value) for value in values]
    return np.round(np.asarray(values, dtype=np.float64)).astype("datetime64[s]").astype("datetime64[ms]").astype(str).tolist()


def tints_of(report: DriftReport, view: str, known: Mapping[str, str], colours: Palette) -> dict[str, str]:
    """A colour for each level: a category keeps its own, areas and hours take hues in order."""
    names = report.levels[view]
    if view == "hour":
        return {name: mixed(colours.categories[4], colours.categories[5], at / max(len(names) - 1, 1)) for at, name in enumerate(names)}
    order = [names[at] for at in np.argsort(-report.window_shares[view].sum(axis=0), kind="stable")]
    return {name: known.get(name, colours.categories[at % len(colours.categories)]) for at, name in enumerate(order)}


def drift_stream(report: DriftReport, view: str, title: str, tints: Mapping[str, str], colours: Palette) -> go.Figure:
    """Shares in windows of time, stacked, with a line at every change that lasted and a band over what passed."""
    figure = Chart(title, colours, STREAM.height, "lines: what changed for good, bands: what passed")
    shares, names = report.window_shares[view], report.levels[view]
    filled = report.window_counts > 0
    middles = moments(report, (report.window_edges[:-1] + report.window_edges[1:])[filled] / 2)
    shown = np.argsort(-shares.sum(axis=0), kind="stable")[:SHOWN] if view != "hour" else np.arange(len(names))
    layers = [(names[at], shares[filled, at], tints[names[at]]) for at in shown if shares[:, at].any()]
    rest = np.clip(1 - shares[filled][:, shown].sum(axis=1), 0, 1)
    if rest.max(initial=0) > 0.005:
        layers.append((REST, rest, colours.faint))
    for name, share, tint in layers:
        figure.add_trace(
            dict(
                type="scatter", x=middles, y=(share * 100).astype(np.float32), name=escaped(name), stackgroup="interest", mode="lines",
                line=dict(width=0.5, color=colours.background), fillcolor=tint,
                hovertemplate=f"{escaped(name)}: %{{y:.0f}} %<extra></extra>",
            )
        )  # fmt: skip
    _name_layers(figure, layers, middles, colours)
    for number, change in enumerate(report.changes, start=1):
        _mark(figure, report, change, str(number), colours)
    figure.update_yaxes(range=[0, 108], tickvals=[0, 50, 100], ticktext=["0", "50 %", "100 %"])
    low, high = time_span(report)
    what = "step" if report.clock == "steps" else ""
    figure.update_xaxes(range=moments(report, [low, high]), title=axis_title(what, colours), nticks=8)
    figure.update_layout(margin=STREAM.margin)
    return figure.drawn()


def _name_layers(figure: Chart, layers: list[tuple[str, np.ndarray, str]], middles: list[Any], colours: Palette) -> None:
    """Each layer's name where it is thickest, if there is room; the others say theirs under the mouse."""
    below = np.zeros(len(middles))
    taken: list[tuple[int, float]] = []
    for name, share, _ in layers:
        inside = share.copy()
        edge = max(1, len(share) // 12)
        inside[:edge] = inside[len(share) - edge :] = 0  # a name in the middle of an edge would be cut off
        inside[1:-1] = np.minimum(inside[1:-1], (share[:-2] + share[2:]) / 2 + 0.06)  # a spike has no room for a name
        for at in np.argsort(-inside, kind="stable")[:4]:
            height = float(below[at] + share[at] / 2)
            free = all(abs(at - other) > len(share) / 7 or abs(height - level) > 0.09 for other, level in taken)
            if inside[at] >= 0.16 and free:
                taken.append((int(at), height))
                text = dict(color=colours.quiet if name == REST else colours.background, size=13, weight=600)
                figure.add_annotation(x=middles[at], y=height * 100, text=escaped(name), showarrow=False, font=text)
                break
        below += share


def time_span(report: DriftReport) -> tuple[float, float]:
    """From the middle of the first to the middle of the last window, a little wider where they are the same."""
    filled = np.flatnonzero(report.window_counts)
    edges = (report.window_edges[:-1] + report.window_edges[1:]) / 2
    low, high = (float(edges[filled[0]]), float(edges[filled[-1]])) if len(filled) else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def now_on_drift(report: DriftReport, value: float) -> float:
    """How far from left to right a time (seconds UTC, or a step) lies in the plot."""
    low, high = time_span(report)
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _mark(figure: Chart, report: DriftReport, change: Change, number: str, colours: Palette) -> None:
    at = moments(report, [change.time, change.low, change.high])
    common: dict[str, Any] = dict(yref="paper", y0=0, y1=0.925)
    if change.kind == "temporary":
        figure.add_shape(type="rect", x0=at[0], x1=at[2], fillcolor=colours.text, opacity=0.16, line=dict(width=0), **common)
    else:
        figure.add_shape(type="line", x0=at[0], x1=at[0], line=dict(color=colours.text, width=2.5), **common)
    figure.add_annotation(
        x=at[0], y=1, yref="paper", yanchor="top", text=number, showarrow=False, font=dict(size=13, color=colours.background, weight=600),
        bgcolor=colours.text if change.kind != "temporary" else colours.quiet, borderpad=2,
    )  # fmt: skip


def before_after(change: Change, view: str, names: Sequence[str], title: str, colours: Palette) -> go.Figure:
    """The levels that moved most, before in grey and after in the accent, the greatest gain on top; the head says among what, if not all."""
    before, after = change.before[view], change.after[view]
    moved = np.argsort(-np.abs(after - before), kind="stable")[:BARS]
    moved = moved[np.maximum(before, after)[moved] > 0]
    if view == "hour":
        moved = np.arange(len(names))[::-1]
    else:
        moved = moved[np.argsort((after - before)[moved], kind="stable")]
    among = change.among.get(view)
    figure = Chart(title, colours, 340, f"{among}, grey: before" if among else "grey: before, blue: after")
    labels = [_short(names[at].removeprefix("in the ")) for at in moved]
    for shares, tint, word in ((after, colours.accent, "after"), (before, colours.other, "before")):
        figure.add_trace(
            dict(
                type="bar", orientation="h", y=labels, x=(shares[moved] * 100).astype(np.float32), marker=dict(color=tint),
                hovertemplate=f"%{{y}}, {word}: %{{x:.0f}} %<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(ticksuffix=" %", nticks=3, rangemode="tozero", tickangle=0)
    figure.update_yaxes(automargin=True, type="category", tickfont=dict(size=13, color=colours.text))
    figure.update_layout(margin=dict(l=8, r=16, t=44, b=30), barmode="group", bargap=0.3, bargroupgap=0.05)
    return figure.drawn()


def hour_ridges(report: DriftReport, colours: Palette, most: int = 9) -> go.Figure:
    """The hours of the day in consecutive stretches of time, one ridge each, the earliest on top. Needs `times`."""
    assert report.times is not None
    figure = Chart("When in the day", colours, 380, f"{report.clock}, the earliest on top")
    parts = [part for part in np.array_split(np.arange(len(report.times)), min(most, max(len(report.times) // 8, 1))) if len(part)]
    hours = np.linspace(0, 24, 97)
    densities = [_round_the_clock(report.times[part], hours) for part in parts]
    peak = max(float(density.max()) for density in densities)
    for row, (part, density) in enumerate(zip(parts, densities, strict=True)):
        base = float(len(parts) - 1 - row)
        line: dict[str, Any] = dict(type="scatter", x=hours.astype(np.float32), mode="lines", hoverinfo="skip")
        figure.add_trace(line | dict(y=[base] * len(hours), line=dict(width=0)))
        figure.add_trace(
            line
            | dict(
                y=(base + density / peak * TALLEST).astype(np.float32), fill="tonexty", line=dict(color=colours.accent, width=1.6),
                fillcolor=mixed(colours.accent, colours.background, 0.72),
            )
        )  # fmt: skip
        quiet = dict(size=12, color=colours.quiet)
        place = dict(x=0, xref="paper", xanchor="right", xshift=-10, y=base + 0.3)  # in pixels: the hours shrink with the page
        figure.add_annotation(text=day_of(report.times[part[0]]), showarrow=False, font=quiet, **place)
    figure.update_xaxes(range=[0, 24.4], tickvals=[0, 6, 12, 18, 24], ticktext=["0:00", "6:00", "12:00", "18:00", "24:00"])
    figure.update_yaxes(visible=False, range=[-0.15, len(parts) - 1 + TALLEST + 0.1])
    figure.update_layout(margin=dict(l=84, r=8, t=44, b=30))
    return figure.drawn()


def _round_the_clock(times: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """(hours,) how many of these local seconds are near each hour, within an hour or so, midnight being near both ends."""
    away = np.abs(hours[:, None] - (times % 86_400 / 3600)[None, :])
    return np.asarray(np.exp(-0.5 * (np.minimum(away, 24 - away) / 0.9) ** 2).mean(axis=1))


def day_of(seconds: float) -> str:
    date = np.array(seconds).astype("datetime64[s]").item()
    return f"{date.day} {date:%b %y}"


def calendar_map(report: DriftReport, noun: str, colours: Palette) -> go.Figure:
    """Every day a square, weeks from left to right: when there was much and when nothing. Needs `times`."""
    assert report.times is not None
    days = np.floor_divide(report.times, 86_400).astype(np.int64)
    first = (days.min() + 3) // 7 * 7 - 3
    count = np.zeros(((days.max() - first) // 7 + 1, 7), dtype=np.int32)
    np.add.at(count, ((days - first) // 7, (days - first) % 7), 1)
    busiest = int(count.max())
    figure = Chart("Day by day", colours, 190, f"up to {busiest} {noun}s a day")
    weeks = (first + 7 * np.arange(len(count))).astype("datetime64[D]").astype(str).tolist()
    figure.add_trace(
        dict(
            type="heatmap", x=weeks, y=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], z=count.T, xgap=1, ygap=1, showscale=False,
            colorscale=[[0, colours.surface], [1 / max(busiest, 2), mixed(colours.accent, colours.surface, 0.6)], [1, colours.accent]],
            hovertemplate=f"week of %{{x}}, %{{y}}: %{{z}} {escaped(noun)}s<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(type="date", nticks=5, tickangle=0, tickformat="%b %y")
    figure.update_yaxes(autorange="reversed", tickvals=["Mon", "Wed", "Fri", "Sun"], tickfont=dict(size=11, color=colours.quiet))
    figure.update_layout(margin=dict(l=44, r=8, t=44, b=30))
    return figure.drawn()


def hit_line(ranks: np.ndarray, splits: Sequence[str], changes: Sequence[tuple[str, int, bool]], model: str, colours: Palette) -> go.Figure:
    """The share of the latest 20 next events that were in the ten, at every step, with a line at each change (number, step, lasting).

    What the model learnt from is shaded apart, as on the rank strip: hits there are no foresight.
    """
    known = np.isfinite(ranks)
    hits, steps = (ranks[known] <= TOP_K).astype(np.float64), np.flatnonzero(known)
    summed = np.concatenate([[0.0], hits.cumsum()])
    end = np.arange(1, len(hits) + 1)
    start = np.maximum(end - RUN, 0)
    rate = (summed[end] - summed[start]) / np.maximum(end - start, 1) * 100
    figure = Chart(f"How often {model} had the next event in its ten", colours, 260, f"share of the latest {RUN}")
    _shade(figure, splits, colours)
    figure.add_trace(
        dict(
            type="scatter", x=steps, y=rate.astype(np.float32), mode="lines", line=dict(color=colours.hit, width=2.5),
            hovertemplate="step %{x}: %{y:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    for number, step, lasting in changes:
        tint = colours.text if lasting else colours.quiet
        line = dict(color=tint, width=2, dash="solid" if lasting else "dot")
        figure.add_shape(type="line", x0=step - 0.5, x1=step - 0.5, yref="paper", y0=0, y1=0.9, line=line)
        figure.add_annotation(
            x=step - 0.5, y=1, yref="paper", yanchor="top", text=number, showarrow=False, bgcolor=tint, borderpad=2,
            font=dict(size=13, color=colours.background, weight=600),
        )  # fmt: skip
    figure.update_yaxes(range=[0, 108], tickvals=[0, 50, 100], ticktext=["0", "50 %", "100 %"])
    figure.update_xaxes(range=[-0.6, len(ranks) - 0.4], title=axis_title("step", colours))
    figure.update_layout(margin=dict(l=52, r=8, t=44, b=42))
    return figure.drawn()


def _shade(figure: Chart, splits: Sequence[str], colours: Palette) -> None:
    start = 0
    shades = dict(zip(WORDS, colours.splits, strict=True))
    for name, group in groupby(splits):
        stop = start + len(list(group))
        if name in shades:
            rect = dict(type="rect", x0=start - 0.5, x1=stop - 0.5, yref="paper", y0=0, y1=0.925, line=dict(width=0), layer="below")
            figure.add_shape(fillcolor=shades[name], **rect)
            if stop - start > len(splits) / 8:
                quiet = dict(size=12, color=colours.quiet)
                place = dict(x=start, xanchor="left", y=0.02, yref="paper", yanchor="bottom")
                figure.add_annotation(text=WORDS[name], showarrow=False, font=quiet, **place)
        start = stop


def _short(name: str, most: int = 30) -> str:
    return escaped(name if len(name) <= most else name[: most - 1] + "…")
