"""Two models side by side on the same cases: gains and losses by slice, and the users whose ranks moved most.

Two versions of one checkpoint, NAME and NAME@2, are compared in the same way: what a new version improved, and what it broke.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recsys.core import TOP_K
from recsys.evaluation import Evaluation, check_same_cases
from recsys.failures.attributes import Attribute
from recsys.failures.partial_effects import Effect, estimate_effect
from recsys.failures.slice_report import control_false_discoveries


class SliceChange(NamedTuple):
    """The change of a metric from model A to model B on the same cases: all of them, or those with one value of an attribute.

    `difference` is the mean of B − A, with its 95 % interval over users and its two-sided `p`; `q` is that after control of the
    false-discovery rate over all slices (Benjamini-Hochberg, 1995). They are NaN for cases of one user. B has `won` the cases in which
    it ranks the item that came next higher than A, `lost` those in which it ranks it lower, the others are `tied`.
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

    a: str
    b: str
    metric: str
    overall: SliceChange
    attributes: tuple[Attribute, ...]
    slices: tuple[SliceChange, ...]


class MovedUser(NamedTuple):
    """The change of a user's ranks from model A to model B.

    `change` is the mean of log2(rank of B) − log2(rank of A) over the user's cases: −1 where ranks are halved, 1 where they are doubled.
    `case` is the position in the evaluations' arrays of the largest change in the direction of the mean.
    """

    user_code: int
    cases: int
    change: float
    case: int
    rank_a: float
    rank_b: float


def compare_slices(a: Evaluation, b: Evaluation, attributes: tuple[Attribute, ...], metric: str = f"ndcg@{TOP_K}") -> Comparison:
    """Return where model B is better or worse than model A; a DataError unless both were evaluated on the same cases."""
    check_same_cases(a, b)
    every = np.ones(len(a.rows), dtype=bool)
    masks = [(each.name, value, each.codes == code) for each in attributes for code, value in enumerate(each.values)]
    overall, *changes = [_compare(a, b, metric, *each) for each in [("", "", every), *masks] if each[2].any()]
    q = control_false_discoveries(np.array([each.p for each in changes]))
    slices = tuple(each._replace(q=float(own)) for each, own in zip(changes, q, strict=True))
    return Comparison(a.model, b.model, metric, overall, attributes, slices)


def _compare(a: Evaluation, b: Evaluation, metric: str, attribute: str, value: str, is_inside: np.ndarray) -> SliceChange:
    ...


def find_moved_users(a: Evaluation, b: Evaluation) -> tuple[MovedUser, ...]:
    """Return all users of two evaluations of the same cases, the largest change of ranks in either direction first."""
