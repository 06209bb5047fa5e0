"""What models that are counted in one pass have in common: all they learnt is a handful of arrays."""

from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.core import Vocabulary


class Counted:
    """A model whose constructor takes what it learnt, so that saving and restoring need no code of their own."""

    Config: ClassVar[type]

    def __init__(self, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self._arrays = arrays

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of `arrays`."""
        return cls(item_ids, config, arrays)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything learnt, by name."""
        return dict(self._arrays)

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def _square(self, name: str) -> sparse.csr_matrix:
        """The (n_items, n_items) matrix that `of_matrix` took apart."""
        parts = (self._arrays[f"{name}.data"], self._arrays[f"{name}.indices"], self._arrays[f"{name}.indptr"])
        return sparse.csr_matrix(parts, shape=(len(self.vocabulary), len(self.vocabulary)))


def of_matrix(name: str, matrix: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """A sparse matrix as arrays."""
    return {f"{name}.data": matrix.data, f"{name}.indices": matrix.indices, f"{name}.indptr": matrix.indptr}
