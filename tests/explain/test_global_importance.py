"""Global importance and surrogate of models whose rules are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset, Request
from recsys.core.split import split_interactions
from recsys.explain.global_.global_importance import (
    AGE,
    BEHAVIOUR,
    DISTANCE,
    HOUR_OF_DAY,
    ITEM,
    POSITION,
    measure_category_influence,
    measure_global_importance,
    summarize_importance,
)
from recsys.explain.global_.item_features import FAR, FOLLOWS, KIND, NEVER, POPULAR, SINCE, TIMES
from recsys.explain.global_.surrogate import Condition, describe_condition, fit_surrogate


class LastOnly:
    """Scores items by the last event alone: one more than its number is best."""

    def __init__(self, item_ids: np.ndarray):
        self.item_ids = item_ids

    def score(self, requests: list[Request]) -> np.ndarray:
        scores = np.zeros((len(requests), len(self.item_ids)), dtype=np.float32)
        for row, request in zip(scores, requests, strict=True):
            if len(request.history):
                row[(int(request.history.items[-1][1:]) + 1) % len(row)] = 1.0
        return scores


@pytest.fixture
def walks(make_dataset: Callable[..., Dataset]) -> Dataset:
    """Random walks over 40 items of two kinds, even and odd."""
    random = np.random.default_rng(5)
    events = [(f"u{user:02}", f"i{int(item):02}") for user in range(45) for item in random.permutation(40)[: 12 if user else 40]]
    items = pd.DataFrame({"category": ["even", "odd"] * 20}, index=[f"i{at:02}" for at in range(40)])
    return make_dataset(events, name="walks", items=items)


def test_the_latest_event_explains_everything(walks: Dataset) -> None:
    found = measure_global_importance(LastOnly(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=40)
    assert len(set(found.cases.tolist())) == 40
    assert found.importance(POSITION) > 0.99
    assert set(found.features) == {ITEM, POSITION}, "no times, places or behaviours are known"
    lines = summarize_importance(found)
    assert (lines[0].feature, lines[0].name, lines[0].events) == (POSITION, "latest event", 40)
    assert lines[0].low > 1 and all(line.mean == 0 for line in lines[1:4])


def test_influence_between_kinds(walks: Dataset) -> None:
    """What is recommended is one more than the last event: odd after even, even after odd."""
    names, means = measure_category_influence(
        measure_global_importance(LastOnly(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=40)
    )
    assert sorted(names) == ["even", "odd"]
    assert means[0, 1] > 0 and means[1, 0] > 0 and means[0, 0] == 0 == means[1, 1]


def test_features_have_levels_where_the_data_knows_them(tiny: Dataset, trained: Callable[..., Any]) -> None:
    found = measure_global_importance(trained("sasrec", tiny), tiny, split_interactions(tiny, "last-out"), ())
    assert set(found.features) == {
        ITEM,
        BEHAVIOUR,
        AGE,
        POSITION,
        DISTANCE,
        HOUR_OF_DAY,
    }
    for codes, names in found.features.values():
        assert codes.max() < len(names) and len(codes) == len(found.values)


def test_patience_ends_with_fewer_users(walks: Dataset) -> None:
    found = measure_global_importance(LastOnly(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=40, patience=0.0)
    assert len(set(found.cases.tolist())) == 10


def test_rules_recover_a_markov_chain(walks: Dataset, trained: Callable[..., Any]) -> None:
    found = fit_surrogate(trained("markov", walks), walks, split_interactions(walks, "last-out"))
    assert found.users + found.held_out == 45 and found.held_out == 15
    assert 0 <= found.chance_hits < found.hits <= 10
    assert max(found.importance, key=lambda name: found.importance[name]) == FOLLOWS
    assert found.rules[0].precision == max(rule.precision for rule in found.rules) > 0.5
    assert sum(rule.coverage for rule in found.rules) == pytest.approx(1.0)


@pytest.mark.parametrize("name", [TIMES, SINCE, POPULAR, FOLLOWS, KIND, FAR])
def test_conditions_have_words(name: str) -> None:
    for low, high in ((-np.inf, 3.5), (3.5, np.inf), (1.5, 3.5)):
        text = describe_condition(Condition(name, low, high))
        assert "{" not in text and "inf" not in text and ("3" in text or "4" in text)


def test_counts_in_rules_are_whole() -> None:
    assert describe_condition(Condition(TIMES, 1.5, np.inf)) == "the history has at least 2 events with the item"
    assert describe_condition(Condition(TIMES, -np.inf, 0.5)) == "the item is not in the history"
    assert describe_condition(Condition(TIMES, -np.inf, 1.5)) == "the history has at most 1 event with the item"
    assert describe_condition(Condition(SINCE, NEVER / 2, np.inf)) == "the item is not in the history"
    assert describe_condition(Condition(SINCE, 56.5, NEVER / 2)) == "the last event with the item is at least 57 events ago"
    assert describe_condition(Condition(SINCE, 109.5, np.inf)) == "the item is not in the last 109 events"
    assert describe_condition(Condition(SINCE, -np.inf, NEVER / 2)) == "the item is in the history"


def test_shares_and_distances_in_rules_have_one_decimal() -> None:
    assert describe_condition(Condition(KIND, 12.5, np.inf)) == "more than 12.5% of the history is in its category"
    assert describe_condition(Condition(FAR, 0.5, 2.25)) == "it is 0.5 to 2.2 km from the last place"
