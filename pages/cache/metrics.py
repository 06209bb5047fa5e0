"""Metrics of checkpoints, as measured."""

from typing import TYPE_CHECKING

import numpy as np

from pages.cache.datasets import uploads
from pages.cache.decorator import cached
from pages.cache.models import loaded
from recsys.core import Dataset, PredictsRatings
from recsys.core.split import split_interactions
from recsys.core.translation import N_
from recsys.evaluation.rating_predictions import RatingPredictions, predict_ratings
from recsys.leaderboard import Measurement, find_measurement, measure_checkpoint, read_measurements_stamp, save_measurement
from recsys.training.checkpoints import CheckpointCard, LoadedCheckpoint

if TYPE_CHECKING:
    from recsys.database.engine import Store
    from recsys.feedback.predicted_ratings import GivenRating


def measurement(dataset: Dataset, card: CheckpointCard, which: str) -> Measurement | None:
    """Return the stored measurement of a checkpoint; None if there is none on this disk."""
    stamp = read_measurements_stamp(card, dataset, which)
    return _stored(dataset, card, which, stamp) if stamp else None


@cached(256)
def _stored(dataset: Dataset, card: CheckpointCard, which: str, stamp: str) -> Measurement | None:
    return find_measurement(card, dataset, split_interactions(dataset, card.protocol), which)


def evaluation(dataset: Dataset, checkpoint: str, which: str, device: str) -> Measurement:
    """Evaluate a checkpoint on a split and time one request; stored on disk too, unless the data is private to the session."""
    found = loaded(dataset, checkpoint, device)
    return measurement(dataset, found.card, which) or _evaluation(dataset, found, which)


@cached(64, N_("Evaluating the model on all users …"))
def _evaluation(dataset: Dataset, found: LoadedCheckpoint, which: str) -> Measurement:
    measured = measure_checkpoint(found.model, dataset, split_interactions(dataset, found.card.protocol), which)
    if dataset.name not in uploads():
        save_measurement(found.card, dataset, measured)
    return measured


def worst_ranked_users(dataset: Dataset, checkpoint: str, device: str) -> list[tuple[str, int]]:
    """Return users by the mean log rank of their validation events, the worst first, each with the step of the worst rank."""
    evaluated = evaluation(dataset, checkpoint, "validation", device).evaluation
    worst = np.lexsort((-evaluated.ranks, evaluated.user_codes))
    users, first = np.unique(evaluated.user_codes[worst], return_index=True)
    mean_log_rank = (
        np.bincount(evaluated.user_codes, np.log2(np.minimum(evaluated.ranks, evaluated.items)))[users]
        / np.bincount(evaluated.user_codes)[users]
    )
    steps = evaluated.rows[worst][first] - dataset.user_starts[users]
    return [(str(dataset.user_ids[users[at]]), int(steps[at])) for at in np.argsort(-mean_log_rank, kind="stable")]


def expected_ratings(dataset: Dataset, checkpoint: str, device: str) -> RatingPredictions | None:
    """Return predicted beside given ratings of validation events; None where the model or the data has none."""
    found = loaded(dataset, checkpoint, device)
    if dataset.ratings is None or not isinstance(found.model, PredictsRatings):
        return None
    return _rating_predictions(dataset, found)


def given_ratings(store: "Store", dataset: Dataset, checkpoint: str, device: str) -> RatingPredictions | None:
    """Return predicted beside given ratings of the latest lists; None where the model predicts none or nobody has rated an item."""
    from recsys.feedback.predicted_ratings import load_given_ratings

    found = loaded(dataset, checkpoint, device)
    given = load_given_ratings(store, dataset) if isinstance(found.model, PredictsRatings) else []
    predicted = _given_ratings(dataset, found, [(each.id, each.rating) for each in given], given) if given else None
    return predicted if predicted is not None and len(predicted.given) else None


@cached(16, N_("Predicting ratings …"))
def _given_ratings(
    dataset: Dataset, found: LoadedCheckpoint, keys: list[tuple[str, float]], _given: "list[GivenRating]"
) -> RatingPredictions:
    from recsys.feedback.predicted_ratings import predict_given_ratings

    return predict_given_ratings(found.model, dataset, split_interactions(dataset, found.card.protocol), _given)


@cached(16, N_("Predicting ratings …"))
def _rating_predictions(dataset: Dataset, found: LoadedCheckpoint) -> RatingPredictions | None:
    expected = predict_ratings(found.model, dataset, split_interactions(dataset, found.card.protocol))
    return expected if len(expected.given) else None
