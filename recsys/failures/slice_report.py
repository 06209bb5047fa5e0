"""Metrics of every slice of an evaluation, each against the rest of the cases."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from recsys.core import TOP_K, Dataset
from recsys.core.split import Split
from recsys.evaluation import Evaluation
from recsys.failures.attributes import Attribute, find_attributes
from recsys.failures.slice_statistics import RELIABLE, add_up_users, compare_with_rest, control_false_discoveries, find_members


class AnySlice(Protocol):
    """A slice of one model, or the change of a slice from one model to another."""

    @property
    def attribute(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def cases(self) -> int: ...
    @property
    def users(self) -> int: ...
    @property
    def difference(self) -> float: ...
    @property
    def q(self) -> float: ...
    def _asdict(self) -> dict[str, Any]: ...


class Slice(NamedTuple):
    """Cases with one value of an attribute, all others being "the rest".

    `mean` of the metric and `difference` (mean − mean of the rest) have 95 % intervals, a bootstrap over users; `q` is the p-value of the
    difference after control of the false-discovery rate over all slices of the report (Benjamini-Hochberg, 1995). These are NaN where
    they are not defined: cases of one user only, no rest. `miss_share` is the share of all misses of the model that are in the slice,
    NaN where the model has none: a miss is an item that came next and ranked below 10, whatever the metric.
    """

    attribute: str
    value: str
    cases: int
    users: int
    mean: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    q: float
    miss_share: float


@dataclass(frozen=True, eq=False)
class SliceReport:
    """All slices of an evaluation that have a case, in the order of the attributes and their values."""

    metric: str
    cases: int
    users: int
    mean: float
    attributes: tuple[Attribute, ...]
    slices: tuple[Slice, ...]
    seed: int

    def find_cases(self, attribute: str, value: str) -> np.ndarray:
        """Return the positions (n,) of a slice's cases in the arrays of the evaluation."""
        found = next(each for each in self.attributes if each.name == attribute)
        return np.flatnonzero(found.codes == found.values.index(value))


def measure_slices(evaluation: Evaluation, dataset: Dataset, split: Split, metric: str = f"ndcg@{TOP_K}", seed: int = 0) -> SliceReport:
    """Return a metric in every slice of an evaluation; any metric that has a value per case will do (`Evaluation.values`)."""
    return measure_attributes(evaluation, find_attributes(evaluation, dataset, split), metric, seed)


def measure_attributes(
    evaluation: Evaluation, attributes: Iterable[Attribute], metric: str = f"ndcg@{TOP_K}", seed: int = 0
) -> SliceReport:
    """Return a metric in every slice by these attributes, those of `find_attributes` or others."""
    attributes = tuple(attributes)
    values = evaluation.values(metric)
    known = np.isfinite(values)
    return SliceReport(
        metric=metric,
        cases=evaluation.cases,
        users=evaluation.users,
        mean=float(values[known].mean()) if known.any() else np.nan,
        attributes=attributes,
        slices=tuple(_measure(evaluation, attributes, values, seed)) if attributes else (),
        seed=seed,
    )


def _measure(evaluation: Evaluation, attributes: tuple[Attribute, ...], values: np.ndarray, seed: int) -> Iterator[Slice]:
    """Yield the slices that have a case."""
    members = find_members([each.codes for each in attributes], [len(each.values) for each in attributes])
    by_user = add_up_users(np.ones(len(values)), evaluation.user_codes, members)
    cases, users = by_user.sum(axis=0).A1, by_user.getnnz(axis=0)
    is_missed = evaluation.ranks > TOP_K
    with np.errstate(invalid="ignore"):
        miss_shares = (members.T @ is_missed) / is_missed.sum()
    statistics = compare_with_rest(values, evaluation.user_codes, members, seed)
    columns = (*statistics, control_false_discoveries(statistics.p), miss_shares)
    keys = ((each.name, value) for each in attributes for value in each.values)
    for at, key in enumerate(keys):
        if cases[at]:
            yield Slice(*key, int(cases[at]), int(users[at]), *(float(column[at]) for column in columns))


SliceT = TypeVar("SliceT", bound=AnySlice)


def is_reliable(found: AnySlice) -> bool:
    """Return whether a slice differs from the rest, or between two models, by more than chance."""
    return found.q < RELIABLE


def is_worse(found: AnySlice) -> bool:
    """Return whether the model is reliably worse in a slice."""
    return is_reliable(found) and found.difference < 0


def is_better(found: AnySlice) -> bool:
    """Return whether the model is reliably better in a slice."""
    return is_reliable(found) and found.difference > 0


def order_by_cost(slices: Iterable[SliceT]) -> list[SliceT]:
    """Return slices with reliable losses first, and among them those in which the model loses most in all: difference times cases."""
    return sorted(slices, key=lambda each: (not is_worse(each), math.inf if math.isnan(each.difference) else each.difference * each.cases))
