"""Boosted surrogate of models whose scores are known functions of the features."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset, Request
from recsys.core.split import split_interactions
from recsys.explain.global_.boosted_surrogate import BoostedSurrogate, fit_boosted_surrogate
from recsys.explain.global_.item_features import KIND, POPULAR
from recsys.figures.boosted_surrogate import shap_beeswarm, shap_dependence, shap_interactions
from recsys.figures.palette import LIGHT


class ByFunction:
    """Scores items by a function of the request and all items."""

    def __init__(self, item_ids: np.ndarray, function: Callable[[Request], np.ndarray]):
        self.item_ids, self._function = item_ids, function

    def score(self, requests: list[Request]) -> np.ndarray:
        return np.stack([self._function(request) for request in requests]).astype(np.float32)


@pytest.fixture(scope="module")
def shop(make_dataset: Callable[..., Dataset]) -> Dataset:
    """60 users with 8 to 20 events of 90 items, the earlier items taken more often, of two categories."""
    random = np.random.default_rng(3)
    weight = 1 / np.arange(3, 93)
    events = [
        (f"u{user:02}", f"i{item:02}")
        for user in range(60)
        for item in random.choice(90, random.integers(8, 20), replace=False, p=weight / weight.sum())
    ]
    return make_dataset(
        events, name="shop", items=pd.DataFrame({"category": ["even", "odd"] * 45}, index=[f"i{at:02}" for at in range(90)])
    )


def _fit(shop: Dataset, function: Callable[[Request], np.ndarray]) -> BoostedSurrogate:
    return fit_boosted_surrogate(ByFunction(shop.item_ids, function), shop, split_interactions(shop, "last-out"), count=60)


def _training_counts(shop: Dataset) -> np.ndarray:
    labels = split_interactions(shop, "last-out").labels
    return np.bincount(shop.item_codes[labels == 0], minlength=len(shop.item_ids) + 1)[1:].astype(float)


def test_a_model_of_popularity_is_explained_by_popularity_alone(shop: Dataset) -> None:
    counts = _training_counts(shop)
    found = _fit(shop, lambda request: counts)
    at = found.features.index(POPULAR)
    assert found.r2 > 0.98 and found.rank_correlation > 0.98
    assert found.importance[at] > 20 * np.delete(found.importance, at).max()
    high, low = (found.values[chosen, at].mean() for chosen in (found.data[:, at] > 5, found.data[:, at] <= 1))
    assert high > low


def test_values_add_up_to_the_prediction_of_the_trees(shop: Dataset) -> None:
    counts = _training_counts(shop)
    found = _fit(shop, lambda request: counts)
    predicted = found.base + found.values.sum(axis=1)
    # Popular items have a score over the mean of their case, by its standard deviation: one function of the count for all cases, nearly.
    assert np.corrcoef(predicted, found.data[:, found.features.index(POPULAR)])[0, 1] > 0.97


def test_a_product_of_two_features_is_an_interaction_of_these(shop: Dataset) -> None:
    counts = _training_counts(shop)
    is_even = (shop.items["category"] == "even").to_numpy()

    def score(request: Request) -> np.ndarray:
        share = np.mean([is_even[shop.vocabulary.encode([item])[0] - 1] for item in request.history.items])
        return np.where(is_even, share, 1 - share) * counts

    found = _fit(shop, score)
    kind, popular = found.features.index(KIND), found.features.index(POPULAR)
    pairs = np.triu(found.interactions, 1) + np.tril(found.interactions, -1).T
    assert np.unravel_index(pairs.argmax(), pairs.shape) in {(kind, popular), (popular, kind)}
    assert found.strongest_partner(kind) == popular


def test_scores_without_reason_are_not_trusted(shop: Dataset) -> None:
    random = np.random.default_rng(0)
    found = _fit(shop, lambda request: random.normal(size=len(shop.item_ids)))
    assert found.r2 < 0.1 and abs(found.rank_correlation) < 0.2


def test_equal_scores_have_no_fidelity(shop: Dataset) -> None:
    found = _fit(shop, lambda request: np.zeros(len(shop.item_ids)))
    assert np.isnan(found.r2) and np.isnan(found.rank_correlation)
    assert np.abs(found.values).max() == 0 and found.strongest_partner(0) is None


def test_figures_show_every_feature(shop: Dataset) -> None:
    counts = _training_counts(shop)
    found = _fit(shop, lambda request: counts)
    assert len(shap_beeswarm(found, LIGHT).data) == len(found.features)
    for feature in range(len(found.features)):
        assert len(shap_dependence(found, feature, LIGHT).data[0].x)
    assert len(shap_interactions(found, LIGHT).data[0].x) == min(6, len(found.features) * (len(found.features) - 1) // 2)
