"""Predicted ratings compared with the given ones."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.core.translation import _
from recsys.evaluation.cases import Cases
from recsys.evaluation.prediction_errors import compute_mean_rating, predict_case_ratings

MAX_RATINGS = 2_000


@dataclass(frozen=True, eq=False)
class RatingPredictions:
    """`given` and `expected` ratings (cases,), and the `mean` training rating as the baseline."""

    given: np.ndarray
    expected: np.ndarray
    mean: float

    @property
    def rmse(self) -> float:
        """RMSE of the model."""
        return float(np.sqrt(np.mean((self.expected - self.given) ** 2)))

    @property
    def baseline(self) -> float:
        """RMSE of predicting the mean training rating every time."""
        return float(np.sqrt(np.mean((self.mean - self.given) ** 2)))


def predict_ratings(model: Any, dataset: Dataset, split: Split, which: str = "validation", most: int = MAX_RATINGS) -> RatingPredictions:
    """Predict the ratings of a split's events, of at most `most` drawn at random; events without a rating are left out."""
    ratings = dataset.ratings
    if ratings is None:
        raise DataError(
            _("dataset '{dataset}' has no ratings to compare with; choose one with ratings, for example ml-1m", dataset=dataset.name)
        )
    cases = Cases.from_split(dataset, split, which)
    if len(cases.rows) > most:
        drawn = np.sort(np.random.default_rng(0).choice(len(cases.rows), most, replace=False))
        cases = replace(cases, rows=cases.rows[drawn], user_codes=cases.user_codes[drawn], steps=cases.steps[drawn])
    expected, given = predict_case_ratings(model, ratings, cases), ratings[cases.rows]
    known = np.isfinite(expected) & np.isfinite(given)
    return RatingPredictions(given[known], expected[known], compute_mean_rating(ratings, split))
