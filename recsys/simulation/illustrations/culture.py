"""Scenes of places of culture: fronts, stages, shelves and a trumpet."""

from random import Random

from recsys.simulation.illustrations.canvas import Canvas, darker, lighter
from recsys.simulation.illustrations.scene_parts import ALL, CREAM, DARK, draw_books, draw_table
from recsys.simulation.illustrations.skylines import Air


def _jazz(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.shape("#4a4f86", (50, -6), (4, 90), (96, 90))
    canvas.box(0, 86, 100, 100, rng.choice(("#7a3b4a", "#5b3a63", "#3b4a6b")))
    brass = rng.choice(("#e6b54a", "#d99a3c"))
    canvas.shape(brass, (60, 42), (94, 24), (94, 68), (60, 50))  # a trumpet
    canvas.disc(94, 46, 5, darker(brass, 0.25), 23)
    canvas.box(8, 43.5, 66, 48.5, brass, 2)
    canvas.box(3, 41, 9, 51, darker(brass, 0.2), 2)
    canvas.arc(42, 58, 20, 0, 360, brass, 4.6, 10)
    for x in (32, 41, 50):
        canvas.box(x, 36, x + 5, 66, lighter(brass, 0.35), 2)
        canvas.box(x + 1, 31, x + 4, 37, CREAM, 1)
    for x, y in ((24, 20), (74, 12)):
        canvas.disc(x, y, 3.6, CREAM, 2.8)
        canvas.path(CREAM, 1.5, (x + 3, y), (x + 3, y - 12), (x + 8, y - 9))


def _cinema(canvas: Canvas, air: Air, rng: Random) -> None:
    wall = rng.choice(("#a83f4a", "#3f5a8a", "#6a4a86", "#2f6b6b"))
    canvas.box(14, 12, 86, 92, wall)
    canvas.box(42, 4, 58, 40, darker(wall, 0.3), 2)
    canvas.disc(50, 18, 6.5, "#f3d35e")
    canvas.shape(darker(wall, 0.3), (48.2, 14.6), (48.2, 21.4), (54, 18))
    canvas.box(8, 40, 92, 58, CREAM, 2)
    for lamp in range(12, 92, 8):
        canvas.disc(lamp, 40, 1.8, "#f3c34e")
        canvas.disc(lamp, 58, 1.8, "#f3c34e")
    canvas.box(20, 45.5, 80, 48, DARK)
    canvas.box(28, 51, 72, 53.5, darker(CREAM, 0.5))
    canvas.box(20, 64, 80, 92, "#ffe2a0" if air.is_night else lighter(wall, 0.55))
    for x in (34, 48.5, 63):
        canvas.box(x, 64, x + 3, 92, darker(wall, 0.4))


def _theatre(canvas: Canvas, air: Air, rng: Random) -> None:
    cloth = rng.choice(("#b23a48", "#7a3b7a", "#2f6b6b", "#3f4f9a"))
    canvas.box(6, 8, 94, 86, "#f6dfae")
    canvas.disc(50, 88, 36, "#fff4d2", 12)
    for left, mirrored in ((6, False), (68, True)):
        for number in range(4):
            x = left + number * 6.6
            canvas.box(x, 10, x + 6.8, 86, cloth if number % 2 else darker(cloth, 0.18), 2)
        edge = left if mirrored else left + 20
        canvas.box(edge, 58, edge + 6, 62, "#f0c75e", 1)
    for number in range(6):
        canvas.wedge(13.3 + number * 14.7, 14, 8.4, 0, 180, darker(cloth, 0.08), 16)
    canvas.box(4, 6, 96, 15, darker(cloth, 0.3), 2)
    canvas.box(0, 86, 100, 100, "#8a5f3c")
    canvas.disc(42, 60, 10, CREAM, 12)  # the mask that laughs
    canvas.arc(42, 61, 5.4, 20, 160, DARK, 1.8, 5)
    canvas.disc(58, 64, 10, "#d8d3e6", 12)  # and the one that does not
    canvas.arc(58, 72, 5.4, 200, 340, DARK, 1.8, 5)
    for x, y in ((38.4, 57), (45.6, 57), (54.4, 61), (61.6, 61)):
        canvas.disc(x, y, 1.6, DARK)


def _museum(canvas: Canvas, air: Air, rng: Random) -> None:
    stone = rng.choice(("#efe6d5", "#e6d9c3", "#e4e0ea", "#f0dfd2"))
    canvas.shape(darker(stone, 0.1), (8, 36), (50, 12), (92, 36))
    canvas.shape(stone, (18, 34), (50, 16), (82, 34))
    canvas.disc(50, 28, 3.6, rng.choice(ALL))
    canvas.box(11, 36, 89, 42, stone)
    canvas.box(15, 42, 85, 80, darker(stone, 0.4))
    for x in (15, 31.5, 48, 64.5):
        canvas.box(x + 3, 42, x + 12, 80, lighter(stone, 0.4))
        canvas.box(x + 1.4, 42, x + 13.6, 45, stone)
    for step, y in enumerate((80, 85, 90)):
        canvas.box(10 - 3 * step, y, 90 + 3 * step, y + 5, darker(stone, 0.06 * step))


def _gallery(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.box(0, 0, 100, 84, rng.choice(("#f1ede6", "#e6ecef", "#efe4e0")))
    canvas.box(0, 84, 100, 100, "#b99873")
    canvas.box(18, 16, 82, 70, rng.choice((DARK, "#b58a45", "#7a5a3c")))
    first, second, third = rng.sample(ALL, 3)
    canvas.box(22, 20, 78, 66, lighter(first, 0.72))
    if rng.random() < 0.5:
        canvas.disc(42, 40, 13, first)
        canvas.shape(second, (46, 62), (72, 62), (60, 30))
        canvas.box(26, 54, 50, 62, third)
    else:
        canvas.disc(60, 34, 9, third)
        canvas.shape(second, (22, 66), (22, 50), (44, 38), (64, 66))
        canvas.shape(first, (44, 66), (62, 46), (78, 58), (78, 66))
    canvas.box(38, 76, 62, 79, "#ffffff")


def _bookshop(canvas: Canvas, air: Air, rng: Random) -> None:
    front = rng.choice(("#2f5a5a", "#7a3b45", "#3f4f7a", "#8a6a3c"))
    canvas.box(10, 16, 90, 92, front, 1)
    canvas.box(10, 16, 90, 28, darker(front, 0.25))
    canvas.box(28, 20.6, 72, 23.4, "#f0d08a", 1.4)
    canvas.box(15, 34, 85, 82, "#ffe9bf" if air.is_night else "#f6efe0")
    for bottom in (57, 80):
        draw_books(canvas, 18, bottom, 82, rng, 19)
        canvas.box(15, bottom, 85, bottom + 2.4, "#8a5f3c")


def _library(canvas: Canvas, air: Air, rng: Random) -> None:
    wood = rng.choice(("#8a5f3c", "#6b4a35", "#9a7550"))
    canvas.box(0, 0, 100, 100, darker(wood, 0.3))
    for bottom in (26, 52, 78):
        for left in (4, 70):
            draw_books(canvas, left, bottom, left + 26, rng, 20)
            canvas.box(left - 2, bottom, left + 28, bottom + 3, wood)
    canvas.box(34, 30, 66, 80, air.sky)
    canvas.disc(50, 30, 16, air.sky)
    canvas.box(49.2, 14, 50.8, 80, wood)
    canvas.box(34, 44, 66, 45.6, wood)
    canvas.box(0, 81, 100, 100, wood)
    canvas.shape("#3f8a6b", (40, 62), (60, 62), (56, 54), (44, 54))
    canvas.box(49, 62, 51, 82, "#d9b45a")
    canvas.box(43, 81, 57, 84, "#d9b45a", 1)


def _record(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas)
    sleeve, label = rng.sample(ALL, 2)
    canvas.disc(64, 48, 31, DARK)
    for radius in (26, 21, 16):
        canvas.arc(64, 48, radius, 0, 360, lighter(DARK, 0.16), 0.9)
    canvas.disc(64, 48, 10, label)
    canvas.disc(64, 48, 1.8, CREAM)
    canvas.box(8, 20, 62, 82, sleeve, 1)
    canvas.disc(35, 47, 17, lighter(sleeve, 0.5))
    canvas.wedge(35, 47, 17, 90, 270, lighter(label, 0.1))
    canvas.box(15, 71, 55, 74, lighter(sleeve, 0.6), 1)


SCENES = {
    "jazz club": _jazz,
    "cinema": _cinema,
    "theatre": _theatre,
    "museum": _museum,
    "gallery": _gallery,
    "bookshop": _bookshop,
    "library": _library,
    "record shop": _record,
}
