"""City maps drawn from the data itself: no tiles, no outlines from elsewhere, no network."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.figures.palette import Palette, escaped
from recsys.figures.sketch import Sketch

KM_PER_DEGREE = 111.195
WIDE = 1_000  # units of the ground's drawing across the view
BARS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)  # kilometres


@dataclass(frozen=True, eq=False)
class Outline:
    """Shapes that come with the data, (n, 2) latitude and longitude: the coast, closed, and a river."""

    coast: np.ndarray
    river: np.ndarray


@dataclass(frozen=True, eq=False)
class MapView:
    """What stays the same while a person's timeline is stepped through.

    `places` (n, 2) latitude and longitude of all items, `districts` names with the point above which to write them, `low` and
    `high` the corners (latitude, longitude) of the view.
    """

    places: np.ndarray
    low: tuple[float, float]
    high: tuple[float, float]
    districts: Mapping[str, tuple[float, float]]
    outline: Outline | None = None

    @cached_property
    def ratio(self) -> float:
        """How much longer a degree of latitude is than one of longitude here."""
        return float(1 / np.cos(np.radians((self.low[0] + self.high[0]) / 2)))

    @cached_property
    def kilometres(self) -> float:
        """From west to east."""
        return (self.high[1] - self.low[1]) * KM_PER_DEGREE / self.ratio


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
    known = np.isfinite(item_places).all(axis=1)
    seen = visited[np.isfinite(visited).all(axis=1)]
    seen = seen if len(seen) else item_places[known]
    low, high = np.quantile(seen, 0.02, axis=0), np.quantile(seen, 0.98, axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 * (1 + 2 * margin)
    stretch = np.array([1.0, np.cos(np.radians(middle[0]))])
    half = np.maximum(half * stretch, 1.5 / KM_PER_DEGREE) / stretch
    if outline is not None:
        low, high = outline.coast.min(axis=0), outline.coast.max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2 * 1.02
    corners = middle - half, middle + half
    return MapView(
        item_places[known].astype(np.float32), _pair(corners[0]), _pair(corners[1]), _names(item_places, known, districts), outline
    )


def _names(places: np.ndarray, known: np.ndarray, districts: Sequence[str | None] | None) -> dict[str, tuple[float, float]]:
    """The point above which to write each district: the middle of its northern edge."""
    if districts is None:
        return {}
    names = np.asarray(districts, dtype=object)
    points = {}
    for name in dict.fromkeys(each for each in names[known] if isinstance(each, str)):
        inside = places[(names == name) & known]
        points[name] = (float(np.quantile(inside[:, 0], 0.95)), float(np.median(inside[:, 1])))
    return points


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
    if len(way.path):
        figure.add_trace(_path(way, colours))
    figure.add_trace(_marks(view, way, colours))
    words = dict(text="line: latest events · rings: the list · star: came next", font=dict(size=12, color=colours.quiet))
    figure.add_annotation(xref="paper", yref="paper", x=1, y=0, xanchor="right", yanchor="bottom", showarrow=False, **words)
    fit(figure, view)
    figure.update_layout(margin=dict(l=0, r=0, t=34, b=0))
    return figure.drawn()


def fit(figure: Sketch | go.Figure, view: MapView) -> None:
    """Axes that show the view, a kilometre as long to the north as to the east."""
    (south, west), (north, east) = view.low, view.high
    figure.update_xaxes(range=[west, east], visible=False, constrain="range")
    figure.update_yaxes(range=[south, north], visible=False, scaleanchor="x", scaleratio=view.ratio, constrain="range")


def ground(figure: Sketch | go.Figure, view: MapView, colours: Palette) -> None:
    """The city under the marks: shapes, places, names and a scale bar as one drawing, which costs nothing to redraw.

    It reaches half a view beyond the view on each side, since a chart may show more than was asked for, to keep its shape.
    """
    across, up = np.ptp([view.low, view.high], axis=0)[::-1]
    tall = WIDE * up / across * view.ratio
    parts = [*_shapes(view, colours, tall), _dots(view, colours, tall), *_labels(view, colours, tall), _scale_bar(view, colours, tall)]
    frame = f"{-WIDE / 2:g} {-tall / 2:.1f} {2 * WIDE} {2 * tall:.1f}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}" font-family="Liberation Sans,Arial,sans-serif">{"".join(parts)}</svg>'
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    corner = dict(x=view.low[1] - across / 2, y=view.high[0] + up / 2, sizex=2 * across, sizey=2 * up)
    figure.add_layout_image(source=source, xref="x", yref="y", sizing="stretch", layer="below", **corner)


def _on_paper(points: np.ndarray, view: MapView, tall: float) -> np.ndarray:
    """(n, 2) x from the west, y from the north, in units of the drawing."""
    low, high = np.array(view.low), np.array(view.high)
    part = (np.asarray(points, dtype=np.float64) - low) / (high - low)
    return np.column_stack([part[:, 1] * WIDE, (1 - part[:, 0]) * tall])


def _shapes(view: MapView, colours: Palette, tall: float) -> list[str]:
    if view.outline is None:
        return []
    lines = [" ".join(f"{x:.1f},{y:.1f}" for x, y in _on_paper(each, view, tall)) for each in (view.outline.coast, view.outline.river)]
    shore = f'stroke="{colours.faint}" stroke-width="2.5"'
    return [f'<polygon points="{lines[0]}" fill="{colours.surface}" {shore}/>', f'<polyline points="{lines[1]}" fill="none" {shore}/>']


def _dots(view: MapView, colours: Palette, tall: float) -> str:
    points = np.unique(np.round(_on_paper(view.places, view, tall)).astype(int), axis=0)
    near = (np.abs(points - [WIDE / 2, tall / 2]) <= [WIDE, tall]).all(axis=1)
    dots = "".join(f"M{x} {y}h0" for x, y in points[near])
    size = (9 if len(view.places) < 1_500 else 4) * max(1.0, tall / WIDE)
    return f'<path d="{dots}" stroke="{colours.places}" stroke-width="{size:.1f}" stroke-linecap="round" fill="none"/>'


def _labels(view: MapView, colours: Palette, tall: float) -> list[str]:
    if not view.districts:
        return []
    spots = _on_paper(np.array(list(view.districts.values())), view, tall)
    style = f'font-size="20" letter-spacing="1" text-anchor="middle" fill="{colours.quiet}"'
    return [
        f'<text x="{x:.0f}" y="{y - 14:.0f}" {style}>{escape(name.upper())}</text>'
        for name, (x, y) in zip(view.districts, spots, strict=True)
    ]


def _scale_bar(view: MapView, colours: Palette, tall: float) -> str:
    length = max(each for each in BARS if each <= max(view.kilometres / 4, BARS[0]))
    units, y = length / view.kilometres * WIDE, tall - 14
    letters = 22 * max(1.0, tall / WIDE)  # a tall view is drawn smaller
    line = f'<path d="M10 {y:.0f}h{units:.0f}" stroke="{colours.quiet}" stroke-width="3.5"/>'
    return line + f'<text x="10" y="{y - 9:.0f}" font-size="{letters:.0f}" fill="{colours.quiet}">{length:g} km</text>'


def _path(way: Way, colours: Palette) -> dict[str, Any]:
    """The latest places, the older the paler; the last one, where the person is now, is large."""
    count = len(way.path)
    text = [f"{'now' if at == count - 1 else 'was'} at {escaped(title)}" for at, title in enumerate(way.path_titles)]
    faded = [_faded(colours.accent, 0.25 + 0.65 * at / max(count - 1, 1)) for at in range(count)]
    spots = dict(
        size=[6] * (count - 1) + [15], color=[*faded[:-1], colours.accent], opacity=1, line=dict(color=colours.background, width=1)
    )
    path = dict(x=way.path[:, 1], y=way.path[:, 0], line=dict(color=_faded(colours.accent, 0.4), width=1.2))
    return dict(type="scatter", mode="lines+markers", marker=spots, text=text, hovertemplate="%{text}<extra></extra>", **path)


def _faded(colour: str, opacity: float) -> str:
    return f"rgba({','.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))},{opacity:.2f})"


def _marks(view: MapView, way: Way, colours: Palette) -> dict[str, Any]:
    """Numbered rings for the list, the best on top, diamonds at the edge for what lies beyond, a star for what came next."""
    known = np.flatnonzero(np.isfinite(way.recommended).all(axis=1))[::-1]
    points = [way.recommended[at] for at in known]
    words = [f"{at + 1}. {escaped(way.titles[at])}" for at in known]
    if way.came is not None and np.isfinite(way.came).all():
        points.append(way.came)
        words.append(f"came next: {escaped(way.came_title)}")
    star = len(points) > len(known)
    places = np.array(points, dtype=np.float64).reshape(-1, 2)
    held = np.clip(places, view.low, view.high)
    far = (held != places).any(axis=1)
    symbols = ["diamond" if beyond else "circle" for beyond in far[: len(known)]] + ["star"] * star
    came = colours.hit if way.hit else colours.miss
    marker = dict(
        size=[9 if beyond else 19 for beyond in far[: len(known)]] + [17] * star,
        symbol=symbols,
        color=[colours.background] * len(known) + [came] * star,
        line=dict(color=[colours.miss] * len(known) + [colours.background] * star, width=[2] * len(known) + [1.5] * star),
        opacity=1,
    )
    numbers = ["" if beyond else str(at + 1) for at, beyond in zip(known, far, strict=False)] + [""] * star
    hover = [word + (" (beyond this map)" if beyond else "") for word, beyond in zip(words, far, strict=True)]
    where = dict(x=held[:, 1], y=held[:, 0], mode="markers+text", text=numbers, textfont=dict(size=11, color=colours.text))
    return dict(type="scatter", marker=marker, hovertext=hover, hovertemplate="%{hovertext}<extra></extra>", **where)
