"""Items that the same people took: cosine of co-occurrence, summed over the history."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.count_based import of_matrix
from recsys.models.base.event_arrays import train_people
from recsys.models.base.linear import Linear, largest, took

BLOCK_BYTES = 64_000_000


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


class ItemKnn(Linear):
    """Weights of the history times similarities.

    The similarity of two items is the number of people who took both / (root of the product of their numbers of people +
    shrinkage) (Sarwar et al. 2001). An item is its own nearest neighbour, which matters where people return.
    """

    Config = ItemKnnConfig

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: ItemKnnConfig, seed: int = 0) -> "ItemKnn":
        """Compare all pairs of items that share a person, a block of items at a time. `seed` changes nothing."""
        similar = _neighbours(took(dataset, split), config)
        return cls(dataset.item_ids, config, {"counts": train_people(dataset, split), **of_matrix("similar", similar)})


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
        blocks.append(largest(similar, config.neighbours))
    return sparse.vstack(blocks, format="csr")
