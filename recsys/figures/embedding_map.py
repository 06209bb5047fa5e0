"""All items as a map of their embeddings: similar items stand together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.embeddings import Plane
from recsys.figures.chart import Chart, axis_title, component_titles
from recsys.figures.palette import Palette, escape_label

MANY = 5_000  # dots that a browser draws as SVG without stutter


def item_map(
    plane: Plane, titles: Sequence[str], tints: Sequence[str], chosen: int | None, near: np.ndarray, title: str, colours: Palette
) -> go.Figure:
    """A dot for each item in the colour of its category, the chosen one in the accent colour, rings around its neighbours `near` (k,).

    `titles` and `tints` (n,) go with the rows of the plane; customdata is the position of an item.
    """
    figure = Chart(title, colours, 500)
    shown = np.flatnonzero(np.isfinite(plane.points).all(axis=1))
    names = [escape_label(titles[at]) for at in shown.tolist()]
    dots: dict[str, Any] = dict(
        size=6 if len(shown) > 1_500 else 8, color=[tints[at] for at in shown.tolist()], opacity=0.75, line=dict(width=0)
    )
    figure.add_trace(_dots(plane.points[shown], shown, names, dots, len(shown) > MANY))
    rings = near[np.isfinite(plane.points[near]).all(axis=1)]
    ring: dict[str, Any] = dict(size=13, color="rgba(0,0,0,0)", line=dict(color=colours.text, width=1.8))
    figure.add_trace(_dots(plane.points[rings], rings, [escape_label(titles[at]) for at in rings.tolist()], ring, False))
    if chosen is not None and np.isfinite(plane.points[chosen]).all():
        here: dict[str, Any] = dict(size=16, color=colours.accent, line=dict(color=colours.background, width=2.5))
        figure.add_trace(_dots(plane.points[[chosen]], np.array([chosen]), [escape_label(titles[chosen])], here, False))
    for update, text in zip((figure.update_xaxes, figure.update_yaxes), component_titles(plane.shares), strict=True):
        update(showticklabels=False, ticks="", title=axis_title(text, colours), fixedrange=False)
    figure.update_layout(margin=dict(l=28, r=8, t=40, b=30), clickmode="event+select", dragmode="pan")
    return figure.to_figure()


def _dots(points: np.ndarray, positions: np.ndarray, names: Sequence[str], marker: dict[str, Any], many: bool) -> dict[str, Any]:
    return dict(
        type="scattergl" if many else "scatter",
        x=points[:, 0].astype(np.float32),
        y=points[:, 1].astype(np.float32),
        mode="markers",
        marker=marker,
        selected=dict(marker=dict(opacity=marker.get("opacity", 1.0))),
        unselected=dict(marker=dict(opacity=marker.get("opacity", 1.0))),
        customdata=positions.astype(np.int32),
        text=list(names),
        hovertemplate="%{text}<extra></extra>",
    )
