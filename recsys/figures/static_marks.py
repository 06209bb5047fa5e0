"""Traces of a static figure: lines, areas, points and bars as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from recsys.figures.static_axes import Axis, to_numbers
from recsys.figures.svg_text import Style, draw_text

DASHES = {"dot": "2 3", "dash": "7 4", "dashdot": "7 3 2 3"}
SYMBOLS = {
    "star": "M0-1 .22-.31H.95L.36.12.59.81 0 .38-.59.81-.36.12-.95-.31H-.22Z",
    "diamond": "M0-1.3 1.3 0 0 1.3-1.3 0Z",
    "square": "M-1-1H1V1H-1Z",
}
BAR_GAP, CAP = 0.2, 4  # of the width of a bar; pixels to each side of a whisker
SIDES = {"middle left": (-1, "right"), "middle right": (1, "left"), "middle center": (0, "center")}
Axes = Mapping[str, Axis]
Trace = Mapping[str, Any]


def draw_traces(traces: Sequence[Trace], axes: Axes, layout: Mapping[str, Any]) -> Iterator[str]:
    """Yield the marks of every trace, the first one lowest."""
    stacks: dict[str, np.ndarray] = {}
    for trace in traces:
        x, y = axes[trace.get("xaxis", "x")], axes[trace.get("yaxis", "y")]
        if "stackgroup" in trace:
            under = stacks.get(trace["stackgroup"], np.zeros(len(trace["y"])))
            stacks[trace["stackgroup"]] = under + to_numbers(trace["y"])
            yield _draw_layer(trace, under, x, y)
        else:
            yield from KINDS[trace["type"]](trace, x, y, layout)


def draw_labels(traces: Sequence[Trace], axes: Axes, style: Style) -> Iterator[str]:
    """Yield the texts at the points of traces that show some."""
    for trace in traces:
        if "text" not in trace.get("mode", ""):
            continue
        font, places = trace.get("textfont", {}), trace.get("textposition", "middle center")
        look = Style(font.get("size", style.size), font.get("color", style.colour), font.get("weight", 400))
        points = _points(trace, axes[trace.get("xaxis", "x")], axes[trace.get("yaxis", "y")])
        room = np.broadcast_to(np.asarray(trace.get("marker", {}).get("size", 6)) / 2 + 2, len(points))
        for at, (point, text) in enumerate(zip(points, trace["text"], strict=True)):
            side, anchor = SIDES[places if isinstance(places, str) else places[at]]
            if np.isfinite(point).all():
                yield draw_text(text, point[0] + side * room[at], point[1], look, anchor)


def _points(trace: Trace, x: Axis, y: Axis) -> np.ndarray:
    return np.column_stack([np.asarray(axis.place(trace[letter])).reshape(-1) for axis, letter in ((x, "x"), (y, "y"))])


def _draw_scatter(trace: Trace, x: Axis, y: Axis, layout: Mapping[str, Any]) -> Iterator[str]:
    points = _points(trace, x, y)
    if "lines" in trace["mode"]:
        fill = trace.get("fill")
        if fill == "toself":
            yield f'<path d="{_path(points)}Z" fill="{trace["fillcolor"]}"/>'
        elif fill == "tozeroy" and len(points):
            zero = float(y.place(0.0))
            yield f'<path d="{_path(points)}L{points[-1, 0]:.1f} {zero:.1f}L{points[0, 0]:.1f} {zero:.1f}Z" fill="{trace["fillcolor"]}"/>'
        yield _draw_line(points, trace)
    if "markers" in trace["mode"]:
        yield from _draw_markers(points, trace)


def _draw_line(points: np.ndarray, trace: Trace) -> str:
    line = trace.get("line", {})
    if not line.get("width", 2) or "color" not in line:
        return ""
    if trace.get("connectgaps"):
        points = points[np.isfinite(points).all(axis=1)]
    dash = f' stroke-dasharray="{DASHES[line["dash"]]}"' if line.get("dash", "solid") != "solid" else ""
    look = f'stroke="{line["color"]}" stroke-width="{line.get("width", 2):.2g}" fill="none" stroke-linejoin="round"'
    return f'<path d="{_path(points)}" {look}{dash}{_opacity(trace)}/>'


def _path(points: np.ndarray) -> str:
    """Points joined by lines, with a gap at unknown ones."""
    parts, pen = [], "M"
    for (x, y), is_known in zip(points.tolist(), np.isfinite(points).all(axis=1).tolist(), strict=True):
        if is_known:
            parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if is_known else "M"
    return "".join(parts)


def _draw_markers(points: np.ndarray, trace: Trace) -> Iterator[str]:
    """Yield points: those of one look as one path, whose round caps are the dots."""
    marker = trace["marker"]
    known = np.isfinite(points).all(axis=1)
    line = marker.get("line", {})
    looks = list(
        zip(*(_each(value, len(points)) for value in (marker.get("size", 6), marker["color"], line.get("color"), line.get("width", 0))))
    )
    symbol = SYMBOLS.get(marker.get("symbol", "circle"))
    groups: dict[tuple[Any, ...], list[int]] = {}
    for at in np.flatnonzero(known).tolist():
        groups.setdefault(looks[at], []).append(at)
    faint = _opacity(marker) or _opacity(trace)
    for (size, colour, edge, width), members in groups.items():
        if symbol is None and not width:
            dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points[members])
            yield f'<path d="{dots}" stroke="{colour}" stroke-width="{size:.3g}" stroke-linecap="round"{faint}/>'
            continue
        border = f' stroke="{edge}" stroke-width="{width:g}"' if width and edge else ""
        for x, y in points[members]:
            if symbol is None:
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size / 2:.3g}" fill="{_paint(colour)}"{border}{faint}/>'
            else:
                place = f'transform="translate({x:.1f} {y:.1f}) scale({size / 2:.3g})" vector-effect="non-scaling-stroke"'
                yield f'<path d="{symbol}" {place} fill="{_paint(colour)}"{border}{faint}/>'


def _draw_layer(trace: Trace, under: np.ndarray, x: Axis, y: Axis) -> str:
    """One layer of stacked areas."""
    across = np.asarray(x.place(trace["x"]))
    top, bottom = (np.asarray(y.place(level)) for level in (under + to_numbers(trace["y"]), under))
    edge = np.concatenate([np.column_stack([across, top]), np.column_stack([across, bottom])[::-1]])
    line = trace["line"]
    return f'<path d="{_path(edge)}Z" fill="{trace["fillcolor"]}" stroke="{line["color"]}" stroke-width="{line["width"]:g}"/>'


def _draw_bars(trace: Trace, x: Axis, y: Axis, layout: Mapping[str, Any]) -> Iterator[str]:
    is_flat = trace.get("orientation") == "h"
    along, across = (x, y) if is_flat else (y, x)
    lengths, centres = to_numbers(trace["x" if is_flat else "y"]), to_numbers(trace["y" if is_flat else "x"])
    bases = np.broadcast_to(to_numbers(trace.get("base", 0.0)), lengths.shape)
    width = trace.get("width", 1 - layout.get("bargap", BAR_GAP))
    starts, ends = np.asarray(along.place(bases)), np.asarray(along.place(bases + lengths))
    sides = np.asarray(across.place(centres - np.asarray(width) / 2)), np.asarray(across.place(centres + np.asarray(width) / 2))
    colours = _each(trace["marker"]["color"], len(lengths))
    for start, end, one, other, colour in zip(starts, ends, *sides, colours, strict=True):
        low, size, edge, room = min(start, end), abs(end - start), min(one, other), abs(other - one)
        place = (low, edge, size, room) if is_flat else (edge, low, room, size)
        yield '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>'.format(*place, colour)
    if "error_x" in trace:
        yield _draw_whiskers(trace["error_x"], bases + lengths, np.asarray(across.place(centres)), x)


def _draw_whiskers(errors: Mapping[str, Any], middles: np.ndarray, heights: np.ndarray, x: Axis) -> str:
    reach = to_numbers(errors["array"])
    lows, highs = np.asarray(x.place(middles - reach)), np.asarray(x.place(middles + reach))
    lines = "".join(
        f"M{low:.1f} {y:.1f}H{high:.1f}M{low:.1f} {y - CAP:.1f}v{2 * CAP}M{high:.1f} {y - CAP:.1f}v{2 * CAP}"
        for low, high, y in zip(lows, highs, heights, strict=True)
        if np.isfinite(low)
    )
    return f'<path d="{lines}" stroke="{errors["color"]}" stroke-width="{errors["thickness"]:g}"/>'


def _each(value: Any, count: int) -> list[Any]:
    """A value for each mark, where one may stand for all."""
    if isinstance(value, str) or value is None or np.ndim(value) == 0:
        return [value] * count
    return list(value)


def _paint(colour: str) -> str:
    return "none" if colour == "rgba(0,0,0,0)" else colour


def _opacity(of: Mapping[str, Any]) -> str:
    return f' opacity="{of["opacity"]:.2g}"' if of.get("opacity", 1) != 1 else ""


KINDS = {"scatter": _draw_scatter, "bar": _draw_bars}
