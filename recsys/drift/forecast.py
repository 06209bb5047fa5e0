"""Forecast of a user's areas over the hours of a day: a model's probabilities, summed over the items of each area."""

from dataclasses import dataclass, replace

import numpy as np

from recsys.core import Dataset, History, Recommender, candidate_scores, request_at
from recsys.core.vocabulary import Vocabulary
from recsys.drift.detection.feature_space import FeatureSpace

HOURS = tuple(range(6, 24, 2))


@dataclass(frozen=True, eq=False)
class Forecast:
    """Probabilities `shares` (hours, areas) that the next item lies in each area; rows sum to 1."""

    hours: tuple[int, ...]
    areas: tuple[str, ...]
    shares: np.ndarray


def forecast_day(
    model: Recommender, dataset: Dataset, feature_space: FeatureSpace, history: History, step: int, midnight: float, offset: float
) -> Forecast:
    """Forecast every second hour of the day that begins at `midnight` (seconds UTC) on a clock `offset` minutes ahead of UTC.

    For models whose softmax of scores is a probability. The place is that of the last event.
    """
    assert dataset.item_places is not None
    request = request_at(history, step)
    requests = [replace(request, time=midnight + hour * 3600.0, utc_offset=offset) for hour in HOURS]
    vocabulary = Vocabulary(model.item_ids)
    scores = candidate_scores(model, requests, vocabulary, dataset.repeats).astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    probabilities = np.exp(scores)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    codes = dataset.vocabulary.encode([str(item) for item in model.item_ids])
    areas = np.where(codes > 0, feature_space.areas_of(dataset.item_places)[np.maximum(codes, 1) - 1], -1)
    shares = np.zeros((len(HOURS), len(feature_space.area_names)))
    for area in np.unique(areas[areas >= 0]):
        shares[:, area] = probabilities[:, areas == area].sum(axis=1)
    return Forecast(HOURS, feature_space.area_names, shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12))
