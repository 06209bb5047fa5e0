"""A Plotly figure drawn as static SVG, for paper and for pages that run no script: the parts of Plotly that reports use.

Plotly itself draws in a browser only. A kind of trace that `static_marks.KINDS` lacks is a KeyError, found by the tests of reports.
"""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.figures.palette import FONT
from recsys.figures.static_axes import Axis, Frame, build_axes, draw_axis
from recsys.figures.static_marks import DASHES, draw_labels, draw_traces
from recsys.figures.svg_text import Style, draw_text

ANCHORS = {"x": ("left", "center", "right"), "y": ("top", "middle", "bottom")}


def draw_static(figure: go.Figure, width: int, alt: str) -> str:
    """Return a figure as an SVG element of this width in pixels, which scales with the page; `alt` describes it for screen readers."""
    plain = _unpack(figure.to_dict())
    layout, traces = plain["layout"], plain["data"]
    height, margin = layout["height"], layout["margin"]
    frame = Frame(margin["l"], margin["t"], width - margin["r"], height - margin["b"])
    axes = build_axes(layout, traces, frame)
    style = Style(layout["font"]["size"], layout["font"]["color"])
    drawn = [draw_axis(axis, frame, name[0] == "x", style) for name, axis in axes.items()]
    shapes = [(shape.get("layer") == "below", _draw_shape(shape, axes, frame)) for shape in layout["shapes"]]
    inside = [
        *(_draw_image(image, axes) for image in layout["images"]),
        *(shape for is_below, shape in shapes if is_below),
        *(line for grid, _marks in drawn for line in grid),
        *draw_traces(traces, axes, layout),
        *(shape for is_below, shape in shapes if not is_below),
    ]
    area = f"{frame.left:g} {frame.top:g} {frame.right - frame.left:g} {frame.bottom - frame.top:g}"
    x, y, wide, tall = area.split()
    parts = [
        f'<svg x="{x}" y="{y}" width="{wide}" height="{tall}" viewBox="{area}">{"".join(inside)}</svg>',  # cuts off what lies outside
        *(mark for _grid, marks in drawn for mark in marks),
        *draw_labels(traces, axes, style),
        *(_draw_annotation(each, axes, frame, style) for each in layout["annotations"]),
        _draw_title(layout["title"], height, style),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(alt)}" font-family="{escape(FONT)}">{"".join(parts)}</svg>'
    )


def _unpack(value: Any) -> Any:
    """Return a figure's dict with its arrays, which Plotly packs as bytes in base 64."""
    if isinstance(value, Mapping):
        if "bdata" in value:
            return np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        return {name: _unpack(each) for name, each in value.items()}
    return [_unpack(each) for each in value] if isinstance(value, list | tuple) else value


def _draw_title(title: Mapping[str, Any], height: int, style: Style) -> str:
    font = title["font"]
    return draw_text(title["text"], 0, (1 - title["y"]) * height, Style(font["size"], style.colour, font["weight"]), "left", "top")


def _place(value: Any, reference: str, letter: str, axes: Mapping[str, Axis], frame: Frame) -> float:
    if reference != "paper":
        return float(axes[reference].place(value))
    if letter == "x":
        return frame.left + value * (frame.right - frame.left)
    return frame.bottom - value * (frame.bottom - frame.top)


def _draw_shape(shape: Mapping[str, Any], axes: Mapping[str, Axis], frame: Frame) -> str:
    x0, x1 = (_place(shape[name], shape.get("xref", "x"), "x", axes, frame) for name in ("x0", "x1"))
    y0, y1 = (_place(shape[name], shape.get("yref", "y"), "y", axes, frame) for name in ("y0", "y1"))
    line = shape.get("line", {})
    width = line.get("width", 2)
    stroke = f' stroke="{line["color"]}" stroke-width="{width:g}"' if width and "color" in line else ""
    dash = f' stroke-dasharray="{DASHES[line["dash"]]}"' if line.get("dash", "solid") != "solid" else ""
    faint = f' opacity="{shape["opacity"]:g}"' if "opacity" in shape else ""
    if shape["type"] == "line":
        return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"{stroke}{dash}{faint}/>'
    place = f'x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}"'
    return f'<rect {place} fill="{shape.get("fillcolor", "none")}"{stroke}{dash}{faint}/>'


def _draw_image(image: Mapping[str, Any], axes: Mapping[str, Axis]) -> str:
    x, y = float(axes["x"].place(image["x"])), float(axes["y"].place(image["y"]))
    wide, tall = image["sizex"] * axes["x"].scale, image["sizey"] * axes["y"].scale
    place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
    return f'<image {place} preserveAspectRatio="none" href="{escape(image["source"])}"/>'


def _draw_annotation(note: Mapping[str, Any], axes: Mapping[str, Axis], frame: Frame, style: Style) -> str:
    x = _place(note["x"], note.get("xref", "x"), "x", axes, frame) + note.get("xshift", 0)
    y = _place(note["y"], note.get("yref", "y"), "y", axes, frame) - note.get("yshift", 0)
    font = note.get("font", {})
    look = Style(font.get("size", style.size), font.get("color", style.colour), font.get("weight", 400))
    xanchor, yanchor = (_nearest_edge(note.get(f"{letter}anchor"), note.get(f"{letter}ref"), note[letter], letter) for letter in ("x", "y"))
    text = draw_text(note["text"], x, y, look, xanchor, yanchor)
    if "bgcolor" not in note:
        return text
    room = look.size * 0.5 + note.get("borderpad", 1)  # of a label of one or two letters
    middle = y + {"top": 0.6, "middle": 0.0, "bottom": -0.6}[yanchor] * look.size
    return (
        f'<rect x="{x - room:.1f}" y="{middle - room:.1f}" width="{2 * room:.1f}" height="{2 * room:.1f}" fill="{note["bgcolor"]}"/>{text}'
    )


def _nearest_edge(anchor: str | None, reference: str | None, value: Any, letter: str) -> str:
    """The edge of a text that is at its point, as Plotly chooses it: on paper by the third that the point is in."""
    first, middle, last = ANCHORS[letter]
    if anchor in (first, middle, last):
        return str(anchor)
    if reference != "paper":
        return middle
    share = value if letter == "x" else 1 - value
    return first if share <= 1 / 3 else last if share >= 2 / 3 else middle
