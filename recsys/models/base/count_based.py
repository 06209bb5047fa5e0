"""Base class of models that hold a few arrays: count-based ones, which are fitted in one pass, and imported lists and vectors."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from recsys.core import Request, Vocabulary
from recsys.core.translation import N_


class CountBased:
    """A model whose constructor takes its arrays, so that saving and restoring need no code of their own.

    Arrays that do not fit the items are a ValueError that names the array: an index out of range would fail long after loading.
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
        """Return the model of these arrays: the inverse of `arrays`."""
        return cls(item_ids, config, arrays)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays of the model by name."""
        return dict(self._arrays)

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def fallback(self, request: Request) -> str | None:
        """Return a reason if the list is a fallback (see `FallsBack`)."""
        return self.fallbacks([request])[0]

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        """Return the reason or None for each request; models that fall back override this."""
        return [None] * len(requests)

    def _square(self, name: str) -> sparse.csr_matrix:
        """Return the matrix (n_items, n_items) that `matrix_to_arrays` stored."""
        rows = len(self._arrays[f"{name}.indptr"]) - 1
        if rows != len(self.vocabulary):
            raise ValueError(f"'{name}.indptr' has {rows} rows for {len(self.vocabulary)} items")
        parts = (self._arrays[f"{name}.data"], self._arrays[f"{name}.indices"], self._arrays[f"{name}.indptr"])
        return sparse.csr_matrix(parts, shape=(len(self.vocabulary), len(self.vocabulary)))


def list_transition_fallbacks(is_first: np.ndarray, is_new: np.ndarray) -> list[str | None]:
    """Return the fallbacks of a model that counts transitions: `is_first` (n,) without a last item, `is_new` (n,) without a transition from it."""
    reasons = (None, N_("no known transition from the last item: most popular items"), N_("no history yet: most popular items"))
    return [reasons[at] for at in np.where(is_first, 2, is_new)]


def matrix_to_arrays(name: str, matrix: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """Return the arrays of a sparse matrix, to be stored under a name."""
    return {f"{name}.data": matrix.data, f"{name}.indices": matrix.indices, f"{name}.indptr": matrix.indptr}


def hash_user_id(user_id: str) -> int:
    """Return a 64-bit hash of a user id, so that a checkpoint recognises users without holding their ids."""
    return int.from_bytes(hashlib.sha256(str(user_id).encode()).digest()[:8], "big")


def hash_user_ids(user_ids: Iterable[str]) -> np.ndarray:
    """Return the hashes (n,) uint64 of user ids (see `hash_user_id`)."""
    return np.array([hash_user_id(user_id) for user_id in user_ids], dtype=np.uint64)


def _check_lengths(arrays: dict[str, np.ndarray], n_items: int) -> None:
    shapes = {"counts": (n_items,), "vectors": (n_items,), "places": (n_items, 2)}
    for name, values in arrays.items():
        if name == "event_items" or name.endswith(".indices"):  # each has a companion array of the same length
            shapes[name.replace("items", "times").replace("indices", "data")] = values.shape
    for name in shapes.keys() & arrays.keys():
        if arrays[name].shape[: len(shapes[name])] != shapes[name]:
            raise ValueError(f"'{name}' has shape {arrays[name].shape}, expected {shapes[name]}")


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
