"""One step of a user's route on a map, as HTML: the base map stays in the browser, and only the marks change.

A chart is mounted anew whenever anything in it changes, which takes a browser longer than the rest of a step together. Both
layers have the shape of the view and the same place, so that percentages fit at any width. The CSS classes are those of
pages/ui/theme.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from recsys.core.translation import _
from recsys.figures.maps import MapView, base_map_picture
from recsys.figures.palette import Palette

TALLEST = 430  # pixels


@dataclass(frozen=True, eq=False)
class Route:
    """One step on the map: the latest places (T, 2) oldest first, the top-k list (k, 2) with its titles, and the next item."""

    path: np.ndarray
    path_titles: Sequence[str]
    recommended: np.ndarray
    titles: Sequence[str]
    next_place: np.ndarray | None  # (2,)
    next_title: str
    hit: bool


def base_map_html(view: MapView, colours: Palette) -> str:
    """Return the base map, which reaches half a view beyond the view on each side and so fills a box of any shape."""
    picture = f'<img class="rs-ground" src="{base_map_picture(view, colours)}" alt="">'
    return _box(view, picture, cut=True)


def route_html(view: MapView, route: Route, description: str, colours: Palette) -> str:
    """Return the route and the recommendations, to be laid over the base map; `description` is for screen readers."""
    path, beyond = _clip_to_view(route.path, view)
    legs = _box(view, _legs(_fractions(route.path, view), view, colours), cut=True)
    marks = (
        _earlier_marks(route, path, beyond, colours)
        + _list_marks(route, view)
        + _current_mark(route, path, beyond, colours)
        + _next_item_mark(route, view, colours)
    )
    return f'<div class="rs-way" role="img" aria-label="{escape(description)}">{legs}{_box(view, marks, cut=False)}</div>'


def has_marks_outside(view: MapView, route: Route) -> bool:
    """Return whether a mark stands at the edge because its place is outside the view."""
    ends = [route.recommended, route.path[-1:], np.empty((0, 2)) if route.next_place is None else route.next_place[None]]
    points = np.concatenate(ends)
    return bool(_clip_to_view(points[np.isfinite(points).all(axis=1)], view)[1].any())


def _box(view: MapView, inside: str, cut: bool) -> str:
    """A box of full width with the view in its middle, at its own shape and as large as the height allows."""
    shape = f"aspect-ratio:{view.shape:.4f}"
    stage = f'<div class="rs-stage" style="{shape};width:min(100%,{TALLEST * view.shape:.0f}px)">{inside}</div>'
    return f'<div class="rs-map{" rs-cut" if cut else ""}" style="{shape};max-height:{TALLEST}px">{stage}</div>'


def _fractions(points: np.ndarray, view: MapView) -> np.ndarray:
    """Places (n, 2) as fractions of the view from the west and from the north."""
    share = (view.unwrap(np.asarray(points, dtype=np.float64).reshape(-1, 2)) - view.low) / (np.array(view.high) - view.low)
    return np.column_stack([share[:, 1], 1 - share[:, 0]])


def _clip_to_view(points: np.ndarray, view: MapView) -> tuple[np.ndarray, np.ndarray]:
    """Fractions (n, 2), clipped to the edge of the view, and which of the places lie outside (n,)."""
    parts = _fractions(points, view)
    clipped = np.clip(parts, 0.0, 1.0)
    return clipped, (clipped != parts).any(axis=1)


def _legs(parts: np.ndarray, view: MapView, colours: Palette) -> str:
    """The route from place to place: thin bars, each rotated about its start."""
    steps = np.diff(parts, axis=0) / [1.0, view.shape]
    lengths, turns = np.hypot(*steps.T), np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))
    tint = _faded(colours.accent, 0.4)
    return "".join(
        f'<i class="rs-leg" style="{_position(start)};width:{length:.2%};transform:rotate({turn:.1f}deg);background:{tint}"></i>'
        for start, length, turn in zip(parts, lengths, turns, strict=False)
        if length > 0
    )


def _earlier_marks(route: Route, parts: np.ndarray, beyond: np.ndarray, colours: Palette) -> str:
    """The latest places but the last, older ones paler, without those outside the view."""
    last = len(parts) - 1
    tints = [_faded(colours.accent, 0.25 + 0.65 * at / max(last, 1)) for at in range(last)]
    template = _("was at {place}")
    return "".join(
        _mark(part, f'<i class="rs-was" style="background:{tint}"></i>', template.format(place=title))
        for part, far, title, tint in zip(parts, beyond, route.path_titles, tints, strict=False)
        if not far
    )


def _current_mark(route: Route, parts: np.ndarray, beyond: np.ndarray, colours: Palette) -> str:
    """The current place, on top of the rings, since it is often among the recommendations."""
    if not len(parts):
        return ""
    template = _("now at {place} (outside this map)") if beyond[-1] else _("now at {place}")
    return _mark(parts[-1], f'<i class="rs-here" style="background:{colours.accent}"></i>', template.format(place=route.path_titles[-1]))


def _list_marks(route: Route, view: MapView) -> str:
    """A numbered ring for each item of the list, the best on top; a diamond at the edge for items outside the view."""
    known = np.flatnonzero(np.isfinite(route.recommended).all(axis=1))[::-1]
    inside, outside = _("{rank}. {title}"), _("{rank}. {title} (outside this map)")
    rings = []
    for at, part, far in zip(known, *_clip_to_view(route.recommended[known], view), strict=True):
        shape = '<i class="rs-beyond"></i>' if far else f'<i class="rs-number">{at + 1}</i>'
        rings.append(_mark(part, shape, (outside if far else inside).format(rank=at + 1, title=route.titles[at])))
    return "".join(rings)


def _next_item_mark(route: Route, view: MapView, colours: Palette) -> str:
    if route.next_place is None or not np.isfinite(route.next_place).all():
        return ""
    (part,), (far,) = _clip_to_view(route.next_place, view)
    tint = colours.hit if route.hit else colours.miss
    template = _("next item: {title} (outside this map)") if far else _("next item: {title}")
    return _mark(part, f'<i class="rs-star"><i style="background:{tint}"></i></i>', template.format(title=route.next_title))


def _mark(part: np.ndarray, shape: str, text: str) -> str:
    """A mark that shows its text on hover, on the side towards the middle of the map."""
    side = " rs-west" if part[0] > 0.5 else ""
    return f'<b class="rs-mark{side}" style="{_position(part)}" data-says="{escape(text)}">{shape}</b>'


def _position(part: np.ndarray) -> str:
    return f"left:{part[0]:.2%};top:{part[1]:.2%}"


def _faded(colour: str, opacity: float) -> str:
    return f"rgba({','.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))},{opacity:.2f})"
