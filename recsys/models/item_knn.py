"""Items that the same people took: cosine of co-occurrence, summed over the history."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, Request
from recsys.errors import DataError
from recsys.models.counted import Counted, of_matrix
from recsys.models.events import last_codes, read, shares, train_people
from recsys.split import TRAIN, Split

BLOCK_BYTES = 64_000_000
POPULARITY = 1e-6
"""Weight of popularity beneath the similarities: it orders the items that nothing in the history is like."""


@dataclass(frozen=True)
class ItemKnnConfig:
    """`neighbours` kept an item; `shrinkage` added to the cosine's denominator, so that rare pairs count less;
    `half_life` in events: an event that many events back counts half."""

    neighbours: int = 50
    shrinkage: float = 10.0
    half_life: float = 5.0

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise DataError(f"setting neighbours={self.neighbours} must be at least 1, for example neighbours={ItemKnnConfig.neighbours}")
        if not self.shrinkage >= 0:
            raise DataError(f"setting shrinkage={self.shrinkage} must not be below 0, for example shrinkage={ItemKnnConfig.shrinkage}")
        if not self.half_life > 0:
            raise DataError(f"setting half_life={self.half_life} must be above 0, for example half_life={ItemKnnConfig.half_life}")


class ItemKnn(Counted):
    """Scores are weights of the history times a sparse matrix of similarities: linear, so each event's part is exact.

    The similarity of two items is the number of people who took both / (root of the product of their numbers of people +
    shrinkage) (Sarwar et al. 2001). An item is its own nearest neighbour, which matters where people return. All behaviours count alike; likes of this session count as one more event each.
    """

    Config = ItemKnnConfig

    def __init__(self, item_ids: np.ndarray, config: ItemKnnConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = shares(arrays["counts"])
        self._similar = self._square("similar")

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: ItemKnnConfig, seed: int = 0) -> "ItemKnn":
        """Compare all pairs of items that share a person, a block of items at a time. `seed` changes nothing."""
        rows = np.flatnonzero(split.labels == TRAIN)
        users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        shape = (len(dataset.user_ids), len(dataset.item_ids))
        took = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (users, dataset.item_codes[rows] - 1)), shape=shape)
        took.data[:] = 1  # once or often is the same
        similar = _neighbours(took, config)
        return cls(dataset.item_ids, config, {"counts": train_people(dataset, split), **of_matrix("similar", similar)})

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Summed similarities to the history (requests, n_items), newer events counting more."""
        scores = (self._weights(requests) @ self._similar).toarray()
        scores += (POPULARITY * self._shares).astype(np.float32)
        return self.vocabulary.mask(scores, requests)

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
        ages = events.starts[events.rows + 1] - 1 - np.arange(len(events.codes))
        weights = 0.5 ** (ages / self.config.half_life)
        likes = [self.vocabulary.encode(request.history.likes) for request in requests if request.history.likes]
        liked = np.concatenate(likes) if likes else np.empty(0, dtype=np.int64)
        of = np.repeat(np.arange(len(requests)), [len(request.history.likes) for request in requests])
        rows = np.concatenate([events.rows, of[liked != PAD]])
        codes = np.concatenate([events.codes, liked[liked != PAD]])
        values = np.concatenate([weights, np.ones(len(rows) - len(weights))]).astype(np.float32)
        matrix = sparse.csr_matrix((values, (rows, codes - 1)), shape=(len(requests), len(self.vocabulary)))
        matrix.sum_duplicates()
        return matrix


def _neighbours(took: sparse.csr_matrix, config: ItemKnnConfig) -> sparse.csr_matrix:
    """The most similar items of each item (n_items, n_items) float32, as many as the config says."""
    n_items = took.shape[1]
    by_item = took.T.tocsr()
    people = np.asarray(took.sum(axis=0), dtype=np.float64).ravel()
    size = max(1, BLOCK_BYTES // (8 * n_items))
    blocks = []
    for start in range(0, n_items, size):
        together = (by_item[start : start + size] @ took).toarray()
        similar = together / (np.sqrt(people[start : start + size, None] * people[None, :]) + config.shrinkage + 1e-12)
        own = np.arange(len(similar))
        similar[own, start + own] = people[start + own] > 0
        if config.neighbours < n_items:
            least = np.partition(similar, n_items - config.neighbours, axis=1)[:, n_items - config.neighbours]
            similar[similar < least[:, None]] = 0
        blocks.append(sparse.csr_matrix(similar.astype(np.float32)))
    return sparse.vstack(blocks, format="csr")
