"""EASE: each item's score as a linear sum over the history's items, the weights in closed form (arXiv 1905.03375)."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.count_based import of_matrix
from recsys.models.base.event_arrays import train_people
from recsys.models.base.linear import Linear, largest, took
from recsys.models.base.settings import check_above_zero, check_at_least

MOST_ITEMS = 25_000
BLOCK = 2_000


@dataclass(frozen=True)
class EaseConfig:
    """`regularisation` is added to the diagonal of the co-occurrence counts; `keep` weights an item are kept, the largest;
    `half_life` in events: an event that many events back counts half; `own` is an item's weight for itself, where people return."""

    regularisation: float = 300.0
    keep: int = 500
    half_life: float = 10.0
    own: float = 0.5

    def __post_init__(self) -> None:
        check_above_zero(self, "regularisation", "half_life")
        check_at_least(1, self, "keep")
        check_at_least(0, self, "own")


class Ease(Linear):
    """B = I − P / diag(P) with P = (XᵀX + regularisation · I)⁻¹, X who took what; scores are weights of the history times B.

    Deviations: the history's events fade by age, and an item has the weight `own` for itself (0 in the paper, where what
    was seen is never asked for again). Validation NDCG@10 on demo-city, ml-100k, foursquare: .296, .126, .422; without fading
    .225, .083, .410; with `own` 0 and fading .131, .126, .071; keeping 200 weights or all changes less than .002 on ml-100k.
    """

    Config = EaseConfig

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: EaseConfig, seed: int = 0) -> "Ease":
        """Invert an items × items matrix: seconds for thousands, a minute for ten thousand. `seed` changes nothing."""
        n_items = len(dataset.item_ids)
        if n_items > MOST_ITEMS:
            raise DataError(
                f"ease inverts a matrix of items by items, and '{dataset.name}' has {n_items:,} items where {MOST_ITEMS:,} fit in memory "
                "(2.5 GB); take item-knn"
            )
        arrays = {"counts": train_people(dataset, split), **of_matrix("similar", _weights(took(dataset, split), config))}
        return cls(dataset.item_ids, config, arrays)


def _weights(took: sparse.csr_matrix, config: EaseConfig) -> sparse.csr_matrix:
    """B (n_items, n_items), row by source item, by Cholesky in place: one dense float32 matrix is all the memory it takes."""
    gram = (took.T @ took).toarray(order="F").astype(np.float32, copy=False)
    gram[np.diag_indices(len(gram))] += config.regularisation
    factor, failed = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise DataError(f"setting regularisation={config.regularisation} is too small for these counts; take regularisation=100")
    diagonal = np.diag(inverse).copy()
    blocks = []
    for start in range(0, len(inverse), BLOCK):
        stop = start + BLOCK
        rows = np.tril(inverse[start:stop, :], start) + np.triu(inverse.T[start:stop, :], start + 1)  # only the lower half is computed
        rows = -rows / diagonal
        own = np.arange(len(rows))
        rows[own, start + own] = 0
        blocks.append(
            largest(rows, config.keep)
            + sparse.csr_matrix((np.full(len(rows), config.own, np.float32), (own, start + own)), shape=rows.shape)
        )
    matrix = sparse.vstack(blocks, format="csr").astype(np.float32)
    matrix.eliminate_zeros()
    return matrix
