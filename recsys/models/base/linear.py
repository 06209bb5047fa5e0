"""Models whose scores are weights of the history times a sparse matrix of items by items: each event's part is exact."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, Request
from recsys.core.split import TRAIN, Split
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import last_codes, read, shares

POPULARITY = 1e-6
"""Weight of popularity beneath the similarities: it orders the items that nothing in the history is like."""


class Linear(CountBased):
    """Keeps `counts` (n_items,) and the matrix `similar`; the config has `half_life`, in events: one that many events back counts half.

    All behaviours count alike; likes of this session count as one more event each.
    """

    def __init__(self, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = shares(arrays["counts"])
        self._similar = self._square("similar")

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Summed similarities to the history (requests, n_items), newer events counting more."""
        scores = (self._weights(requests) @ self._similar).toarray()
        scores += (POPULARITY * self._shares).astype(np.float32)
        return self.vocabulary.mask(scores, requests)

    def parts(self, request: Request, column: int) -> tuple[np.ndarray, float]:
        """Similarities (T,) of the events' items to an item, and how much of one is left an event later; 0 for unknown items."""
        codes = self.vocabulary.encode(request.history.items)
        own = self._similar[np.maximum(codes - 1, 0)][:, [column]].toarray()[:, 0]
        return np.where(codes == PAD, 0.0, own.astype(np.float64)), 0.5 ** (1 / self.config.half_life)

    def fallback(self, request: Request) -> str | None:
        known = last_codes(request.history, self.vocabulary)
        if not len(known) and not request.history.likes:
            return "no history yet: most popular items"
        if np.diff(self._similar.indptr)[known - 1].any() or self._weights([request]).dot(self._similar).nnz:
            return None
        return "nothing is like the items of this history: most popular items"

    def _weights(self, requests: Sequence[Request]) -> sparse.csr_matrix:
        """How much each item of the history counts, (requests, n_items)."""
        events = read(requests, self.vocabulary)
        weights = events.weights(self.config.half_life)
        likes = [self.vocabulary.encode(request.history.likes) for request in requests if request.history.likes]
        liked = np.concatenate(likes) if likes else np.empty(0, dtype=np.int64)
        of = np.repeat(np.arange(len(requests)), [len(request.history.likes) for request in requests])
        rows = np.concatenate([events.rows, of[liked != PAD]])
        codes = np.concatenate([events.codes, liked[liked != PAD]])
        values = np.concatenate([weights, np.ones(len(rows) - len(weights))]).astype(np.float32)
        matrix = sparse.csr_matrix((values, (rows, codes - 1)), shape=(len(requests), len(self.vocabulary)))
        matrix.sum_duplicates()
        return matrix


def took(dataset: Dataset, split: Split) -> sparse.csr_matrix:
    """Who took what in the training events, (n_users, n_items) of ones; once or often is the same."""
    rows = np.flatnonzero(split.labels == TRAIN)
    users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
    shape = (len(dataset.user_ids), len(dataset.item_ids))
    matrix = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (users, dataset.item_codes[rows] - 1)), shape=shape)
    matrix.data[:] = 1
    return matrix


def largest(rows: np.ndarray, count: int) -> sparse.csr_matrix:
    """The `count` entries of each row farthest from 0, those tied with the last of them included, as float32."""
    if count < rows.shape[1]:
        sizes = np.abs(rows)
        least = np.partition(sizes, rows.shape[1] - count, axis=1)[:, rows.shape[1] - count]
        rows = np.where(sizes < least[:, None], 0, rows)
    return sparse.csr_matrix(rows.astype(np.float32))
