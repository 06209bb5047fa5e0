"""Ratings expected beside those given."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import split_interactions
from recsys.evaluation import Cases
from recsys.evaluation.prediction_errors import compute_squared_errors
from recsys.evaluation.rating_predictions import FEWEST_RATINGS, RatingPredictions, group_errors_by_time, predict_ratings


def test_it_is_what_the_evaluation_counts(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model, parted = trained("long-short", tiny), split_interactions(tiny, "last-out")
    found = predict_ratings(model, tiny, parted)
    cases = Cases.from_split(tiny, parted, "validation")
    assert tiny.ratings is not None
    own, mean = compute_squared_errors(model, tiny.ratings, cases, parted)
    assert found.rmse == pytest.approx(float(np.sqrt(np.nanmean(own))))
    assert found.baseline == pytest.approx(float(np.sqrt(np.nanmean(mean))))
    few = predict_ratings(model, tiny, parted, most=3)
    assert len(few.given) == 3 and set(few.expected) <= set(found.expected)


def test_a_dataset_without_ratings_is_an_error(order_only: Dataset, trained: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="no ratings"):
        predict_ratings(trained("long-short", order_only), order_only, split_interactions(order_only, "last-out"))


def test_the_error_of_a_period_is_that_of_its_ratings() -> None:
    random = np.random.default_rng(4)
    times = random.permutation(np.arange(100.0))
    times[:5] = np.nan
    found = RatingPredictions(random.uniform(1, 5, 100), random.uniform(1, 5, 100), 3.0, times)
    periods = group_errors_by_time(found, most=4)
    known = np.sort(times[5:])
    assert [each.count for each in periods] == [24, 24, 24, 23] and periods[0].start == known[0] and periods[-1].end == known[-1]
    for each in periods:
        inside = (times >= each.start) & (times <= each.end)
        errors = found.expected[inside] - found.given[inside]
        assert each.rmse == pytest.approx(float(np.sqrt(np.mean(errors**2)))) and each.low < each.rmse < each.high
    assert np.average([each.rmse**2 for each in periods], weights=[each.count for each in periods]) == pytest.approx(
        float(np.mean((found.expected - found.given)[5:] ** 2))
    )


@pytest.mark.parametrize("count", [0, 2 * FEWEST_RATINGS - 1])
def test_too_few_ratings_make_no_periods(count: int) -> None:
    values = np.ones(count)
    assert group_errors_by_time(RatingPredictions(values, values, 1.0, np.arange(count, dtype=float))) == []
