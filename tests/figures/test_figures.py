"""Figures are made of plain dicts: each must be valid by Plotly's schema, with marks at the right places."""

import base64
import itertools
import re
from collections.abc import Callable
from datetime import datetime

import numpy as np
import plotly.graph_objects as go
import pytest

from recsys.analysis.interest_profile import profile_interest
from recsys.core import Dataset
from recsys.core.geography import Outline
from recsys.figures.interest_profile import interest_stream, locate_on_stream
from recsys.figures.maps import fit_map_view
from recsys.figures.palette import DARK, LIGHT, Palette, category_colours, category_order
from recsys.figures.route_map import Route, base_map_html, route_html
from recsys.figures.timeline import locate_on_strip, rank_strip

RANKS = np.array([1.0, 10.0, 11.0, 3000.5, 2.0, np.nan])
SPLITS = ["train", "train", "train", "validation", "test"]


def checked(figure: go.Figure) -> go.Figure:
    """The same figure, validated by Plotly."""
    return go.Figure(data=[trace.to_plotly_json() for trace in figure.data], layout=figure.layout.to_plotly_json())


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize(
    "moments", [None, [datetime(2024, 1, 1, 10), datetime(2024, 1, 2, 10), datetime(2024, 1, 3), None, datetime(2025, 1, 1)]]
)
def test_the_strip_marks_hits_and_misses(colours: Palette, moments: list[datetime | None] | None) -> None:
    figure = checked(rank_strip(RANKS, SPLITS, moments, colours))
    dots = figure.data[0]
    assert list(dots.customdata) == [0, 1, 2, 3, 4]
    assert dots.marker.color[3] == colours.miss and dots.marker.color[4] == colours.hit
    assert dots.marker.color[0] not in (colours.hit, colours.miss), "hits on training events must not look like predictions"
    labels = " ".join(note.text for note in figure.layout.annotations)
    assert "2 of 3 in the top 10" in labels and "0 of 1" in labels and "1 of 1" in labels
    if moments is not None:
        assert figure.layout.xaxis.ticktext == ("0<br>1 Jan 2024", "1<br>2 Jan", "2<br>3 Jan", "3", "4<br>1 Jan 2025", "5")
        assert dots.text[3] == "Step 3: rank 3,000.5" and dots.text[4] == "Step 4: rank 2<br>1 Jan 2025, 00:00"


@pytest.mark.parametrize("counts", [(34, 6, 17), (1, 1, 1), (9, 1, 1), (900, 1, 1), (3, 40, 2), (0, 5, 5), (168, 29, 21), (34, 6, 0)])
def test_labels_of_splits_do_not_overlap(counts: tuple[int, int, int]) -> None:
    splits = [name for name, count in zip(("train", "validation", "test"), counts, strict=True) for _ in range(count)]
    figure = rank_strip(np.append(np.full(len(splits), 3.0), np.nan), splits, None, LIGHT)
    lines: dict[float, list[tuple[float, float]]] = {}
    for label in figure.layout.annotations:
        if "in the top" in label.text and label.yshift is not None:
            width = len(label.text) / 95 * len(splits)
            left = label.x if label.xanchor == "left" else label.x - width
            lines.setdefault(label.yshift, []).append((left, left + width))
    assert sum(map(len, lines.values())) >= sum(count > 0 for count in counts[1:])
    for spans in map(sorted, lines.values()):
        assert all(end <= begin + 1e-9 for (_start, end), (begin, _stop) in itertools.pairwise(spans))


@pytest.mark.parametrize("ranks", [np.array([np.nan]), np.array([5.0, np.nan])])
def test_the_shortest_strips(ranks: np.ndarray) -> None:
    checked(rank_strip(ranks, ["test"] * (len(ranks) - 1), None, LIGHT))


def test_the_cursor_lies_on_its_dot() -> None:
    figure = checked(rank_strip(RANKS, SPLITS, None, LIGHT))
    (west, east), (floor, top) = figure.layout.xaxis.range, figure.layout.yaxis.range
    for step in range(5):
        across, down = locate_on_strip(RANKS, step)
        assert across == pytest.approx((step - west) / (east - west))
        assert down == pytest.approx((figure.data[0].y[step] - top) / (floor - top), abs=1e-6)
    assert locate_on_strip(RANKS, 5)[1] is None


def spots(html: str) -> dict[str, tuple[float, float]]:
    """{text of a mark: percent from the left and from the top}."""
    return {
        text: (float(left), float(top)) for left, top, text in re.findall(r'style="left:([\d.]+)%;top:([\d.]+)%" data-says="([^"]*)"', html)
    }


def test_the_map_needs_no_network_and_escapes_titles() -> None:
    random = np.random.default_rng(3)
    places = random.uniform([40.0, -74.0], [40.1, -73.9], (50, 2))
    places[7] = np.nan
    outline = Outline(coast=np.array([[40.0, -74.0], [40.1, -74.0], [40.1, -73.9]]), river=places[:3])
    for shape in (None, outline):
        view = fit_map_view(places, places[:20], ["<b>Old</b>"] * 50, shape)
        far = np.array([[41.0, -73.0], [np.nan, np.nan], [40.05, -73.95]])
        route = Route(places[:5], ["<i>a</i>"] * 5, far, ["<b>x</b>", "y", "z"], far[0], '<u>"c"</u>', False)
        ground, marks = base_map_html(view, LIGHT), route_html(view, route, "<p>", LIGHT)
        drawing = base64.b64decode(ground.split("base64,")[1].split('"')[0]).decode()
        for text in (ground, marks, drawing):
            assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
            assert "<b>Old" not in text and "<i>a" not in text and "<u>" not in text and "<p>" not in text
        texts = spots(marks)
        assert "1. &lt;b&gt;x&lt;/b&gt; (outside this map)" in texts and "3. z" in texts and "2. y" not in texts
        assert route_html(view, Route(places[:0], [], far[:0], [], None, "", False), "", LIGHT).count("data-says") == 0


def test_marks_stand_where_their_places_are_drawn() -> None:
    corners = np.array([[40.0, -74.0], [40.1, -73.8], [40.05, -73.9]])
    view = fit_map_view(corners, corners, margin=0.0)
    (south, west), (north, east) = view.low, view.high
    route = Route(corners[2:], ["middle"], np.array([[south, west], [north, east]]), ["south west", "north east"], None, "", False)
    texts = spots(route_html(view, route, "", LIGHT))
    assert texts == {"now at middle": (50.0, 50.0), "1. south west": (0.0, 100.0), "2. north east": (100.0, 0.0)}
    height = north - south
    assert view.shape == pytest.approx((east - west) * np.cos(np.radians((south + north) / 2)) / height)
    assert f"aspect-ratio:{view.shape:.4f}" in base_map_html(view, LIGHT)


def test_a_route_is_rotated_from_place_to_place() -> None:
    corners = np.array([[40.0, -74.0], [40.1, -73.8]])
    view = fit_map_view(corners, corners, margin=0.0)
    there, back = np.array(view.low), np.array(view.high)
    drawn = route_html(view, Route(np.array([there, back]), ["a", "b"], corners[:0], [], None, "", False), "", LIGHT)
    (left, top, width, turn), *others = re.findall(r"left:([\d.]+)%;top:([\d.]+)%;width:([\d.]+)%;transform:rotate\((-?[\d.]+)deg\)", drawn)
    assert not others and (float(left), float(top)) == (0.0, 100.0)
    angle = np.radians(float(turn))
    assert float(width) * np.cos(angle) == pytest.approx(100, abs=0.2), "the leg ends at the eastern edge"
    assert float(width) * np.sin(angle) * view.shape == pytest.approx(-100, abs=0.4), "and at the northern one"


def test_the_stream_adds_up(make_dataset: Callable[..., Dataset]) -> None:
    import pandas as pd

    kinds = pd.DataFrame({"category": ["x", "y", None]}, index=["a", "b", "c"])
    data = make_dataset([("u", item) for item in "aabcbab"], items=kinds)
    found = profile_interest(data, "u", ["y", "x"], window=3)
    assert found is not None and found.categories == ("y", "x")
    np.testing.assert_allclose(found.long[7], [0.5, 0.5])
    np.testing.assert_allclose(found.short[7], [2 / 3, 1 / 3])
    np.testing.assert_allclose(found.short[0], [0, 0])
    tints = category_colours(found.categories, LIGHT)
    figure = checked(interest_stream(found, tints, LIGHT))
    np.testing.assert_allclose(sum(np.asarray(trace.y) for trace in figure.data), 100, atol=1e-4)
    assert 0 < locate_on_stream(found, 7) < 1


def test_data_without_categories_has_no_interest_profile(make_dataset: Callable[..., Dataset]) -> None:
    assert profile_interest(make_dataset([("u", "a")]), "u", []) is None


def test_a_category_keeps_its_colour() -> None:
    import pandas as pd

    order = category_order(pd.Series(["b", "a", None, "c"], index=list("wxyz")), np.array([5, 5, 100, 9]))
    assert order == ["c", "a", "b"]
    many = [str(at) for at in range(40)]
    assert category_colours(many, LIGHT)["3"] == category_colours(many[:9], LIGHT)["3"] == LIGHT.categories[3]
    assert len(set(category_colours(many[:27], DARK).values())) == 27
