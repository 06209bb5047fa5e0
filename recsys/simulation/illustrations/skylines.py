"""The districts of the city behind its places: a sky, the outline of each district, and the ground."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from recsys.core.colours import mix_colours
from recsys.simulation.illustrations.canvas import Canvas, darker, lighter

HORIZON = 72.0


class Air(NamedTuple):
    """Colours of a place's surroundings: the sky, the outline before it, the ground, and its lit windows."""

    sky: str
    outline: str
    ground: str
    light: str
    is_night: bool


def _harbour(canvas: Canvas, air: Air) -> None:
    canvas.box(0, 62, 100, HORIZON, mix_colours(air.outline, "#4f8fb5", 0.5))
    for x, height in ((16, 40), (42, 30), (80, 46)):
        canvas.box(x - 0.7, 66 - height, x + 0.7, 66, darker(air.outline))
        canvas.shape(lighter(air.outline, 0.45), (x + 1.5, 68 - height), (x + 1.5, 60), (x + 14, 60))
        canvas.shape(air.outline, (x - 1.5, 74 - height), (x - 1.5, 60), (x - 9, 60))
        canvas.shape(darker(air.outline), (x - 11, 62), (x + 15, 62), (x + 10, 68), (x - 8, 68))


def _cathedral(canvas: Canvas, air: Air) -> None:
    canvas.disc(50, 112, 92, lighter(air.outline, 0.2), 54)
    canvas.box(32, 44, 76, 66, air.outline)
    for x in (26, 40):
        canvas.box(x, 34, x + 9, 66, darker(air.outline, 0.1))
        canvas.shape(darker(air.outline, 0.1), (x - 1, 34), (x + 4.5, 14), (x + 10, 34))
        canvas.box(x + 3.4, 38, x + 5.6, 46, air.light, 1)
    canvas.shape(darker(air.outline, 0.06), (48, 46), (54, 36), (74, 36), (79, 46))
    for x in (54, 62, 70):
        canvas.box(x, 50, x + 3, 60, air.light, 1.5)


def _mill(canvas: Canvas, air: Air) -> None:
    canvas.box(8, 40, 46, HORIZON, air.outline)
    canvas.shape(darker(air.outline, 0.14), (4, 42), (27, 22), (50, 42))
    canvas.box(16, 48, 23, 56, air.light, 1)
    canvas.box(29, 48, 36, 56, air.light, 1)
    canvas.box(70, 48, 98, HORIZON, lighter(air.outline, 0.2))
    canvas.shape(air.outline, (67, 50), (84, 36), (101, 50))
    canvas.arc(58, 58, 17, 0, 360, darker(air.outline, 0.35), 3)
    for dx, dy in ((15, 0), (0, 15), (10.6, 10.6), (10.6, -10.6)):
        canvas.path(darker(air.outline, 0.35), 1.6, (58 - dx, 58 - dy), (58 + dx, 58 + dy))


def _university(canvas: Canvas, air: Air) -> None:
    canvas.wedge(50, 44, 21, 180, 360, darker(air.outline, 0.1), 23)
    canvas.box(48.8, 12, 51.2, 24, darker(air.outline, 0.1))
    canvas.box(8, 43, 92, 48, lighter(air.outline, 0.15))
    canvas.box(12, 48, 88, HORIZON, air.outline)
    for x in range(16, 86, 10):
        canvas.box(x, 48, x + 4.4, HORIZON, lighter(air.outline, 0.3))


def _gate(canvas: Canvas, air: Air) -> None:
    canvas.box(0, 48, 100, HORIZON, air.outline)
    for x in range(-2, 100, 12):
        canvas.box(x, 43, x + 7, 50, air.outline)
    for x in (22, 62):
        canvas.box(x, 26, x + 16, HORIZON, darker(air.outline, 0.12))
        for dx in (0, 6.2, 12.4):
            canvas.box(x + dx, 21, x + dx + 3.6, 28, darker(air.outline, 0.12))
        canvas.box(x + 6.6, 34, x + 9.4, 42, air.light, 1.4)
    canvas.box(43, 58, 57, HORIZON, darker(air.outline, 0.4))
    canvas.disc(50, 58, 7, darker(air.outline, 0.4))


def _arches(canvas: Canvas, air: Air) -> None:
    canvas.box(8, 36, 52, 47, darker(air.outline, 0.25), 3)
    canvas.box(54, 36, 98, 47, darker(air.outline, 0.25), 3)
    for x in (12, 21, 30, 39, 58, 67, 76, 85):
        canvas.box(x, 38.5, x + 6, 43, air.light, 1)
    canvas.box(0, 47, 100, HORIZON, air.outline)
    for x in (10, 36, 62, 88):
        canvas.disc(x, 62, 9, lighter(air.outline, 0.4))
        canvas.box(x - 9, 62, x + 9, HORIZON, lighter(air.outline, 0.4))


def _docks(canvas: Canvas, air: Air) -> None:
    for x in (0, 26, 52):
        canvas.box(x, 44, x + 25, HORIZON, air.outline)
        canvas.shape(darker(air.outline, 0.12), (x - 1, 45), (x + 12.5, 32), (x + 26, 45))
        for dx in (5, 14):
            canvas.box(x + dx, 50, x + dx + 6, 58, air.light, 0.8)
    canvas.box(84, 18, 87.5, HORIZON, darker(air.outline, 0.35))
    canvas.path(darker(air.outline, 0.35), 2.2, (99, 20), (44, 20))
    canvas.path(darker(air.outline, 0.35), 1.1, (85.5, 11), (52, 20))
    canvas.path(darker(air.outline, 0.35), 0.9, (52, 20), (52, 30))
    canvas.box(47, 27, 57, 33, darker(air.outline, 0.2), 0.8)


def _orchard(canvas: Canvas, air: Air) -> None:
    green = mix_colours(air.outline, "#5f9e6b", 0.55)
    canvas.disc(50, 104, 90, lighter(green, 0.35), 42)
    for x, y, radius in ((12, 50, 15), (42, 44, 14), (88, 48, 16), (66, 54, 11)):
        canvas.box(x - 1.5, y, x + 1.5, HORIZON, darker(air.outline, 0.4))
        canvas.disc(x, y, radius, green)
        for dx, dy in ((-6, -3), (4, -7), (6, 4), (-2, 6)):
            canvas.disc(x + dx, y + dy, 1.7, "#d9705f")


def _bay(canvas: Canvas, air: Air) -> None:
    sea = mix_colours(air.outline, "#3f9fb8", 0.6)
    canvas.box(0, 50, 100, HORIZON, sea)
    for x, y in ((8, 56), (38, 60), (70, 55)):
        canvas.box(x, y, x + 18, y + 1.2, lighter(sea, 0.35), 0.6)
    canvas.shape(lighter(air.outline, 0.7), (70, 28), (70, 48), (84, 48))
    canvas.shape(lighter(air.outline, 0.4), (68, 33), (68, 48), (60, 48))
    canvas.shape(darker(air.outline, 0.3), (58, 49.5), (86, 49.5), (82, 54), (62, 54))
    canvas.disc(10, 80, 34, lighter(mix_colours(air.outline, "#e6c78d", 0.6), 0.15), 20)


# Sky by day, outline and ground of each district.
_DISTRICTS: dict[str, tuple[str, str, str, Callable[[Canvas, Air], None]]] = {
    "Old Harbour": ("#cfe5ee", "#93b6c8", "#b9a78c", _harbour),
    "Cathedral Hill": ("#e4def0", "#b0a5c8", "#a9b98c", _cathedral),
    "Mill Quarter": ("#d9ecdf", "#9dbfa9", "#b4a98e", _mill),
    "University Quarter": ("#f3e7cf", "#d1b98d", "#b7a583", _university),
    "Northgate": ("#efdcd3", "#c9a293", "#b59a86", _gate),
    "Station Row": ("#dde1ea", "#a5aec0", "#9a9ca6", _arches),
    "East Docks": ("#f1d9c6", "#cb937a", "#a5948b", _docks),
    "Orchard Park": ("#e2efd2", "#a3bd8d", "#9cb57c", _orchard),
    "Sandy Bay": ("#cdeaf0", "#9cc6cc", "#ead9b0", _bay),
}
_TINTS = ("#ffffff", "#ffd9b0", "#bfe0ff", "#ffd0d8")
_NIGHT, _NIGHT_LIGHT = "#272c56", "#ffd98a"


def draw_surroundings(district: str, is_night: bool, rng: Random) -> tuple[Canvas, Air]:
    """Return a canvas with the sky, the outline and the ground of a district, by day or in the evening."""
    sky, outline, ground, draw = _DISTRICTS[district]
    if is_night:
        air = Air(mix_colours(sky, _NIGHT, 0.8), mix_colours(outline, _NIGHT, 0.66), mix_colours(ground, _NIGHT, 0.6), _NIGHT_LIGHT, True)
    else:
        air = Air(mix_colours(sky, rng.choice(_TINTS), 0.3), outline, ground, lighter(outline, 0.55), False)
    canvas = Canvas(air.sky)
    x, y = rng.uniform(10, 90), rng.uniform(10, 20)
    if is_night:
        canvas.disc(x, y, 6, "#f4e7bd")
        canvas.disc(x + 3, y - 1.5, 5.2, air.sky)
        for _ in range(7):
            canvas.disc(rng.uniform(3, 97), rng.uniform(3, 32), rng.choice((0.6, 0.9)), "#e9e4c8")
    elif rng.random() < 0.5:
        canvas.disc(x, y, 7, "#fbe3a1")
    else:
        for dx, dy, radius in ((0, 0, 5), (6, 1, 4), (-6, 1.4, 3.6)):
            canvas.disc(x + dx, y + dy, radius, lighter(air.sky, 0.6))
        canvas.box(x - 9, y + 1, x + 10, y + 5, lighter(air.sky, 0.6), 2)
    draw(canvas, air)
    canvas.box(0, HORIZON, 100, 100, air.ground)
    return canvas, air
