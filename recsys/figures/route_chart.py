"""One step of a user's route on a map, as a chart: for reports, which draw a step once. The app's own map is `route_map`."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.figures.chart import Chart
from recsys.figures.maps import MapView, draw_base_map
from recsys.figures.palette import Palette, escape_label
from recsys.figures.route_map import Route

HEIGHT = 420
RING, HERE, STAR = 20, 14, 20  # pixels


def route_chart(view: MapView, route: Route, colours: Palette) -> go.Figure:
    """The latest places joined by lines, a numbered ring at each recommended item, and a star at the next item, over the base map.

    Marks outside the view are drawn at its edge.
    """
    figure = Chart(_("Latest places and recommendations"), colours, HEIGHT)
    draw_base_map(figure, view, colours)
    path = _place(view, route.path)
    line = dict(color=colours.accent, width=1.5)
    figure.add_trace(dict(type="scatter", **path, mode="lines", line=line, opacity=0.4, hoverinfo="skip"))
    was = [_("was at {place}", place=escape_label(title)) for title in route.path_titles[:-1]]
    earlier = dict(size=8, color=colours.accent, line=dict(width=1, color=colours.background))
    figure.add_trace(_marks({axis: values[:-1] for axis, values in path.items()}, earlier, was) | dict(opacity=0.6))
    known = np.flatnonzero(np.isfinite(route.recommended).all(axis=1))[::-1]  # the best one last, on top
    titles = [_("{rank}. {title}", rank=format_number(at + 1), title=escape_label(route.titles[at])) for at in known.tolist()]
    ring = dict(size=RING, color=colours.background, line=dict(width=2, color=colours.miss))
    figure.add_trace(
        _marks(_place(view, route.recommended[known]), ring, titles)
        | dict(
            mode="markers+text",
            text=[format_number(at + 1) for at in known.tolist()],
            textposition="middle center",
            textfont=dict(size=11, color=colours.text),
        )
    )
    if len(route.path):
        now = dict(size=HERE, color=colours.accent, line=dict(width=2, color=colours.background))
        text = _("now at {place}", place=escape_label(route.path_titles[-1]))
        figure.add_trace(_marks({axis: values[-1:] for axis, values in path.items()}, now, [text]))
    if route.next_place is not None and np.isfinite(route.next_place).all():
        star = dict(
            size=STAR, symbol="star", color=colours.hit if route.hit else colours.miss, line=dict(width=1, color=colours.background)
        )
        text = _("next item: {title}", title=escape_label(route.next_title))
        figure.add_trace(_marks(_place(view, route.next_place[None]), star, [text]))
    (south, west), (north, east) = view.low, view.high
    figure.update_xaxes(range=[west, east], visible=False, constrain="range")
    figure.update_yaxes(range=[south, north], visible=False, scaleanchor="x", scaleratio=view.ratio, constrain="range")
    figure.update_layout(margin=dict(l=0, r=0, t=40, b=0))
    return figure.to_figure()


def _place(view: MapView, places: np.ndarray) -> dict[str, np.ndarray]:
    """Places (n, 2) as coordinates of the chart, those outside the view at its edge."""
    inside = np.clip(view.unwrap(np.asarray(places, dtype=np.float64).reshape(-1, 2)), view.low, view.high)
    return dict(x=inside[:, 1], y=inside[:, 0])


def _marks(where: dict[str, np.ndarray], marker: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    return dict(type="scatter", **where, mode="markers", marker=marker, hovertext=texts, hoverinfo="text")
