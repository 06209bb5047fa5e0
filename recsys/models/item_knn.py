"""Item-based k-nearest neighbours: cosine similarity of co-occurrence, summed over the history."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.split import Split
from recsys.models.base.count_based import matrix_to_arrays
from recsys.models.base.event_arrays import build_interaction_matrix, count_training_users
from recsys.models.base.linear import LinearModel, keep_largest
from recsys.models.base.settings import check_at_least, check_positive

BLOCK_BYTES = 64_000_000


@dataclass(frozen=True)
class ItemKnnConfig:
    """`neighbours` kept per item; `shrinkage` added to the denominator of the cosine lowers the similarity of rare pairs; `half_life` in
    events: the weight of an event halves with that many later events."""

    neighbours: int = 50
    shrinkage: float = 10.0
    half_life: float = 5.0

    def __post_init__(self) -> None:
        check_at_least(1, self, "neighbours")
        check_at_least(0, self, "shrinkage")
        check_positive(self, "half_life")


class ItemKnn(LinearModel):
    """Event weights times item similarities.

    The similarity of two items is the number of their common users / (root of the product of their numbers of users +
    shrinkage) (Sarwar et al. 2001). An item is its own nearest neighbour, which matters for repeated items.
    """

    Config = ItemKnnConfig

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: ItemKnnConfig, seed: int = 0) -> "ItemKnn":
        """Compare all pairs of items with common users, a block of items at a time. `seed` has no effect."""
        similar = _nearest_items(build_interaction_matrix(dataset, split), config)
        return cls(dataset.item_ids, config, {"counts": count_training_users(dataset, split), **matrix_to_arrays("similar", similar)})


def _nearest_items(interactions: sparse.csr_matrix, config: ItemKnnConfig) -> sparse.csr_matrix:
    """Return the similarities (n_items, n_items) float32 of each item to its nearest items."""
    n_items = interactions.shape[1]
    by_item = interactions.T.tocsr()
    users = np.asarray(interactions.sum(axis=0), dtype=np.float64).ravel()
    size = max(1, BLOCK_BYTES // (8 * n_items))
    blocks = []
    for start in range(0, n_items, size):
        together = (by_item[start : start + size] @ interactions).toarray()
        similar = together / (np.sqrt(users[start : start + size, None] * users[None, :]) + config.shrinkage + 1e-12)
        own = np.arange(len(similar))
        similar[own, start + own] = users[start + own] > 0
        blocks.append(keep_largest(similar, config.neighbours))
    return sparse.vstack(blocks, format="csr")
