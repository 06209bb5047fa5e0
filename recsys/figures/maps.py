"""City maps drawn from the data itself: no tiles, no outlines, no network."""

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recsys.figures.palette import Palette, escaped
from recsys.figures.sketch import Sketch

KM_PER_DEGREE = 111.195
MOST_DOTS = 1_500  # beyond, places are drawn as a picture
DOT = 3  # pixels


@dataclass(frozen=True, eq=False)
class Outline:
    """Shapes that come with the data, (n, 2) latitude and longitude: the coast, closed, and a river."""

    coast: np.ndarray
    river: np.ndarray


@dataclass(frozen=True, eq=False)
class MapView:
    """What stays the same while a person's timeline is stepped through.

    `places` (n, 2) latitude and longitude of all items, `districts` names with the point above which to write them, `low` and `high` the corners
    (latitude, longitude) of the view.
    """

    places: np.ndarray
    low: tuple[float, float]
    high: tuple[float, float]
    districts: Mapping[str, tuple[float, float]]
    outline: Outline | None = None


def map_view(
    item_places: np.ndarray,
    visited: np.ndarray,
    districts: Sequence[str | None] | None = None,
    outline: Outline | None = None,
    margin: float = 0.25,
) -> MapView:
    """The whole of an outlined city; else where a person goes, with a margin, three kilometres wide at least, without far trips.

    `item_places` (n, 2) and `visited` (T, 2) hold NaN where unknown; `districts` (n,) names the district of each item.
    """
    known = item_places[np.isfinite(item_places).all(axis=1)]
    seen = visited[np.isfinite(visited).all(axis=1)]
    seen = seen if len(seen) else known
    low, high = np.quantile(seen, 0.02, axis=0), np.quantile(seen, 0.98, axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 * (1 + 2 * margin)
    stretch = np.array([1.0, np.cos(np.radians(middle[0]))])
    half = np.maximum(half * stretch, 1.5 / KM_PER_DEGREE) / stretch
    if outline is not None:
        low, high = outline.coast.min(axis=0), outline.coast.max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2 * 1.02
    middles: dict[str, tuple[float, float]] = {}
    if districts is not None:
        names = np.asarray(districts, dtype=object)
        for name in dict.fromkeys(each for each in names if isinstance(each, str)):
            inside = item_places[(names == name) & np.isfinite(item_places).all(axis=1)]
            if len(inside):
                middles[name] = (float(np.quantile(inside[:, 0], 0.95)), float(np.median(inside[:, 1])))
    return MapView(known.astype(np.float32), _pair(middle - half), _pair(middle + half), middles, outline)


def _pair(point: np.ndarray) -> tuple[float, float]:
    return float(point[0]), float(point[1])


@dataclass(frozen=True, eq=False)
class Way:
    """One step on the map: the latest events (T, 2) oldest first, the list (k, 2) with its titles, and what came next."""

    path: np.ndarray
    path_titles: Sequence[str]
    recommended: np.ndarray
    titles: Sequence[str]
    came: np.ndarray | None  # (2,)
    came_title: str
    hit: bool


def way_map(view: MapView, way: Way, colours: Palette, height: int = 486) -> go.Figure:
    """The way here and where the list points, on the city as the data knows it."""
    figure = Sketch("The way here, and where the list points", colours, height)
    ground(figure, view, colours)
    _path(figure, way, colours)
    _list(figure, view, way, colours)
    if way.came is not None and np.isfinite(way.came).all():
        colour = colours.hit if way.hit else colours.miss
        lat, lon, outside = _inside(way.came[None], view)
        star = dict(symbol="star", size=17, color=colour, line=dict(color=colours.background, width=1.5))
        text = escaped(way.came_title) + (" (beyond this map)" if outside[0] else "")
        figure.add_trace(
            dict(type="scatter", x=lon, y=lat, mode="markers", marker=star, text=[text], hovertemplate="came next: %{text}<extra></extra>")
        )
    scale_bar(figure, view, colours)
    words = dict(text="line: latest events · rings: the list · star: came next", font=dict(size=12, color=colours.quiet))
    figure.add_annotation(xref="paper", yref="paper", x=1, y=0, xanchor="right", yanchor="bottom", showarrow=False, **words)
    (south, west), (north, east) = view.low, view.high
    ratio = 1 / np.cos(np.radians((south + north) / 2))
    figure.update_xaxes(range=[west, east], visible=False, constrain="range")
    figure.update_yaxes(range=[south, north], visible=False, scaleanchor="x", scaleratio=float(ratio), constrain="range")
    figure.update_layout(margin=dict(l=0, r=0, t=34, b=0))
    return figure.drawn()


def ground(figure: Sketch | go.Figure, view: MapView, colours: Palette) -> None:
    if view.outline is not None:
        shore = dict(color=colours.faint, width=1.2)
        for line, fill in ((view.outline.coast, "toself"), (view.outline.river, "none")):
            shape = dict(x=line[:, 1], y=line[:, 0], mode="lines", line=shore, hoverinfo="skip")
            figure.add_trace(dict(type="scatter", fill=fill, fillcolor=colours.surface, **shape))
    if len(view.places) <= MOST_DOTS:
        dots = dict(size=5, color=colours.faint)
        figure.add_trace(dict(type="scatter", x=view.places[:, 1], y=view.places[:, 0], mode="markers", marker=dots, hoverinfo="skip"))
    else:
        _picture(figure, view, colours)
    for name, (latitude, longitude) in view.districts.items():
        if view.low[0] < latitude < view.high[0] and view.low[1] < longitude < view.high[1]:
            text = escaped(name).upper()
            figure.add_annotation(x=longitude, y=latitude, text=text, showarrow=False, yshift=9, font=dict(size=11, color=colours.quiet))


def _picture(figure: Sketch | go.Figure, view: MapView, colours: Palette, pixels: int = 1_200) -> None:
    """Many places as a picture: quick to redraw, and it stays under the marks, which WebGL dots would not."""
    low, high = np.array(view.low, dtype=np.float64), np.array(view.high, dtype=np.float64)
    low, high = low - (high - low) / 2, high + (high - low) / 2  # the chart may show more than the view, to keep its shape
    cells = np.floor((view.places - low) / (high - low) * (pixels - DOT)).astype(int)
    cells = cells[((cells >= 0) & (cells < pixels - DOT)).all(axis=1)]
    ink = np.zeros((pixels, pixels), dtype=np.uint8)
    for down, right in np.ndindex(DOT, DOT):
        np.add.at(ink, (pixels - 1 - cells[:, 0] - down, cells[:, 1] + right), 1)
    ink = np.minimum(ink, 3) * 85  # places on one another are darker
    corner = dict(xref="x", yref="y", x=low[1], y=high[0], sizex=high[1] - low[1], sizey=high[0] - low[0])
    figure.add_layout_image(source=_png(ink, colours.quiet, colours.faint), sizing="stretch", layer="below", **corner)


def _png(ink: np.ndarray, dark: str, light: str) -> str:
    """A data address of a picture: `ink` (height, width) uint8, clear where 0, from light to dark."""
    ramp = [0.0, *np.linspace(0, 0.6, 255)]
    rgb = [[int(int(light[at : at + 2], 16) * (1 - each) + int(dark[at : at + 2], 16) * each) for at in (1, 3, 5)] for each in ramp]
    rows = np.concatenate([np.zeros((len(ink), 1), dtype=np.uint8), ink], axis=1)  # every line starts with its filter, none
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", ink.shape[1], ink.shape[0], 8, 3, 0, 0, 0),
        b"PLTE": bytes(value for colour in rgb for value in colour),
        b"tRNS": bytes([0, *[255] * 255]),
        b"IDAT": zlib.compress(rows.tobytes(), 6),
        b"IEND": b"",
    }
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks.items()
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def _path(figure: Sketch | go.Figure, way: Way, colours: Palette) -> None:
    if not len(way.path):
        return
    ages = np.linspace(0.25, 0.9, len(way.path))
    line = dict(color=colours.accent, width=1.2)
    figure.add_trace(dict(type="scatter", x=way.path[:, 1], y=way.path[:, 0], mode="lines", line=line, opacity=0.45, hoverinfo="skip"))
    text = [escaped(title) for title in way.path_titles]
    spots = dict(size=6, color=colours.accent, opacity=ages.tolist())
    figure.add_trace(
        dict(
            type="scatter",
            x=way.path[:, 1],
            y=way.path[:, 0],
            mode="markers",
            marker=spots,
            text=text,
            hovertemplate="was at %{text}<extra></extra>",
        )
    )
    here = dict(size=15, color=colours.accent, line=dict(color=colours.background, width=3))
    figure.add_trace(
        dict(
            type="scatter",
            x=way.path[-1:, 1],
            y=way.path[-1:, 0],
            mode="markers",
            marker=here,
            text=text[-1:],
            hovertemplate="now at %{text}<extra></extra>",
        )
    )


def _list(figure: Sketch | go.Figure, view: MapView, way: Way, colours: Palette) -> None:
    known = np.flatnonzero(np.isfinite(way.recommended).all(axis=1))
    if not len(known):
        return
    lat, lon, outside = _inside(way.recommended[known], view)
    text = [
        f"{rank + 1}. {escaped(way.titles[rank])}" + (" (beyond this map)" if far else "") for rank, far in zip(known, outside, strict=True)
    ]
    rings = dict(
        size=np.where(outside, 9, 19).tolist(),
        symbol=["diamond-open" if far else "circle" for far in outside],
        color=colours.background,
        opacity=0.95,
        line=dict(color=colours.miss, width=2),
    )
    numbers = ["" if far else str(rank + 1) for rank, far in zip(known, outside, strict=True)]
    # Worst first, so that the best stay on top.
    figure.add_trace(
        dict(
            type="scatter",
            x=lon[::-1],
            y=lat[::-1],
            mode="markers+text",
            marker={key: value[::-1] if isinstance(value, list) else value for key, value in rings.items()},
            text=numbers[::-1],
            textfont=dict(size=11, color=colours.text),
            hovertext=text[::-1],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )


def _inside(points: np.ndarray, view: MapView) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points held at the edge of the view, and which of them lie beyond it."""
    lat = np.clip(points[:, 0], view.low[0], view.high[0])
    lon = np.clip(points[:, 1], view.low[1], view.high[1])
    return lat, lon, (lat != points[:, 0]) | (lon != points[:, 1])


def scale_bar(figure: Sketch | go.Figure, view: MapView, colours: Palette) -> None:
    (south, west), (north, east) = view.low, view.high
    per_degree = KM_PER_DEGREE * np.cos(np.radians((south + north) / 2))
    width = (east - west) * per_degree
    length = max(each for each in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if each <= max(width / 4, 0.1))
    x0, y0 = west + (east - west) * 0.02, south + (north - south) * 0.025
    line = dict(color=colours.quiet, width=2)
    figure.add_shape(type="line", x0=x0, x1=x0 + length / per_degree, y0=y0, y1=y0, line=line)
    figure.add_annotation(
        x=x0, y=y0, text=f"{length:g} km", showarrow=False, xanchor="left", yanchor="bottom", font=dict(size=12, color=colours.quiet)
    )
