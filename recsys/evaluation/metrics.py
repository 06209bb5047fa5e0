"""Exact ranks of what really came next, and metrics as functions of ranks."""

from typing import Any

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import RecsysError


def ranks_of(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Exact rank (n,) float64 of position `targets[i]` in `scores[i]`: 1 + items scored higher + half of those tied with it."""
    own = scores[np.arange(len(targets)), targets][:, None]
    higher = np.count_nonzero(scores > own, axis=1)
    tied = np.count_nonzero(scores == own, axis=1) - 1
    return 1 + higher + tied / 2


def scores_of(model: Any, raw: np.ndarray) -> np.ndarray:
    """A model's scores as float32 that may be written to, or an error if some are not numbers."""
    scores = np.array(raw, dtype=np.float32)
    if np.isnan(scores).any():
        raise RecsysError(f"the model {type(model).__name__} gave scores that are not numbers; train it with a lower learning rate")
    return scores


def values_of(ranks: np.ndarray, k: int = TOP_K) -> dict[str, np.ndarray]:
    """What every case adds to each metric, (n,) each. One item is right in each case, so recall is the hit rate."""
    hit = (ranks <= k).astype(np.float64)
    precision = hit / k
    return {
        "hr@1": (ranks <= 1).astype(np.float64),
        f"hr@{k}": hit,
        f"ndcg@{k}": hit / np.log2(1 + ranks),
        "mrr": 1 / ranks,
        f"precision@{k}": precision,
        f"recall@{k}": hit,
        f"f1@{k}": 2 * precision * hit / np.maximum(precision + hit, 1e-12),
    }


def metrics_of(ranks: np.ndarray, k: int = TOP_K) -> dict[str, float]:
    """The means of `values_of`; NaN where there is no case."""
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in values_of(ranks, k).items()}
