"""A million rows of recommendations, 100 for each of 10,000 users, and their dataset."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from recsys.core import Dataset
from recsys.datasets.prepared import write_prepared
from tests.bench._timing import made_up

USERS, DEPTH, ITEMS = 10_000, 100, 4_000


def prepare(folder: Path) -> tuple[Dataset, Path]:
    """Make `folder` the home, with the dataset "made-up", and write recommendations for it as CSV."""
    os.environ["RECSYS_HOME"] = str(folder)
    dataset = made_up(users=USERS, items=ITEMS, length=20)
    write_prepared(folder / "datasets" / "made-up", dataset)
    random = np.random.default_rng(0)
    items = (random.integers(ITEMS, size=(USERS, 1)) + 37 * np.arange(DEPTH)) % ITEMS
    scores = np.tile(np.linspace(1, 0.01, DEPTH).round(4), USERS)
    rows = pd.DataFrame({"user_id": np.repeat(dataset.user_ids, DEPTH), "item_id": dataset.item_ids[items.ravel()], "score": scores})
    file = folder / "recommendations.csv"
    rows.sample(frac=1, random_state=0).to_csv(file, index=False)
    return dataset, file
