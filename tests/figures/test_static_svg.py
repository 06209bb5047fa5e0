"""Static figures: the places of marks by the formula of their axes, and texts that stay texts."""

import re
import xml.etree.ElementTree as ET
from html import escape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.figures.chart import Chart
from recsys.figures.palette import LIGHT, escape_label
from recsys.figures.static_svg import draw_static
from recsys.figures.svg_text import Style, draw_text
from recsys.figures.timeline import STRIP, TOP, rank_strip

WIDTH = 600
SVG = "{http://www.w3.org/2000/svg}"


def chart(**layout: object) -> Chart:
    made = Chart("A title", LIGHT, 200)
    made.update_layout(margin=dict(l=50, r=10, t=40, b=30), **layout)
    return made


def drawn(made: Chart) -> ET.Element:
    return ET.fromstring(draw_static(made.to_figure(), WIDTH, "alt"))


def dots_of(svg: ET.Element) -> list[tuple[float, float]]:
    paths = [each.get("d", "") for each in svg.iter(f"{SVG}path") if each.get("stroke-linecap") == "round"]
    return [(float(x), float(y)) for path in paths for x, y in re.findall(r"M([\d.-]+) ([\d.-]+)h0", path)]


def test_dots_of_the_strip_are_where_the_log_scale_puts_them() -> None:
    ranks = np.array([1.0, 10.0, 1000.0, 3.0, np.nan])
    svg = ET.fromstring(draw_static(rank_strip(ranks, ["train"] * 4, None, LIGHT), WIDTH, "ranks"))
    left, right = STRIP.left, WIDTH - STRIP.right
    bottom = STRIP.height - STRIP.bottom
    floor = 1 + 3 + 0.15  # the first ten ranks take two units, each further decade one
    expected = []
    for step, rank in enumerate(ranks[:-1]):
        height = 2 * np.log10(rank) if rank <= 10 else 1 + np.log10(rank)
        across = left + (step + 0.6) / (4 + 1.2) * (right - left)
        expected.append((across, STRIP.top + (height - TOP) / (floor - TOP) * (bottom - STRIP.top)))
    np.testing.assert_allclose(sorted(dots_of(svg)), sorted(expected), atol=0.06)


def test_marked_step_has_a_line_and_a_ring() -> None:
    ranks = np.array([1.0, 2.0, 3.0, np.nan])
    plain = draw_static(rank_strip(ranks, ["test"] * 3, None, LIGHT), WIDTH, "ranks")
    marked = draw_static(rank_strip(ranks, ["test"] * 3, None, LIGHT, marked=2), WIDTH, "ranks")
    assert "<circle" not in plain and marked.count("<circle") == 1
    end = draw_static(rank_strip(ranks, ["test"] * 3, None, LIGHT, marked=3), WIDTH, "ranks")
    assert "<circle" not in end  # nothing came next, so there is no rank to ring
    assert end.count("<path") == plain.count("<path") + 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=12))
def test_bars_are_as_long_as_their_values(values: list[float], bases: list[float]) -> None:
    made = chart()
    base = np.array(bases[: len(values)])
    low, high = min(*base, *(base + values), 0) - 1, max(*base, *(base + values), 0) + 1
    made.update_xaxes(range=[low, high])
    made.update_yaxes(range=[len(values) - 0.5, -0.5], visible=False)
    made.add_trace(
        dict(type="bar", orientation="h", x=np.array(values), y=list(range(len(values))), base=base, marker=dict(color="#112233"))
    )
    bars = [each for each in drawn(made).iter(f"{SVG}rect") if each.get("fill") == "#112233"]
    scale = (WIDTH - 60) / (high - low)
    np.testing.assert_allclose([float(bar.get("width", 0)) for bar in bars], np.abs(values) * scale, atol=0.11)
    starts = [50 + (min(start, start + value) - low) * scale for start, value in zip(base, values, strict=True)]
    np.testing.assert_allclose([float(bar.get("x", 0)) for bar in bars], starts, atol=0.11)


def test_stacked_layers_lie_on_one_another() -> None:
    made = chart()
    made.update_xaxes(range=["2024-01-01", "2024-01-03"], tickvals=["2024-01-02"], ticktext=["2 Jan"])
    made.update_yaxes(range=[0, 100], visible=False)
    for level, colour in ((30.0, "#110000"), (70.0, "#220000")):
        days = ["2024-01-01T00:00:00.000", "2024-01-03T00:00:00.000"]
        layer = dict(type="scatter", x=days, y=[level, level], stackgroup="one", mode="lines", fillcolor=colour)
        made.add_trace(layer | dict(line=dict(width=1, color="#fff")))
    svg = drawn(made)
    paths = {each.get("fill"): each.get("d", "") for each in svg.iter(f"{SVG}path")}
    assert paths["#110000"] == "M50.0 131.0L590.0 131.0L590.0 170.0L50.0 170.0Z"  # 170 − 30 % of 130
    assert paths["#220000"] == "M50.0 40.0L590.0 40.0L590.0 131.0L50.0 131.0Z"
    (tick,) = [each for each in svg.iter(f"{SVG}text") if "2 Jan" in "".join(each.itertext())]
    assert tick[0].get("x") == "320.0"  # half way between the first and the third of January


def test_a_map_keeps_its_shape() -> None:
    made = chart()
    made.update_xaxes(range=[0, 10], visible=False)
    made.update_yaxes(range=[0, 10], visible=False, scaleanchor="x", scaleratio=2.0)
    made.add_trace(dict(type="scatter", x=[0, 10, 0], y=[0, 0, 10], mode="markers", marker=dict(size=4, color="#123456")))
    (origin, east, north) = dots_of(drawn(made))
    assert origin[1] == pytest.approx(east[1])
    assert (origin[1] - north[1]) == pytest.approx(2 * (east[0] - origin[0]), rel=0.01)


@given(st.text(max_size=40))
def test_text_from_data_is_shown_as_it_is(text: str) -> None:
    clean = "".join(each for each in text if each.isprintable())
    drawn_text = draw_text(escape_label(clean), 0, 0, Style(12, "#000"))
    assert "".join(ET.fromstring(drawn_text).itertext()) == clean


def test_markup_of_labels_is_read_and_other_tags_are_not() -> None:
    label = f"one<br><b>two</b> <span style='font-size:11px;color:#abcdef'>three</span><script>{escape('<x>')}</script>"
    made = ET.fromstring(draw_text(label, 10, 20, Style(14, "#000"), "center", "top"))
    first, second = made
    assert first.text == "one" and float(second.get("y", 0)) > float(first.get("y", 0))
    assert [(run.text, run.get("font-size"), run.get("font-weight")) for run in second] == [
        ("two", "14", "700"),
        ("three", "11", "400"),
    ]
    assert "script" not in draw_text(label, 0, 0, Style(14, "#000"))


def test_unknown_values_leave_gaps() -> None:
    made = chart()
    made.update_xaxes(range=[0, 4], visible=False)
    made.update_yaxes(range=[0, 1], visible=False)
    made.add_trace(dict(type="scatter", x=[0, 1, 2, 3], y=[0, 0, np.nan, 0], mode="lines", line=dict(color="#00ff00")))
    (line,) = [each for each in drawn(made).iter(f"{SVG}path") if each.get("stroke") == "#00ff00"]
    assert line.get("d") == "M50.0 170.0L185.0 170.0M455.0 170.0"
