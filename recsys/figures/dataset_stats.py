"""Statistics of a dataset as charts: long tail, hours of the week, events per week, counts of values, and a map."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.dataset_stats import DatasetStats
from recsys.core.formatting import format_clock, format_date, format_share, weekday_names
from recsys.core.nouns import count_events
from recsys.core.translation import _, ngettext
from recsys.figures.chart import Chart, axis_title, percent_ticks, shorten_label
from recsys.figures.maps import MapView, draw_base_map
from recsys.figures.palette import Palette, escape_label
from recsys.figures.time_axis import time_ticks

HEIGHT = 300
POINTS = 200  # of a curve; more would not be seen
HOVERABLE = 20_000  # places that carry a hover text


def long_tail(stats: DatasetStats, colours: Palette) -> go.Figure:
    """Share of events against share of items, most popular first; the grey diagonal stands for equal popularity."""
    counts = stats.item_counts
    tenth, top = max(1, round(len(counts) / 10)), stats.share_of_top(0.1)
    if tenth > 1:
        title = _("Top 10% of items: {share} of events", share=format_share(top))
    else:
        title = ngettext(
            "Most popular of {count} item: {share} of events",
            "Most popular of {count} items: {share} of events",
            len(counts),
            share=format_share(top),
        )
    figure = Chart(title, colours, HEIGHT)
    at = np.unique(np.linspace(0, len(counts), min(POINTS, len(counts) + 1)).round().astype(int))
    held = np.concatenate([[0], counts.cumsum()])[at] / stats.events * 100
    shares = at / len(counts) * 100
    figure.add_trace(
        dict(type="scatter", x=[0, 100], y=[0, 100], mode="lines", line=dict(color=colours.faint, dash="dot"), hoverinfo="skip")
    )
    figure.add_trace(
        dict(
            type="scatter",
            x=shares.astype(np.float32),
            y=held.astype(np.float32),
            mode="lines",
            line=dict(color=colours.accent, width=2.5),
            fill="tonexty",
            fillcolor=_pale(colours.accent),
            hovertemplate=_("the most popular %{x:.1f}% of items<br>account for %{y:.1f}% of events<extra></extra>"),
        )
    )
    figure.add_trace(
        dict(
            type="scatter",
            x=[tenth / len(counts) * 100],
            y=[top * 100],
            mode="markers",
            marker=dict(size=11, color=colours.accent),
            hoverinfo="skip",
        )
    )
    percent: dict[str, Any] = dict(range=[-1, 101], **percent_ticks(0, 25, 50, 75, 100), automargin=True)
    figure.update_xaxes(**percent, title=axis_title(_("share of items, most popular first"), colours))
    figure.update_yaxes(**percent, title=axis_title(_("share of events"), colours))
    figure.update_layout(margin=dict(l=62, r=16, t=40, b=46), hovermode="x")
    return figure.to_figure()


def hour_map(stats: DatasetStats, colours: Palette) -> go.Figure:
    """Heat map of events by weekday and hour. Needs `stats.hours`."""
    assert stats.hours is not None
    busiest, days = stats.busiest_hour(), weekday_names()
    if busiest is None:
        title = _("No event has a time")
    else:
        title = _("Busiest hour: {weekday}, {hour}", weekday=days[busiest[0]], hour=_clock(busiest[1]))
    figure = Chart(title, colours, HEIGHT)
    template, events = _("{weekday}, {hour}: {events}"), _event_counts(stats.hours)
    figure.add_trace(
        dict(
            type="heatmap",
            z=stats.hours.astype(np.int32),
            y=weekday_names("abbreviated"),
            text=[
                [template.format(weekday=day, hour=_clock(hour), events=events[int(count)]) for hour, count in enumerate(row)]
                for day, row in zip(days, stats.hours, strict=True)
            ],
            colorscale=[[0, colours.surface], [1, colours.accent]],
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    hours = list(range(0, 24, 6))
    axis = _("hour, local time") if stats.local > 0.5 else _("hour, UTC")
    figure.update_xaxes(tickvals=hours, ticktext=[_clock(hour) for hour in hours], title=axis_title(axis, colours), automargin=True)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(margin=dict(l=46, r=8, t=40, b=46))
    return figure.to_figure()


def weekly_events(stats: DatasetStats, noun: str, colours: Palette) -> go.Figure:
    """Events per week, from Monday. Needs `stats.weekly`."""
    assert stats.weekly is not None and stats.weeks is not None
    median = int(np.median(stats.weekly))
    figure = Chart(_("About {events} in a typical week", events=count_events(median, noun)), colours, HEIGHT)
    template, events = _("week of {date}: {events}"), _event_counts(stats.weekly, noun)
    figure.add_trace(
        dict(
            type="bar",
            x=stats.weeks.astype("datetime64[ms]"),
            y=stats.weekly.astype(np.int32),
            width=6.4 * 86_400_000,  # milliseconds, of seven days
            offset=0,
            marker=dict(color=colours.accent, line=dict(width=0)),
            text=[
                template.format(date=format_date(week), events=events[count])
                for week, count in zip(stats.weeks.tolist(), stats.weekly.tolist(), strict=True)
            ],
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_yaxes(title=axis_title(_("events per week"), colours, 6), automargin=True, rangemode="tozero", nticks=5, tickformat=",d")
    low, high = (float(week.astype("datetime64[s]").astype(np.int64)) for week in (stats.weeks[0], stats.weeks[-1] + 7))
    figure.update_xaxes(type="date", automargin=True, tickangle=0, **time_ticks(low, high, 4))
    figure.update_layout(margin=dict(l=70, r=16, t=40, b=42))
    return figure.to_figure()


def value_bars(
    title: str, counts: Mapping[str, int], unit: str, colours: Palette, most: int = 12, tints: Mapping[str, str] | None = None
) -> go.Figure:
    """Counts of values as horizontal bars in the order given; all values beyond the first `most` are one grey bar.

    `unit` is what is counted, such as "events", in the reader's language. `tints` are the colours of values that have one of their
    own; the others take the accent.
    """
    shown = list(counts.items())[:most]
    rest = sum(counts.values()) - sum(count for _name, count in shown)
    own = tints or {}
    rows = [(shorten_label(name, 28), count, own.get(name, colours.accent)) for name, count in shown]
    rows += [(_("all others"), rest, colours.other)] if rest else []
    whole = max(sum(counts.values()), 1)
    small = _("under {share}", share=format_share(0.01))
    figure = Chart(title, colours, HEIGHT)
    figure.add_trace(
        dict(
            type="bar",
            y=[name for name, _count, _tint in rows],
            x=[count for _name, count, _tint in rows],
            orientation="h",
            marker=dict(color=[tint for _name, _count, tint in rows]),
            text=[format_share(count / whole) if count / whole >= 0.005 else small for _name, count, _tint in rows],
            textposition="outside",
            textfont=dict(color=colours.quiet, size=13),
            cliponaxis=False,
            hovertemplate=_("%{{y}}: %{{x:,}} {unit}<extra></extra>", unit=escape_label(unit)),
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, type="category", tickfont=dict(size=13, color=colours.text))
    figure.update_xaxes(title=axis_title(escape_label(unit), colours), automargin=True, tickformat=",d", tickangle=0, nticks=4)
    figure.update_layout(margin=dict(l=8, r=56, t=40, b=46), bargap=0.35)
    return figure.to_figure()


def place_map(view: MapView, counts: np.ndarray, titles: list[str], colours: Palette, height: int = 420) -> go.Figure:
    """Map of all places, with a disc at each whose area is its number of events; the busiest are drawn on top.

    `counts` (n,) and `titles` go with `view.places` (n, 2).
    """
    figure = Chart(_("Events by place"), colours, height)
    draw_base_map(figure, view, colours)
    order = np.argsort(counts, kind="stable")
    hover: dict[str, Any] = dict(hoverinfo="skip")
    if len(order) <= HOVERABLE:
        template, events = _("{title}: {events}"), _event_counts(counts)
        texts = [template.format(title=escape_label(titles[at]), events=events[int(counts[at])]) for at in order]
        hover = dict(text=texts, hovertemplate="%{text}<extra></extra>")
    sizes = np.sqrt(counts[order] / max(float(counts.max()), 1.0)) * 26
    figure.add_trace(
        dict(
            type="scattergl",
            x=view.places[order, 1],
            y=view.places[order, 0],
            mode="markers",
            marker=dict(size=sizes.astype(np.float32), color=colours.accent, opacity=0.35, line=dict(width=0)),
            **hover,
        )
    )
    (south, west), (north, east) = view.low, view.high
    ratio = float(1 / np.cos(np.radians((south + north) / 2)))
    figure.update_xaxes(range=[west, east], visible=False, constrain="range")
    figure.update_yaxes(range=[south, north], visible=False, scaleanchor="x", scaleratio=ratio, constrain="range")
    figure.update_layout(margin=dict(l=0, r=0, t=36, b=0), hovermode="closest")
    return figure.to_figure()


def _event_counts(counts: np.ndarray, noun: str = "event") -> dict[int, str]:
    """Each count that occurs, as "57 events"."""
    return {int(count): count_events(int(count), noun) for count in np.unique(counts)}


def _clock(hour: int) -> str:
    return format_clock(dt.time(hour))


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"
