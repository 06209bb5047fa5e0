"""Ratings that people gave on lists, beside those that a model predicts for the same requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select

from recsys.core import PAD, Dataset, Request
from recsys.core.split import Split
from recsys.database.engine import Store
from recsys.database.schema import FeedbackRow, ImpressionRow
from recsys.evaluation.prediction_errors import compute_mean_rating
from recsys.evaluation.rating_predictions import RatingPredictions
from recsys.feedback.training_data import restore_request

MOST = 300
BATCH_BYTES = 64_000_000


@dataclass(frozen=True, eq=False)
class GivenRating:
    """A rating of an item, given at `time` in seconds on the list of `request`. `id` is that of its row in the store."""

    id: str
    item_id: str
    rating: float
    time: float
    request: Request


def load_given_ratings(store: Store, dataset: Dataset, most: int = MOST) -> list[GivenRating]:
    """Return those of the latest `most` ratings that were given on lists of this version of a dataset, by whatever model, newest first."""
    wanted = (
        select(FeedbackRow, ImpressionRow)
        .join(ImpressionRow, ImpressionRow.id == FeedbackRow.impression_id)
        .where(FeedbackRow.dataset == dataset.name, FeedbackRow.action == "rating", FeedbackRow.withdrawn.is_(None))
        .order_by(FeedbackRow.created.desc())
        .limit(most)
    )
    with store.read() as session:
        rows = session.execute(wanted).tuples().all()
    return [
        GivenRating(row.id, row.item_id, row.rating, row.created, restore_request(dataset, shown.user_id, shown.step, shown.context))
        for row, shown in rows
        if row.rating is not None and shown.dataset_fingerprint == dataset.fingerprint
    ]


def predict_given_ratings(model: Any, dataset: Dataset, split: Split, ratings: Sequence[GivenRating]) -> RatingPredictions:
    """Predict ratings from the requests of their lists; those of items that the model does not know are left out."""
    codes = model.vocabulary.encode([each.item_id for each in ratings])
    known, columns = [each for each, code in zip(ratings, codes, strict=True) if code != PAD], codes[codes != PAD] - 1
    expected, size = np.empty(len(known)), max(1, BATCH_BYTES // (8 * len(model.item_ids)))
    for start in range(0, len(known), size):
        part = slice(start, start + size)
        requests = [each.request for each in known[part]]
        expected[part] = model.ratings(requests)[np.arange(len(requests)), columns[part]]
    mean = compute_mean_rating(dataset.ratings, split) if dataset.ratings is not None else float("nan")
    given, times = (np.array([getattr(each, name) for each in known], dtype=np.float64) for name in ("rating", "time"))
    return RatingPredictions(given, expected, mean, times)
