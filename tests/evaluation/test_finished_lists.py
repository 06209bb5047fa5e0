"""Metrics of finished lists: an item that is not listed, and a user without a list, are misses."""

from collections.abc import Callable

import numpy as np
import pytest

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.evaluation import compute_metrics, evaluate_model
from recsys.evaluation.replay import replay_history
from recsys.leaderboard.measurements import Measurement, find_measurement, save_measurement
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.saving import save_imported_model
from recsys.models.base.count_based import hash_user_id
from recsys.models.imported.recommendation_lists import ListsConfig, RecommendationLists


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    """Four users with four events each; the last one is the test event."""
    ends = {"ann": "g", "bob": "h", "cat": "g", "dan": "h"}
    return make_dataset([(user, item) for user, last in ends.items() for item in ("a", "b", "c", last)] + [("eve", "d"), ("eve", "e")])


@pytest.fixture
def model(dataset: Dataset) -> RecommendationLists:
    """Ann's test item is third, tied with the fourth; Bob's is first; Cat's is not listed; Dan has no list."""
    lists = {"ann": (list("dega"), [0.9, 0.8, 0.5, 0.5]), "bob": (["h"], [1.0]), "cat": (list("de"), [0.5, 0.4])}
    order = sorted(lists, key=hash_user_id)
    items = [item for user in order for item in lists[user][0]]
    arrays = {
        "user_hashes": np.array([hash_user_id(user) for user in order], dtype=np.uint64),
        "steps": np.full(3, 3),
        "starts": np.concatenate([[0], np.cumsum([len(lists[user][0]) for user in order])]),
        "items": dataset.vocabulary.encode(items) - 1,
        "scores": np.array([score for user in order for score in lists[user][1]], dtype=np.float32),
    }
    return RecommendationLists(dataset.item_ids, ListsConfig(), arrays)


def test_a_hand_computed_example(model: RecommendationLists, dataset: Dataset) -> None:
    found = evaluate_model(model, dataset, split_interactions(dataset, "last-out"), "test")
    assert found.ranks.tolist() == [3.5, 1.0, np.inf, np.inf]
    assert found.metrics["hr@1"] == 1 / 4
    assert found.metrics["hr@10"] == 2 / 4
    assert found.metrics["ndcg@10"] == pytest.approx((1 / np.log2(4.5) + 1) / 4)
    assert found.metrics["mrr"] == pytest.approx((1 / 3.5 + 1) / 4)
    assert found.metrics["coverage@10"] == pytest.approx(5 / len(dataset.item_ids))  # a, d, e, g, h
    assert (found.depth, found.listed_cases, found.cases) == (4, 3, 4)


def test_empty_lists_have_no_novelty(model: RecommendationLists, dataset: Dataset) -> None:
    found = evaluate_model(model, dataset, split_interactions(dataset, "last-out"), "test")
    novelties = found.values("novelty@10")
    assert np.isnan(novelties).tolist() == [False, False, False, True]
    assert found.metrics["novelty@10"] == pytest.approx(novelties[:3].mean())


def test_an_infinite_rank_is_a_miss_in_every_metric() -> None:
    assert set(compute_metrics(np.array([np.inf])).values()) == {0.0}


def test_a_replay_has_ranks_only_where_there_is_a_list(model: RecommendationLists, dataset: Dataset) -> None:
    ranks = {user: replay_history(model, dataset.history(user), repeats=True).ranks.tolist() for user in ("bob", "cat", "dan")}
    np.testing.assert_equal(ranks["bob"], [np.nan] * 3 + [1.0, np.nan])
    np.testing.assert_equal(ranks["cat"], [np.nan] * 3 + [np.inf, np.nan])
    np.testing.assert_equal(ranks["dan"], [np.nan] * 5)


def test_lists_for_no_case_are_all_misses(model: RecommendationLists, dataset: Dataset) -> None:
    split = split_interactions(dataset, "last-out")
    found = evaluate_model(model, dataset, split, "validation")
    assert found.listed_cases == 0 and found.metrics["hr@10"] == 0
    card = save_imported_model(ImportedModel("lists", model, "brought"), dataset)
    assert card.validation == {}, "nothing to measure is not a measurement"


def test_measurements_keep_the_depth(model: RecommendationLists, dataset: Dataset) -> None:
    card = save_imported_model(ImportedModel("lists", model, "brought", source={"depth": 4}), dataset)
    split = split_interactions(dataset, card.protocol)
    save_measurement(card, dataset, Measurement(evaluate_model(model, dataset, split, "test"), 1.0))
    found = find_measurement(card, dataset, split, "test")
    assert found is not None and (found.evaluation.depth, found.evaluation.listed_cases) == (4, 3)
    np.testing.assert_array_equal(found.evaluation.ranks, [3.5, 1.0, np.inf, np.inf])
