"""EASE: scores as a linear sum over the items of the history, with weights in closed form (arXiv 1905.03375)."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.split import Split
from recsys.core.translation import _
from recsys.models.base.count_based import matrix_to_arrays
from recsys.models.base.event_arrays import build_interaction_matrix, count_training_users
from recsys.models.base.linear import LinearModel, keep_largest
from recsys.models.base.settings import check_at_least, check_positive

MAX_ITEMS = 25_000
BLOCK = 2_000


@dataclass(frozen=True)
class EaseConfig:
    """`regularisation` is added to the diagonal of the co-occurrence counts; the `keep` largest weights per item are kept; `half_life` in
    events: the weight of an event halves with that many later events; `own` is an item's weight for itself, for repeated items."""

    regularisation: float = 300.0
    keep: int = 500
    half_life: float = 10.0
    own: float = 0.5

    def __post_init__(self) -> None:
        check_positive(self, "regularisation", "half_life")
        check_at_least(1, self, "keep")
        check_at_least(0, self, "own")


class Ease(LinearModel):
    """B = I − P / diag(P) with P = (XᵀX + regularisation · I)⁻¹ of the interaction matrix X; scores are event weights times B.

    Deviations: the events of the history decay with age, and an item has the weight `own` for itself (0 in the paper, where items
    are not repeated). Validation NDCG@10 on demo-city, ml-100k, foursquare: .296, .126, .422; without decay
    .225, .083, .410; with `own` 0 and decay .131, .126, .071; keeping 200 weights or all changes less than .002 on ml-100k.
    """

    Config = EaseConfig

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: EaseConfig, seed: int = 0) -> "Ease":
        """Invert an items × items matrix: seconds for thousands of items, a minute for ten thousand. `seed` has no effect."""
        n_items = len(dataset.item_ids)
        if n_items > MAX_ITEMS:
            raise DataError(
                _(
                    "ease inverts an items × items matrix, and '{dataset}' has {items} items, more than the {limit} that fit into memory "
                    "(2.5 GB); use item-knn instead",
                    dataset=dataset.name,
                    items=format_number(n_items),
                    limit=format_number(MAX_ITEMS),
                )
            )
        arrays = {
            "counts": count_training_users(dataset, split),
            **matrix_to_arrays("similar", _item_weights(build_interaction_matrix(dataset, split), config)),
        }
        return cls(dataset.item_ids, config, arrays)


def _item_weights(interactions: sparse.csr_matrix, config: EaseConfig) -> sparse.csr_matrix:
    """Return B (n_items, n_items), rows by source item, by an in-place Cholesky decomposition that needs one dense float32 matrix."""
    gram = (interactions.T @ interactions).toarray(order="F").astype(np.float32, copy=False)
    gram[np.diag_indices(len(gram))] += config.regularisation
    factor, failed = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise DataError(
            _("setting regularisation={value} is too small for these counts; give regularisation=100", value=config.regularisation)
        )
    diagonal = np.diag(inverse).copy()
    blocks = []
    for start in range(0, len(inverse), BLOCK):
        stop = start + BLOCK
        rows = np.tril(inverse[start:stop, :], start) + np.triu(inverse.T[start:stop, :], start + 1)  # LAPACK fills the lower half only
        rows = -rows / diagonal
        own = np.arange(len(rows))
        rows[own, start + own] = 0
        blocks.append(
            keep_largest(rows, config.keep)
            + sparse.csr_matrix((np.full(len(rows), config.own, np.float32), (own, start + own)), shape=rows.shape)
        )
    matrix = sparse.vstack(blocks, format="csr").astype(np.float32)
    matrix.eliminate_zeros()
    return matrix
