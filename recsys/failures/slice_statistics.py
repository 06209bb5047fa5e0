"""Means of slices against the rest of the cases, with intervals and p-values over users.

The intervals are those of a bootstrap over users, in which all slices share the draws. It is too sure of small slices: five misses do
not vary between draws, and 1,000 draws have no p-value below 1/1,000. So the p-values, and the least width of the intervals, come from
the standard error over users (of sums over each user's cases, which depend on each other), which is at least that of as many
independent cases of all users. The reference is Student's t; its degrees of freedom are one less than the number of users that would
hold the cases evenly, on the smaller side.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack
from scipy.special import stdtr, stdtrit

from recsys.evaluation.bootstrap import LIMITS, bootstrap_sums

RELIABLE = 0.05
"""False-discovery rate up to which a difference is called reliable."""

SLICES_AT_ONCE = 32


class SliceStatistics(NamedTuple):
    """Means (slices,) and their differences from the means of the rest, with 95 % intervals, and two-sided p-values of the differences.

    Intervals and p-values are NaN where the slice has values of fewer than two users, those of the difference also where the rest has.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    difference: np.ndarray
    difference_low: np.ndarray
    difference_high: np.ndarray
    p: np.ndarray


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums of values and numbers of defined ones, by user and slice (users, slices), and of all cases (users, 1)."""

    values: csr_matrix
    counts: csr_matrix
    all_values: np.ndarray
    all_counts: np.ndarray


def compare_with_rest(values: np.ndarray, user_codes: np.ndarray, members: csr_matrix, seed: int) -> SliceStatistics:
    """Compare the mean of the values (cases,), NaN where not defined, in each slice with the rest; `members` (cases, slices) are ones."""
    if not np.isfinite(values).any():
        return SliceStatistics(*np.full((len(SliceStatistics._fields), members.shape[1]), np.nan))
    least, most = np.nanmin(values), np.nanmax(values)
    sums = _add_up(values - least, user_codes, members)  # so that equal values are zeros, whose sums have no error of rounding
    totals = (each.sum(axis=0) for each in (sums.values, sums.counts, sums.all_values, sums.all_counts))
    means, differences = _compare(*(np.asarray(each).ravel() for each in totals))
    error, difference_error, free, free_both = _standard_errors(sums, means, means - differences, float(np.nanvar(values - least)))
    drawn = bootstrap_sums(hstack([sums.values, sums.counts, sums.all_values, sums.all_counts], "csr"), seed)
    n_slices = members.shape[1]
    drawn_means, drawn_differences = _compare(drawn[:, :n_slices], drawn[:, n_slices:-2], drawn[:, -2:-1], drawn[:, -1:])
    low, high = np.clip(_interval(means, error, free, drawn_means), 0.0, most - least)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stdtr(free_both, -np.abs(differences) / difference_error)
    p = np.where((difference_error == 0) & np.isfinite(free_both), 1.0, p)  # nothing varies, such as where every case is a hit
    difference_interval = _interval(differences, difference_error, free_both, drawn_differences)
    return SliceStatistics(least + means, least + low, least + high, differences, difference_interval[0], difference_interval[1], p)


def control_false_discoveries(p: np.ndarray) -> np.ndarray:
    """Return q-values (n,): p-values after control of the false-discovery rate (Benjamini-Hochberg); NaN stays NaN and does not count."""
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))  # by hand: importing scipy.stats takes longer than the whole report
    order = known[np.argsort(p[known])]
    grown = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(grown[::-1])[::-1], 1.0)
    return q


def find_members(codes: list[np.ndarray], sizes: list[int]) -> csr_matrix:
    """Return ones (cases, slices) where a case is in a slice: those by each of the `codes` (cases,), `sizes` values each, one after another."""
    firsts = np.cumsum([0, *sizes])
    cases = np.concatenate([np.flatnonzero(each >= 0) for each in codes])
    columns = np.concatenate([each[each >= 0] + first for each, first in zip(codes, firsts[:-1], strict=True)])
    return csr_matrix((np.ones(len(cases)), (cases, columns)), shape=(len(codes[0]), int(firsts[-1])))


def add_up_users(column: np.ndarray, user_codes: np.ndarray, members: csr_matrix) -> csr_matrix:
    """Return sums (users, slices) of a column (cases,) over the cases of each user in each slice."""
    of_case = np.unique(user_codes, return_inverse=True)[1]
    return csr_matrix((column, (of_case, np.arange(len(column)))), shape=(of_case.max() + 1, len(column))) @ members


def _add_up(values: np.ndarray, user_codes: np.ndarray, members: csr_matrix) -> _Sums:
    is_defined = np.isfinite(values)
    columns = np.where(is_defined, values, 0.0), is_defined.astype(np.float64)
    every = csr_matrix(np.ones((len(values), 1)))
    return _Sums(
        *(add_up_users(column, user_codes, members) for column in columns),
        *(add_up_users(column, user_codes, every).toarray() for column in columns),
    )


def _compare(sums: np.ndarray, counts: np.ndarray, all_sums: np.ndarray, all_counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and their differences from the rest; NaN without a case on either side."""
    rest = all_counts - counts
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)
        return means, means - np.where(rest > 0, (all_sums - sums) / rest, np.nan)


def _standard_errors(sums: _Sums, means: np.ndarray, rest_means: np.ndarray, variance: float) -> tuple[np.ndarray, ...]:
    """Return the standard errors (slices,) of means and differences, and the degrees of freedom of both, NaN where there are none."""
    parts = []
    for start in range(0, len(means), SLICES_AT_ONCE):
        at = slice(start, start + SLICES_AT_ONCE)
        inside, counts = sums.values[:, at].toarray(), sums.counts[:, at].toarray()
        outside, rest = sums.all_values - inside, sums.all_counts - counts
        with np.errstate(invalid="ignore", divide="ignore"):
            of_mean = (inside - means[at] * counts) / counts.sum(axis=0)
            of_rest = (outside - rest_means[at] * rest) / rest.sum(axis=0)
            least = variance / counts.sum(axis=0)
            error = np.sqrt(np.maximum((of_mean**2).sum(axis=0), least))
            difference_error = np.sqrt(np.maximum(((of_mean - of_rest) ** 2).sum(axis=0), least + variance / rest.sum(axis=0)))
        free, free_rest = _degrees_of_freedom(counts), _degrees_of_freedom(rest)
        parts.append((error, difference_error, free, np.minimum(free, free_rest)))
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def _degrees_of_freedom(counts: np.ndarray) -> np.ndarray:
    """Return (slices,) one less than the number of users that would hold as many cases evenly; NaN for fewer than two users."""
    with np.errstate(invalid="ignore"):
        evenly = counts.sum(axis=0) ** 2 / (counts**2).sum(axis=0)
    return np.where((counts > 0).sum(axis=0) > 1, evenly - 1, np.nan)


def _interval(middle: np.ndarray, error: np.ndarray, free: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return limits (2, slices): the quantiles of draws (DRAWS, slices), or those of Student's t where these are wider."""
    limits = np.full((2, len(middle)), np.nan)
    known = np.isfinite(free)
    if known.any():
        drawn = np.nanquantile(draws[:, known], LIMITS, axis=0)
        by_error = middle[known] + np.array([-1.0, 1.0])[:, None] * (stdtrit(free, LIMITS[1]) * error)[known]
        limits[:, known] = np.minimum(drawn[0], by_error[0]), np.maximum(drawn[1], by_error[1])
    return limits
