"""Axes of a static figure: the place of values on paper, and ticks, grid lines and titles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core.formatting import format_number
from recsys.figures.svg_text import LINE, Style, draw_text

NEAR, EDGE = 5, 3  # pixels from the axis to its labels, and from a title to the edge
PIXELS_PER_TICK = 90


@dataclass(frozen=True)
class Frame:
    """The plot area on paper, in pixels from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis: `low` and `high` are the values at the pixels `start` and `end`; `settings` are those of Plotly's layout."""

    low: float
    high: float
    start: float
    end: float
    settings: Mapping[str, Any]

    def place(self, values: Any) -> Any:
        """Return the pixels of values, which may be dates as text; a number for a single value."""
        return self.start + (to_numbers(values) - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def scale(self) -> float:
        """Pixels of a unit, positive."""
        return abs((self.end - self.start) / (self.high - self.low))


def to_numbers(values: Any) -> Any:
    """Return values as floats, dates as milliseconds; missing ones as NaN."""
    given = np.asarray(values)
    if given.dtype.kind in "US" or (given.dtype == object and any(isinstance(each, str) for each in given.reshape(-1))):
        return given.astype("datetime64[ms]").astype(np.float64)
    return given.astype(np.float64)


def build_axes(layout: Mapping[str, Any], traces: Sequence[Mapping[str, Any]], frame: Frame) -> dict[str, Axis]:
    """Return the axes of a layout by the names that traces give them: x, y, x2, …"""
    axes = {}
    for name, settings in layout.items():
        if name.startswith(("xaxis", "yaxis")):
            letter, number = name[0], name[5:]
            near, far = (frame.left, frame.right) if letter == "x" else (frame.bottom, frame.top)
            first, last = settings.get("domain", (0, 1))
            start, end = near + first * (far - near), near + last * (far - near)
            low, high = _find_range(settings, traces, letter, letter + number)
            axes[letter + number] = Axis(low, high, start, end, settings)
    if "scaleanchor" in axes["y"].settings:
        axes["x"], axes["y"] = _keep_shape(axes["x"], axes["y"])
    return axes


def _find_range(settings: Mapping[str, Any], traces: Sequence[Mapping[str, Any]], letter: str, name: str) -> tuple[float, float]:
    if "range" in settings:
        low, high = map(float, to_numbers(settings["range"]))
        return (low, high) if low != high else (low - 0.5, high + 0.5)
    own = [to_numbers(trace[letter]) for trace in traces if trace.get(f"{letter}axis", letter) == name]
    values = np.concatenate([each for each in own if each.size] or [np.zeros(1)])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _keep_shape(x: Axis, y: Axis) -> tuple[Axis, Axis]:
    """Show more of one axis, so that a unit of y is as long as the anchor's times the ratio of the layout."""
    ratio = y.settings.get("scaleratio", 1)
    scale = min(x.scale, y.scale / ratio)
    return _widen(x, scale), _widen(y, scale * ratio)


def _widen(axis: Axis, scale: float) -> Axis:
    middle, half = (axis.low + axis.high) / 2, abs(axis.end - axis.start) / scale / 2
    return Axis(middle - half, middle + half, axis.start, axis.end, axis.settings)


def draw_axis(axis: Axis, frame: Frame, is_across: bool, style: Style) -> tuple[list[str], list[str]]:
    """Return the grid lines, which lie under the traces, and the line, labels and title of an axis; none where it is not visible."""
    settings = axis.settings
    if not settings.get("visible", True):
        return [], []
    font = settings.get("tickfont", {})
    look = Style(font.get("size", style.size), font.get("color", style.colour))
    ticks = [(float(axis.place(value)), text) for value, text in _choose_ticks(axis)]
    low, high = min(axis.start, axis.end), max(axis.start, axis.end)
    ticks = [(at, text) for at, text in ticks if low - 0.5 <= at <= high + 0.5]
    grid, marks = [], []
    if settings.get("showgrid"):
        grid = [_line(at, frame, is_across, settings.get("gridcolor", "#eee")) for at, _text in ticks]
    if settings.get("showline", "linecolor" in settings):
        ends = (low, frame.bottom, high, frame.bottom) if is_across else (frame.left, low, frame.left, high)
        line_colour = settings.get("linecolor", look.colour)
        marks.append(f'<path d="{_segment(ends)}" stroke="{line_colour}"/>')
    for at, text in ticks:
        where = (at, frame.bottom + NEAR, look, "center", "top") if is_across else (frame.left - NEAR, at, look, "right", "middle")
        marks.append(draw_text(text, *where))
    return grid, [*marks, *_draw_title(axis, frame, is_across, max((text.count("<br>") + 1 for _at, text in ticks), default=0), look)]


def _draw_title(axis: Axis, frame: Frame, is_across: bool, label_lines: int, look: Style) -> list[str]:
    title = axis.settings.get("title") or {}
    if not title.get("text"):
        return []
    font = title.get("font", {})
    own = Style(font.get("size", look.size), font.get("color", look.colour))
    middle = (axis.start + axis.end) / 2
    if is_across:
        return [draw_text(title["text"], middle, frame.bottom + NEAR + label_lines * look.size * LINE, own, "center", "top")]
    return [draw_text(title["text"], EDGE + own.size / 2, middle, own, "center", "middle", turned=True)]


def _line(at: float, frame: Frame, is_across: bool, colour: str) -> str:
    ends = (at, frame.top, at, frame.bottom) if is_across else (frame.left, at, frame.right, at)
    return f'<path d="{_segment(ends)}" stroke="{colour}"/>'


def _segment(ends: tuple[float, float, float, float]) -> str:
    x0, y0, x1, y1 = ends
    return f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"


def _choose_ticks(axis: Axis) -> list[tuple[Any, str]]:
    """The ticks of the layout, else round numbers."""
    settings = axis.settings
    if "tickvals" in settings:
        return list(zip(settings["tickvals"], map(str, settings["ticktext"]), strict=True))
    low, high = sorted((axis.low, axis.high))
    count = settings.get("nticks") or max(int(abs(axis.end - axis.start) / PIXELS_PER_TICK), 2)
    rough = (high - low) / count
    unit = 10.0 ** np.floor(np.log10(rough))
    step = float(next(each * unit for each in (1, 2, 5, 10) if each * unit >= rough * 0.999))
    digits = max(-int(np.floor(np.log10(step))), 0)
    values = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return [(float(value), format_number(float(value), digits) + settings.get("ticksuffix", "")) for value in values]
