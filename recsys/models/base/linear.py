"""Base class of linear models: event weights times a sparse item-to-item matrix, so that each event's contribution is exact."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from recsys.core import PAD, History, Request, Trace
from recsys.core.translation import N_
from recsys.models.base.count_based import CountBased
from recsys.models.base.event_arrays import RECENT_EVENTS, collect_events, collect_weighted_events, normalize_counts
from recsys.models.base.history_blocks import BlockTrace, HistoryBlocks, encode_known, find_blocks, trace_blocks
from recsys.models.base.sparse_products import multiply_sparse

POPULARITY_WEIGHT = 1e-6
"""Weight of popularity beside the similarities: it orders the items that are not similar to any item of the history."""


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
        return self.vocabulary.mask(self._sum(find_blocks(requests, self.vocabulary, self.config.half_life)), requests)

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> BlockTrace:
        """Return the known events of a history; the times and places of requests are not used."""
        del final, attention
        return trace_blocks(history, self.vocabulary)

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return scores (len(steps), n_items) float32 at steps of a trace, equal to the bit to `score`."""
        assert isinstance(trace, BlockTrace)
        return self._sum(trace.blocks(steps))

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
        unsure = np.flatnonzero(~found)
        owners, codes, _weights = collect_weighted_events([requests[int(row)] for row in unsure], self.vocabulary, self.config.half_life)
        found[unsure[owners[has_similar[codes - 1]]]] = True
        for row in unsure:
            found[row] |= has_similar[encode_known(requests[int(row)].history.likes, self.vocabulary) - 1].any()
        reasons = (N_("no history yet: most popular items"), N_("no item is similar to this history: most popular items"), None)
        return [
            reasons[2 if similar else int(known > 0 or bool(request.history.likes))]
            for similar, known, request in zip(found, recent.lengths, requests, strict=True)
        ]

    def _sum(self, blocks: HistoryBlocks) -> np.ndarray:
        """Return the scores (requests, n_items) float32: the sum over each last block, and the decayed one over the events before it."""
        n_items, half_life = len(self.vocabulary), self.config.half_life
        scores = multiply_sparse(blocks.sum_block_weights(n_items, half_life), self._similar)
        weights, owners, decayed = blocks.sum_earlier_weights(n_items, half_life)
        for rows, earlier in zip(owners, multiply_sparse(weights, self._similar), strict=True):
            for row in rows:  # one at a time, so that a row stays in the cache of the processor
                scores[row] += decayed[row] * earlier
        scores += (POPULARITY_WEIGHT * self._shares).astype(np.float32)
        return scores


def keep_largest(rows: np.ndarray, count: int) -> sparse.csr_matrix:
    """Return the `count` entries of each row with the largest absolute values, ties with the last of them included, as float32."""
    if count < rows.shape[1]:
        sizes = np.abs(rows)
        threshold = np.partition(sizes, rows.shape[1] - count, axis=1)[:, rows.shape[1] - count]
        rows = np.where(sizes < threshold[:, None], 0, rows)
    return sparse.csr_matrix(rows.astype(np.float32))
