"""Cold-start slices: metrics for users, and for items, with few events. Slices by any other attribute: recsys/failures."""

from dataclasses import dataclass

import numpy as np

from recsys.core.split import TRAIN, Split
from recsys.evaluation.bootstrap import bootstrap_intervals
from recsys.evaluation.cases import Cases
from recsys.evaluation.metrics import compute_case_metrics, compute_metrics

COLD_LIMIT = 5
"""Largest number of events of a cold user or item."""


@dataclass(frozen=True, eq=False)
class ColdStartSlice:
    """Metrics of some of the cases; `case_indices` (n,) are their positions in the arrays of the evaluation."""

    cases: int
    users: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    case_indices: np.ndarray


def find_cold_cases(cases: Cases, split: Split) -> dict[str, np.ndarray]:
    """Return masks (cases,) by slice: `new_users` have at most five events before the case, `rare_items` at most five training events."""
    dataset = cases.dataset
    n_training = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=len(dataset.item_ids) + 1)
    return {"new_users": cases.steps <= COLD_LIMIT, "rare_items": n_training[dataset.item_codes[cases.rows]] <= COLD_LIMIT}


def evaluate_cold_start(ranks: np.ndarray, cases: Cases, split: Split, seed: int) -> dict[str, ColdStartSlice | None]:
    """Return the metrics of every slice; None for one without cases."""
    return {name: _evaluate_slice(ranks, cases, np.flatnonzero(cold), seed) for name, cold in find_cold_cases(cases, split).items()}


def _evaluate_slice(ranks: np.ndarray, cases: Cases, chosen: np.ndarray, seed: int) -> ColdStartSlice | None:
    if not len(chosen):
        return None
    user_codes = cases.user_codes[chosen]
    intervals = bootstrap_intervals(compute_case_metrics(ranks[chosen]), user_codes, seed)
    return ColdStartSlice(len(chosen), len(np.unique(user_codes)), compute_metrics(ranks[chosen]), intervals, chosen)
