"""How good models are, as measured."""

import numpy as np

from pages.cache.datasets import uploads
from pages.cache.decorator import cached
from pages.cache.models import loaded
from recsys.core import Dataset, PredictsRatings
from recsys.core.split import split_interactions
from recsys.evaluation.rating_predictions import RatingPredictions, predict_ratings
from recsys.leaderboard import Measurement, find_measurement, measure_checkpoint, measurements_stamp, save_measurement
from recsys.training.checkpoints import Card, Loaded


def measurement(dataset: Dataset, card: Card, which: str) -> Measurement | None:
    """What was measured of a checkpoint at any time, on this disk; None if it never was."""
    stamp = measurements_stamp(card, dataset, which)
    return _kept(dataset, card, which, stamp) if stamp else None


@cached(256)
def _kept(dataset: Dataset, card: Card, which: str, stamp: str) -> Measurement | None:
    return find_measurement(card, dataset, split_interactions(dataset, card.protocol), which)


def evaluation(dataset: Dataset, checkpoint: str, which: str, device: str) -> Measurement:
    """A checkpoint judged on a split, with the milliseconds one request takes; on disk too, unless the data is one session's own."""
    found = loaded(dataset, checkpoint, device)
    return measurement(dataset, found.card, which) or _evaluation(dataset, found, which)


@cached(64, "Judging the model on everybody …")
def _evaluation(dataset: Dataset, found: Loaded, which: str) -> Measurement:
    measured = measure_checkpoint(found.model, dataset, split_interactions(dataset, found.card.protocol), which)
    if dataset.name not in uploads():
        save_measurement(found.card, dataset, measured)
    return measured


def worst_ranked_users(dataset: Dataset, checkpoint: str, device: str) -> list[tuple[str, int]]:
    """People by how badly a checkpoint ranks their validation events (mean log rank), the worst first, each with their worst step."""
    judged = evaluation(dataset, checkpoint, "validation", device).evaluation
    worst = np.lexsort((-judged.ranks, judged.user_codes))
    users, first = np.unique(judged.user_codes[worst], return_index=True)
    badness = np.bincount(judged.user_codes, np.log2(judged.ranks))[users] / np.bincount(judged.user_codes)[users]
    steps = judged.rows[worst][first] - dataset.user_starts[users]
    return [(str(dataset.user_ids[users[at]]), int(steps[at])) for at in np.argsort(-badness, kind="stable")]


def expected_ratings(dataset: Dataset, checkpoint: str, device: str) -> RatingPredictions | None:
    """Ratings that a model expects of validation events beside those given; None where the model or the data has none."""
    found = loaded(dataset, checkpoint, device)
    if dataset.ratings is None or not isinstance(found.model, PredictsRatings):
        return None
    return _expected_ratings(dataset, found)


@cached(16, "Asking for ratings …")
def _expected_ratings(dataset: Dataset, found: Loaded) -> RatingPredictions | None:
    expected = predict_ratings(found.model, dataset, split_interactions(dataset, found.card.protocol))
    return expected if len(expected.given) else None
