"""Scenes of places for food and drink: what is served, on a table before the district."""

from random import Random

from recsys.simulation.illustrations.canvas import Canvas, darker, lighter
from recsys.simulation.illustrations.scene_parts import ALL, CREAM, WOOD, draw_awning, draw_table
from recsys.simulation.illustrations.skylines import Air


def _coffee(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas)
    cup = rng.choice(ALL)
    canvas.disc(50, 84, 33, CREAM, 6)
    canvas.disc(50, 83, 27, darker(CREAM, 0.08), 4)
    canvas.arc(73, 60, 10, 0, 360, cup, 4.5)
    canvas.wedge(48, 47, 26, 0, 180, cup, 36)
    canvas.disc(48, 47, 26, lighter(cup, 0.35), 6.5)
    canvas.disc(48, 47, 22.5, "#5b3a29", 4.8)
    for x in (39, 49, 59):
        canvas.arc(x, 33, 3, 90, 270, CREAM, 2, 5)
        canvas.arc(x, 23, 3, 270, 90, CREAM, 2, 5)


def _bakery(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas)
    crust = rng.choice(("#d99a4e", "#cf8a45", "#e0a860"))
    canvas.disc(50, 84, 36, CREAM, 7)
    if rng.random() < 0.5:  # a loaf
        canvas.disc(50, 66, 34, crust, 20)
        canvas.box(16, 66, 84, 83, crust, 8)
        for x in (32, 47, 62):
            canvas.path(lighter(crust, 0.55), 4, (x, 70), (x + 8, 54))
    else:  # a croissant
        canvas.arc(50, 86, 33, 188, 352, darker(crust, 0.15), 21, 34)
        canvas.arc(50, 84, 31, 205, 335, crust, 18, 34)
        for start in (222, 246, 270, 294, 318):
            canvas.arc(50, 84, 31, start - 3, start, darker(crust, 0.25), 18, 34)


def _juice(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas)
    juice = rng.choice(("#f0a03c", "#e2685a", "#8fbf5a", "#d95f8a"))
    canvas.path(rng.choice(ALL), 2.6, (56, 40), (66, 12))
    canvas.shape("#f5fafc", (29, 26), (71, 26), (65, 86), (35, 86))
    canvas.shape(juice, (30.6, 38), (69.4, 38), (64.8, 84), (35.2, 84))
    canvas.box(37, 46, 41, 76, lighter(juice, 0.45), 2)
    canvas.disc(29, 30, 13, darker(juice, 0.1))
    canvas.disc(29, 30, 11, lighter(juice, 0.6))
    for start in range(0, 360, 60):
        canvas.wedge(29, 30, 9.6, start + 5, start + 55, juice)


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
    draw_table(canvas, darker(stone, 0.35))
    cup = rng.choice(ALL)
    canvas.disc(50, 82, 24, CREAM, 4)
    canvas.arc(66, 64, 7, 0, 360, cup, 3.4)
    canvas.wedge(49, 54, 18, 0, 180, cup, 26)
    canvas.disc(49, 54, 18, lighter(cup, 0.35), 4.4)
    canvas.disc(49, 54, 15.4, "#6b4632", 3.2)


def _ramen(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas, "#7a4d3a")
    bowl = rng.choice(("#b8433a", "#33507a", "#2f6b63", "#3a3a48"))
    for x in (64, 71):
        canvas.path("#e7c48f", 2.2, (x - 12, 50), (x + 16, 8))
    canvas.wedge(50, 50, 38, 0, 180, bowl, 36)
    canvas.box(36, 83, 64, 89, darker(bowl, 0.3), 1)
    canvas.disc(50, 50, 38, lighter(bowl, 0.35), 9)
    canvas.disc(50, 50, 34, "#e8b765", 7)
    for x in (26, 33, 40):
        canvas.arc(x, 50, 6, 180, 360, "#fbe6b4", 2, 4)
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
    draw_table(canvas, rng.choice(("#4f8f8a", "#c06a4f", "#7a6aa8")))
    canvas.disc(50, 83, 42, CREAM, 6)
    shell = rng.choice(("#eebb57", "#e6ad4c"))
    canvas.wedge(56, 80, 35, 180, 360, darker(shell, 0.15), 50)
    filling = ("#6fae54", "#cf4f3f", "#7cb35a", CREAM, "#6fae54", "#cf4f3f", "#7cb35a", "#f3cf6d")
    for x, y, colour in zip(range(18, 90, 9), (62, 50, 42, 37, 36, 40, 48, 60), filling, strict=False):
        canvas.disc(x, y, 8, colour)
    canvas.wedge(47, 84, 37, 180, 360, shell, 40)
    for x, y in ((34, 68), (46, 62), (58, 70), (44, 76)):
        canvas.disc(x, y, 1.6, darker(shell, 0.2))


def _sandwich(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas)
    canvas.box(10, 78, 90, 84, lighter(WOOD, 0.35), 2)
    canvas.box(18, 66, 82, 78, "#dda560", 4)
    canvas.box(15, 59, 85, 66, rng.choice(("#e39a8d", "#c98a6a")), 2)
    canvas.shape("#f4cf5f", (16, 54), (84, 54), (70, 63), (56, 54), (38, 63), (26, 54))
    for x in range(18, 84, 10):
        canvas.disc(x + 2, 52, 7, "#7cb35a", 4)
    canvas.box(20, 44, 80, 50, "#cf4f3f", 2)
    canvas.wedge(50, 45, 34, 180, 360, "#dda560", 25)
    for x, y in ((36, 33), (46, 28), (57, 31), (66, 37), (50, 37)):
        canvas.disc(x, y, 1.6, CREAM, 1)
    canvas.path("#8a5f3c", 1.6, (50, 8), (50, 24))
    canvas.disc(50, 9, 3.6, rng.choice(ALL))


def _market(canvas: Canvas, air: Air, rng: Random) -> None:
    canvas.box(14, 34, 18, 92, "#8a5f3c")
    canvas.box(82, 34, 86, 92, "#8a5f3c")
    draw_awning(canvas, 8, 92, 20, rng.choice(ALL), 16)
    canvas.box(10, 68, 90, 92, "#a9784c")
    for left, fruit in zip((13, 39, 65), rng.sample(("#d9534f", "#f0a03c", "#8fbf5a", "#7d5ba6", "#f3d35e"), 3)):
        for x, y in ((4, 0), (11, -1), (18, 0), (7.5, -6), (14.5, -6)):
            canvas.disc(left + x, 63 + y, 4.4, fruit)
        canvas.box(left - 1, 65, left + 23, 78, "#d6ab74", 1)
        canvas.box(left - 1, 70.4, left + 23, 72, "#a9784c")


def _wine(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas, "#6b4a52")
    wine, glass = rng.choice(("#8e2f4f", "#e8cf86", "#c9566b")), lighter(air.sky, 0.55)
    bottle = rng.choice(("#3f6b4f", "#2f4a63", "#5b3a4a"))
    canvas.box(63, 12, 70, 40, bottle, 1)
    canvas.box(57, 34, 76, 85, bottle, 6)
    canvas.box(59, 52, 74, 70, CREAM, 1)
    canvas.box(62, 10, 71, 15, "#c9a24f", 1)
    canvas.box(36.6, 56, 39.4, 84, glass)
    canvas.disc(38, 85, 13, glass, 2.6)
    canvas.wedge(38, 30, 17, 0, 180, glass, 30)
    canvas.box(21, 24, 55, 31, glass, 2)
    canvas.wedge(38, 36, 15, 0, 180, wine, 22)


def _cocktail(canvas: Canvas, air: Air, rng: Random) -> None:
    draw_table(canvas, "#5a4a6a")
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
    draw_table(canvas, "#6b4a35")
    beer = rng.choice(("#e6a532", "#b8662b", "#5b3526"))
    canvas.arc(70, 56, 15, 0, 360, lighter(air.sky, 0.5), 5.5, 17)
    canvas.box(26, 32, 68, 86, lighter(air.sky, 0.6), 4)
    canvas.box(29, 40, 65, 83, beer, 2)
    for x in (35, 46, 57):
        canvas.box(x, 46, x + 3.4, 78, lighter(beer, 0.3), 1.6)
    for x, y, radius in ((30, 31, 8), (42, 26, 10), (55, 27, 9), (65, 32, 7.6)):
        canvas.disc(x, y, radius, "#fdf6e3")
    canvas.box(26, 30, 68, 40, "#fdf6e3", 3)


SCENES = {
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
}
