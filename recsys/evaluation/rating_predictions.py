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
MAX_PERIODS = 12
FEWEST_RATINGS = 10
"""Ratings in a period of which an error is measured."""


@dataclass(frozen=True, eq=False)
class RatingPredictions:
    """`given` and `expected` ratings (cases,), the `mean` training rating as the baseline, and `times` (cases,) in seconds, NaN where unknown."""

    given: np.ndarray
    expected: np.ndarray
    mean: float
    times: np.ndarray

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
    times = np.full(len(known), np.nan) if dataset.times is None else dataset.times[cases.rows]
    return RatingPredictions(given[known], expected[known], compute_mean_rating(ratings, split), times[known])


@dataclass(frozen=True)
class ErrorPeriod:
    """RMSE of the ratings given between two times in seconds, with its 95 % interval (normal, of the mean squared error)."""

    start: float
    end: float
    rmse: float
    low: float
    high: float
    count: int


def group_errors_by_time(predictions: RatingPredictions, most: int = MAX_PERIODS) -> list[ErrorPeriod]:
    """Return the error of at most `most` successive periods with equally many ratings each, the oldest first; fewer than two are none."""
    known = np.flatnonzero(np.isfinite(predictions.times))
    order = known[np.argsort(predictions.times[known], kind="stable")]
    periods = min(most, len(order) // FEWEST_RATINGS)
    if periods < 2:
        return []
    return [_measure_period(predictions, part) for part in np.array_split(order, periods)]


def _measure_period(predictions: RatingPredictions, part: np.ndarray) -> ErrorPeriod:
    squares = (predictions.expected[part] - predictions.given[part]) ** 2
    mean, margin = float(squares.mean()), float(1.96 * squares.std(ddof=1) / np.sqrt(len(part)))
    low, high = (float(np.sqrt(max(each, 0.0))) for each in (mean - margin, mean + margin))
    times = predictions.times[part]
    return ErrorPeriod(float(times[0]), float(times[-1]), float(np.sqrt(mean)), low, high, len(part))
