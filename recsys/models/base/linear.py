"""Base class of linear models: event weights times a sparse item-to-item matrix, so that each event's contribution is exact."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from recsys.core import PAD, Request
from recsys.core.translation import N_
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import RECENT_EVENTS, collect_events, normalize_counts, sum_event_weights

POPULARITY_WEIGHT = 1e-6
"""Weight of popularity beside the similarities: it orders the items that are not similar to any item of the history."""
COLUMN_SPEED = 8
"""Terms of a product that are added in columns in the time of one that is added by itself."""


class LinearModel(CountBased):
    """Sum of item similarities over the history, with weights that decay with the number of later events.

    Holds `counts` (n_items,) and the matrix `similar`; the config has `half_life` in events. All behaviours have the same weight, and
    each like of the session counts as one more event.
    """

    def __init__(self, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = normalize_counts(arrays["counts"])
        self._similar = self._square("similar")

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return summed similarities to the history (requests, n_items), with higher weights for newer events."""
        scores = _multiply(self._weights(requests), self._similar)
        scores += (POPULARITY_WEIGHT * self._shares).astype(np.float32)
        return self.vocabulary.mask(scores, requests)

    def parts(self, request: Request, column: int) -> tuple[np.ndarray, float]:
        """Return the similarities (T,) of the events' items to an item, 0 for unknown items, and the decay per later event."""
        codes = self.vocabulary.encode(request.history.items)
        own = self._similar[np.maximum(codes - 1, 0)][:, [column]].toarray()[:, 0]
        return np.where(codes == PAD, 0.0, own.astype(np.float64)), 0.5 ** (1 / self.config.half_life)

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        recent = collect_events(requests, self.vocabulary, RECENT_EVENTS)
        rows, at = recent.flatten(within=RECENT_EVENTS)
        has_similar = np.diff(self._similar.indptr) > 0
        found = np.bincount(rows, weights=has_similar[recent.codes[at] - 1], minlength=len(requests)) > 0
        for row in np.flatnonzero(~found):
            found[row] = has_similar[self._weights([requests[int(row)]]).indices].any()
        reasons = (N_("no history yet: most popular items"), N_("no item is similar to this history: most popular items"), None)
        return [
            reasons[2 if similar else int(known > 0 or bool(request.history.likes))]
            for similar, known, request in zip(found, recent.lengths, requests, strict=True)
        ]

    def _weights(self, requests: Sequence[Request]) -> sparse.csr_matrix:
        """Return the weight of each item of the history (requests, n_items)."""
        return sum_event_weights(requests, self.vocabulary, self.config.half_life, likes=True)


def _multiply(weights: sparse.csr_matrix, similar: sparse.csr_matrix) -> np.ndarray:
    """Return the product (n, n_items) of two sparse matrices as a dense one.

    Steps of one history have most of their items in common: then whole columns of weights are added, which is faster than single
    numbers. Either way the terms of a score are added in the same order, with zeros between them or not, so that it is equal to the bit.
    """
    is_used = np.zeros(weights.shape[1], dtype=bool)
    is_used[weights.indices] = True
    items, positions = np.flatnonzero(is_used), (np.cumsum(is_used) - 1)[weights.indices]
    rows = similar[items]
    terms = np.diff(rows.indptr)[positions].sum()
    if rows.nnz * weights.shape[0] > COLUMN_SPEED * terms:
        product: np.ndarray = (weights @ similar).toarray()
        return product
    dense = sparse.csr_matrix((weights.data, positions, weights.indptr), shape=(weights.shape[0], len(items))).toarray()
    return np.ascontiguousarray((rows.T.tocsr() @ np.ascontiguousarray(dense.T)).T)


def keep_largest(rows: np.ndarray, count: int) -> sparse.csr_matrix:
    """Return the `count` entries of each row with the largest absolute values, ties with the last of them included, as float32."""
    if count < rows.shape[1]:
        sizes = np.abs(rows)
        threshold = np.partition(sizes, rows.shape[1] - count, axis=1)[:, rows.shape[1] - count]
        rows = np.where(sizes < threshold[:, None], 0, rows)
    return sparse.csr_matrix(rows.astype(np.float32))
