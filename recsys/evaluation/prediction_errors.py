"""How far predicted ratings and behaviours are from what happened, beside what knowing nothing of the person would give."""

from typing import Any

import numpy as np

from recsys.core import PAD, PredictsBehaviours, PredictsRatings
from recsys.core.errors import DataError, RecsysError
from recsys.core.split import TRAIN, Split
from recsys.evaluation.bootstrap import bootstrap_interval, resampled_means
from recsys.evaluation.cases import Cases, by_length

SURE = 1e-7
"""Probabilities are kept this far from 0 and 1, so that one sure mistake does not cost infinity."""

Figures = tuple[dict[str, float], dict[str, tuple[float, float]]]


def predictions_of(model: Any, cases: Cases, split: Split, seed: int) -> Figures:
    """Metrics and intervals of what the model predicts besides the item, where the data knows the answer.

    `rmse` of the rating of the next event, beside `rmse_baseline`, that of the mean rating of the training events. `log_loss` of the
    next behaviour in nats, a yes or no for every behaviour and the mean over them, beside `log_loss_baseline`, that of the shares of
    the behaviours in the training events. `rmse_gain` and `log_loss_gain` are the baseline's minus the model's, above 0 where the
    model knows more.
    """
    found: list[Figures] = []
    actual = cases.dataset.ratings
    if isinstance(model, PredictsRatings) and actual is not None:
        found.append(_beside("rmse", squared_errors(model, actual, cases, split), np.sqrt, cases, seed))
    if isinstance(model, PredictsBehaviours) and cases.dataset.behaviours is not None:
        found.append(_beside("log_loss", log_losses(model, cases, split), np.asarray, cases, seed))
    return {key: value for metrics, _ in found for key, value in metrics.items()}, {
        key: value for _, intervals in found for key, value in intervals.items()
    }


def squared_errors(model: Any, ratings: np.ndarray, cases: Cases, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors (cases,) of the model and of the mean training rating, NaN where the next event has none; `ratings` are the data's."""
    actual, predicted = ratings[cases.rows], expected_ratings(model, ratings, cases)
    return (predicted - actual) ** 2, np.where(np.isfinite(predicted), (mean_rating(ratings, split) - actual) ** 2, np.nan)


def expected_ratings(model: Any, ratings: np.ndarray, cases: Cases) -> np.ndarray:
    """(cases,) the rating the model expects of each next event, NaN where none was given or the item is unknown."""
    dataset, actual = cases.dataset, ratings[cases.rows]
    codes = model.vocabulary.encode(dataset.item_ids)[dataset.item_codes[cases.rows] - 1]
    expected = np.full(len(actual), np.nan)
    for chosen in by_length(cases, np.flatnonzero(np.isfinite(actual) & (codes != PAD)), len(model.item_ids)):
        expected[chosen] = _numbers(model, model.ratings(cases.requests(chosen)))[np.arange(len(chosen)), codes[chosen] - 1]
    return expected


def mean_rating(ratings: np.ndarray, split: Split) -> float:
    """The mean of the training ratings, NaN where there are none."""
    known = ratings[split.labels == TRAIN]
    return float(np.nanmean(known)) if np.isfinite(known).any() else float("nan")


def log_losses(model: Any, cases: Cases, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Log losses (cases,) of the model and of the shares in the training events, NaN where the next event has no behaviour."""
    every = np.asarray(cases.dataset.behaviours, dtype=object)
    known = np.array([isinstance(each, str) for each in every])
    names = np.array(model.behaviour_names, dtype=object)
    if not len(names):
        raise DataError(f"the model {type(model).__name__} predicts behaviours but names none")
    learnt = every[known & (split.labels == TRAIN)]
    shares = np.array([np.mean(learnt == name) if len(learnt) else np.nan for name in names])
    actual = every[cases.rows][:, None] == names[None, :]
    own, blind = np.full(len(actual), np.nan), np.full(len(actual), np.nan)
    wanted = np.flatnonzero(known[cases.rows])
    for chosen in by_length(cases, wanted, len(model.item_ids)):
        own[chosen] = _loss(_numbers(model, model.behaviours(cases.requests(chosen))), actual[chosen])
    blind[wanted] = _loss(np.broadcast_to(shares, (len(wanted), len(names))), actual[wanted])
    return own, blind


def _loss(probabilities: np.ndarray, actual: np.ndarray) -> np.ndarray:
    right = np.where(actual, probabilities, 1 - probabilities)
    return -np.log(np.clip(right, SURE, 1 - SURE)).mean(axis=1)


def _numbers(model: Any, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise RecsysError(f"the model {type(model).__name__} predicted values that are not numbers; train it with a lower learning rate")
    return values


def _beside(name: str, errors: tuple[np.ndarray, np.ndarray], of_mean: Any, cases: Cases, seed: int) -> Figures:
    """A metric of the model, the baseline's, and the gain; nothing where no case counts. `of_mean` makes the metric of a mean error."""
    own, blind = errors
    if not np.isfinite(own + blind).any():
        return {}, {}
    draws = {key: of_mean(each) for key, each in resampled_means({name: own, f"{name}_baseline": blind}, cases.user_codes, seed).items()}
    draws[f"{name}_gain"] = draws[f"{name}_baseline"] - draws[name]
    metrics = {name: float(of_mean(np.nanmean(own))), f"{name}_baseline": float(of_mean(np.nanmean(blind)))}
    metrics[f"{name}_gain"] = metrics[f"{name}_baseline"] - metrics[name]
    return metrics, {key: bootstrap_interval(each) for key, each in draws.items()}
