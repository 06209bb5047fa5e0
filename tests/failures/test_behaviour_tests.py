"""Verdicts of every kind of test, against values computed here."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError, UnknownNameError
from recsys.core.split import TRAIN, split_interactions
from recsys.evaluation import Evaluation, evaluate_model
from recsys.failures.behaviour_test_file import KINDS
from recsys.failures.behaviour_tests import CheckpointUnderTest, Verdict
from recsys.failures.combinations import mark_cases
from recsys.failures.comparison import compare_slices
from recsys.models import MODELS
from tests.failures.made_cases import draw_ranks, make_attributes, make_evaluation


def train(name: str, dataset: Dataset, **settings: Any) -> Any:
    spec = MODELS[name].load()
    return spec.fit(dataset, split_interactions(dataset, "temporal"), spec.Config(**settings))


@pytest.fixture(scope="module")
def subject(tiny: Dataset) -> CheckpointUnderTest:
    """Markov on the tiny data; the other checkpoint is popularity."""
    split = split_interactions(tiny, "temporal")
    models = {None: train("markov", tiny), "popularity": train("popularity", tiny)}
    evaluations = {name: evaluate_model(model, tiny, split) for name, model in models.items()}
    return CheckpointUnderTest(models[None], tiny, split, lambda name, metric: evaluations[name], seed=0)


def judge(subject: CheckpointUnderTest, kind: str, **settings: Any) -> Verdict:
    return KINDS[kind](kind=kind, **settings).judge(subject)


@pytest.mark.parametrize(
    ("kind", "metric"), [("metric", "mrr"), ("coverage", "coverage@10"), ("novelty", "novelty@10"), ("diversity", "diversity@10")]
)
def test_a_metric_is_compared_with_its_limit(subject: CheckpointUnderTest, kind: str, metric: str) -> None:
    settings = {"metric": metric} if kind == "metric" else {}
    evaluation = subject.evaluate(None, metric)
    value = evaluation.metrics[metric]
    at, above = judge(subject, kind, at_least=value, **settings), judge(subject, kind, at_least=np.nextafter(value, 99), **settings)
    assert (at.passed, above.passed) == (True, False)
    assert (at.measured, at.limit) == (value, value)
    assert (at.low, at.high) == pytest.approx(evaluation.intervals.get(metric, (np.nan, np.nan)), nan_ok=True)
    assert metric in at.detail


def test_a_metric_can_have_a_largest_value(subject: CheckpointUnderTest) -> None:
    value = subject.evaluate(None, "mrr").metrics["mrr"]
    assert judge(subject, "metric", metric="mrr", at_most=value).passed
    assert not judge(subject, "metric", metric="mrr", at_most=np.nextafter(value, 0)).passed


@pytest.mark.parametrize("metric", ["mrr", "diversity@10", "coverage@10"])
def test_a_loss_is_the_difference_from_the_other_checkpoint(subject: CheckpointUnderTest, metric: str) -> None:
    difference = subject.evaluate(None, metric).metrics[metric] - subject.evaluate("popularity", metric).metrics[metric]
    turned = replace(subject, evaluate=lambda name, metric: subject.evaluate(None if name else "popularity", metric))
    for each, expected in ((subject, difference), (turned, -difference)):
        found = judge(each, "metric", metric=metric, against="popularity", loses_at_most=0.0)
        assert found.measured == pytest.approx(expected)
        assert found.passed == (expected >= 0)
        assert judge(each, "metric", metric=metric, against="popularity", loses_at_most=abs(difference) + 1e-9).passed
        assert np.isnan(found.low) == (metric == "coverage@10")


def test_an_unknown_metric_or_attribute_is_refused(subject: CheckpointUnderTest) -> None:
    with pytest.raises(UnknownNameError, match="ndgc"):
        judge(subject, "metric", metric="ndgc@10", at_least=0.1)
    with pytest.raises(UnknownNameError, match="there is no attribute 'huor'"):
        judge(subject, "slice_loss", against="popularity", loses_at_most=0.1, attributes=("huor",))


@pytest.mark.parametrize("settings", [{"kind": "diversity", "at_least": 0.1}, {"kind": "metric", "metric": "diversity@10", "at_most": 1.0}])
def test_diversity_without_categories_is_refused_with_the_reason(order_only: Dataset, settings: dict[str, Any]) -> None:
    split = split_interactions(order_only, "last-out")
    subject = CheckpointUnderTest(None, order_only, split, lambda name, metric: pytest.fail("evaluated"), seed=0)
    with pytest.raises(DataError, match="have no categories"):
        judge(subject, **settings)


def test_models_on_different_cases_are_refused(subject: CheckpointUnderTest) -> None:
    own = subject.evaluate(None, "mrr")
    other = replace(own, rows=own.rows + 1)
    torn = replace(subject, evaluate=lambda name, metric: own if name is None else other)
    for settings in ({"kind": "metric", "metric": "mrr"}, {"kind": "metric", "metric": "coverage@10"}, {"kind": "slice_loss"}):
        with pytest.raises(DataError, match="evaluate both on the same events"):
            judge(torn, **settings, against="popularity", loses_at_most=0.0)


class _Made(CheckpointUnderTest):
    """A subject with attributes of its own instead of those of a dataset."""

    attributes = tuple(replace(each, name=f"item:{each.name}") for each in make_attributes(2_000, 1))  # type: ignore[assignment]


def make_subject(own: Evaluation, other: Evaluation | None = None) -> CheckpointUnderTest:
    evaluations: dict[str | None, Any] = {None: own, "other": other}
    return _Made(model=None, dataset=None, split=None, evaluate=lambda name, metric: evaluations[name], seed=0)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def broken() -> CheckpointUnderTest:
    """A version that has lost the cases with a2, against the former one."""
    users = np.arange(2_000) % 300
    former = make_evaluation(draw_ranks(2_000, 1), users)
    return make_subject(replace(former, ranks=np.where(_Made.attributes[0].codes == 2, 400.0, former.ranks)), former)


def test_a_slice_that_loses_too_much_fails(broken: CheckpointUnderTest) -> None:
    found = judge(broken, "slice_loss", against="other", loses_at_most=0.2)
    compared = compare_slices(broken.evaluate("other", "mrr"), broken.evaluate(None, "mrr"), broken.attributes)
    worst = min(compared.slices, key=lambda each: each.difference)
    assert not found.passed
    assert (worst.attribute, worst.value) == ("item:a", "a2")
    assert found[2:6] == (worst.difference, worst.low, worst.high, -0.2)
    assert found.found == (worst._replace(q=found.found[0].q),)
    assert "1 of 14 slices" in found.detail


@pytest.mark.parametrize(
    ("settings", "passed"),
    [
        ({"loses_at_most": 0.5}, True),
        ({"loses_at_most": 0.05}, False),
        ({"loses_at_most": 0.05, "attributes": ("item:a",)}, False),
        ({"loses_at_most": 0.2, "attributes": ("item:b", "item:c")}, True),
        ({"loses_at_most": 0.05, "least_users": 301}, True),
        ({"loses_at_most": 0.05, "metric": "hr@1"}, False),
    ],
)
def test_a_slice_counts_if_it_is_asked_for_and_large_enough(broken: CheckpointUnderTest, settings: dict[str, Any], passed: bool) -> None:
    found = judge(broken, "slice_loss", against="other", **settings)
    assert found.passed == passed
    assert found.is_empty == (settings.get("least_users") == 301)


def test_certain_asks_for_the_whole_interval(broken: CheckpointUnderTest) -> None:
    worst = judge(broken, "slice_loss", against="other", loses_at_most=0.0).found[0]
    limit = -(worst.difference + worst.high) / 2  # between the difference and the end of the interval
    assert not judge(broken, "slice_loss", against="other", loses_at_most=limit).passed
    assert judge(broken, "slice_loss", against="other", loses_at_most=limit, certain=True).passed
    assert not judge(broken, "slice_loss", against="other", loses_at_most=-worst.high - 1e-6, certain=True).passed


def test_weak_combinations_fail_unless_they_lose_little() -> None:
    weak = mark_cases(_Made.attributes, (("item:a", "a1"), ("item:b", "b2")))
    users = np.arange(2_000) % 300
    for evaluation, limit, passed in (
        (make_evaluation(draw_ranks(2_000, 1, weak), users), 0.0, False),
        (make_evaluation(draw_ranks(2_000, 1, weak), users), 0.9, True),
        (make_evaluation(draw_ranks(2_000, 1), users), 0.0, True),
    ):
        found = judge(make_subject(evaluation), "no_weak_combination", loses_at_most=limit)
        assert found.passed == passed
        assert len(found.found) == int(not passed)
        assert np.isnan(found.measured) == (not weak.any() or evaluation.ranks[weak].mean() < 50)


def test_popularity_lists_the_popular_for_an_empty_history_and_others_do_not(tiny: Dataset) -> None:
    split = split_interactions(tiny, "temporal")
    rows = tiny.interactions[split.labels == TRAIN]
    users = rows.groupby("item_id", observed=False)["user_id"].nunique().to_numpy()

    class Upside:
        item_ids, vocabulary = tiny.item_ids, tiny.vocabulary

        def __init__(self, scores: np.ndarray) -> None:
            self.scores = scores

        def score(self, requests: Any) -> np.ndarray:
            return np.tile(self.scores, (len(requests), 1)).astype(np.float32)

    for model, passed in (
        (train("popularity", tiny), True),
        (Upside(users), True),
        (Upside(users + np.linspace(0, 0.5, len(users))), True),
        (Upside(-users), False),
        (Upside(np.where(np.arange(len(users)) < 3, users, -np.inf)), False),
    ):
        found = judge(CheckpointUnderTest(model, tiny, split, lambda name, metric: None, 0), "empty_history_is_popular", k=5)  # type: ignore[arg-type, return-value]
        assert found.passed == passed
        assert found.limit == 5
        assert (found.measured == 5) == passed
