"""One step of a person's way on the city's map, as HTML: the ground stays in the browser, and only the marks change.

A chart is mounted anew whenever anything in it changes, which takes a browser longer than the rest of a step together. Both
layers have the shape of the view and stand at the same place, so that parts of a hundred fit at any width. The classes are
those of pages/ui/theme.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from recsys.figures.maps import MapView, ground_picture
from recsys.figures.palette import Palette

TALLEST = 430  # pixels


@dataclass(frozen=True, eq=False)
class Route:
    """One step on the map: the latest events (T, 2) oldest first, the list (k, 2) with its titles, and what came next."""

    path: np.ndarray
    path_titles: Sequence[str]
    recommended: np.ndarray
    titles: Sequence[str]
    came: np.ndarray | None  # (2,)
    came_title: str
    hit: bool


def ground_html(view: MapView, colours: Palette) -> str:
    """The city. It reaches half a view beyond the view on each side, and fills the box whatever the box's shape."""
    picture = f'<img class="rs-ground" src="{ground_picture(view, colours)}" alt="">'
    return _box(view, picture, cut=True)


def route_html(view: MapView, way: Route, words: str, colours: Palette) -> str:
    """The way here and where the list points, to be laid over the ground; `words` say it to those who cannot see it."""
    path, beyond = _held(way.path, view)
    legs = _box(view, _legs(_parts(way.path, view), view, colours), cut=True)
    marks = _was(way, path, beyond, colours) + _rings(way, view) + _here(way, path, beyond, colours) + _star(way, view, colours)
    return f'<div class="rs-way" role="img" aria-label="{escape(words)}">{legs}{_box(view, marks, cut=False)}</div>'


def any_beyond(view: MapView, way: Route) -> bool:
    """Whether something stands at the edge in place of where it is."""
    ends = [way.recommended, way.path[-1:], np.empty((0, 2)) if way.came is None else way.came[None]]
    points = np.concatenate(ends)
    return bool(_held(points[np.isfinite(points).all(axis=1)], view)[1].any())


def _box(view: MapView, inside: str, cut: bool) -> str:
    """All the width there is, and the view in its middle, at its own shape and as large as the height allows."""
    shape = f"aspect-ratio:{view.shape:.4f}"
    stage = f'<div class="rs-stage" style="{shape};width:min(100%,{TALLEST * view.shape:.0f}px)">{inside}</div>'
    return f'<div class="rs-map{" rs-cut" if cut else ""}" style="{shape};max-height:{TALLEST}px">{stage}</div>'


def _parts(points: np.ndarray, view: MapView) -> np.ndarray:
    """(n, 2) how far from the west and how far from the north, 0 to 1 within the view."""
    share = (view.beside(np.asarray(points, dtype=np.float64).reshape(-1, 2)) - view.low) / (np.array(view.high) - view.low)
    return np.column_stack([share[:, 1], 1 - share[:, 0]])


def _held(points: np.ndarray, view: MapView) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) the parts, those beyond the view held at its edge, and (n,) which those are."""
    parts = _parts(points, view)
    held = np.clip(parts, 0.0, 1.0)
    return held, (held != parts).any(axis=1)


def _legs(parts: np.ndarray, view: MapView, colours: Palette) -> str:
    """The way from place to place: thin bars, each turned about its start."""
    steps = np.diff(parts, axis=0) / [1.0, view.shape]
    lengths, turns = np.hypot(*steps.T), np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))
    tint = _faded(colours.accent, 0.4)
    return "".join(
        f'<i class="rs-leg" style="{_at(start)};width:{length:.2%};transform:rotate({turn:.1f}deg);background:{tint}"></i>'
        for start, length, turn in zip(parts, lengths, turns, strict=False)
        if length > 0
    )


def _was(way: Route, parts: np.ndarray, beyond: np.ndarray, colours: Palette) -> str:
    """The latest places but the last, the older the paler; what lies beyond the view is left out."""
    last = len(parts) - 1
    tints = [_faded(colours.accent, 0.25 + 0.65 * at / max(last, 1)) for at in range(last)]
    return "".join(
        _mark(part, f'<i class="rs-was" style="background:{tint}"></i>', f"was at {title}")
        for part, far, title, tint in zip(parts, beyond, way.path_titles, tints, strict=False)
        if not far
    )


def _here(way: Route, parts: np.ndarray, beyond: np.ndarray, colours: Palette) -> str:
    """Where the person is now, on top of the rings: people are often sent to where they are."""
    if not len(parts):
        return ""
    return _mark(
        parts[-1], f'<i class="rs-here" style="background:{colours.accent}"></i>', f"now at {way.path_titles[-1]}", bool(beyond[-1])
    )


def _rings(way: Route, view: MapView) -> str:
    """A numbered ring for each of the list, the best on top; a diamond at the edge for what lies beyond."""
    known = np.flatnonzero(np.isfinite(way.recommended).all(axis=1))[::-1]
    rings = []
    for at, part, far in zip(known, *_held(way.recommended[known], view), strict=True):
        shape = '<i class="rs-beyond"></i>' if far else f'<i class="rs-number">{at + 1}</i>'
        rings.append(_mark(part, shape, f"{at + 1}. {way.titles[at]}", bool(far)))
    return "".join(rings)


def _star(way: Route, view: MapView, colours: Palette) -> str:
    if way.came is None or not np.isfinite(way.came).all():
        return ""
    (part,), (far,) = _held(way.came, view)
    tint = colours.hit if way.hit else colours.miss
    return _mark(part, f'<i class="rs-star"><i style="background:{tint}"></i></i>', f"came next: {way.came_title}", bool(far))


def _mark(part: np.ndarray, shape: str, says: str, far: bool = False) -> str:
    """Something on the map that says what it is under the pointer, towards the middle of the map."""
    side = " rs-west" if part[0] > 0.5 else ""
    words = escape(says + (" (beyond this map)" if far else ""))
    return f'<b class="rs-mark{side}" style="{_at(part)}" data-says="{words}">{shape}</b>'


def _at(part: np.ndarray) -> str:
    return f"left:{part[0]:.2%};top:{part[1]:.2%}"


def _faded(colour: str, opacity: float) -> str:
    return f"rgba({','.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))},{opacity:.2f})"
