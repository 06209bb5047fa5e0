"""The scene of each category of places: the one thing by which it is known, large and flat before its district."""

from collections.abc import Callable
from random import Random

from recsys.simulation.illustrations.canvas import Canvas, darker, lighter
from recsys.simulation.illustrations.skylines import Air

Scene = Callable[[Canvas, Air, Random], None]

CREAM, WOOD, DARK, GLASS, LEAF = "#fbf3e4", "#b07a4f", "#2b3247", "#dcebf2", "#5f9e6b"
WARM = ("#d9705f", "#e0a04a", "#c98a9b", "#b8664e")
COOL = ("#4f8fb5", "#5fa39a", "#6a78b8", "#4a6f8f")
ALL = (*WARM, *COOL)


def _table(canvas: Canvas, colour: str = WOOD) -> None:
    canvas.box(0, 80, 100, 100, colour)
    canvas.box(0, 80, 100, 82.5, lighter(colour, 0.25))


def _awning(canvas: Canvas, left: float, right: float, top: float, colour: str, drop: float = 11) -> None:
    stripes = 6
    wide = (right - left) / stripes
    for number in range(stripes):
        each, x = (colour if number % 2 == 0 else CREAM), left + number * wide
        canvas.box(x, top, x + wide, top + drop, each)
        canvas.disc(x + wide / 2, top + drop, wide / 2, each, 3)


def _house(canvas: Canvas, air: Air, colour: str, left: float = 18, right: float = 82, top: float = 26) -> None:
    """Draw a house with two rows of windows above a ground floor that is left empty."""
    canvas.box(left, top, right, 90, colour)
    canvas.box(left - 3, top - 5, right + 3, top + 1, darker(colour, 0.3), 1)
    pane = "#ffd98a" if air.is_night else GLASS
    for x in (left + 8, (left + right) / 2 - 5, right - 18):
        canvas.box(x, top + 8, x + 10, top + 22, lighter(colour, 0.5), 1)
        canvas.box(x + 1.4, top + 9.4, x + 8.6, top + 20.6, pane, 0.6)


def _coffee(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas)
    cup = rng.choice(ALL)
    canvas.disc(50, 84, 33, CREAM, 6)
    canvas.disc(50, 83, 27, darker(CREAM, 0.08), 4)
    canvas.bow(73, 60, 10, 0, 360, cup, 4.5)
    canvas.slice(48, 47, 26, 0, 180, cup, 36)
    canvas.disc(48, 47, 26, lighter(cup, 0.35), 6.5)
    canvas.disc(48, 47, 22.5, "#5b3a29", 4.8)
    for x in (39, 49, 59):
        canvas.bow(x, 33, 3, 90, 270, CREAM, 2, 5)
        canvas.bow(x, 23, 3, 270, 90, CREAM, 2, 5)


def _bakery(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas)
    crust = rng.choice(("#d99a4e", "#cf8a45", "#e0a860"))
    canvas.disc(50, 84, 36, CREAM, 7)
    if rng.random() < 0.5:  # a loaf
        canvas.disc(50, 66, 34, crust, 20)
        canvas.box(16, 66, 84, 83, crust, 8)
        for x in (32, 47, 62):
            canvas.path(lighter(crust, 0.55), 4, (x, 70), (x + 8, 54))
    else:  # a croissant
        canvas.bow(50, 86, 33, 188, 352, darker(crust, 0.15), 21, 34)
        canvas.bow(50, 84, 31, 205, 335, crust, 18, 34)
        for start in (222, 246, 270, 294, 318):
            canvas.bow(50, 84, 31, start - 3, start, darker(crust, 0.25), 18, 34)


def _juice(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas)
    juice = rng.choice(("#f0a03c", "#e2685a", "#8fbf5a", "#d95f8a"))
    canvas.path(rng.choice(ALL), 2.6, (56, 40), (66, 12))
    canvas.shape("#f5fafc", (29, 26), (71, 26), (65, 86), (35, 86))
    canvas.shape(juice, (30.6, 38), (69.4, 38), (64.8, 84), (35.2, 84))
    canvas.box(37, 46, 41, 76, lighter(juice, 0.45), 2)
    canvas.disc(29, 30, 13, darker(juice, 0.1))
    canvas.disc(29, 30, 11, lighter(juice, 0.6))
    for start in range(0, 360, 60):
        canvas.slice(29, 30, 9.6, start + 5, start + 55, juice)


def _ice_cream(canvas: Canvas, air: Air, rng: Random) -> None:
    scoops = rng.sample(("#f7b8c4", "#fbf0d2", "#b98a68", "#bfe0c0", "#f5d070", "#c3b1e1"), 3)
    canvas.shape("#d9a05b", (33, 55), (67, 55), (50, 97))
    for shift in (-14, -5, 4, 13):
        canvas.path("#b67f41", 1.2, (50 + shift, 56), (50 + shift * 0.45 + 6, 78))
        canvas.path("#b67f41", 1.2, (50 - shift, 56), (50 - shift * 0.45 - 6, 78))
    canvas.disc(38, 46, 15.5, scoops[0])
    canvas.disc(62, 46, 15.5, scoops[1])
    canvas.disc(50, 29, 16.5, scoops[2])
    canvas.box(31, 52, 69, 58, lighter("#d9a05b", 0.3), 3)
    canvas.disc(50, 11, 4, "#c94b4b")


def _museum_cafe(canvas: Canvas, air: Air, rng: Random) -> None:
    stone = rng.choice(("#efe6d5", "#e6dccb", "#e9e4ea"))
    canvas.shape(stone, (8, 32), (50, 10), (92, 32))
    canvas.box(12, 34, 88, 39, darker(stone, 0.1))
    for x in (16, 76):
        canvas.box(x, 39, x + 8, 80, stone)
    _table(canvas, darker(stone, 0.35))
    cup = rng.choice(ALL)
    canvas.disc(50, 82, 24, CREAM, 4)
    canvas.bow(66, 64, 7, 0, 360, cup, 3.4)
    canvas.slice(49, 54, 18, 0, 180, cup, 26)
    canvas.disc(49, 54, 18, lighter(cup, 0.35), 4.4)
    canvas.disc(49, 54, 15.4, "#6b4632", 3.2)


def _ramen(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas, "#7a4d3a")
    bowl = rng.choice(("#b8433a", "#33507a", "#2f6b63", "#3a3a48"))
    for x in (64, 71):
        canvas.path("#e7c48f", 2.2, (x - 12, 50), (x + 16, 8))
    canvas.slice(50, 50, 38, 0, 180, bowl, 36)
    canvas.box(36, 83, 64, 89, darker(bowl, 0.3), 1)
    canvas.disc(50, 50, 38, lighter(bowl, 0.35), 9)
    canvas.disc(50, 50, 34, "#e8b765", 7)
    for x in (26, 33, 40):
        canvas.bow(x, 50, 6, 180, 360, "#fbe6b4", 2, 4)
    canvas.disc(58, 49, 8, "#fdfaf2", 4.4)
    canvas.disc(58, 49, 4, "#f0a03c", 2.4)
    canvas.box(70, 40, 78, 52, "#2f4a3f", 1)
    canvas.path(lighter(bowl, 0.4), 1.6, (22, 64), (78, 64))


def _pizza(canvas: Canvas, air: Air, rng: Random) -> None:
    cloth = rng.choice(("#c9483f", "#3f7d5a", "#4f79a8"))
    canvas.box(0, 76, 100, 100, CREAM)
    for x in range(0, 100, 16):
        for row, y in enumerate((76, 84, 92)):
            canvas.box(x + 8 * (row % 2), y, x + 8 * (row % 2) + 8, y + 8, cloth)
    canvas.disc(50, 54, 40, "#f7f2ea", 35)
    canvas.disc(50, 54, 35, "#d79a52", 30)
    canvas.disc(50, 54, 30, "#f3cf6d", 25)
    for x, y in rng.sample([(36, 44), (56, 38), (66, 54), (46, 60), (30, 58), (58, 68), (42, 72)], 5):
        canvas.disc(x, y, 5.4, "#cf4f3f", 4.8)
    for x, y in ((50, 48), (40, 54), (62, 62), (52, 72)):
        canvas.disc(x, y, 2.8, "#4d8a4f", 1.8)


def _taco(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas, rng.choice(("#4f8f8a", "#c06a4f", "#7a6aa8")))
    canvas.disc(50, 83, 42, CREAM, 6)
    shell = rng.choice(("#eebb57", "#e6ad4c"))
    canvas.slice(56, 80, 35, 180, 360, darker(shell, 0.15), 50)
    filling = ("#6fae54", "#cf4f3f", "#7cb35a", CREAM, "#6fae54", "#cf4f3f", "#7cb35a", "#f3cf6d")
    for x, y, colour in zip(range(18, 90, 9), (62, 50, 42, 37, 36, 40, 48, 60), filling, strict=False):
        canvas.disc(x, y, 8, colour)
    canvas.slice(47, 84, 37, 180, 360, shell, 40)
    for x, y in ((34, 68), (46, 62), (58, 70), (44, 76)):
        canvas.disc(x, y, 1.6, darker(shell, 0.2))


def _sandwich(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas)
    canvas.box(10, 78, 90, 84, lighter(WOOD, 0.35), 2)
    canvas.box(18, 66, 82, 78, "#dda560", 4)
    canvas.box(15, 59, 85, 66, rng.choice(("#e39a8d", "#c98a6a")), 2)
    canvas.shape("#f4cf5f", (16, 54), (84, 54), (70, 63), (56, 54), (38, 63), (26, 54))
    for x in range(18, 84, 10):
        canvas.disc(x + 2, 52, 7, "#7cb35a", 4)
    canvas.box(20, 44, 80, 50, "#cf4f3f", 2)
    canvas.slice(50, 45, 34, 180, 360, "#dda560", 25)
    for x, y in ((36, 33), (46, 28), (57, 31), (66, 37), (50, 37)):
        canvas.disc(x, y, 1.6, CREAM, 1)
    canvas.path("#8a5f3c", 1.6, (50, 8), (50, 24))
    canvas.disc(50, 9, 3.6, rng.choice(ALL))


def _market(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.box(14, 34, 18, 92, "#8a5f3c")
    canvas.box(82, 34, 86, 92, "#8a5f3c")
    _awning(canvas, 8, 92, 20, rng.choice(ALL), 16)
    canvas.box(10, 68, 90, 92, "#a9784c")
    for left, fruit in zip((13, 39, 65), rng.sample(("#d9534f", "#f0a03c", "#8fbf5a", "#7d5ba6", "#f3d35e"), 3)):
        for x, y in ((4, 0), (11, -1), (18, 0), (7.5, -6), (14.5, -6)):
            canvas.disc(left + x, 63 + y, 4.4, fruit)
        canvas.box(left - 1, 65, left + 23, 78, "#d6ab74", 1)
        canvas.box(left - 1, 70.4, left + 23, 72, "#a9784c")


def _wine(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas, "#6b4a52")
    wine, glass = rng.choice(("#8e2f4f", "#e8cf86", "#c9566b")), lighter(air.sky, 0.55)
    bottle = rng.choice(("#3f6b4f", "#2f4a63", "#5b3a4a"))
    canvas.box(63, 12, 70, 40, bottle, 1)
    canvas.box(57, 34, 76, 85, bottle, 6)
    canvas.box(59, 52, 74, 70, CREAM, 1)
    canvas.box(62, 10, 71, 15, "#c9a24f", 1)
    canvas.box(36.6, 56, 39.4, 84, glass)
    canvas.disc(38, 85, 13, glass, 2.6)
    canvas.slice(38, 30, 17, 0, 180, glass, 30)
    canvas.box(21, 24, 55, 31, glass, 2)
    canvas.slice(38, 36, 15, 0, 180, wine, 22)


def _cocktail(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas, "#5a4a6a")
    drink = rng.choice(("#e58aa0", "#7fc8b8", "#f0b35c", "#9a8fe0"))
    glass = lighter(air.sky, 0.6)
    canvas.box(48.4, 54, 51.6, 84, glass)
    canvas.disc(50, 85, 18, glass, 3)
    canvas.shape(glass, (16, 24), (84, 24), (50, 60))
    canvas.shape(drink, (23.5, 30), (76.5, 30), (50, 57))
    canvas.path("#e7c48f", 1.4, (42, 44), (66, 14))
    canvas.disc(58, 25, 5.4, "#7d9a4a")
    canvas.disc(60.2, 24, 1.8, "#cf4f3f")


def _pub(canvas: Canvas, air: Air, rng: Random) -> None:
    _table(canvas, "#6b4a35")
    beer = rng.choice(("#e6a532", "#b8662b", "#5b3526"))
    canvas.bow(70, 56, 15, 0, 360, lighter(air.sky, 0.5), 5.5, 17)
    canvas.box(26, 32, 68, 86, lighter(air.sky, 0.6), 4)
    canvas.box(29, 40, 65, 83, beer, 2)
    for x in (35, 46, 57):
        canvas.box(x, 46, x + 3.4, 78, lighter(beer, 0.3), 1.6)
    for x, y, radius in ((30, 31, 8), (42, 26, 10), (55, 27, 9), (65, 32, 7.6)):
        canvas.disc(x, y, radius, "#fdf6e3")
    canvas.box(26, 30, 68, 40, "#fdf6e3", 3)


def _jazz(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.shape("#4a4f86", (50, -6), (4, 90), (96, 90))
    canvas.box(0, 86, 100, 100, rng.choice(("#7a3b4a", "#5b3a63", "#3b4a6b")))
    brass = rng.choice(("#e6b54a", "#d99a3c"))
    canvas.shape(brass, (60, 42), (94, 24), (94, 68), (60, 50))  # a trumpet
    canvas.disc(94, 46, 5, darker(brass, 0.25), 23)
    canvas.box(8, 43.5, 66, 48.5, brass, 2)
    canvas.box(3, 41, 9, 51, darker(brass, 0.2), 2)
    canvas.bow(42, 58, 20, 0, 360, brass, 4.6, 10)
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
    for x in range(12, 92, 8):
        canvas.disc(x, 40, 1.8, "#f3c34e")
        canvas.disc(x, 58, 1.8, "#f3c34e")
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
        canvas.slice(13.3 + number * 14.7, 14, 8.4, 0, 180, darker(cloth, 0.08), 16)
    canvas.box(4, 6, 96, 15, darker(cloth, 0.3), 2)
    canvas.box(0, 86, 100, 100, "#8a5f3c")
    canvas.disc(42, 60, 10, CREAM, 12)  # the mask that laughs
    canvas.bow(42, 61, 5.4, 20, 160, DARK, 1.8, 5)
    canvas.disc(58, 64, 10, "#d8d3e6", 12)  # and the one that does not
    canvas.bow(58, 72, 5.4, 200, 340, DARK, 1.8, 5)
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


def _books(canvas: Canvas, left: float, bottom: float, right: float, rng: Random, high: float) -> None:
    x = left
    while x < right - 4:
        wide, tall = rng.choice((4, 5, 6)), high * rng.choice((0.72, 0.84, 0.95))
        colour = rng.choice((*ALL, CREAM, "#3f4f6b"))
        canvas.box(x, bottom - tall, min(x + wide, right), bottom, colour, 0.6)
        canvas.box(x + 0.8, bottom - tall + 3, min(x + wide, right) - 0.8, bottom - tall + 4.6, lighter(colour, 0.5))
        x += wide + 0.5


def _bookshop(canvas: Canvas, air: Air, rng: Random) -> None:
    front = rng.choice(("#2f5a5a", "#7a3b45", "#3f4f7a", "#8a6a3c"))
    canvas.box(10, 16, 90, 92, front, 1)
    canvas.box(10, 16, 90, 28, darker(front, 0.25))
    canvas.box(28, 20.6, 72, 23.4, "#f0d08a", 1.4)
    canvas.box(15, 34, 85, 82, "#ffe9bf" if air.is_night else "#f6efe0")
    for bottom in (57, 80):
        _books(canvas, 18, bottom, 82, rng, 19)
        canvas.box(15, bottom, 85, bottom + 2.4, "#8a5f3c")


def _library(canvas: Canvas, air: Air, rng: Random) -> None:
    wood = rng.choice(("#8a5f3c", "#6b4a35", "#9a7550"))
    canvas.box(0, 0, 100, 100, darker(wood, 0.3))
    for bottom in (26, 52, 78):
        for left in (4, 70):
            _books(canvas, left, bottom, left + 26, rng, 20)
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
    _table(canvas)
    sleeve, label = rng.sample(ALL, 2)
    canvas.disc(64, 48, 31, DARK)
    for radius in (26, 21, 16):
        canvas.bow(64, 48, radius, 0, 360, lighter(DARK, 0.16), 0.9)
    canvas.disc(64, 48, 10, label)
    canvas.disc(64, 48, 1.8, CREAM)
    canvas.box(8, 20, 62, 82, sleeve, 1)
    canvas.disc(35, 47, 17, lighter(sleeve, 0.5))
    canvas.slice(35, 47, 17, 90, 270, lighter(label, 0.1))
    canvas.box(15, 71, 55, 74, lighter(sleeve, 0.6), 1)


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
    canvas.slice(52, 30, 7.6, 180, 360, DARK)


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
    canvas.slice(40, 75.4, 8.6, 160, 380, cap)
    canvas.box(14, 80, 84, 90, water)
    for x, y, radius in ((28, 82, 12), (50, 83, 13), (72, 82, 9)):
        canvas.bow(x, y, radius, 190, 350, lighter(water, 0.6), 2, 3.4)
    for x in (76, 86):
        canvas.bow(x, 46, 5, 180, 360, "#c8cfd8", 2, 12)
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
    canvas.slice(50, 25, 9.6, 180, 360, DARK, 10)
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
        canvas.slice(52, 52, 40, 180 + number * 30, 210 + number * 30, first if number % 2 else CREAM, 34)
    canvas.disc(52, 18, 2.4, first)
    towel = rng.choice(ALL)
    canvas.shape(towel, (64, 84), (94, 84), (98, 93), (66, 93))
    canvas.shape(lighter(towel, 0.5), (72, 84), (78, 84), (80, 93), (74, 93))
    canvas.disc(24, 88, 7, CREAM)
    for start in (0, 120, 240):
        canvas.slice(24, 88, 7, start, start + 60, rng.choice(ALL))


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
        canvas.box(x, 58, x + 9, 74, GLASS if not air.is_night else "#ffd98a", 1)
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
        canvas.shape(GLASS if not air.is_night else "#ffd98a", (x + 3, 50), (x + 3, 42), (x + 16, 50))
    canvas.box(38, 62, 86, 92, lighter(wall, 0.3), 1)
    for y in range(66, 92, 6):
        canvas.box(38, y, 86, y + 1.4, darker(wall, 0.1))
    canvas.box(14, 62, 30, 76, GLASS if not air.is_night else "#ffd98a", 1)
    canvas.box(21.2, 62, 22.8, 76, wall)


SCENES: dict[str, Scene] = {
    "espresso bar": _coffee,
    "bakery": _bakery,
    "juice bar": _juice,
    "ice-cream parlour": _ice_cream,
    "museum café": _museum_cafe,
    "ramen bar": _ramen,
    "trattoria": _pizza,
    "taqueria": _taco,
    "deli": _sandwich,
    "food market": _market,
    "wine bar": _wine,
    "cocktail bar": _cocktail,
    "pub": _pub,
    "jazz club": _jazz,
    "cinema": _cinema,
    "theatre": _theatre,
    "museum": _museum,
    "gallery": _gallery,
    "bookshop": _bookshop,
    "library": _library,
    "record shop": _record,
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
