"""What benchmarks share: measuring, data of a given size, a transformer of a given size."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.datasets.build import build_dataset
from recsys.models import MODELS


def measured(value: float, unit: str, reference: float) -> dict[str, Any]:
    """One line of `python -m tests.bench`; the ratio is value / reference."""
    return {"value": value, "unit": unit, "reference": reference, "ratio": value / reference}


def times_of(action: Callable[[], object], repeats: int, warm: int = 3) -> np.ndarray:
    """(repeats,) milliseconds of an action, after `warm` runs that do not count."""
    for _ in range(warm):
        action()
    taken = np.empty(repeats)
    for i in range(repeats):
        began = time.perf_counter()
        action()
        taken[i] = (time.perf_counter() - began) * 1000
    return taken


def made_up(users: int = 40, items: int = 4_000, length: int = 200) -> Dataset:
    """A dataset of exactly that many items, each user with a history of that length."""
    random = np.random.default_rng(0)
    codes = random.integers(items, size=users * length)
    codes[:items] = np.arange(items)  # only items with events are in a dataset
    return build_dataset(
        name="made-up",
        title="Made up",
        interactions=pd.DataFrame({
            "user_id": np.repeat([f"u{i}" for i in range(users)], length),
            "item_id": np.array([f"i{i}" for i in range(items)])[codes],
            "timestamp": pd.to_datetime(1_600_000_000 + 600 * np.arange(users * length), unit="s", utc=True),
        }),
        items=pd.DataFrame({"title": [f"Item {i}" for i in range(items)]}, index=[f"i{i}" for i in range(items)]),
        repeats=True,
    )  # fmt: skip


def transformer(dataset: Dataset) -> Any:
    """An untrained sasrec, d 64, 2 blocks, L 200: speed does not depend on what it has learnt."""
    spec = MODELS["sasrec"]
    return (
        spec.load()
        .build(dataset, split_interactions(dataset, "last-out"), spec.config(embedding_size=64, n_blocks=2, max_length=200), seed=1)
        .eval()
    )
