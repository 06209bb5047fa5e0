"""Evaluations with chosen ranks."""

from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.evaluation import Cases, Evaluation


def rank_cases(dataset: Dataset, ranks: Any = None, protocol: str = "last-out", which: str = "validation") -> Evaluation:
    """An evaluation of all cases of a split with these ranks; without, every rank is 1."""
    split = split_interactions(dataset, protocol)
    cases = Cases.from_split(dataset, split, which)
    ranks = np.ones(len(cases.rows)) if ranks is None else np.asarray(ranks, dtype=np.float64)
    return Evaluation.from_cases(
        "popularity", cases, split, which, items=len(dataset.item_ids), metrics={}, intervals={}, ranks=ranks, seconds=0.0
    )


def judge(user_codes: Any, ranks: Any) -> Evaluation:
    """An evaluation of cases of these users with these ranks, without a dataset."""
    user_codes, ranks = np.asarray(user_codes), np.asarray(ranks, dtype=np.float64)
    return Evaluation(
        model="made", aware=(), protocol="last-out", split="validation", cases=len(ranks), users=len(np.unique(user_codes)), items=100,
        excluded_users=0, metrics={}, intervals={}, ranks=ranks, rows=np.arange(len(ranks)), user_codes=user_codes, seconds=0.0,
    )  # fmt: skip


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)
