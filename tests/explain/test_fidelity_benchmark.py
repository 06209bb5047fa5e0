"""Benchmark of methods over many users: the right method is best, and known causes are recovered."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import split_interactions
from recsys.explain.fidelity.fidelity_benchmark import measure_cause_recovery, run_fidelity_benchmark


class OneMore:
    """Recommends each item whose number is one more than that of an event, its only cause."""

    def __init__(self, item_ids: np.ndarray):
        self.item_ids = item_ids

    def score(self, requests: list[Request]) -> np.ndarray:
        scores = np.zeros((len(requests), len(self.item_ids)), dtype=np.float32)
        for row, request in zip(scores, requests, strict=True):
            row[[(int(item[1:]) + 1) % len(row) for item in request.history.items]] = 1.0
        return scores


@pytest.fixture
def walks(make_dataset: Callable[..., Dataset]) -> Dataset:
    """Seven events of no cause with even numbers, then two that are one more than events 3 and 1."""
    events, random = [], np.random.default_rng(2)
    for user in range(20):
        items = [2 * int(each) for each in random.permutation(30)[:7]]
        events += [(f"u{user:02}", f"i{item:02}") for item in [*items, items[3] + 1, items[1] + 1]]
    return make_dataset([*events, *((f"z{at:02}", f"i{at:02}") for at in range(60))], name="walks")


def test_the_right_method_is_best(walks: Dataset) -> None:
    found = run_fidelity_benchmark(OneMore(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=20, budget=400)
    assert found.cases == 20 and found.split == "validation"
    assert set(found.metrics) == {"random", "shapley", "leave-one-out"}
    for method in ("shapley", "leave-one-out"):
        for metric in ("deletion", "comprehensiveness", "insertion"):
            assert found.over_random[method][metric].low > 0, metric
    assert found.metrics["random"]["deletion"].value < found.metrics["shapley"]["deletion"].value


def test_known_causes_are_recovered(walks: Dataset) -> None:
    because = walks.interactions["order"].map({7: 3, 8: 1}).fillna(-1).astype(int)
    causes = pd.DataFrame({"cause": np.where(because == 3, "habit", "follow-up"), "because_of": because})
    found = measure_cause_recovery(OneMore(walks.item_ids), walks, split_interactions(walks, "last-out"), causes, (), count=15, budget=400)
    assert found.cases == 15 and sum(found.causes.values()) == 15 and set(found.by_cause) == {"follow-up", "habit"}
    assert found.methods["shapley"].value == 1 == found.methods["leave-one-out"].value
    assert found.methods["latest"].value == 0
    assert 1 / 8 <= found.methods["random"].value <= 1 / 7


def test_a_split_without_cases_is_an_error(make_dataset: Callable[..., Dataset], trained: Callable[..., Any]) -> None:
    short = make_dataset([("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y"), ("b", "z")], name="short")
    with pytest.raises(DataError, match="at least 4 events"):
        run_fidelity_benchmark(trained("popularity", short), short, split_interactions(short, "last-out"), ())


def test_no_listed_cause_is_not_an_error(walks: Dataset) -> None:
    causes = pd.DataFrame({"cause": "taste", "because_of": -1}, index=range(len(walks.interactions)))
    assert measure_cause_recovery(OneMore(walks.item_ids), walks, split_interactions(walks, "last-out"), causes, ()).cases == 0
