"""Colours and things that several scenes share."""

from random import Random

from recsys.simulation.illustrations.canvas import Canvas, lighter

CREAM, WOOD, DARK, GLASS, LEAF = "#fbf3e4", "#b07a4f", "#2b3247", "#dcebf2", "#5f9e6b"
LAMPLIGHT = "#ffd98a"
WARM = ("#d9705f", "#e0a04a", "#c98a9b", "#b8664e")
COOL = ("#4f8fb5", "#5fa39a", "#6a78b8", "#4a6f8f")
ALL = (*WARM, *COOL)


def draw_table(canvas: Canvas, colour: str = WOOD) -> None:
    """Draw the table or counter at the bottom of the picture."""
    canvas.box(0, 80, 100, 100, colour)
    canvas.box(0, 80, 100, 82.5, lighter(colour, 0.25))


def draw_awning(canvas: Canvas, left: float, right: float, top: float, colour: str, drop: float = 11) -> None:
    """Draw a striped awning."""
    stripes = 6
    wide = (right - left) / stripes
    for number in range(stripes):
        each, x = (colour if number % 2 == 0 else CREAM), left + number * wide
        canvas.box(x, top, x + wide, top + drop, each)
        canvas.disc(x + wide / 2, top + drop, wide / 2, each, 3)


def draw_books(canvas: Canvas, left: float, bottom: float, right: float, rng: Random, high: float) -> None:
    """Draw a row of books that stand on a shelf."""
    x = left
    while x < right - 4:
        wide, tall = rng.choice((4, 5, 6)), high * rng.choice((0.72, 0.84, 0.95))
        colour = rng.choice((*ALL, CREAM, "#3f4f6b"))
        canvas.box(x, bottom - tall, min(x + wide, right), bottom, colour, 0.6)
        canvas.box(x + 0.8, bottom - tall + 3, min(x + wide, right) - 0.8, bottom - tall + 4.6, lighter(colour, 0.5))
        x += wide + 0.5
