"""Errors of predicted ratings and behaviours against plain sums."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, PredictsBehaviours, PredictsRatings, Request, Vocabulary, request_at
from recsys.core.errors import RecsysError
from recsys.core.split import split_interactions
from recsys.evaluation import evaluate_model


@dataclass
class Foretells:
    """Says of every item the length of the history, scaled, and of every behaviour something that depends on the last item."""

    item_ids: np.ndarray
    behaviour_names: tuple[str, ...] = ("view", "visit", "never")
    scale: float = 0.3
    config: None = None

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.item_ids)

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        return np.tile(np.arange(len(self.item_ids), dtype=np.float32), (len(requests), 1))

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        lengths = np.array([len(each.history) for each in requests], dtype=np.float32)
        return lengths[:, None] * self.scale + np.arange(len(self.item_ids), dtype=np.float32)

    def behaviours(self, requests: Sequence[Request]) -> np.ndarray:
        last = np.array([int(each.history.items[-1][1:]) if len(each.history) else 0 for each in requests])
        return np.stack([(last + 1) / 20, 1 - last / 20, np.zeros(len(last))], axis=1).astype(np.float32)


@pytest.fixture
def gappy(tiny: Dataset) -> Dataset:
    """The tiny dataset, every third event without rating and every fourth without behaviour."""
    table = tiny.interactions.copy()
    table.loc[table.index[::3], "rating"] = np.nan
    table.loc[table.index[::4], "behaviour"] = None
    return replace(tiny, interactions=table)


def test_the_double_is_what_the_protocols_ask_for(tiny: Dataset) -> None:
    assert isinstance(Foretells(tiny.item_ids), PredictsRatings)
    assert isinstance(Foretells(tiny.item_ids), PredictsBehaviours)


@pytest.mark.parametrize("protocol", ["last-out", "temporal"])
def test_rmse_beside_the_mean_of_the_training_ratings(protocol: str, gappy: Dataset) -> None:
    made, table = split_interactions(gappy, protocol), gappy.interactions
    model = Foretells(gappy.item_ids)
    found = evaluate_model(model, gappy, made, "test")
    learnt = [rating for rating, label in zip(table["rating"], made.labels, strict=True) if label == 0 and rating == rating]
    own, blind = [], []
    for row in found.rows:
        actual = table["rating"].iloc[row]
        if actual == actual:
            item = list(gappy.item_ids).index(table["item_id"].iloc[row])
            own.append((table["order"].iloc[row] * 0.3 + item - actual) ** 2)
            blind.append((sum(learnt) / len(learnt) - actual) ** 2)
    assert 0 < len(own) < len(found.rows)
    assert found.metrics["rmse"] == pytest.approx(sqrt(sum(own) / len(own)), rel=1e-5)
    assert found.metrics["rmse_baseline"] == pytest.approx(sqrt(sum(blind) / len(blind)), rel=1e-5)
    assert found.metrics["rmse_gain"] == pytest.approx(found.metrics["rmse_baseline"] - found.metrics["rmse"])
    for name in ("rmse", "rmse_baseline", "rmse_gain"):
        low, high = found.intervals[name]
        assert low <= found.metrics[name] <= high


@pytest.mark.parametrize("protocol", ["last-out", "temporal"])
def test_log_loss_beside_the_shares_of_the_training_events(protocol: str, gappy: Dataset) -> None:
    made, table = split_interactions(gappy, protocol), gappy.interactions
    model = Foretells(gappy.item_ids)
    found = evaluate_model(model, gappy, made, "test")
    kinds = [kind if isinstance(kind, str) else None for kind in table["behaviour"].astype(object)]
    learnt = [kind for kind, label in zip(kinds, made.labels, strict=True) if label == 0 and kind]

    def loss(chances: Sequence[float], kind: str) -> float:
        chances = [min(max(chance, 1e-7), 1 - 1e-7) for chance in chances]
        terms = [-log(chance) if kind == name else -log(1 - chance) for chance, name in zip(chances, model.behaviour_names, strict=True)]
        return sum(terms) / len(terms)

    own, blind = [], []
    for row in found.rows:
        kind = kinds[row]
        if kind is not None:
            request = request_at(gappy.history(table["user_id"].iloc[row]), int(table["order"].iloc[row]))
            own.append(loss([float(each) for each in model.behaviours([request])[0]], kind))
            blind.append(loss([learnt.count(name) / len(learnt) for name in model.behaviour_names], kind))
    assert 0 < len(own) < len(found.rows)
    assert found.metrics["log_loss"] == pytest.approx(sum(own) / len(own), rel=1e-5)
    assert found.metrics["log_loss_baseline"] == pytest.approx(sum(blind) / len(blind), rel=1e-5)
    assert found.metrics["log_loss_gain"] == pytest.approx(found.metrics["log_loss_baseline"] - found.metrics["log_loss"])
    low, high = found.intervals["log_loss_gain"]
    assert low <= found.metrics["log_loss_gain"] <= high


def test_the_gain_is_drawn_together_and_not_apart(gappy: Dataset) -> None:
    """A model that always predicts the mean rating has a gain of exactly 0 in every draw."""
    made = split_interactions(gappy, "last-out")
    ratings = gappy.interactions["rating"].to_numpy()
    mean = np.nanmean(ratings[made.labels == 0])

    @dataclass
    class Mean(Foretells):
        def ratings(self, requests: Sequence[Request]) -> np.ndarray:
            return np.full((len(requests), len(self.item_ids)), mean)

    found = evaluate_model(Mean(gappy.item_ids), gappy, made, "test")
    assert found.intervals["rmse_gain"] == (0, 0)
    assert found.intervals["rmse"][0] < found.intervals["rmse"][1]


def test_no_metrics_without_data_or_without_predictions(order_only: Dataset, tiny: Dataset, trained: Callable[..., Any]) -> None:
    def foretold(model: Any, dataset: Dataset, brief: bool = False) -> set[str]:
        found = evaluate_model(model, dataset, split_interactions(dataset, "last-out"), brief=brief)
        return {name for name in found.metrics if name.startswith(("rmse", "log_loss"))}

    assert foretold(Foretells(order_only.item_ids), order_only) == set()
    assert foretold(trained("popularity", tiny), tiny) == set()
    assert foretold(Foretells(tiny.item_ids), tiny, brief=True) == set()
    bare = replace(tiny, interactions=tiny.interactions.assign(rating=np.nan))
    assert foretold(Foretells(tiny.item_ids), bare) == {"log_loss", "log_loss_baseline", "log_loss_gain"}


def test_predictions_that_are_not_numbers(tiny: Dataset) -> None:
    with pytest.raises(RecsysError, match="not numbers"):
        evaluate_model(Foretells(tiny.item_ids, scale=np.nan), tiny, split_interactions(tiny, "last-out"))
