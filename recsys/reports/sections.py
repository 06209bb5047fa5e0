"""The parts of a report, as its template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import plotly.graph_objects as go

from recsys.figures.static_svg import draw_static

WIDTH = 680
"""Pixels of a static figure: the width of A4 between its margins."""


class Figure(NamedTuple):
    """A figure twice: as an SVG element, and as the JSON that Plotly draws. `name` is that of files made of it.

    `focus` is the place, as a fraction from the left, that a screen narrower than the figure shows first; None for its left end.
    """

    name: str
    svg: str
    json: str
    focus: float | None = None


class Row(NamedTuple):
    """A row of a list. `mark` is hit, missed or empty, `share` (0 to 1) the length of its bar; all texts are plain.

    `picture` is a data URL, `initial` the letter in its place in data in which other items have pictures.
    """

    number: str
    title: str
    about: str = ""
    colour: str = ""
    mark: str = ""
    tag: str = ""
    share: float | None = None
    picture: str = ""
    initial: str = ""


class Table(NamedTuple):
    """A table of plain text."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A part of the report of a case. `lead` is HTML in which text from data is escaped; all other texts are plain.

    `key` is the address of the page that shows the same, by which the section of the kept page is put first. `keys` are the names and
    colours of the lines of its last figure; `points` have a heading, a sentence and small print.
    """

    key: str
    title: str
    lead: str = ""
    figures: tuple[Figure, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    table: Table | None = None
    points: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


def make_figure(name: str, figure: go.Figure, alt: str, focus: float | None = None) -> Figure:
    """Draw a figure for a report; `alt` describes it for screen readers."""
    return Figure(name, draw_static(figure, WIDTH, alt), figure.to_json(validate=False, engine="json").replace("<", "\\u003c"), focus)
