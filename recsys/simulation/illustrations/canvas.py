"""A square of flat shapes: 100 units wide, drawn large and made small, which smooths the edges."""

from collections.abc import Sequence
from typing import TypeAlias

from PIL import Image, ImageDraw

from recsys.core.colours import mix_colours
from recsys.item_images import SIDE

Point: TypeAlias = tuple[float, float]
_FINER = 4
_UNIT = SIDE * _FINER / 100


class Canvas:
    """A picture to draw on. Colours are #rrggbb; x grows to the right and y downwards, both from 0 to 100."""

    def __init__(self, background: str) -> None:
        self._image = Image.new("RGB", (SIDE * _FINER, SIDE * _FINER), background)
        self._draw = ImageDraw.Draw(self._image)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, round_by: float = 0) -> None:
        """Draw a rectangle, its corners rounded."""
        self._draw.rounded_rectangle(_scale((left, top), (right, bottom)), round_by * _UNIT, fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: str, tall: float | None = None) -> None:
        """Draw a circle around a point, or an ellipse that is `tall` high, to both sides."""
        high = radius if tall is None else tall
        self._draw.ellipse(_scale((x - radius, y - high), (x + radius, y + high)), fill=colour)

    def wedge(self, x: float, y: float, radius: float, start: float, end: float, colour: str, tall: float | None = None) -> None:
        """Draw the part of a disc between two angles, in degrees clockwise from the right."""
        high = radius if tall is None else tall
        self._draw.pieslice(_scale((x - radius, y - high), (x + radius, y + high)), start, end, fill=colour)

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, colour: str, width: float, tall: float | None = None
    ) -> None:
        """Draw the part of a ring between two angles."""
        high = radius if tall is None else tall
        self._draw.arc(_scale((x - radius, y - high), (x + radius, y + high)), start, end, fill=colour, width=round(width * _UNIT))

    def shape(self, colour: str, *points: Point) -> None:
        """Draw a polygon."""
        self._draw.polygon(_scale(*points), fill=colour)

    def path(self, colour: str, width: float, *points: Point) -> None:
        """Draw a line with round ends and joints."""
        self._draw.line(_scale(*points), fill=colour, width=round(width * _UNIT), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, colour)

    def finish(self, is_mirrored: bool) -> Image.Image:
        """Return the picture at the size of a thumbnail."""
        small = self._image.resize((SIDE, SIDE), Image.Resampling.BOX)
        return small.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if is_mirrored else small


def _scale(*points: Point) -> Sequence[Point]:
    return [(x * _UNIT, y * _UNIT) for x, y in points]


def darker(colour: str, share: float = 0.2) -> str:
    """Return a colour mixed with a share of dark blue."""
    return mix_colours(colour, "#1d2438", share)


def lighter(colour: str, share: float = 0.3) -> str:
    """Return a colour mixed with a share of white."""
    return mix_colours(colour, "#ffffff", share)
