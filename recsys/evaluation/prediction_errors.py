"""Errors of predicted ratings and behaviours, compared with baselines that do not use the history."""

from typing import Any

import numpy as np

from recsys.core import PAD, PredictsBehaviours, PredictsRatings
from recsys.core.errors import DataError, RecsysError
from recsys.core.split import TRAIN, Split
from recsys.core.translation import _
from recsys.evaluation.bootstrap import bootstrap_columns, bootstrap_interval, has_intervals
from recsys.evaluation.cases import Cases, batch_by_length

PROBABILITY_MARGIN = 1e-7
"""Probabilities are clipped to this distance from 0 and 1, so that the log loss stays finite."""

MetricsAndIntervals = tuple[dict[str, float], dict[str, tuple[float, float]]]


def evaluate_predictions(model: Any, cases: Cases, split: Split, seed: int) -> MetricsAndIntervals:
    """Return metrics and intervals of predicted ratings and behaviours, where the dataset has them.

    `rmse` is the error of the rating of the next event, `rmse_baseline` that of the mean training rating. `log_loss` is that of the next
    behaviour in nats, the mean over one binary prediction per behaviour, `log_loss_baseline` that of the behaviours' shares in the
    training events. `rmse_gain` and `log_loss_gain` are the baseline's error minus the model's, above 0 where the model is better.
    """
    results: list[MetricsAndIntervals] = []
    actual = cases.dataset.ratings
    if isinstance(model, PredictsRatings) and actual is not None:
        results.append(_compare_with_baseline("rmse", compute_squared_errors(model, actual, cases, split), np.sqrt, cases, seed))
    if isinstance(model, PredictsBehaviours) and cases.dataset.behaviours is not None:
        results.append(_compare_with_baseline("log_loss", compute_log_losses(model, cases, split), np.asarray, cases, seed))
    return {key: value for metrics, _intervals in results for key, value in metrics.items()}, {
        key: value for _metrics, intervals in results for key, value in intervals.items()
    }


def compute_squared_errors(model: Any, ratings: np.ndarray, cases: Cases, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return squared errors (cases,) of the model and of the mean training rating, NaN without a rating; `ratings` are the dataset's."""
    actual, predicted = ratings[cases.rows], predict_case_ratings(model, ratings, cases)
    return (predicted - actual) ** 2, np.where(np.isfinite(predicted), (compute_mean_rating(ratings, split) - actual) ** 2, np.nan)


def predict_case_ratings(model: Any, ratings: np.ndarray, cases: Cases) -> np.ndarray:
    """Return the expected rating (cases,) of each next event, NaN where it has no rating or the model does not know the item."""
    dataset, actual = cases.dataset, ratings[cases.rows]
    codes = model.vocabulary.encode(dataset.item_ids)[dataset.item_codes[cases.rows] - 1]
    expected = np.full(len(actual), np.nan)
    for chosen in batch_by_length(cases, np.flatnonzero(np.isfinite(actual) & (codes != PAD)), len(model.item_ids)):
        expected[chosen] = _check_finite(model, model.ratings(cases.requests(chosen)))[np.arange(len(chosen)), codes[chosen] - 1]
    return expected


def compute_mean_rating(ratings: np.ndarray, split: Split) -> float:
    """Return the mean of the training ratings, NaN where there are none."""
    known = ratings[split.labels == TRAIN]
    return float(np.nanmean(known)) if np.isfinite(known).any() else float("nan")


def compute_log_losses(model: Any, cases: Cases, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return log losses (cases,) of the model and of the shares in the training events, NaN where the next event has no behaviour."""
    every = np.asarray(cases.dataset.behaviours, dtype=object)
    known = np.array([isinstance(each, str) for each in every])
    names = np.array(model.behaviour_names, dtype=object)
    if not len(names):
        raise DataError(
            _(
                "the model {model} predicts behaviours but has no behaviour_names; train it on a dataset with at least two behaviours",
                model=type(model).__name__,
            )
        )
    training = every[known & (split.labels == TRAIN)]
    shares = np.array([np.mean(training == name) if len(training) else np.nan for name in names])
    actual = every[cases.rows][:, None] == names[None, :]
    own, baseline = np.full(len(actual), np.nan), np.full(len(actual), np.nan)
    has_behaviour = np.flatnonzero(known[cases.rows])
    for chosen in batch_by_length(cases, has_behaviour, len(model.item_ids)):
        own[chosen] = _log_loss(_check_finite(model, model.behaviours(cases.requests(chosen))), actual[chosen])
    baseline[has_behaviour] = _log_loss(np.broadcast_to(shares, (len(has_behaviour), len(names))), actual[has_behaviour])
    return own, baseline


def _log_loss(probabilities: np.ndarray, actual: np.ndarray) -> np.ndarray:
    right = np.where(actual, probabilities, 1 - probabilities)
    return -np.log(np.clip(right, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)).mean(axis=1)


def _check_finite(model: Any, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise RecsysError(
            _(
                "the model {model} predicted values that are not numbers; train it again with a lower learning rate",
                model=type(model).__name__,
            )
        )
    return values


def _compare_with_baseline(name: str, errors: tuple[np.ndarray, np.ndarray], of_mean: Any, cases: Cases, seed: int) -> MetricsAndIntervals:
    """Return a metric of the model, of the baseline, and the gain; nothing without cases. `of_mean` maps a mean error to the metric."""
    own, baseline = errors
    if not np.isfinite(own + baseline).any():
        return {}, {}
    metrics = {name: float(of_mean(np.nanmean(own))), f"{name}_baseline": float(of_mean(np.nanmean(baseline)))}
    metrics[f"{name}_gain"] = metrics[f"{name}_baseline"] - metrics[name]
    if not has_intervals(cases.user_codes):
        return metrics, {}
    columns = bootstrap_columns({name: own, f"{name}_baseline": baseline}, cases.user_codes, seed)
    draws = {key: of_mean(each) for key, each in columns.items()}
    draws[f"{name}_gain"] = draws[f"{name}_baseline"] - draws[name]
    return metrics, {key: bootstrap_interval(each) for key, each in draws.items()}
