"""Ratings that a model expects beside those that were given."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.evaluation.cases import Cases
from recsys.evaluation.prediction_errors import expected_ratings, mean_rating

MOST = 2_000


@dataclass(frozen=True, eq=False)
class RatingPredictions:
    """`given` and `expected` ratings (cases,); `mean` is the mean training rating, what to say of everybody and everything."""

    given: np.ndarray
    expected: np.ndarray
    mean: float

    @property
    def rmse(self) -> float:
        return float(np.sqrt(np.mean((self.expected - self.given) ** 2)))

    @property
    def baseline(self) -> float:
        """The RMSE of saying the mean every time."""
        return float(np.sqrt(np.mean((self.mean - self.given) ** 2)))


def predict_ratings(model: Any, dataset: Dataset, split: Split, which: str = "validation", most: int = MOST) -> RatingPredictions:
    """Ratings of a split's events by a model, of `most` of them drawn by lot where there are more; events without a rating are left out."""
    ratings = dataset.ratings
    if ratings is None:
        raise DataError(f"dataset '{dataset.name}' has no ratings to compare with")
    cases = Cases.of(dataset, split, which)
    if len(cases.rows) > most:
        drawn = np.sort(np.random.default_rng(0).choice(len(cases.rows), most, replace=False))
        cases = replace(cases, rows=cases.rows[drawn], user_codes=cases.user_codes[drawn], steps=cases.steps[drawn])
    expected, given = expected_ratings(model, ratings, cases), ratings[cases.rows]
    known = np.isfinite(expected) & np.isfinite(given)
    return RatingPredictions(given[known], expected[known], mean_rating(ratings, split))
