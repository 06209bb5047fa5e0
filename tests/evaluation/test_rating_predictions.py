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
from recsys.evaluation.rating_predictions import predict_ratings


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
