"""Item map, rank rows, gate, parts of a model and rating calibration: drawn from names that hold HTML."""

import numpy as np
import pytest

from recsys.analysis.attention import AttentionSummary
from recsys.analysis.embeddings import Plane
from recsys.analysis.model_comparison import ReplayComparison
from recsys.analysis.model_summary import ModelPart
from recsys.evaluation.rating_predictions import RatingPredictions
from recsys.figures.attention import gate_line, locate_on_gate, share_bars, weight_by_gap
from recsys.figures.embedding_map import MANY, item_map
from recsys.figures.model_comparison import locate_on_rank_rows, rank_rows
from recsys.figures.model_summary import parts_icicle
from recsys.figures.palette import DARK, LIGHT, Palette
from recsys.figures.ratings import GROUPS, rating_calibration
from tests.figures.test_topics import HTML, assert_valid


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> Palette:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("count", [3, MANY + 10])
def test_the_map_of_items_is_drawn_by_the_graphics_card_where_there_are_many(count: int, colours: Palette) -> None:
    points = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    points[1] = np.nan
    figure = item_map(Plane(points, np.array([0.4, 0.2])), [HTML] * count, [colours.accent] * count, 0, np.array([1, 2]), HTML, colours)
    assert_valid(figure, colours)
    assert figure.data[0].type == ("scattergl" if count > MANY else "scatter")
    assert 1 not in figure.data[0].customdata and list(figure.data[1].customdata) == [2] and list(figure.data[2].customdata) == [0]


def test_rank_rows(colours: Palette) -> None:
    ranks = np.array([[1.0, 30.0, 2.5], [4.0, 12.0, 2.5]])
    comparison = ReplayComparison(ranks, np.equal(ranks, ranks.min(axis=0)), np.array([False, True, True]))
    figure = rank_rows(comparison, [HTML, "other"], 10, colours)
    assert_valid(figure, colours)
    assert list(figure.data[0].marker.color) == [colours.hit, colours.faint, colours.hit, colours.hit, colours.miss, colours.hit]
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (0.5, 2.5)
    assert 0 < locate_on_rank_rows(comparison, 0) < locate_on_rank_rows(comparison, 3) < 1


def test_the_gate(colours: Palette) -> None:
    gate = np.linspace(0.2, 0.9, 12).astype(np.float32)
    assert_valid(gate_line(gate, HTML, colours), colours)
    across, down = locate_on_gate(gate, 11)
    assert 0.9 < across < 1 and 0 < down < 0.2


def test_the_boxes_of_a_model(colours: Palette) -> None:
    leaves = (ModelPart("blocks.0", HTML, 6, 6, (ModelPart("blocks.0.weight", "", 6, 6, shape=(6,)),)), ModelPart("blocks.1", "", 0, 0))
    model = ModelPart("", "Model", 10, 6, (ModelPart("blocks", "ModuleList", 6, 6, leaves), ModelPart("text", "", 4, 0, shape=(2, 2))))
    figure = parts_icicle(model, colours)
    assert_valid(figure, colours)
    assert list(figure.data[0].labels) == ["the model", "blocks", "block 1", "text embeddings"]
    assert figure.data[0].text[3] == "2 × 2: 4 parameters"
    assert list(figure.data[0].parents) == ["", "model", "blocks", "model"]
    assert figure.data[0].marker.colors[3] == colours.surface != figure.data[0].marker.colors[2]


@pytest.mark.parametrize("given", [np.array([1.0, 1.0, 5.0]), np.linspace(0, 1, 100)])
def test_predicted_against_given_ratings(given: np.ndarray, colours: Palette) -> None:
    figure = rating_calibration(RatingPredictions(given, given * 0.5 + 1, 1.0, np.full(len(given), np.nan)), colours)
    assert_valid(figure, colours)
    assert len(figure.data[1].x) == min(len(np.unique(given)), GROUPS)


def test_every_term_of_a_pointers_attention_is_drawn(colours: Palette) -> None:
    names = ("content", "order", "follows", "time", "hour", "distance")
    figure = share_bars({name: np.full((1, 1), 1 / 6) for name in names}, ["own events"], colours)
    assert sum(bar.x[0] for bar in figure.data) == pytest.approx(100, abs=0.01)
    assert len({bar.marker.color for bar in figure.data}) == len(names)


def test_even_attention_still_has_ticks(colours: Palette) -> None:
    weights = np.array([0.0081, 0.0083, 0.0082])
    gaps = np.array([1.0, 10.0, 100.0])
    figure = weight_by_gap(AttentionSummary(3, "mean", np.arange(3), weights, 0.9, gaps, None), gaps, HTML, "hours", ["a"] * 3, colours)
    axis = figure.layout.yaxis
    assert any(axis.range[0] <= tick <= axis.range[1] for tick in axis.tickvals)
