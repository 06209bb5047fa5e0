"""Exact ranks of the next items, and metrics computed from them."""

from typing import Any

import numpy as np

from recsys.core import PAD, TOP_K, HoldsLists
from recsys.core.errors import RecsysError
from recsys.core.translation import _


def compute_ranks(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return exact ranks (n,) float64 of column `targets[i]` in `scores[i]`: 1 + items scored higher + half of those tied with it."""
    own = scores[np.arange(len(targets)), targets][:, None]
    higher = np.count_nonzero(scores > own, axis=1)
    tied = np.count_nonzero(scores == own, axis=1) - 1
    return 1 + higher + tied / 2


def rank_items(model: Any, scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return exact ranks (n,) float64 of the items with these codes (n,) in a model's scores (n, n_items).

    An item that the model does not know ranks last. An item outside a finished list (`HoldsLists`) is not listed: its rank is infinity,
    which counts as a miss for every metric.
    """
    positions = np.maximum(codes - 1, 0)
    ranks = np.where(codes == PAD, scores.shape[1], compute_ranks(scores, positions))
    if isinstance(model, HoldsLists):
        ranks[(codes == PAD) | (scores[np.arange(len(codes)), positions] == -np.inf)] = np.inf
    return ranks


def check_scores(model: Any, raw: np.ndarray) -> np.ndarray:
    """Return a model's scores as a writable float32 copy; an error if some are NaN."""
    scores = np.array(raw, dtype=np.float32)
    if np.isnan(scores).any():
        raise RecsysError(
            _("the model {model} gave scores that are not numbers; train it again with a lower learning rate", model=type(model).__name__)
        )
    return scores


def compute_case_metrics(ranks: np.ndarray, k: int = TOP_K) -> dict[str, np.ndarray]:
    """Return the value of each metric for every case, (n,) each. Each case has one relevant item, so recall equals the hit rate."""
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


def compute_metrics(ranks: np.ndarray, k: int = TOP_K) -> dict[str, float]:
    """Return the means of `compute_case_metrics`; NaN without cases."""
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in compute_case_metrics(ranks, k).items()}
