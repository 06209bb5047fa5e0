"""Products of sparse matrices whose rows have most of their columns in common, such as the steps of one history."""

import numpy as np
from scipy import sparse

COLUMN_SPEED = 8
"""Terms of a product that are added in columns in the time of one that is added by itself."""
TRANSPOSED_ROWS = 32
"""Rows transposed at a time: two lines of the processor's cache."""


def multiply_sparse(weights: sparse.csr_matrix, similar: sparse.csr_matrix) -> np.ndarray:
    """Return the product (n, n_items) of two sparse matrices as a dense one.

    Steps of one history have most of their items in common: then whole columns of weights are added, which is faster than single
    numbers. Either way the terms of a score are added in the same order, with zeros between them or not, so that it is equal to the bit.
    """
    is_used = np.zeros(weights.shape[1], dtype=bool)
    is_used[weights.indices] = True
    items, positions = np.flatnonzero(is_used), (np.cumsum(is_used) - 1)[weights.indices]
    rows = similar[items]
    terms = np.diff(rows.indptr)[positions].sum()
    if rows.nnz * weights.shape[0] > COLUMN_SPEED * terms:
        product: np.ndarray = (weights @ similar).toarray()
        return product
    columns = sparse.csc_matrix((weights.data, positions, weights.indptr), shape=(len(items), weights.shape[0])).toarray()
    by_item = rows.T if weights.shape[0] < COLUMN_SPEED else rows.T.tocsr()  # sorting the terms by item is worth it for many rows
    return _transpose(by_item @ columns)


def scale_rows(matrix: sparse.csr_matrix, factors: np.ndarray) -> sparse.csr_matrix:
    """Return a matrix with each row multiplied by its factor."""
    return sparse.csr_matrix((matrix.data * np.repeat(factors, np.diff(matrix.indptr)), matrix.indices, matrix.indptr), shape=matrix.shape)


def _transpose(values: np.ndarray) -> np.ndarray:
    """Return `values.T` in rows, some at a time, since numpy alone takes four times as long."""
    transposed = np.empty(values.shape[::-1], dtype=values.dtype)
    for start in range(0, len(values), TRANSPOSED_ROWS):
        transposed[:, start : start + TRANSPOSED_ROWS] = values[start : start + TRANSPOSED_ROWS].T
    return transposed
