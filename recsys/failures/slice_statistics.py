"""Means of slices against the rest of the cases: intervals by a bootstrap over users, and p-values.

All slices share the draws of the bootstrap. The p-values do not come from it: with 1,000 draws none is below 1/1,000, and a slice of
five misses does not vary between draws, as if it were certain. So a difference is compared with its standard error over users under
the hypothesis that there is none: values are taken from the mean of all cases, and the difference is a sum over users of what each
adds to it. The reference is Student's t with one degree of freedom less than the number of users that would add as unevenly
(Satterthwaite 1946), so that slices of few users, or with few hits, are not called different too soon.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack

from recsys.evaluation.bootstrap import LIMITS, bootstrap_sums

SLICES_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class SliceSums:
    """Sums of a metric and numbers of its defined values, by user and slice (users, slices), and of all cases (users,)."""

    sums: csr_matrix
    counts: csr_matrix
    all_sums: np.ndarray
    all_counts: np.ndarray

    @classmethod
    def from_cases(cls, values: np.ndarray, user_codes: np.ndarray, members: csr_matrix) -> "SliceSums":
        """Add up values (cases,), NaN where not defined, by users and by slices, whose cases are the ones of `members` (cases, slices)."""
        _, user_of_case = np.unique(user_codes, return_inverse=True)
        n_cases = len(values)
        is_defined = np.isfinite(values)

        def by_user(column: np.ndarray) -> csr_matrix:
            return csr_matrix((column, (user_of_case, np.arange(n_cases))), shape=(user_of_case.max() + 1, n_cases))

        defined = np.where(is_defined, values, 0.0)
        return cls(
            by_user(defined) @ members,
            by_user(is_defined.astype(np.float64)) @ members,
            np.bincount(user_of_case, defined),
            np.bincount(user_of_case, is_defined),
        )

    @property
    def has_users(self) -> np.ndarray:
        """(slices,) whether there are defined values of two users."""
        return (self.counts > 0).sum(axis=0).A1 > 1

    @property
    def has_rest(self) -> np.ndarray:
        """(slices,) whether there are defined values of two users outside the slice too."""
        n_outside = np.count_nonzero(self.all_counts) - _count_equal(self.counts, self.all_counts)
        return n_outside > 1

    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean (slices,) in each slice, and its difference from the mean of the rest."""
        return _compare(self.sums.sum(axis=0).A1, self.counts.sum(axis=0).A1, self.all_sums.sum(), self.all_counts.sum())

    def intervals(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the 95 % intervals (2, slices) of the means and of the differences; NaN where they are of one user only."""
        drawn = bootstrap_sums(hstack([self.sums, self.counts, self.all_sums[:, None], self.all_counts[:, None]], "csr"), seed)
        n_slices = self.sums.shape[1]
        means, differences = _compare(drawn[:, :n_slices], drawn[:, n_slices:-2], drawn[:, -2:-1], drawn[:, -1:])
        return _quantiles(means, self.has_users), _quantiles(differences, self.has_users & self.has_rest)

    def p_values(self) -> np.ndarray:
        """Return the two-sided p-value (slices,) of each difference; NaN where the slice or the rest is of one user only."""
        parts = [self._p_values_of(slice(start, start + SLICES_AT_ONCE)) for start in range(0, self.sums.shape[1], SLICES_AT_ONCE)]
        return np.where(self.has_users & self.has_rest, np.concatenate([*parts, np.empty(0)]), np.nan)

    def _p_values_of(self, columns: slice) -> np.ndarray:
        from scipy.stats import t

        mean = self.all_sums.sum() / self.all_counts.sum()
        inside, outside = (
            sums - mean * counts
            for sums, counts in (
                (self.sums[:, columns].toarray(), self.counts[:, columns].toarray()),
                (self.all_sums, self.all_counts),
            )
        )
        n_inside = self.counts[:, columns].sum(axis=0).A1
        n_outside = self.all_counts.sum() - n_inside
        with np.errstate(invalid="ignore", divide="ignore"):
            added = inside / n_inside - (outside[:, None] - inside) / n_outside
            squares = (added**2).sum(axis=0)
            evenly = squares**2 / (added**4).sum(axis=0)
            p = 2 * t.sf(np.abs(added.sum(axis=0)) / np.sqrt(squares), np.maximum(evenly - 1, 1e-3))
        return np.where(squares > 0, p, 1.0)  # nothing varies, such as where every case is a hit


def find_members(codes: list[np.ndarray], sizes: list[int]) -> csr_matrix:
    """Return ones (cases, slices) where a case is in a slice: the slices by `sizes` values of each of the `codes` (cases,), one after another."""
    firsts = np.cumsum([0, *sizes])
    cases = np.concatenate([np.flatnonzero(each >= 0) for each in codes])
    columns = np.concatenate([each[each >= 0] + first for each, first in zip(codes, firsts[:-1], strict=True)])
    return csr_matrix((np.ones(len(cases)), (cases, columns)), shape=(len(codes[0]), int(firsts[-1])))


def _compare(sums: np.ndarray, counts: np.ndarray, all_sums: np.ndarray, all_counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and their differences from the rest; NaN without a case on either side."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)
        rest = all_counts - counts
        return means, means - np.where(rest > 0, (all_sums - sums) / rest, np.nan)


def _quantiles(draws: np.ndarray, is_defined: np.ndarray) -> np.ndarray:
    """Return limits (2, slices) of draws (DRAWS, slices), NaN for slices without."""
    limits = np.full((2, draws.shape[1]), np.nan)
    limits[:, is_defined] = np.nanquantile(draws[:, is_defined], LIMITS, axis=0)
    return limits


def _count_equal(counts: csr_matrix, all_counts: np.ndarray) -> np.ndarray:
    """Return the numbers (slices,) of users all of whose values are in the slice."""
    found = counts.tocoo()
    return np.bincount(found.col[(found.data == all_counts[found.row]) & (found.data > 0)], minlength=counts.shape[1])
