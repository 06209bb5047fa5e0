"""Scores of imported lists: those of the file, in the order of its ranks."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys.datasets import open_dataset
from recsys.model_import.options import ImportOptions
from recsys.model_import.recommendation_table import read


@given(lists=st.lists(st.lists(st.integers(-3, 3), min_size=1, max_size=12), min_size=1, max_size=6))
@example(lists=[[0, 0, 0], [3, 3, 1]])
@settings(max_examples=25, deadline=None)
def test_tied_scores_stay_in_the_order_of_the_ranks(lists: list[list[int]]) -> None:
    dataset = open_dataset("demo-city")
    table = pd.DataFrame(
        [
            (user, item, score / 3, rank)
            for user, scores in enumerate(lists)
            for rank, (item, score) in enumerate(
                zip(reversed(dataset.item_ids[: len(scores)]), sorted(scores, reverse=True), strict=True), 1
            )
        ],
        columns=["user_id", "item_id", "score", "rank"],
    )
    table["user_id"] = dataset.user_ids[table["user_id"]]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "recs.csv"
        table.sample(frac=1, random_state=1).to_csv(file, index=False)
        (imported,) = read(file, dataset, ImportOptions(made_before="end"))
    arrays = imported.model.arrays()
    cuts = arrays["starts"][1:-1]
    lists_found = [tuple(dataset.item_ids[items]) for items in np.split(arrays["items"], cuts)]
    assert sorted(lists_found) == sorted(tuple(rows["item_id"]) for _user, rows in table.groupby("user_id", observed=True))
    assert all((np.diff(scores) < 0).all() for scores in np.split(arrays["scores"], cuts))
    np.testing.assert_allclose(np.sort(arrays["scores"]), np.sort(table["score"]), atol=1e-5)
