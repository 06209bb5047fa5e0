"""Cold start: the same figures for people, and for items, of whom little is known."""

from dataclasses import dataclass

import numpy as np

from recsys.core.split import TRAIN, Split
from recsys.evaluation.bootstrap import bootstrap_interval, resampled_means
from recsys.evaluation.cases import Cases
from recsys.evaluation.metrics import metrics_of, values_of

FEW = 5
"""Up to this many events, a person or an item counts as cold."""


@dataclass(frozen=True, eq=False)
class Slice:
    """The figures of some of the cases; `chosen` (n,) are their places in the arrays of the evaluation."""

    cases: int
    users: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    chosen: np.ndarray


def cold_cases(cases: Cases, split: Split) -> dict[str, np.ndarray]:
    """By slice, (cases,) bool: `new_users` had at most five events before the case, `rare_items` have at most five for training."""
    dataset = cases.dataset
    learnt = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=len(dataset.item_ids) + 1)
    return {"new_users": cases.steps <= FEW, "rare_items": learnt[dataset.item_codes[cases.rows]] <= FEW}


def slices_of(ranks: np.ndarray, cases: Cases, split: Split, seed: int) -> dict[str, Slice | None]:
    """Figures of every slice; None for one without a case."""
    return {name: _slice(ranks, cases, np.flatnonzero(cold), seed) for name, cold in cold_cases(cases, split).items()}


def _slice(ranks: np.ndarray, cases: Cases, chosen: np.ndarray, seed: int) -> Slice | None:
    if not len(chosen):
        return None
    user_codes = cases.user_codes[chosen]
    draws = resampled_means(values_of(ranks[chosen]), user_codes, seed)
    intervals = {name: bootstrap_interval(each) for name, each in draws.items()}
    return Slice(len(chosen), len(np.unique(user_codes)), metrics_of(ranks[chosen]), intervals, chosen)
