"""Items that are described alike: cosine of their texts, summed over the history."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.split import Split
from recsys.models.base.count_based import of_matrix
from recsys.models.base.event_arrays import train_people
from recsys.models.base.linear import Linear, largest
from recsys.models.base.settings import check_above_zero, check_at_least

BLOCK = 2_000
"""Items compared with all others at a time."""


@dataclass(frozen=True)
class ItemKnnTextConfig:
    """`neighbours` kept an item; `half_life` in events: an event that many events back counts half; `size` of the whitened
    vectors; `encoder` a folder or Hugging Face id, empty for the one that comes with the program."""

    neighbours: int = 50
    half_life: float = 10.0
    size: int = 128
    encoder: str = ""

    def __post_init__(self) -> None:
        check_at_least(1, self, "neighbours", "size")
        check_above_zero(self, "half_life")


class ItemKnnText(Linear):
    """As `item-knn`, with the cosine of whitened text vectors in place of co-occurrence.

    Each event speaks only for the items nearest to it, however different the rest of the history is; `content` makes one profile
    of the whole history instead. Items that nobody took yet are recommended like all others.
    Settings by validation on demo-city, ml-100k and foursquare: NDCG@10 .265, .034, .330; `half_life` 2 gives .278, .026, .268.
    """

    Config = ItemKnnTextConfig

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: ItemKnnTextConfig, seed: int = 0) -> "ItemKnnText":
        """Compare the texts of all pairs of items. `seed` changes nothing."""
        from recsys.text import TextEncoder, item_vectors, whiten

        vectors = whiten(item_vectors(dataset, TextEncoder(config.encoder or None)), config.size)
        blocks = [_nearest(vectors, start, config.neighbours) for start in range(0, len(vectors), BLOCK)]
        similar = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix((0, 0), dtype=np.float32)
        return cls(dataset.item_ids, config, {"counts": train_people(dataset, split), **of_matrix("similar", similar)})


def _nearest(vectors: np.ndarray, start: int, neighbours: int) -> sparse.csr_matrix:
    """The cosines above 0 of some items to those nearest to them; an item's own is 1 even where it has no words."""
    similar = np.maximum(vectors[start : start + BLOCK] @ vectors.T, 0)
    own = np.arange(len(similar))
    similar[own, start + own] = 1
    return largest(similar, neighbours)
