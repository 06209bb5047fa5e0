"""What a dataset is: its long tail, its hours, its weeks, its behaviours and ratings, and where it happens."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.dataset_stats import DAYS, DatasetStats
from recsys.figures.chart import Chart, axis_title
from recsys.figures.maps import MapView, ground
from recsys.figures.palette import Palette, escaped

HEIGHT = 300
POINTS = 200  # of a curve; more would not be seen


def long_tail(census: DatasetStats, things: str, colours: Palette) -> go.Figure:
    """Share of events against share of items, most popular first; the grey diagonal is what equal popularity would give."""
    counts = census.item_counts
    tenth, top = max(1, round(len(counts) / 10)), census.share_of_top(0.1)
    who = f"A tenth of the {things}" if tenth > 1 else f"One of {len(counts)} {things}"
    figure = Chart(f"{who} draws {top:.0%}", colours, HEIGHT)
    at = np.unique(np.linspace(0, len(counts), min(POINTS, len(counts) + 1)).round().astype(int))
    taken = np.concatenate([[0], counts.cumsum()])[at] / census.events * 100
    shares = at / len(counts) * 100
    figure.add_trace(
        dict(type="scatter", x=[0, 100], y=[0, 100], mode="lines", line=dict(color=colours.faint, dash="dot"), hoverinfo="skip")
    )
    figure.add_trace(
        dict(
            type="scatter",
            x=shares.astype(np.float32),
            y=taken.astype(np.float32),
            mode="lines",
            line=dict(color=colours.accent, width=2.5),
            fill="tonexty",
            fillcolor=_pale(colours.accent),
            hovertemplate=f"the top %{{x:.1f}} % of {escaped(things)}<br>take %{{y:.1f}} % of events<extra></extra>",
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
    percent: dict[str, Any] = dict(
        range=[-1, 101], tickvals=[0, 25, 50, 75, 100], ticktext=["0", "25 %", "50 %", "75 %", "100 %"], automargin=True
    )
    figure.update_xaxes(**percent, title=axis_title(f"{escaped(things)}, most popular first", colours))
    figure.update_yaxes(**percent, title=axis_title("share of events", colours))
    figure.update_layout(margin=dict(l=62, r=16, t=40, b=46), hovermode="x")
    return figure.drawn()


def hour_map(census: DatasetStats, colours: Palette) -> go.Figure:
    """Events by weekday and hour. Needs `census.hours`."""
    assert census.hours is not None
    busiest = census.busiest_hour()
    clock = "local time" if census.local > 0.5 else "UTC"
    title = f"Busiest on {busiest[0]}s at {busiest[1]}:00" if busiest else "No event has a time"
    figure = Chart(title, colours, HEIGHT)
    figure.add_trace(
        dict(
            type="heatmap",
            z=census.hours.astype(np.int32),
            y=[day[:3] for day in DAYS],
            colorscale=[[0, colours.surface], [1, colours.accent]],
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{y}, %{x}:00: %{z:,} events<extra></extra>",
        )
    )
    hours = list(range(0, 24, 6))
    figure.update_xaxes(
        tickvals=hours, ticktext=[f"{hour}:00" for hour in hours], title=axis_title(f"hour, {clock}", colours), automargin=True
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(margin=dict(l=46, r=8, t=40, b=46))
    return figure.drawn()


def weekly_events(census: DatasetStats, noun: str, colours: Palette) -> go.Figure:
    """Events a week, from Mondays. Needs `census.weekly`."""
    assert census.weekly is not None and census.weeks is not None
    middle = int(np.median(census.weekly))
    title = f"About {middle:,} {noun}s in a usual week"
    figure = Chart(title, colours, HEIGHT)
    figure.add_trace(
        dict(
            type="bar",
            x=census.weeks.astype("datetime64[ms]"),
            y=census.weekly.astype(np.int32),
            width=6.4 * 86_400_000,  # milliseconds, of seven days
            offset=0,
            marker=dict(color=colours.accent, line=dict(width=0)),
            hovertemplate=f"week of %{{x|%-d %b %Y}}: %{{y:,}} {escaped(noun)}s<extra></extra>",
        )
    )
    figure.update_yaxes(
        title=axis_title(f"{escaped(noun)}s a week", colours, 6), automargin=True, rangemode="tozero", nticks=5, tickformat=",d"
    )
    figure.update_xaxes(type="date", automargin=True)
    figure.update_layout(margin=dict(l=70, r=16, t=40, b=42))
    return figure.drawn()


def value_bars(
    title: str, counts: Mapping[str, int], unit: str, colours: Palette, most: int = 12, tints: Mapping[str, str] | None = None
) -> go.Figure:
    """How often each value occurs, as horizontal bars in the order given; what is beyond `most` values is one grey bar.

    `tints` are the colours of values that have one of their own; the others take the accent.
    """
    shown = list(counts.items())[:most]
    rest = sum(counts.values()) - sum(count for _, count in shown)
    own = tints or {}
    rows = [(name, count, own.get(name, colours.accent)) for name, count in shown] + ([("all others", rest, colours.other)] if rest else [])
    whole = max(sum(counts.values()), 1)
    figure = Chart(title, colours, HEIGHT)
    figure.add_trace(
        dict(
            type="bar",
            y=[_short(name) for name, _, _ in rows],
            x=[count for _, count, _ in rows],
            orientation="h",
            marker=dict(color=[tint for _, _, tint in rows]),
            text=[f"{count / whole:.0%}" if count / whole >= 0.005 else "< 1 %" for _, count, _ in rows],
            textposition="outside",
            textfont=dict(color=colours.quiet, size=13),
            cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{x:,}} {escaped(unit)}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, type="category", tickfont=dict(size=13, color=colours.text))
    figure.update_xaxes(title=axis_title(escaped(unit), colours), automargin=True, tickformat=",d", nticks=5)
    figure.update_layout(margin=dict(l=8, r=56, t=40, b=46), bargap=0.35)
    return figure.drawn()


def place_map(view: MapView, counts: np.ndarray, titles: list[str], colours: Palette, height: int = 420) -> go.Figure:
    """Where events happen: every place in grey, and a disc for each, its area the number of events. Busiest last, on top.

    `counts` (n,) and `titles` go with `view.places` (n, 2).
    """
    figure = Chart("Where it happens", colours, height)
    ground(figure, view, colours)
    order = np.argsort(counts, kind="stable")
    words: dict[str, Any] = dict(hoverinfo="skip")
    if len(order) <= 20_000:
        words = dict(text=[f"{escaped(titles[at])}: {counts[at]:,}" for at in order], hovertemplate="%{text}<extra></extra>")
    sizes = np.sqrt(counts[order] / max(float(counts.max()), 1.0)) * 26
    figure.add_trace(
        dict(
            type="scattergl",
            x=view.places[order, 1],
            y=view.places[order, 0],
            mode="markers",
            marker=dict(size=sizes.astype(np.float32), color=colours.accent, opacity=0.35, line=dict(width=0)),
            **words,
        )
    )
    (south, west), (north, east) = view.low, view.high
    ratio = float(1 / np.cos(np.radians((south + north) / 2)))
    figure.update_xaxes(range=[west, east], visible=False, constrain="range")
    figure.update_yaxes(range=[south, north], visible=False, scaleanchor="x", scaleratio=ratio, constrain="range")
    figure.update_layout(margin=dict(l=0, r=0, t=36, b=0), hovermode="closest")
    return figure.drawn()


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"


def _short(name: str, most: int = 28) -> str:
    return escaped(name if len(name) <= most else name[: most - 1] + "…")
