"""Base class of user-based nearest-neighbour models."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from recsys.core import Dataset, Request
from recsys.core.split import Split
from recsys.core.translation import N_
from recsys.models.base.count_based import CountBased, hash_user_id, hash_user_ids
from recsys.models.base.event_arrays import (
    build_interaction_matrix,
    collect_events,
    count_training_users,
    normalize_counts,
    sum_event_weights,
)
from recsys.models.base.linear import POPULARITY_WEIGHT
from recsys.models.base.sparse_products import multiply_sparse, scale_rows


class NeighbourModel(CountBased, ABC):
    """Items of the users most similar to the history. Holds `people`, hashes of user ids, and `took`, their items; subclasses add a similarity.

    Neighbours are found by the history alone, so that users without training events have neighbours too. The user's own row is left
    out where the request names the user, since it may hold the next item; the items of the history are added instead.
    """

    def __init__(self, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = normalize_counts(arrays["counts"])
        n_users, indices = len(arrays["people"]), arrays["took.indices"]
        ones = np.ones(len(indices), dtype=np.float32)
        self._interactions = sparse.csr_matrix((ones, indices, arrays["took.indptr"]), shape=(n_users, len(self.vocabulary)))
        self._row_of = {int(user): row for row, user in enumerate(arrays["people"])}

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return scores (requests, n_items): the neighbours' items, weighted by normalized similarity, plus the user's own items."""
        history = self._history(requests)
        similar = self._keep_nearest(self._similarities(history), requests)
        scores = multiply_sparse(scale_rows(similar, 1 / np.maximum(np.asarray(similar.sum(axis=1)).ravel(), 1e-12)), self._interactions)
        own = scale_rows(history, 1 / np.maximum(np.asarray(history.sum(axis=1)).ravel(), 1e-12))
        scores[np.repeat(np.arange(len(requests)), np.diff(own.indptr)), own.indices] += self.config.own * own.data
        scores += (POPULARITY_WEIGHT * self._shares).astype(np.float32)
        return self.vocabulary.mask(scores, requests)

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = collect_events(requests, self.vocabulary, within=1).lengths
        is_near = self._have_neighbours(requests)
        unsure = np.flatnonzero(~is_near & (known > 0))
        if len(unsure):
            chosen = [requests[int(row)] for row in unsure]
            is_near[unsure] = np.diff(self._keep_nearest(self._similarities(self._history(chosen)), chosen).indptr) > 0
        reasons = (N_("no history yet: most popular items"), N_("no similar users: own and popular items"), None)
        return [reasons[2 if near else int(count > 0)] for near, count in zip(is_near, known, strict=True)]

    def _have_neighbours(self, requests: Sequence[Request]) -> np.ndarray:
        """Return whether requests (n,) certainly have a neighbour; models that can tell without all similarities override this."""
        return np.zeros(len(requests), dtype=bool)

    @abstractmethod
    def _similarities(self, history: sparse.csr_matrix) -> np.ndarray:
        """Return the similarities (requests, users) of the histories to the training users; 0 or below for none."""

    def _history(self, requests: Sequence[Request]) -> sparse.csr_matrix:
        """Return the weight of each item of the history (requests, n_items)."""
        return sum_event_weights(requests, self.vocabulary, self.config.half_life)

    def _keep_nearest(self, similarities: np.ndarray, requests: Sequence[Request]) -> sparse.csr_matrix:
        """Return the similarities of the nearest users, without the requesting user; ties with the last of them are included."""
        for row, request in zip(similarities, requests, strict=True):
            if request.history.user_id is not None:
                row[self._row_of.get(hash_user_id(request.history.user_id), slice(0))] = 0
        count = self.config.neighbours
        if 0 < count < similarities.shape[1]:
            threshold = np.partition(similarities, similarities.shape[1] - count, axis=1)[:, similarities.shape[1] - count]
            similarities = np.where(similarities < threshold[:, None], 0, similarities)
        return sparse.csr_matrix(np.maximum(similarities, 0).astype(np.float32))


def collect_neighbours(dataset: Dataset, split: Split) -> dict[str, np.ndarray]:
    """Return the arrays of a `NeighbourModel` from the training events. Users without training events are rows of zeros."""
    matrix = build_interaction_matrix(dataset, split)
    users = hash_user_ids(dataset.user_ids)
    return {
        "counts": count_training_users(dataset, split),
        "people": users,
        "took.indices": matrix.indices.astype(np.int32),
        "took.indptr": matrix.indptr.astype(np.int64),
    }
