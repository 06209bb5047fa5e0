"""Where a model expects somebody at every hour of a day: its list, hour by hour, summed over areas."""

from dataclasses import dataclass, replace

import numpy as np

from recsys.core import Dataset, History, Recommender, candidate_scores, request_at
from recsys.core.vocabulary import Vocabulary
from recsys.drift.detection.feature_space import FeatureSpace

HOURS = tuple(range(6, 24, 2))


@dataclass(frozen=True, eq=False)
class Forecast:
    """`shares` (hours, areas): what part of the model's list, by its own probabilities, lies in each area; rows sum to 1."""

    hours: tuple[int, ...]
    areas: tuple[str, ...]
    shares: np.ndarray


def forecast_day(
    model: Recommender, dataset: Dataset, scene: FeatureSpace, history: History, step: int, midnight: float, offset: float
) -> Forecast:
    """Ask at every second hour of the day that begins at `midnight` (seconds UTC) by a clock `offset` minutes ahead of UTC.

    For models trained to give probabilities: the softmax of their scores is read as such. The place is the last event's.
    """
    assert dataset.item_places is not None
    asked = request_at(history, step)
    requests = [replace(asked, time=midnight + hour * 3600.0, utc_offset=offset) for hour in HOURS]
    vocabulary = Vocabulary(model.item_ids)
    scores = candidate_scores(model, requests, vocabulary, dataset.repeats).astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    chances = np.exp(scores)
    chances /= chances.sum(axis=1, keepdims=True)
    codes = dataset.vocabulary.encode([str(item) for item in model.item_ids])
    areas = np.where(codes > 0, scene.areas_of(dataset.item_places)[np.maximum(codes, 1) - 1], -1)
    shares = np.zeros((len(HOURS), len(scene.area_names)))
    for area in np.unique(areas[areas >= 0]):
        shares[:, area] = chances[:, areas == area].sum(axis=1)
    return Forecast(HOURS, scene.area_names, shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12))
