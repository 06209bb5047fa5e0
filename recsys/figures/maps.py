"""City maps drawn from the data alone: without tiles and without network."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import numpy as np

from recsys.core import Dataset
from recsys.core.geography import Outline
from recsys.figures.chart import Chart
from recsys.figures.palette import Palette

KM_PER_DEGREE = 111.195
WIDE = 1_000  # units of the base map's drawing across the view
BARS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)  # kilometres


@dataclass(frozen=True, eq=False)
class MapView:
    """The part of a map that is shown, the same at every step of a timeline.

    `places` (n, 2) latitude and longitude of all items, `districts` maps names to the point above which to write them, `low` and
    `high` the corners (latitude, longitude) of the view.
    """

    places: np.ndarray
    low: tuple[float, float]
    high: tuple[float, float]
    districts: Mapping[str, tuple[float, float]]
    outline: Outline | None = None

    @cached_property
    def ratio(self) -> float:
        """Length of a degree of latitude by that of a degree of longitude here."""
        return float(1 / np.cos(np.radians((self.low[0] + self.high[0]) / 2)))

    @cached_property
    def shape(self) -> float:
        """Width by height, a kilometre being as long to the north as to the east."""
        (south, west), (north, east) = self.low, self.high
        return (east - west) / (north - south) / self.ratio

    def unwrap(self, places: np.ndarray) -> np.ndarray:
        """Return the places (n, 2) with the longitudes nearest to the view, so that none is a world away across the date line."""
        return _unwrap(places, (self.low[1] + self.high[1]) / 2)

    @cached_property
    def kilometres(self) -> float:
        """Width from west to east."""
        return (self.high[1] - self.low[1]) * KM_PER_DEGREE / self.ratio


def fit_map_view(
    item_places: np.ndarray,
    visited: np.ndarray,
    districts: Sequence[str | None] | None = None,
    outline: Outline | None = None,
    margin: float = 0.25,
) -> MapView:
    """Return a view of the whole of an outlined city, else of the places a user visits, with a margin and without far trips.

    `item_places` (n, 2) and `visited` (T, 2) hold NaN where unknown; `districts` (n,) names the district of each item. The view is
    at least three kilometres wide.
    """
    known = np.isfinite(item_places).all(axis=1)
    seen = visited[np.isfinite(visited).all(axis=1)]
    seen = seen if len(seen) else item_places[known]
    around = float(np.degrees(np.angle(np.exp(1j * np.radians(seen[:, 1])).mean())))
    seen, item_places = _unwrap(seen, around), _unwrap(item_places, around)
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


def fit_user_view(dataset: Dataset, user: str, outline: Outline | None) -> MapView | None:
    """Return the view of the places that a user visits; None for data without places."""
    places = dataset.places
    if places is None or dataset.item_places is None or not np.isfinite(dataset.item_places).any():
        return None
    return fit_map_view(dataset.item_places, places[dataset.rows(user)], list_districts(dataset), outline)


def list_districts(dataset: Dataset) -> list[str] | None:
    """Return the district of each item; None for data without districts."""
    return dataset.items["district"].tolist() if "district" in dataset.items else None


def find_item_places(dataset: Dataset, items: Sequence[str]) -> np.ndarray:
    """Return latitude and longitude of items (n, 2), NaN where unknown."""
    if dataset.item_places is None:
        return np.full((len(items), 2), np.nan)
    codes = dataset.vocabulary.encode(items)
    return np.where((codes > 0)[:, None], dataset.item_places[codes - 1], np.nan)


def _unwrap(places: np.ndarray, longitude: float) -> np.ndarray:
    turns = np.round((places[:, 1] - longitude) / 360)
    return np.column_stack([places[:, 0], places[:, 1] - 360 * turns])


def _names(places: np.ndarray, known: np.ndarray, districts: Sequence[str | None] | None) -> dict[str, tuple[float, float]]:
    """The point above which to write each district's name: the middle of its northern edge."""
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


def draw_base_map(figure: Chart, view: MapView, colours: Palette) -> None:
    """Draw the base map under a chart's marks."""
    across, up = np.ptp([view.low, view.high], axis=0)[::-1]
    corner = dict(x=view.low[1] - across / 2, y=view.high[0] + up / 2, sizex=2 * across, sizey=2 * up)
    figure.add_layout_image(source=base_map_picture(view, colours), xref="x", yref="y", sizing="stretch", layer="below", **corner)


def base_map_picture(view: MapView, colours: Palette) -> str:
    """Return the base map as a data URL: shapes, places, names and a scale bar in one SVG, which is cheap to redraw.

    It reaches half a view beyond the view on each side, since a page may show more to keep its shape. It holds no words but data
    and symbols of units, since pages cache it for readers of all languages.
    """
    tall = WIDE / view.shape
    parts = [*_shapes(view, colours, tall), _dots(view, colours, tall), *_labels(view, colours, tall), _scale_bar(view, colours, tall)]
    frame = f"{-WIDE / 2:g} {-tall / 2:.1f} {2 * WIDE} {2 * tall:.1f}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}" font-family="Liberation Sans,Arial,sans-serif">{"".join(parts)}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _on_paper(points: np.ndarray, view: MapView, tall: float) -> np.ndarray:
    """Points (n, 2) as x from the west and y from the north, in units of the drawing."""
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
    size = (9 if len(view.places) < 1_500 else 6) * max(1.0, tall / WIDE)
    return f'<path d="{dots}" stroke="{colours.places}" stroke-width="{size:.1f}" stroke-linecap="round" fill="none"/>'


def _labels(view: MapView, colours: Palette, tall: float) -> list[str]:
    if not view.districts:
        return []
    spots = _on_paper(np.array(list(view.districts.values())), view, tall)
    style = f'font-size="24" letter-spacing="1" text-anchor="middle" fill="{colours.quiet}"'
    return [
        f'<text x="{x:.0f}" y="{y - 14:.0f}" {style}>{escape(name.upper())}</text>'
        for name, (x, y) in zip(view.districts, spots, strict=True)
    ]


def _scale_bar(view: MapView, colours: Palette, tall: float) -> str:
    length = max(each for each in BARS if each <= max(view.kilometres / 4, BARS[0]))
    units, y = length / view.kilometres * WIDE, tall - 14
    letters = 26 * max(1.0, tall / WIDE)  # a tall view is drawn smaller
    label = f"{length * 1000:g} m" if length < 1 else f"{length:g} km"
    line = f'<path d="M10 {y:.0f}h{units:.0f}" stroke="{colours.quiet}" stroke-width="3.5"/>'
    return line + f'<text x="10" y="{y - 9:.0f}" font-size="{letters:.0f}" fill="{colours.quiet}">{label}</text>'
