"""Figures of lists beyond accuracy: every model, group and category is there, and names from data are no markup."""

import numpy as np
import pytest

from recsys.failures.beyond_accuracy import BeyondAccuracy, Mean
from recsys.figures.beyond_accuracy import category_pairs, exposure_lines, model_rows, popularity_pairs
from recsys.figures.palette import LIGHT

HOSTILE = "<b>bar</b>"


@pytest.fixture
def found() -> BeyondAccuracy:
    mean = Mean(1.0, 0.5, 1.5)
    groups, tenths = np.array([[1.0, 2.0], [2.0, 2.5], [np.nan, 3.0]]), np.full(10, 0.1)
    return BeyondAccuracy(
        "sasrec", 9, 3, 9, 0.5, mean, mean, None, mean, groups, tenths, tenths, (HOSTILE, "cafe"), np.array([[0.4, 0.1], [0.6, 0.9]])
    )


def test_a_line_for_each_model_and_for_the_next_items(found: BeyondAccuracy) -> None:
    figure = exposure_lines({"A": found, HOSTILE: found}, "A", LIGHT)
    assert [trace.name for trace in figure.data] == ["A", "&lt;b&gt;bar&lt;/b&gt;", "what people take next"]
    np.testing.assert_allclose(figure.data[0].y, 10)


def test_groups_without_users_are_left_out(found: BeyondAccuracy) -> None:
    assert list(popularity_pairs(found, LIGHT).data[1].x) == [2.0, 2.5]


def test_categories_are_escaped(found: BeyondAccuracy) -> None:
    assert category_pairs(found, LIGHT).layout.yaxis.ticktext[0] == "&lt;b&gt;bar&lt;/b&gt;"


def test_models_without_the_property_have_no_row(found: BeyondAccuracy) -> None:
    figure = model_rows("Calibration", {"A": None, "B": 0.5, "C": Mean(0.4, 0.3, 0.5)}, "B", "bits", LIGHT)
    assert list(figure.layout.yaxis.ticktext) == ["B", "C"] and len(figure.layout.shapes) == 1


@pytest.mark.parametrize(
    "rows", [{"A": Mean(10.4, 10.38, 10.42)}, {"A": 0.65}, {"A": 0.0}, {"A": 0.2, "B": Mean(0.9, 0.85, 0.95)}, {"A": np.nan}]
)
def test_all_intervals_have_room_and_a_single_one_does_not_fill_the_figure(rows: dict[str, Mean | float]) -> None:
    ends = model_rows("Novelty", rows, "A", "bits", LIGHT).layout.xaxis.range
    means = [each if isinstance(each, Mean) else Mean(each, each, each) for each in rows.values()]
    low, high = min(each.low for each in means), max(each.high for each in means)
    assert ends is None if np.isnan(low) else ends[0] < low <= high < ends[1]
    if len(rows) == 1 and ends is not None:
        assert high - low < 0.1 * (ends[1] - ends[0])
