"""User-based k-nearest neighbours by text: items of the users whose items have texts similar to those of the history."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.split import Split
from recsys.models.base.neighbours import NeighbourModel, collect_neighbours
from recsys.models.base.settings import check_at_least, check_positive


@dataclass(frozen=True)
class UserKnnTextConfig:
    """`neighbours` per request; `half_life` in events: the weight of an event halves with that many later events; `own` is the weight of
    the history itself beside its neighbours; `size` of the whitened vectors; `encoder` a folder or id, empty for the default encoder."""

    neighbours: int = 30
    half_life: float = 5.0
    own: float = 5.0
    size: int = 128
    encoder: str = ""

    def __post_init__(self) -> None:
        check_at_least(1, self, "neighbours", "size")
        check_positive(self, "half_life")
        check_at_least(0, self, "own")


class UserKnnText(NeighbourModel):
    """`user-knn` with users as the mean of their items' whitened text vectors: users without a common item can be neighbours.

    Settings by validation NDCG@10 on demo-city, ml-100k and foursquare: .305, .106, .392; with 200 neighbours, `half_life` 20
    and `own` 0.5 .198, .067, .186.
    """

    Config = UserKnnTextConfig

    def __init__(self, item_ids: np.ndarray, config: UserKnnTextConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._vectors = arrays["vectors"].astype(np.float32)
        self._users = _normalize(self._interactions @ self._vectors)

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: UserKnnTextConfig, seed: int = 0) -> "UserKnnText":
        """Store the training interactions and the items' text vectors. `seed` has no effect."""
        from recsys.text import TextEncoder, item_vectors, whiten

        vectors = whiten(item_vectors(dataset, TextEncoder(config.encoder or None)), config.size)
        return cls(dataset.item_ids, config, {**collect_neighbours(dataset, split), "vectors": vectors.astype(np.float16)})

    def _similarities(self, history: sparse.csr_matrix) -> np.ndarray:
        similarities: np.ndarray = _normalize(history @ self._vectors) @ self._users.T
        return similarities


def _normalize(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; rows of zeros stay zeros."""
    normalized: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return normalized
