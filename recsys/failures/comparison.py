"""Two models side by side on the same cases: gains and losses by slice, and the users whose ranks moved most.

Two versions of one checkpoint, NAME and NAME@2, are compared in the same way: what a new version improved, and what it broke.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from recsys.core import TOP_K
from recsys.evaluation import Evaluation, check_same_cases
from recsys.failures.attributes import Attribute
from recsys.failures.partial_effects import estimate_effect
from recsys.failures.slice_statistics import control_false_discoveries


class SliceChange(NamedTuple):
    """The change of a metric from model A to model B on the same cases: all of them, or those with one value of an attribute.

    `difference` is the mean of B − A, with its 95 % interval over users and its two-sided `p`; `q` is that after control of the
    false-discovery rate over all slices (Benjamini-Hochberg, 1995). They are NaN for cases of one user. B has `won` the cases in which
    it ranks the item that came next higher than A, `lost` those in which it ranks it lower, the others are `tied`; where a model
    has finished lists of some depth, ranks below it are all the same.
    """

    attribute: str
    value: str
    cases: int
    users: int
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    q: float
    won: int
    lost: int
    tied: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """Model B against model A: all cases together (`overall`), and every slice that has a case, in the order of the attributes."""

    metric: str
    overall: SliceChange
    attributes: tuple[Attribute, ...]
    slices: tuple[SliceChange, ...]


class MovedUser(NamedTuple):
    """The change of a user's ranks from model A to model B.

    `change` is the mean of log2(rank of B) − log2(rank of A) over the user's cases: −1 where ranks are halved, 1 where they are doubled.
    `case` is the position in the arrays of the evaluations of the largest change in the direction of the mean, `rank_a` and `rank_b` are
    the ranks there.
    """

    user_code: int
    cases: int
    change: float
    case: int
    rank_a: float
    rank_b: float


def compare_slices(a: Evaluation, b: Evaluation, attributes: tuple[Attribute, ...], metric: str = f"ndcg@{TOP_K}") -> Comparison:
    """Return where model B is better or worse than model A; a DataError unless both were evaluated on the same cases.

    The standard errors are those of `estimate_effect`. Cases in which the metric of a model is not defined are left out.
    """
    check_same_cases(a, b)
    values_a, values_b = a.values(metric), b.values(metric)
    is_defined = np.isfinite(values_a) & np.isfinite(values_b)
    compare = partial(_compare, a, b, np.where(is_defined, values_a, 0.0), np.where(is_defined, values_b, 0.0))
    masks = [((each.name, value), is_defined & (each.codes == code)) for each in attributes for code, value in enumerate(each.values)]
    changes = [compare(*key, mask) for key, mask in masks if mask.any()]
    q = control_false_discoveries(np.array([each.p for each in changes]))
    slices = tuple(each._replace(q=float(own)) for each, own in zip(changes, q, strict=True))
    return Comparison(metric, compare("", "", is_defined), attributes, slices)


def _compare(
    a: Evaluation, b: Evaluation, values_a: np.ndarray, values_b: np.ndarray, attribute: str, value: str, is_inside: np.ndarray
) -> SliceChange:
    cases = int(is_inside.sum())
    effect = estimate_effect(values_b - values_a, is_inside.astype(np.float64), is_inside, a.user_codes)
    ranks_a, ranks_b = (ranks[is_inside] for ranks in _comparable_ranks(a, b))
    won, lost = ranks_b < ranks_a, ranks_b > ranks_a
    mean_a, mean_b = (float(each[is_inside].mean()) if cases else np.nan for each in (values_a, values_b))
    return SliceChange(
        attribute=attribute,
        value=value,
        cases=cases,
        users=len(np.unique(a.user_codes[is_inside])),
        mean_a=mean_a,
        mean_b=mean_b,
        difference=mean_b - mean_a,
        low=effect.low,
        high=effect.high,
        p=effect.two_sided_p,
        q=effect.two_sided_p,
        won=int(won.sum()),
        lost=int(lost.sum()),
        tied=int(cases - won.sum() - lost.sum()),
    )


def measure_rank_changes(a: Evaluation, b: Evaluation) -> np.ndarray:
    """Return log2(rank under B) − log2(rank under A) of each case (cases,).

    Items outside finished lists, and those that a model does not know, count as ranked just after the others.
    """
    check_same_cases(a, b)
    return np.asarray(np.subtract(*map(np.log2, _comparable_ranks(a, b)[::-1])))


def _comparable_ranks(a: Evaluation, b: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks (cases,) of both models as far as both are known.

    Finished lists of ten items know nothing of a rank below: the other model, which ranks all items, would win every miss of both.
    """
    limit = 1 + min((each.depth for each in (a, b) if each.depth is not None), default=max(a.items, b.items))
    return np.minimum(a.ranks, limit), np.minimum(b.ranks, limit)


def find_moved_users(a: Evaluation, b: Evaluation) -> tuple[MovedUser, ...]:
    """Return the users of two evaluations of the same cases, the largest change of ranks in either direction first."""
    changes = measure_rank_changes(a, b)
    users, of_case, cases = np.unique(a.user_codes, return_inverse=True, return_counts=True)
    means = np.bincount(of_case, changes) / cases
    order = np.lexsort((-changes * np.sign(means)[of_case], of_case))
    largest = order[np.cumsum(cases) - cases]
    return tuple(
        MovedUser(int(users[i]), int(cases[i]), float(means[i]), int(largest[i]), float(a.ranks[largest[i]]), float(b.ranks[largest[i]]))
        for i in np.argsort(-np.abs(means), kind="stable")
    )
