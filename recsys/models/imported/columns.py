"""Scores of an imported model's own items, spread over the items of the dataset that it was imported for."""

import numpy as np


def spread_scores(own: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the scores (n, n_items) float32 of a dataset's items from those of a model's own (n, n_own).

    `columns` (n_items,) is the column of each item of the dataset, −1 for items that the model does not know: these score −inf.
    """
    scores = own[:, np.maximum(columns, 0)].astype(np.float32)
    scores[:, columns < 0] = -np.inf
    return scores
