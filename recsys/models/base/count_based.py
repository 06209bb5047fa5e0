"""What models that are counted in one pass have in common: all they learnt is a handful of arrays."""

import hashlib
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.core import Vocabulary


class CountBased:
    """A model whose constructor takes what it learnt, so that saving and restoring need no code of their own.

    Arrays that do not fit the items are a ValueError that names the array: an index beyond them would fail long after loading.
    """

    Config: ClassVar[type]

    def __init__(self, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self._arrays = arrays
        _check_lengths(arrays, len(item_ids))
        _check_indices(arrays, len(item_ids))

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
        rows = len(self._arrays[f"{name}.indptr"]) - 1
        if rows != len(self.vocabulary):
            raise ValueError(f"'{name}.indptr' has {rows} rows for {len(self.vocabulary)} items")
        parts = (self._arrays[f"{name}.data"], self._arrays[f"{name}.indices"], self._arrays[f"{name}.indptr"])
        return sparse.csr_matrix(parts, shape=(len(self.vocabulary), len(self.vocabulary)))


def of_matrix(name: str, matrix: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """A sparse matrix as arrays."""
    return {f"{name}.data": matrix.data, f"{name}.indices": matrix.indices, f"{name}.indptr": matrix.indptr}


def person_code(user_id: str) -> int:
    """64 bits of a user id, so that a checkpoint recognises a person without naming anybody."""
    return int.from_bytes(hashlib.sha256(str(user_id).encode()).digest()[:8], "big")


def _check_lengths(arrays: dict[str, np.ndarray], n_items: int) -> None:
    shapes = {"counts": (n_items,), "vectors": (n_items,), "places": (n_items, 2)}
    for name, values in arrays.items():
        if name == "event_items" or name.endswith(".indices"):  # each has a companion as long
            shapes[name.replace("items", "times").replace("indices", "data")] = values.shape
    for name in shapes.keys() & arrays.keys():
        if arrays[name].shape[: len(shapes[name])] != shapes[name]:
            raise ValueError(f"'{name}' is of shape {arrays[name].shape} where {shapes[name]} is expected")


def _check_indices(arrays: dict[str, np.ndarray], n_items: int) -> None:
    for name, values in arrays.items():
        matrix, _, part = name.rpartition(".")
        if part not in ("indices", "indptr") and name != "event_items":
            continue
        last = len(arrays[f"{matrix}.indices"]) if part == "indptr" else n_items - 1
        if values.dtype.kind not in "iu" or (len(values) and not 0 <= values.min() <= values.max() <= last):
            raise ValueError(f"'{name}' points outside of 0 to {last}")
        if part == "indptr" and (not len(values) or values[0] != 0 or values[-1] != last or (np.diff(values) < 0).any()):
            raise ValueError(f"'{name}' does not cut '{matrix}.indices' into rows")
