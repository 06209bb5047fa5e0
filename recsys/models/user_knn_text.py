"""What people alike took: neighbours by what the history's items say."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.split import Split
from recsys.models.base.settings import check_above_zero, check_at_least
from recsys.models.user_knn import NeighbourModel, remembered


@dataclass(frozen=True)
class UserKnnTextConfig:
    """`neighbours` a request; `half_life` in events: an event that many events back counts half; `own` is what the history itself
    counts beside its neighbours; `size` of the whitened vectors; `encoder` a folder or id, empty for the one that comes along."""

    neighbours: int = 30
    half_life: float = 5.0
    own: float = 5.0
    size: int = 128
    encoder: str = ""

    def __post_init__(self) -> None:
        check_at_least(1, self, "neighbours", "size")
        check_above_zero(self, "half_life")
        check_at_least(0, self, "own")


class UserKnnText(NeighbourModel):
    """As `user-knn`, with people as the mean of their items' whitened text vectors: who never met at an item can be neighbours.

    Settings by validation NDCG@10 on demo-city, ml-100k and foursquare: .305, .106, .392; with 200 neighbours, `half_life` 20
    and `own` 0.5 .198, .067, .186.
    """

    Config = UserKnnTextConfig

    def __init__(self, item_ids: np.ndarray, config: UserKnnTextConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._vectors = arrays["vectors"].astype(np.float32)
        self._people = _unit(self._took @ self._vectors)

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: UserKnnTextConfig, seed: int = 0) -> "UserKnnText":
        """Remember the training events and the items' vectors. `seed` changes nothing."""
        from recsys.text import TextEncoder, item_vectors, whiten

        vectors = whiten(item_vectors(dataset, TextEncoder(config.encoder or None)), config.size)
        return cls(dataset.item_ids, config, {**remembered(dataset, split), "vectors": vectors.astype(np.float16)})

    def _alike(self, history: sparse.csr_matrix) -> np.ndarray:
        alike: np.ndarray = _unit(history @ self._vectors) @ self._people.T
        return alike


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length one; zeros stay zeros."""
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
