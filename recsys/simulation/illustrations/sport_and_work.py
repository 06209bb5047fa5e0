"""Scenes of sport, of the outdoors, and of places of work."""

from random import Random

from recsys.simulation.illustrations.canvas import Canvas, darker, lighter
from recsys.simulation.illustrations.scene_parts import ALL, COOL, CREAM, DARK, GLASS, LAMPLIGHT, LEAF, WARM, WOOD
from recsys.simulation.illustrations.skylines import Air


def _gym(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.box(0, 80, 100, 100, "#4a5568")
    plate = rng.choice(ALL)
    canvas.box(3, 46.5, 97, 53.5, "#6b7688", 2)
    canvas.box(30, 46.5, 70, 49, "#98a3b3", 1)
    for x, wide, high in ((8, 9, 17), (19, 12, 29)):
        for left in (x, 100 - x - wide):
            canvas.box(left, 50 - high, left + wide, 50 + high, plate if high > 20 else darker(plate, 0.3), 3)
    canvas.disc(50, 86, 40, darker("#4a5568", 0.35), 3)


def _climbing(canvas: Canvas, air: Air, rng: Random) -> None:
    wall = rng.choice(("#e9d8b8", "#d5dde6", "#e6cfc4"))
    canvas.shape(wall, (0, 0), (100, 0), (100, 90), (26, 90), (0, 60))
    canvas.shape(darker(wall, 0.1), (56, 0), (100, 0), (100, 90), (70, 90))
    for x, y in ((14, 14), (36, 8), (30, 34), (14, 46), (66, 14), (86, 26), (88, 52), (74, 72), (36, 80), (56, 86), (90, 80), (12, 30)):
        canvas.disc(x + rng.uniform(-2, 2), y, rng.choice((3.6, 4.6, 5.4)), rng.choice(ALL), rng.choice((3, 4)))
    canvas.box(0, 90, 100, 100, "#3f5a7a")
    shirt, skin = rng.choice(COOL), rng.choice(("#8a5a3c", "#e0ac82", "#c98a62"))
    canvas.path("#6b7280", 1, (56, 0), (54, 50))
    for points in (((47, 42), (36, 34), (30, 24)), ((57, 42), (68, 36), (68, 22))):
        canvas.path(skin, 4.6, *points)
    for points in (((49, 62), (38, 66), (38, 78)), ((55, 62), (66, 62), (72, 72))):
        canvas.path(DARK, 6, *points)
    canvas.box(45, 38, 59, 64, shirt, 5)
    canvas.disc(52, 31, 7, skin)
    canvas.wedge(52, 30, 7.6, 180, 360, DARK)


def _pool(canvas: Canvas, air: Air, rng: Random) -> None:
    water = rng.choice(("#4fb3cf", "#5fbfc4", "#4a9fd0"))
    canvas.box(0, 50, 100, 100, water)
    canvas.box(0, 46, 100, 53, "#f2ead9")
    canvas.box(0, 53, 100, 56, darker(water, 0.15))
    lane = rng.choice(WARM)
    for y, wide in ((63, 7), (92, 10)):
        for number in range(100 // wide + 1):
            canvas.box(number * wide, y, number * wide + wide - 1, y + wide / 3, CREAM if number % 2 else lane, 1)
    skin, cap = rng.choice(("#8a5a3c", "#e0ac82", "#c98a62")), rng.choice(WARM)
    canvas.path(skin, 5.4, (46, 79), (58, 64), (71, 78))
    canvas.disc(40, 76, 8, skin)
    canvas.wedge(40, 75.4, 8.6, 160, 380, cap)
    canvas.box(14, 80, 84, 90, water)
    for x, y, radius in ((28, 82, 12), (50, 83, 13), (72, 82, 9)):
        canvas.arc(x, y, radius, 190, 350, lighter(water, 0.6), 2, 3.4)
    for x in (76, 86):
        canvas.arc(x, 46, 5, 180, 360, "#c8cfd8", 2, 12)
        canvas.box(x + 4, 46, x + 6, 66, "#c8cfd8", 1)


def _yoga(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.disc(50, 46, 37, rng.choice(("#f7dc9c", "#f6cdb4", "#d9e4f0")))
    mat, clothes = rng.sample(ALL, 2)
    skin = rng.choice(("#8a5a3c", "#e0ac82", "#c98a62", "#5f4030"))
    canvas.disc(50, 87, 42, mat, 7)
    for side in (-1, 1):
        canvas.path(skin, 5.4, (50 + side * 8, 45), (50 + side * 19, 58), (50 + side * 27, 71))
    canvas.path(darker(clothes, 0.25), 11, (50, 78), (26, 79), (48, 85))
    canvas.path(darker(clothes, 0.25), 11, (50, 78), (74, 79), (52, 85))
    canvas.box(40, 40, 60, 80, clothes, 8)
    canvas.box(47, 34, 53, 44, skin)
    canvas.disc(50, 27, 9, skin, 10)
    canvas.wedge(50, 25, 9.6, 180, 360, DARK, 10)
    canvas.disc(50, 14, 4.6, DARK)


def _park(canvas: Canvas, air: Air, rng: Random) -> None:
    grass = "#86b56a" if not air.is_night else "#3f5f4f"
    canvas.disc(50, 112, 96, grass, 44)
    crown = rng.choice((LEAF, "#4f8f62", "#7fae55", "#d9a04a"))
    canvas.box(32, 50, 39, 84, "#7a5a3c", 2)
    for x, y, radius in ((35, 34, 22), (20, 44, 15), (51, 45, 15)):
        canvas.disc(x, y, radius, crown)
    for x, y in ((28, 30), (42, 24), (40, 42), (18, 42), (54, 42)):
        canvas.disc(x, y, 4, lighter(crown, 0.22))
    bench = rng.choice((WOOD, "#b8664e", "#4f8f8a"))
    for y in (66, 72):
        canvas.box(56, y, 92, y + 3.6, bench, 1)
    canvas.box(54, 79, 94, 83, bench, 1)
    for x in (59, 86):
        canvas.box(x, 64, x + 2.6, 92, DARK)


def _beach(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.box(0, 74, 100, 100, "#f0dcab")
    canvas.disc(30, 76, 60, "#f0dcab", 8)
    first = rng.choice(ALL)
    canvas.path("#8a5f3c", 2.4, (52, 24), (58, 92))
    for number in range(6):
        canvas.wedge(52, 52, 40, 180 + number * 30, 210 + number * 30, first if number % 2 else CREAM, 34)
    canvas.disc(52, 18, 2.4, first)
    towel = rng.choice(ALL)
    canvas.shape(towel, (64, 84), (94, 84), (98, 93), (66, 93))
    canvas.shape(lighter(towel, 0.5), (72, 84), (78, 84), (80, 93), (74, 93))
    canvas.disc(24, 88, 7, CREAM)
    for start in (0, 120, 240):
        canvas.wedge(24, 88, 7, start, start + 60, rng.choice(ALL))


def _office(canvas: Canvas, air: Air, rng: Random) -> None:
    for left, right, top, tower in ((12, 44, 36, rng.choice(COOL)), (40, 82, 10, rng.choice(("#7a8aa3", "#8fa3b8", "#6f7f96", "#a08f86")))):
        canvas.box(left, top, right, 92, tower, 1)
        canvas.box(left, top, left + 3, 92, lighter(tower, 0.2), 1)
        for y in range(top + 5, 82, 9):
            for x in range(left + 6, right - 7, 9):
                lit = rng.random() < (0.55 if air.is_night else 0.3)
                canvas.box(x, y, x + 6, y + 5.4, "#ffe2a0" if lit else lighter(tower, 0.55), 0.5)
    canvas.box(55, 82, 67, 92, DARK)


def _university_hall(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.disc(50, 86, 42, darker(air.ground, 0.15), 7)
    book = rng.choice(ALL)
    canvas.box(17, 74, 83, 87, book, 2)
    canvas.box(20, 77, 83, 84, CREAM)
    canvas.box(24, 61, 78, 74, darker(book, 0.3), 2)
    canvas.box(27, 64, 78, 71, CREAM)
    canvas.box(32, 40, 68, 59, "#3a4258", 4)  # a cap with its tassel
    canvas.shape(DARK, (50, 16), (94, 34), (50, 52), (6, 34))
    canvas.shape(lighter(DARK, 0.15), (50, 18.6), (88, 34), (50, 49.4), (12, 34))
    tassel = rng.choice(("#e6b54a", "#d9705f", "#7fc8b8"))
    canvas.path(tassel, 1.8, (50, 34), (82, 38), (82, 54))
    canvas.box(79, 52, 85, 64, tassel, 2)


def _hospital(canvas: Canvas, air: Air, rng: Random) -> None:
    wall = rng.choice(("#f7f5f0", "#eef3f6", "#f6eee9"))
    canvas.box(6, 46, 94, 92, darker(wall, 0.08), 1)
    canvas.box(26, 16, 74, 92, wall, 1)
    for x in (11, 80):
        for y in (54, 70):
            canvas.box(x, y, x + 9, y + 9, "#9fc4d6", 1)
    sign = rng.choice(("#cf4f4f", "#3f8f7a", "#3f7fb5"))
    canvas.box(45, 23, 55, 55, sign, 1)
    canvas.box(34, 34, 66, 44, sign, 1)
    for x in (32, 60):
        canvas.box(x, 62, x + 8, 72, "#9fc4d6", 1)
    canvas.box(42, 74, 58, 92, "#7fa8bf", 1)
    canvas.box(38, 70, 62, 75, sign, 1)


def _school(canvas: Canvas, air: Air, rng: Random) -> None:
    brick = rng.choice(("#c9705a", "#d9a05b", "#b8856a"))
    canvas.box(6, 50, 94, 92, brick)
    canvas.box(4, 46, 96, 51, darker(brick, 0.3), 1)
    canvas.box(36, 32, 64, 92, lighter(brick, 0.15))
    canvas.shape(darker(brick, 0.35), (31, 34), (50, 12), (69, 34))
    canvas.disc(50, 42, 7.4, CREAM)
    canvas.path(DARK, 1.4, (50, 37.6), (50, 42), (53.6, 43.6))
    for x in (11, 23, 68, 80):
        canvas.box(x, 58, x + 9, 74, GLASS if not air.is_night else LAMPLIGHT, 1)
        canvas.box(x + 3.9, 58, x + 5.1, 74, brick)
    canvas.box(43, 68, 57, 92, darker(brick, 0.4), 3)
    canvas.box(49.3, 2, 50.7, 14, DARK)
    canvas.shape(rng.choice(COOL), (50.7, 2), (64, 5), (50.7, 9))


def _workshop(canvas: Canvas, air: Air, rng: Random) -> None:
    wall = rng.choice(("#b8664e", "#8f7a6a", "#7a8a96", "#a9784c"))
    canvas.box(74, 18, 84, 60, darker(wall, 0.25))
    for dx, y, radius in ((0, 14, 5), (5, 8, 6.4), (12, 3, 7)):
        canvas.disc(79 + dx, y, radius, lighter(air.sky, 0.5))
    canvas.box(8, 52, 92, 92, wall)
    for x in (8, 36, 64):
        canvas.shape(darker(wall, 0.2), (x, 53), (x, 36), (x + 28, 53))
        canvas.shape(GLASS if not air.is_night else LAMPLIGHT, (x + 3, 50), (x + 3, 42), (x + 16, 50))
    canvas.box(38, 62, 86, 92, lighter(wall, 0.3), 1)
    for y in range(66, 92, 6):
        canvas.box(38, y, 86, y + 1.4, darker(wall, 0.1))
    canvas.box(14, 62, 30, 76, GLASS if not air.is_night else LAMPLIGHT, 1)
    canvas.box(21.2, 62, 22.8, 76, wall)


SCENES = {
    "gym": _gym,
    "climbing hall": _climbing,
    "swimming pool": _pool,
    "yoga studio": _yoga,
    "park": _park,
    "beach": _beach,
    "office": _office,
    "university": _university_hall,
    "hospital": _hospital,
    "school": _school,
    "workshop": _workshop,
}
