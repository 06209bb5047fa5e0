"""A user's places over time: a map with a frame for each window of time, and home and work before and after a change."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_date, format_number
from recsys.core.translation import _
from recsys.drift import DriftReport
from recsys.drift.mobility import Anchor, middle
from recsys.drift.wording import level_label
from recsys.figures.chart import Chart
from recsys.figures.drift import to_date
from recsys.figures.maps import MapView, draw_base_map
from recsys.figures.palette import Palette, escape_label

HEIGHT = 520
PACE = 90  # milliseconds a frame; drawn at the next repaint, which makes it 100
PARTS = 4  # frames from one window to the next, so that the eye can follow
TRAIL = 6 * PARTS  # earlier frames that the line connects


def movement_map(
    report: DriftReport, view: MapView, split: int | None, anchors: list[tuple[str, Anchor, bool]], colours: Palette
) -> go.Figure:
    """Map of events, grey before step `split` and accent from there on, with a sliding window of time whose centre draws a line.

    It plays in the browser. `anchors` are names in the reader's language, points, and whether they belong to the time after `split`.
    Needs `report.places`.
    """
    assert report.places is not None
    figure = Chart(_("Places over time"), colours, HEIGHT, "" if split is None else _("grey: before, blue: after"))
    draw_base_map(figure, view, colours)
    after = np.arange(len(report.places)) >= (len(report.places) if split is None else split)
    for part, tint in ((~after, colours.quiet), (after, colours.accent)):
        figure.add_trace(_dots(view.unwrap(report.places[part]), tint))
    figure.add_trace(_anchors(anchors, view, colours))
    shown = [view.unwrap(places) for places in _window_places(report)]
    middles = view.unwrap(np.array([middle(places) if len(places) else (np.nan, np.nan) for places in shown]))
    figure.add_trace(_dots(shown[0], colours.miss) | dict(marker=_highlight(colours)))
    line = dict(color=colours.miss, width=2)
    figure.add_trace(_places(middles[:1]) | dict(mode="lines", line=line, connectgaps=True, hoverinfo="skip"))
    (south, west), (north, east) = view.low, view.high
    figure.update_xaxes(range=[west, east], visible=False, constrain="range")
    figure.update_yaxes(range=[south, north], visible=False, scaleanchor="x", scaleratio=view.ratio, constrain="range")
    names = [_frame_label(report, at) for at in range(len(shown))]
    figure.update_layout(margin=dict(l=0, r=0, t=40, b=112), **_controls(names, colours))
    animation = figure.to_figure()
    animation.frames = [
        go.Frame(name=str(at), data=[_places(places), _places(middles[max(at - TRAIL, 0) : at + 1])], traces=[3, 4])
        for at, places in enumerate(shown)
    ]
    return animation


def _window_places(report: DriftReport) -> list[np.ndarray]:
    """The known places (n, 2) of the events in a sliding window, by frame."""
    assert report.places is not None
    known = np.isfinite(report.places).all(axis=1)
    starts = np.arange((len(report.window_counts) - 1) * PARTS + 1) / PARTS
    return [report.places[known & (report.position >= start) & (report.position < start + 1)] for start in starts]


def _places(places: np.ndarray) -> dict[str, Any]:
    return dict(type="scatter", x=places[:, 1].astype(np.float32), y=places[:, 0].astype(np.float32))


def _highlight(colours: Palette) -> dict[str, Any]:
    return dict(size=12, color=colours.miss, opacity=0.8, line=dict(width=1, color=colours.background))


def _dots(places: np.ndarray, tint: str) -> dict[str, Any]:
    return _places(places) | dict(
        mode="markers", hoverinfo="skip", marker=dict(size=7, color=tint, opacity=0.35, line=dict(width=0)),
    )  # fmt: skip


def _anchors(anchors: list[tuple[str, Anchor, bool]], view: MapView, colours: Palette) -> dict[str, Any]:
    """Rings with their names to the right; in the last third of the view to the left, where the edge would cut them off."""
    north, east = view.unwrap(np.array([(each.latitude, each.longitude) for _name, each, _later in anchors]).reshape(-1, 2)).T
    return dict(
        type="scatter", x=east.tolist(), y=north.tolist(), mode="markers+text", text=[escape_label(name) for name, _each, _later in anchors],
        textposition=["middle left" if at > (view.low[1] + 2 * view.high[1]) / 3 else "middle right" for at in east],
        textfont=dict(size=14, color=colours.text, weight=600),
        marker=dict(
            size=20, color="rgba(0,0,0,0)", line=dict(width=3, color=[colours.accent if later else colours.quiet for *_, later in anchors])
        ),
        hovertext=[_anchor_text(name, each) for name, each, _later in anchors], hoverinfo="text",
    )  # fmt: skip


def _anchor_text(name: str, anchor: Anchor) -> str:
    if not anchor.area:
        return escape_label(name)
    return _("{name}: {area}", name=escape_label(name), area=escape_label(level_label("area", anchor.area)))


def _controls(names: list[str], colours: Palette) -> dict[str, Any]:
    """Buttons to play and pause and a slider, all run by the browser."""
    jump = dict(mode="immediate", frame=dict(duration=0, redraw=False), transition=dict(duration=0))
    run = dict(frame=dict(duration=PACE, redraw=False), transition=dict(duration=0), fromcurrent=True, mode="immediate")
    button = dict(method="animate")
    style = dict(bgcolor=colours.surface, bordercolor=colours.faint, font=dict(color=colours.text, size=13))
    return dict(
        updatemenus=[
            dict(
                type="buttons", direction="left", x=0, xanchor="left", y=0, yanchor="top", pad=dict(t=66, l=4), showactive=False,
                buttons=[button | dict(label=_("Play"), args=[None, run]), button | dict(label=_("Pause"), args=[[None], jump])], **style,
            )
        ],
        sliders=[
            dict(
                x=0.02, len=0.96, y=0, pad=dict(t=14), currentvalue=dict(visible=True, font=dict(size=13, color=colours.quiet), xanchor="left", offset=6),
                ticklen=0, minorticklen=0, font=dict(size=1, color="rgba(0,0,0,0)"), bgcolor=colours.surface, bordercolor=colours.faint,
                activebgcolor=colours.accent, steps=[dict(method="animate", label=name, args=[[str(at)], jump]) for at, name in enumerate(names)],
            )
        ],
    )  # fmt: skip


def _frame_label(report: DriftReport, frame: int) -> str:
    """The beginning of a frame's window."""
    edges = report.window_edges
    begins = float(np.interp(frame / PARTS, np.arange(len(edges)), edges))
    if report.clock == "steps":
        return _("from step {step}", step=format_number(round(begins)))
    return _("from {date}", date=format_date(to_date(begins)))
