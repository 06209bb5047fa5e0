"""Charts of failures: rows with intervals, and the ranks of two models in bins."""

import html
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import TOP_K
from recsys.figures.failures import RANK_EDGES, DifferenceRow, bin_ranks, difference_rows, label_rank_bin, rank_pairs
from recsys.figures.palette import DARK, LIGHT

NASTY = "<b>bold</b> & <script>"


def test_rows_are_coloured_by_what_is_reliable_and_say_which_they_are() -> None:
    rows = [
        DifferenceRow("worse", -0.2, -0.3, -0.1, True, "43% of misses", "12 cases"),
        DifferenceRow("better", 0.2, 0.1, 0.3, True, "", ""),
        DifferenceRow("neither", -0.4, -0.9, 0.1, False, "", ""),
        DifferenceRow(NASTY, 0.0, math.nan, math.nan, False, NASTY, NASTY),
    ]
    for colours in (LIGHT, DARK):
        figure = difference_rows("Title", rows, "NDCG@10: difference", colours)
        (dots,) = figure.data
        assert list(dots.marker.color) == [colours.miss, colours.hit, colours.other, colours.other]
        assert list(dots.customdata) == [0, 1, 2, 3] and list(dots.x) == [-0.2, 0.2, -0.4, 0.0]
        low, high = figure.layout.xaxis.range
        assert low < -0.9 and high > 0.3, "zero and all intervals are inside"
        bars = [shape for shape in figure.layout.shapes if shape.y0 == shape.y1]
        assert [(bar.x0, bar.x1) for bar in bars] == [(-0.3, -0.1), (0.1, 0.3), (-0.9, 0.1)], "no bar without an interval"
        assert "<b>bold" not in str(figure.to_dict()) and "−0.200 (−0.300 to −0.100)" in dots.text[0]
        assert "(" not in dots.text[3]


def test_rows_that_are_all_zero_have_an_axis() -> None:
    figure = difference_rows("Title", [DifferenceRow("a", 0.0, 0.0, 0.0, False, "", "")], "x", LIGHT)
    low, high = figure.layout.xaxis.range
    assert low < 0 < high


@given(st.lists(st.one_of(st.floats(1, 1e7), st.just(math.inf)), min_size=1, max_size=50))
def test_every_rank_is_in_the_bin_that_names_it(ranks: list[float]) -> None:
    bins = bin_ranks(np.array(ranks))
    for rank, at in zip(ranks, bins, strict=True):
        assert RANK_EDGES[at] <= math.ceil(rank) if math.isfinite(rank) else at == len(RANK_EDGES) - 1
        if at < len(RANK_EDGES) - 1:
            assert math.ceil(rank) < RANK_EDGES[at + 1]
        assert (rank <= TOP_K) == (RANK_EDGES[at] <= TOP_K), "the top 10 ends at a limit"


def test_bins_are_named_by_their_ranks() -> None:
    assert [label_rank_bin(at) for at in range(len(RANK_EDGES))][:4] == ["1", "2–3", "4–10", "11–30"]
    assert label_rank_bin(len(RANK_EDGES) - 1) == "3,001 or more"


def test_each_pair_of_ranks_is_a_bubble_with_its_count() -> None:
    random = np.random.default_rng(4)
    first, second = random.integers(1, 400, 500).astype(float), random.integers(1, 400, 500).astype(float)
    first[0] = math.inf
    bins = len(RANK_EDGES)
    counts = np.zeros((bins, bins), dtype=np.int64)
    np.add.at(counts, (bin_ranks(first), bin_ranks(second)), 1)
    figure = rank_pairs(counts, "A <i>", "B", LIGHT)
    (bubbles,) = figure.data
    assert sum(bubbles.marker.size) == 500 and "<i>" not in str(figure.to_dict())
    for code, size, tint in zip(bubbles.customdata, bubbles.marker.size, bubbles.marker.color, strict=True):
        a, b = divmod(code, bins)
        inside = (bin_ranks(first) == a) & (bin_ranks(second) == b)
        assert size == inside.sum()
        gained, lost = (first[inside] > TOP_K) & (second[inside] <= TOP_K), (first[inside] <= TOP_K) & (second[inside] > TOP_K)
        assert tint == (LIGHT.hit if gained.all() else LIGHT.miss if lost.all() else LIGHT.other)


def test_one_bubble_alone_is_drawn() -> None:
    counts = np.zeros((len(RANK_EDGES),) * 2, dtype=np.int64)
    assert len(rank_pairs(counts, "A", "B", LIGHT).data[0].x) == 0
    counts[0, 0] = 7
    assert list(rank_pairs(counts, "A", "B", LIGHT).data[0].marker.size) == [7]


def test_axes_of_two_versions_of_a_model_can_be_told_apart() -> None:
    names = ("Spatiotemporal transformer", "Spatiotemporal transformer (evolving items) <b>")
    figure = rank_pairs(np.eye(len(RANK_EDGES), dtype=int), *names, LIGHT)
    titles = [axis.title.text for axis in (figure.layout.xaxis, figure.layout.yaxis)]
    assert [html.unescape(title.replace("<br>", " ")) for title in titles] == [f"rank under {name}" for name in names]
    assert all(len(html.unescape(line)) <= 40 for title in titles for line in title.split("<br>"))
