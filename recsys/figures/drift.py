"""One user's interest over time: stream with its changes, shares before and after, hours, days, and the hit rate of a model."""

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from recsys.core import TOP_K
from recsys.core.formatting import format_clock, format_date, weekday_names
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _, ngettext
from recsys.drift import Change, DriftReport
from recsys.drift.wording import level_label
from recsys.figures.chart import Chart, PlotArea, axis_title, percent_ticks, shorten_label
from recsys.figures.palette import Palette, escape_label, mix_colours
from recsys.figures.time_axis import time_ticks
from recsys.figures.timeline import SPLIT_LABELS

STREAM = PlotArea(height=300, left=52, right=8, top=44, bottom=40)
SHOWN = 8  # levels with a colour of their own
BARS = 7  # levels before and after a change
RUN = 20  # steps of the moving hit rate
TALLEST = 1.6  # rows that the highest ridge covers
CLOCKS = {"local time": N_("local time"), "UTC": N_("UTC")}


class Layer(NamedTuple):
    """One layer of a stream: its label, escaped, its shares (W,), its colour and that of its label."""

    label: str
    shares: np.ndarray
    colour: str
    ink: str


def to_axis_values(report: DriftReport, values: Sequence[float] | np.ndarray) -> Any:
    """Return positions on the time axis: dates, or steps for data that knows only the order of events."""
    if report.clock == "steps":
        return [float(value) for value in values]
    return np.round(np.asarray(values, dtype=np.float64)).astype("datetime64[s]").astype("datetime64[ms]").astype(str).tolist()


def time_axis(report: DriftReport, count: int, colours: Palette) -> dict[str, Any]:
    """Return the range, ticks and title of the time axis, with some `count` ticks."""
    low, high = time_span(report)
    axis: dict[str, Any] = dict(range=to_axis_values(report, [low, high]), tickangle=0)
    if report.clock == "steps":
        return axis | dict(nticks=count, title=axis_title(_("step"), colours))
    return axis | time_ticks(low, high, count) | dict(title=axis_title("", colours))


def level_colours(report: DriftReport, view: str, known: Mapping[str, str], colours: Palette) -> dict[str, str]:
    """Return a colour for each level of a view: categories keep theirs, areas and hours take hues in order."""
    names = report.levels[view]
    if view == "hour":
        return {
            name: mix_colours(colours.categories[4], colours.categories[5], at / max(len(names) - 1, 1)) for at, name in enumerate(names)
        }
    order = [names[at] for at in np.argsort(-report.window_shares[view].sum(axis=0), kind="stable")]
    return {name: known.get(name, colours.categories[at % len(colours.categories)]) for at, name in enumerate(order)}


def drift_stream(report: DriftReport, view: str, title: str, tints: Mapping[str, str], colours: Palette) -> go.Figure:
    """Shares by window of time, stacked, with a line at every lasting change and a band over every temporary one."""
    figure = Chart(title, colours, STREAM.height, _("lines: lasting changes, bands: temporary changes"))
    shares, names = report.window_shares[view], report.levels[view]
    filled = report.window_counts > 0
    middles = to_axis_values(report, (report.window_edges[:-1] + report.window_edges[1:])[filled] / 2)
    shown = np.argsort(-shares.sum(axis=0), kind="stable")[:SHOWN] if view != "hour" else np.arange(len(names))
    layers = [
        Layer(escape_label(level_label(view, names[at])), shares[filled, at], tints[names[at]], colours.background)
        for at in shown
        if shares[:, at].any()
    ]
    rest = np.clip(1 - shares[filled][:, shown].sum(axis=1), 0, 1)
    if rest.max(initial=0) > 0.005:
        layers.append(Layer(_("all others"), rest, colours.faint, colours.quiet))
    for layer in layers:
        figure.add_trace(
            dict(
                type="scatter", x=middles, y=(layer.shares * 100).astype(np.float32), name=layer.label, stackgroup="interest", mode="lines",
                line=dict(width=0.5, color=colours.background), fillcolor=layer.colour,
                hovertemplate=_("{name}: %{{y:.0f}}%<extra></extra>", name=layer.label),
            )
        )  # fmt: skip
    _label_layers(figure, layers, middles)
    for number, change in enumerate(report.changes, start=1):
        _mark_change(figure, report, change, str(number), colours)
    figure.update_yaxes(range=[0, 108], **percent_ticks(0, 50, 100))
    figure.update_xaxes(**time_axis(report, 8, colours))
    figure.update_layout(margin=STREAM.margin)
    return figure.to_figure()


def _label_layers(figure: Chart, layers: list[Layer], middles: list[Any]) -> None:
    """Write each layer's label where the layer is thickest, if there is room; the others show theirs on hover."""
    below = np.zeros(len(middles))
    taken: list[tuple[int, float]] = []
    for layer in layers:
        share = layer.shares
        inside = share.copy()
        edge = max(1, len(share) // 12)
        inside[:edge] = inside[len(share) - edge :] = 0  # a label in the middle of an edge would be cut off
        inside[1:-1] = np.minimum(inside[1:-1], (share[:-2] + share[2:]) / 2 + 0.06)  # a spike has no room for a label
        for at in np.argsort(-inside, kind="stable")[:4]:
            height = float(below[at] + share[at] / 2)
            free = all(abs(at - other) > len(share) / 7 or abs(height - level) > 0.09 for other, level in taken)
            if inside[at] >= 0.16 and free:
                taken.append((int(at), height))
                text = dict(color=layer.ink, size=13, weight=600)
                figure.add_annotation(x=middles[at], y=height * 100, text=layer.label, showarrow=False, font=text)
                break
        below += share


def time_span(report: DriftReport) -> tuple[float, float]:
    """Return the middles of the first and the last window with events, a little apart where they are the same."""
    filled = np.flatnonzero(report.window_counts)
    edges = (report.window_edges[:-1] + report.window_edges[1:]) / 2
    low, high = (float(edges[filled[0]]), float(edges[filled[-1]])) if len(filled) else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def locate_on_drift(report: DriftReport, value: float) -> float:
    """Return the place of a time (seconds UTC, or a step) in the plot, as a fraction from the left."""
    low, high = time_span(report)
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _mark_change(figure: Chart, report: DriftReport, change: Change, number: str, colours: Palette) -> None:
    at = to_axis_values(report, [change.time, change.low, change.high])
    common: dict[str, Any] = dict(yref="paper", y0=0, y1=0.925)
    if change.kind == "temporary":
        figure.add_shape(type="rect", x0=at[0], x1=at[2], fillcolor=colours.text, opacity=0.16, line=dict(width=0), **common)
    else:
        figure.add_shape(type="line", x0=at[0], x1=at[0], line=dict(color=colours.text, width=2.5), **common)
    figure.add_annotation(
        x=at[0], y=1, yref="paper", yanchor="top", text=number, showarrow=False, font=dict(size=13, color=colours.background, weight=600),
        bgcolor=colours.text if change.kind != "temporary" else colours.quiet, borderpad=2,
    )  # fmt: skip


def before_after_bars(change: Change, view: str, names: Sequence[str], title: str, colours: Palette) -> go.Figure:
    """Shares of the levels that changed most, before in grey and after in the accent, the largest gain on top.

    Where the change shows in some of the events only, the note names these.
    """
    before, after = change.before[view], change.after[view]
    moved = np.argsort(-np.abs(after - before), kind="stable")[:BARS]
    moved = moved[np.maximum(before, after)[moved] > 0]
    if view == "hour":
        moved = np.arange(len(names))[::-1]
    else:
        moved = moved[np.argsort((after - before)[moved], kind="stable")]
    among = change.among.get(view)
    note = _("{subset}; grey: before", subset=_(among)) if among else _("grey: before, blue: after")
    figure = Chart(title, colours, 340, note)
    labels = [shorten_label(level_label(view, names[at]), 30) for at in moved]
    for shares, tint, hover in (
        (after, colours.accent, _("%{y}, after: %{x:.0f}%<extra></extra>")),
        (before, colours.other, _("%{y}, before: %{x:.0f}%<extra></extra>")),
    ):
        figure.add_trace(
            dict(
                type="bar", orientation="h", y=labels, x=(shares[moved] * 100).astype(np.float32), marker=dict(color=tint),
                hovertemplate=hover,
            )
        )  # fmt: skip
    figure.update_xaxes(ticksuffix="%", nticks=3, rangemode="tozero", tickangle=0)
    figure.update_yaxes(automargin=True, type="category", tickfont=dict(size=13, color=colours.text))
    figure.update_layout(margin=dict(l=8, r=16, t=44, b=30), barmode="group", bargap=0.3, bargroupgap=0.05)
    return figure.to_figure()


def hour_ridges(report: DriftReport, colours: Palette, most: int = 9) -> go.Figure:
    """Densities over the hours of the day, a ridge for each period, the earliest on top. Needs `times`."""
    assert report.times is not None
    note = _("{clock}, earliest on top", clock=_(CLOCKS.get(report.clock, report.clock)))
    figure = Chart(_("Hours of the day"), colours, 380, note)
    parts = [part for part in np.array_split(np.arange(len(report.times)), min(most, max(len(report.times) // 8, 1))) if len(part)]
    hours = np.linspace(0, 24, 97)
    densities = [_hour_density(report.times[part], hours) for part in parts]
    peak = max(float(density.max()) for density in densities)
    for row, (part, density) in enumerate(zip(parts, densities, strict=True)):
        base = float(len(parts) - 1 - row)
        line: dict[str, Any] = dict(type="scatter", x=hours.astype(np.float32), mode="lines", hoverinfo="skip")
        figure.add_trace(line | dict(y=[base] * len(hours), line=dict(width=0)))
        figure.add_trace(
            line
            | dict(
                y=(base + density / peak * TALLEST).astype(np.float32), fill="tonexty", line=dict(color=colours.accent, width=1.6),
                fillcolor=mix_colours(colours.accent, colours.background, 0.72),
            )
        )  # fmt: skip
        quiet = dict(size=12, color=colours.quiet)
        place = dict(x=0, xref="paper", xanchor="right", xshift=-10, y=base + 0.3)  # in pixels: the hours shrink with the page
        figure.add_annotation(text=format_date(to_date(report.times[part[0]])), showarrow=False, font=quiet, **place)
    clock = [*(format_clock(dt.time(hour)) for hour in (0, 6, 12, 18)), "24:00"]
    figure.update_xaxes(range=[0, 24.4], tickvals=[0, 6, 12, 18, 24], ticktext=clock)
    figure.update_yaxes(visible=False, range=[-0.15, len(parts) - 1 + TALLEST + 0.1])
    figure.update_layout(margin=dict(l=96, r=8, t=44, b=30))
    return figure.to_figure()


def _hour_density(times: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Density (hours,) of local seconds around each hour, smoothed over an hour or so and across midnight."""
    away = np.abs(hours[:, None] - (times % 86_400 / 3600)[None, :])
    return np.asarray(np.exp(-0.5 * (np.minimum(away, 24 - away) / 0.9) ** 2).mean(axis=1))


def to_date(seconds: float) -> dt.datetime:
    """Return a time in seconds as a date without a time zone."""
    moment: dt.datetime = np.array(seconds).astype("datetime64[s]").item()
    return moment


def calendar_map(report: DriftReport, noun: str, colours: Palette) -> go.Figure:
    """Calendar heat map of events: a square for each day, weeks from left to right. Needs `times`."""
    assert report.times is not None
    days = np.floor_divide(report.times, 86_400).astype(np.int64)
    first = (days.min() + 3) // 7 * 7 - 3
    count = np.zeros(((days.max() - first) // 7 + 1, 7), dtype=np.int32)
    np.add.at(count, ((days - first) // 7, (days - first) % 7), 1)
    busiest = int(count.max())
    figure = Chart(_("Events by day"), colours, 190, _("up to {events} a day", events=count_events(busiest, noun)))
    weeks = (first + 7 * np.arange(len(count))).astype("datetime64[D]")
    template = _("{weekday}, week of {date}: {events}")
    dates, events = [format_date(week) for week in weeks.tolist()], {int(each): count_events(int(each), noun) for each in np.unique(count)}
    weekdays = weekday_names("abbreviated")
    figure.add_trace(
        dict(
            type="heatmap", x=weeks.astype(str).tolist(), y=weekdays, z=count.T, xgap=1, ygap=1, showscale=False,
            colorscale=[[0, colours.surface], [1 / max(busiest, 2), mix_colours(colours.accent, colours.surface, 0.6)], [1, colours.accent]],
            text=[
                [template.format(weekday=weekday, date=date, events=events[each]) for date, each in zip(dates, row, strict=True)]
                for weekday, row in zip(weekdays, count.T.tolist(), strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    low, high = (float(each) * 86_400 for each in (first, first + 7 * len(count)))
    figure.update_xaxes(type="date", tickangle=0, **time_ticks(low, high, 4))
    figure.update_yaxes(autorange="reversed", tickvals=weekdays[::2], tickfont=dict(size=11, color=colours.quiet))
    figure.update_layout(margin=dict(l=44, r=8, t=44, b=30))
    return figure.to_figure()


def hit_rate_line(
    ranks: np.ndarray, splits: Sequence[str], changes: Sequence[tuple[str, int, bool]], model: str, colours: Palette, first: int = 0
) -> go.Figure:
    """Moving hit rate of the latest 20 steps, from step `first` on, with a line at each change (number, step, whether it lasts).

    Splits are shaded as on the rank strip, since hits on training events do not measure prediction.
    """
    known = ~np.isnan(ranks)
    hits, steps = (ranks[known] <= TOP_K).astype(np.float64), first + np.flatnonzero(known)
    summed = np.concatenate([[0.0], hits.cumsum()])
    end = np.arange(1, len(hits) + 1)
    start = np.maximum(end - RUN, 0)
    rate = (summed[end] - summed[start]) / np.maximum(end - start, 1) * 100
    note = ngettext("top {k}, last {count} step", "top {k}, last {count} steps", RUN, k=TOP_K)
    figure = Chart(_("Hit rate of {model}", model=model), colours, 260, note)
    _shade_splits(figure, splits, colours, first)
    figure.add_trace(
        dict(
            type="scatter", x=steps, y=rate.astype(np.float32), mode="lines", line=dict(color=colours.hit, width=2.5),
            hovertemplate=_("step %{x}: %{y:.0f}%<extra></extra>"),
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
    figure.update_yaxes(range=[0, 108], **percent_ticks(0, 50, 100))
    figure.update_xaxes(range=[first - 0.6, first + len(ranks) - 0.4], title=axis_title(_("step"), colours))
    figure.update_layout(margin=dict(l=52, r=8, t=44, b=42))
    return figure.to_figure()


def _shade_splits(figure: Chart, splits: Sequence[str], colours: Palette, first: int) -> None:
    start = first
    shades = dict(zip(SPLIT_LABELS, colours.splits, strict=True))
    for name, group in groupby(splits):
        stop = start + len(list(group))
        if name in shades:
            rect = dict(type="rect", x0=start - 0.5, x1=stop - 0.5, yref="paper", y0=0, y1=0.925, line=dict(width=0), layer="below")
            figure.add_shape(fillcolor=shades[name], **rect)
            if stop - start > len(splits) / 8:
                quiet = dict(size=12, color=colours.quiet)
                place = dict(x=start, xanchor="left", y=0.02, yref="paper", yanchor="bottom")
                figure.add_annotation(text=_(SPLIT_LABELS[name]), showarrow=False, font=quiet, **place)
        start = stop
