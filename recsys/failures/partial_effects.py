"""Effects of groups of cases beyond what single attribute values lead to expect, with standard errors over users.

A least-squares fit of a metric by all single values is the expectation. The effect of a group is its coefficient when it is added to
that fit (Frisch, Waugh and Lovell: the group's indicator and the metric are both freed of the fit first).
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import stdtr, stdtrit

from recsys.failures.attributes import UNKNOWN, Attribute

LEAST_OWN_SHARE = 1e-6
"""Share of the variance of a group's indicator that the single values must leave, or its effect cannot be told from theirs."""


class Effect(NamedTuple):
    """An effect with its 95 % interval, and the one-sided p-value of its being negative; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    p: float

    @property
    def two_sided_p(self) -> float:
        """The p-value of the effect's being other than zero, in either direction."""
        return 2 * min(self.p, 1 - self.p)


class AdditiveFit:
    """Least-squares fit by an intercept and every single value of some attributes; without attributes, the mean."""

    def __init__(self, attributes: tuple[Attribute, ...], cases: int) -> None:
        parts = [_one_hot(each.codes, len(each.values)) for each in attributes]
        self.design = sparse.hstack([sparse.csr_matrix(np.ones((cases, 1))), *parts]).tocsr()
        # The values of one attribute sum to the intercept, hence a pseudo-inverse.
        self.inverse = np.linalg.pinv((self.design.T @ self.design).toarray(), rcond=1e-10, hermitian=True)

    def remove(self, columns: np.ndarray) -> np.ndarray:
        """Return the residuals (cases,) or (cases, columns) of a fit of each column."""
        return columns - self.design @ (self.inverse @ (self.design.T @ columns))


def _one_hot(codes: np.ndarray, size: int) -> sparse.csr_matrix:
    rows = np.flatnonzero(codes != UNKNOWN)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, codes[rows])), shape=(len(codes), size))


def estimate_effect(residuals: np.ndarray, indicator: np.ndarray, is_inside: np.ndarray, user_codes: np.ndarray) -> Effect:
    """Return the effect of a group; residuals (cases,) and its indicator (cases,) are freed of the same fit.

    The standard error is the larger of the one clustered by user and of that of equal variances: a group in which every case is a miss
    has no variance of its own. Student's t has one degree of freedom less than the number of users that would hold the group's cases
    evenly: a group that is nearly all of one user says little of others.
    """
    own = float(indicator @ indicator)
    counts = np.bincount(user_codes[is_inside])
    users = int((counts > 0).sum())
    if users < 2 or own <= LEAST_OWN_SHARE * is_inside.sum():
        return Effect(*[np.nan] * 4)
    value = float(indicator @ residuals) / own
    rest = residuals - value * indicator
    clustered = float((np.bincount(user_codes, indicator * rest) ** 2).sum())
    error = np.sqrt(max(clustered, float(rest.var()) * own)) / own
    if error == 0:  # every user says the same: a sign test
        agreement = 0.5**users
        return Effect(value, value, value, agreement if value < 0 else 1 - agreement if value > 0 else 0.5)
    free = counts.sum() ** 2 / (counts**2).sum() - 1
    width = stdtrit(free, 0.975) * error
    return Effect(value, float(value - width), float(value + width), float(stdtr(free, value / error)))
