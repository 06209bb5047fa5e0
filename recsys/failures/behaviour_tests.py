"""Tests of a model's behaviour: what each kind of test asks for, and how it is judged.

A test compares measured values, not their intervals, with the limits of its file, so that the same model always gets the same answer;
the intervals are reported beside them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from recsys.core import TOP_K, Dataset, Request, candidate_scores, top_k
from recsys.core.errors import DataError, unknown
from recsys.core.formatting import format_number
from recsys.core.history import empty_history
from recsys.core.split import Split
from recsys.core.translation import _, ngettext
from recsys.evaluation import CASE_METRICS, Evaluation, check_same_cases, compare_paired
from recsys.failures.attributes import find_attributes
from recsys.failures.comparison import SliceChange, compare_slices
from recsys.failures.findings import Finding, find_weak_combinations
from recsys.failures.wording import title_combination, title_slice
from recsys.models.base.event_arrays import count_training_users

NDCG = f"ndcg@{TOP_K}"
DIGITS = 4

Loss = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, eq=False)
class CheckpointUnderTest:
    """A checkpoint under test. `evaluate` returns an evaluation of it (None) or of the checkpoint of a name, with a value per case of a metric."""

    model: Any
    dataset: Dataset
    split: Split
    evaluate: Callable[[str | None, str], Evaluation]
    seed: int

    @cached_property
    def attributes(self) -> tuple[Any, ...]:
        return find_attributes(self.evaluate(None, NDCG), self.dataset, self.split)


class Verdict(NamedTuple):
    """The result of a test: whether it has passed, the value that decided, its 95 % interval, the limit, and a sentence.

    `found` are the slices or combinations that break the limit. Numbers are NaN where there are none. A test `is_empty` if it has passed
    since there was nothing to look at, such as no slice of as many users.
    """

    passed: bool
    detail: str
    measured: float = np.nan
    low: float = np.nan
    high: float = np.nan
    limit: float = np.nan
    found: tuple[SliceChange | Finding, ...] = ()
    is_empty: bool = False


class _Test(BaseModel):
    """A table [[test]] of the file. `name` is shown in place of the kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    name: str | None = None


class MetricTest(_Test):
    """A metric has at least or at most a value, or loses at most so much against another checkpoint."""

    example: ClassVar[str] = 'kind = "metric", metric = "ndcg@10", at_least = 0.3'
    kind: Literal["metric"]
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    against: str | None = None
    loses_at_most: Loss | None = None

    @model_validator(mode="after")
    def check_limits(self) -> Self:
        given = [self.at_least is not None, self.at_most is not None, self.loses_at_most is not None]
        if sum(given) != 1 or (self.against is None) != (self.loses_at_most is None):
            raise ValueError("give one of at_least, at_most, or against with loses_at_most")
        return self

    def judge(self, subject: CheckpointUnderTest) -> Verdict:
        if self.against is not None and self.loses_at_most is not None:
            return _judge_loss(subject, self.metric, self.against, self.loses_at_most)
        return _judge_metric(subject, self.metric, self.at_least, self.at_most)


class ListsTest(_Test):
    """Coverage, novelty or diversity of the top-10 lists is at least a value."""

    example: ClassVar[str] = 'kind = "coverage", at_least = 0.3'
    kind: Literal["coverage", "novelty", "diversity"]
    at_least: float

    def judge(self, subject: CheckpointUnderTest) -> Verdict:
        return _judge_metric(subject, f"{self.kind}@{TOP_K}", self.at_least, None)


class SliceLossTest(_Test):
    """No slice of enough users loses more than so much against another checkpoint.

    With `certain`, a slice breaks the limit only if its whole interval does.
    """

    example: ClassVar[str] = 'kind = "slice_loss", against = "popularity", loses_at_most = 0.02, least_users = 100'
    kind: Literal["slice_loss"]
    against: str
    loses_at_most: Loss
    metric: str = NDCG
    least_users: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100
    attributes: tuple[str, ...] = Field(default=(), strict=False)
    certain: bool = False

    def judge(self, subject: CheckpointUnderTest) -> Verdict:
        attributes = subject.attributes
        names = [each.name for each in attributes]
        for name in self.attributes:
            if name not in names:
                raise unknown("attribute", name, names)
        chosen = tuple(each for each in attributes if not self.attributes or each.name in self.attributes)
        compared = compare_slices(subject.evaluate(self.against, self.metric), subject.evaluate(None, self.metric), chosen, self.metric)
        large = sorted((each for each in compared.slices if each.users >= self.least_users), key=lambda each: each.difference)
        broken = tuple(each for each in large if (each.high if self.certain else each.difference) < -self.loses_at_most)
        if not large:
            detail = _("no slice has {users} users", users=format_number(self.least_users))
            return Verdict(True, detail, limit=0 - self.loses_at_most, is_empty=True)
        worst = broken[0] if broken else large[0]
        detail = ngettext(
            "{broken} of {count} slice loses more; worst: {slice}",
            "{broken} of {count} slices lose more; worst: {slice}",
            len(large),
            broken=format_number(len(broken)),
            slice=title_slice(worst.attribute, worst.value),
        )
        return Verdict(not broken, detail, worst.difference, worst.low, worst.high, 0 - self.loses_at_most, broken)


class EmptyHistoryTest(_Test):
    """The list for an empty history, without time and place, is that of the items with the most users in training, in any order of ties."""

    example: ClassVar[str] = 'kind = "empty_history_is_popular"'
    kind: Literal["empty_history_is_popular"]
    k: Annotated[int, Field(ge=1, le=1_000)] = TOP_K

    def judge(self, subject: CheckpointUnderTest) -> Verdict:
        model, dataset = subject.model, subject.dataset
        scores = candidate_scores(model, [Request(empty_history())], model.vocabulary, dataset.repeats)
        best = top_k(scores, self.k)[0]
        listed = dataset.vocabulary.encode(model.item_ids[best[scores[0, best] > -np.inf]]) - 1
        users = count_training_users(dataset, subject.split)
        expected = np.sort(users)[::-1][: self.k]
        same = int((users[listed] == expected[: len(listed)]).sum())
        detail = _(
            "{same} of {count} places hold an item as popular as its place", same=format_number(same), count=format_number(len(expected))
        )
        return Verdict(same == len(expected), detail, same, limit=len(expected))


class NoWeakCombinationTest(_Test):
    """No combination of attribute values in which the model is reliably worse loses more than so much against the rest of the cases."""

    example: ClassVar[str] = 'kind = "no_weak_combination", loses_at_most = 0.1'
    kind: Literal["no_weak_combination"]
    metric: str = NDCG
    loses_at_most: Loss = 0.0

    def judge(self, subject: CheckpointUnderTest) -> Verdict:
        result = find_weak_combinations(subject.evaluate(None, self.metric), subject.attributes, self.metric, subject.seed)
        findings = sorted(result.findings, key=lambda each: each.difference)
        broken = tuple(each for each in findings if each.difference < -self.loses_at_most)
        looked_at = format_number(result.looked_at)
        if not findings:
            detail = _("none among {looked_at} combinations", looked_at=looked_at)
            return Verdict(True, detail, limit=0 - self.loses_at_most, is_empty=result.looked_at == 0)
        worst = findings[0]
        detail = ngettext(
            "{broken} of {count} weak combination breaks the limit; worst: {combination}; {looked_at} were looked at",
            "{broken} of {count} weak combinations break the limit; worst: {combination}; {looked_at} were looked at",
            len(findings),
            broken=format_number(len(broken)),
            combination=title_combination(worst.conditions),
            looked_at=looked_at,
        )
        return Verdict(not broken, detail, worst.difference, worst.low, worst.high, 0 - self.loses_at_most, broken)


BehaviourTest = MetricTest | ListsTest | SliceLossTest | EmptyHistoryTest | NoWeakCombinationTest


class BehaviourTests(BaseModel):
    """A whole file of tests: the split and the seed that they use, and a table [[test]] for each."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    split: Literal["validation", "test"] = "validation"
    seed: Annotated[int, Field(ge=0)] = 0
    test: Annotated[list[Annotated[BehaviourTest, Field(discriminator="kind")]], Field(min_length=1)]


def _judge_metric(subject: CheckpointUnderTest, metric: str, at_least: float | None, at_most: float | None) -> Verdict:
    _check_metric(subject, metric)
    evaluation = subject.evaluate(None, NDCG)
    measured = _get_metric(evaluation, metric)
    low, high = evaluation.intervals.get(metric, (np.nan, np.nan))
    if at_least is not None:
        detail = _("{metric}, at least {limit}", metric=metric, limit=format_number(at_least, DIGITS))
        return Verdict(measured >= at_least, detail, measured, low, high, at_least)
    limit = np.nan if at_most is None else at_most
    return Verdict(
        measured <= limit, _("{metric}, at most {limit}", metric=metric, limit=format_number(limit, DIGITS)), measured, low, high, limit
    )


def _judge_loss(subject: CheckpointUnderTest, metric: str, against: str, loses_at_most: float) -> Verdict:
    """Compare two means of a metric; paired over the cases where it has a value for each, else without an interval."""
    _check_metric(subject, metric)
    needed = metric if metric in CASE_METRICS else NDCG
    own, other = subject.evaluate(None, needed), subject.evaluate(against, needed)
    detail = _("{metric} against {checkpoint}", metric=metric, checkpoint=against)
    if metric in CASE_METRICS:
        paired = compare_paired(own, other, metric, subject.seed)
        return Verdict(paired.difference >= -loses_at_most, detail, paired.difference, paired.low, paired.high, 0 - loses_at_most)
    check_same_cases(own, other)
    difference = _get_metric(own, metric) - _get_metric(other, metric)
    return Verdict(difference >= -loses_at_most, detail, difference, limit=0 - loses_at_most)


def _check_metric(subject: CheckpointUnderTest, metric: str) -> None:
    """Refuse diversity of items without categories: a metric that is known, and that this data cannot have."""
    if metric == f"diversity@{TOP_K}" and "category" not in subject.dataset.has:
        raise DataError(
            _(
                "{metric} is the share of pairs of two categories, and the items of '{dataset}' have no categories; remove this test, or "
                "prepare the data with a column of categories",
                metric=metric,
                dataset=subject.dataset.name,
            )
        )


def _get_metric(evaluation: Evaluation, metric: str) -> float:
    if metric not in evaluation.metrics:
        raise unknown("metric", metric, evaluation.metrics)
    return evaluation.metrics[metric]
