"""A model in general: what is known to matter must come out as what matters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset, Request
from recsys.core.split import split_interactions
from recsys.explain.global_.global_importance import between_categories, measure_global_importance, summarize_importance
from recsys.explain.global_.surrogate import FOLLOWS, NEVER, SINCE, SPOKEN, TIMES, _spoken, fit_surrogate


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


def test_the_latest_event_is_found_to_be_all_that_matters(walks: Dataset) -> None:
    found = measure_global_importance(LastOnly(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=40)
    assert len(set(found.cases.tolist())) == 40
    assert found.importance("How many events ago") > 0.99
    assert set(found.features) == {"What it was", "How many events ago"}, "no times, places or behaviours are known"
    lines = summarize_importance(found)
    assert (lines[0].feature, lines[0].name, lines[0].events) == ("How many events ago", "the latest event", 40)
    assert lines[0].low > 1 and all(line.mean == 0 for line in lines[1:4])


def test_influence_between_kinds(walks: Dataset) -> None:
    """What is recommended is one more than the last event: odd after even, even after odd."""
    names, means = between_categories(
        measure_global_importance(LastOnly(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=40)
    )
    assert sorted(names) == ["even", "odd"]
    assert means[0, 1] > 0 and means[1, 0] > 0 and means[0, 0] == 0 == means[1, 1]


def test_every_question_has_an_answer_where_the_data_knows_it(tiny: Dataset, trained: Callable[..., Any]) -> None:
    found = measure_global_importance(trained("sasrec", tiny), tiny, split_interactions(tiny, "last-out"), ())
    assert set(found.features) == {
        "What it was",
        "What they did",
        "How long before",
        "How many events ago",
        "How far from here",
        "At which hour",
    }
    for codes, names in found.features.values():
        assert codes.max() < len(names) and len(codes) == len(found.values)


def test_patience_ends_with_fewer_people(walks: Dataset) -> None:
    found = measure_global_importance(LastOnly(walks.item_ids), walks, split_interactions(walks, "last-out"), (), count=40, patience=0.0)
    assert len(set(found.cases.tolist())) == 10


def test_rules_find_what_a_counting_model_counts(walks: Dataset, trained: Callable[..., Any]) -> None:
    found = fit_surrogate(trained("markov", walks), walks, split_interactions(walks, "last-out"))
    assert found.people + found.held_out == 45 and found.held_out == 15
    assert 0 <= found.chance < found.found <= 10
    assert max(found.importance, key=lambda name: found.importance[name]) == FOLLOWS
    assert found.rules[0].listed == max(rule.listed for rule in found.rules) > 0.5
    assert sum(rule.held for rule in found.rules) == pytest.approx(1.0)


@pytest.mark.parametrize("name", SPOKEN)
def test_rules_are_spoken(name: str) -> None:
    for low, high in ((-np.inf, 3.5), (3.5, np.inf), (1.5, 3.5)):
        text = _spoken(name, low, high)
        assert "{" not in text and "inf" not in text and ("3" in text or "4" in text)


def test_counts_in_rules_are_whole() -> None:
    assert _spoken(TIMES, 1.5, np.inf) == "they took it 2 times or more"
    assert _spoken(TIMES, -np.inf, 0.5) == "they never took it" == _spoken(SINCE, NEVER / 2, np.inf)
    assert _spoken(SINCE, 56.5, NEVER / 2) == "they last took it 57 or more events ago"
    assert _spoken(SINCE, -np.inf, NEVER / 2) == "they took it before"
