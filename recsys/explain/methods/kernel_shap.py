"""Kernel SHAP: Shapley values by weighted least squares over sampled coalitions, and their standard errors."""

import numpy as np
from scipy.special import stdtrit

from recsys.explain.methods.coalition_sampling import PairedCoalitions

TWO_SIGMA = 0.9772
"""Probability of a standard normal variable below two standard deviations."""


def estimate_kernel_shap(pairs: PairedCoalitions, halves: np.ndarray, gain: float, controls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Shapley values (n,) that sum to `gain` exactly, and their standard errors (n,).

    `halves` (m,) is half the difference between each coalition of `pairs` and its complement: the rest of the least squares with the
    Shapley kernel (arXiv 1705.07874) cancels between the two. `controls` (m, k) is the same for the control variates, games whose
    Shapley values are 0, which reduce the residual variance.
    """
    n, counts = pairs.n, pairs.counts
    kernel = np.where(pairs.halved, 0.5, 1.0) * (n - 1) / (pairs.sizes * (n - pairs.sizes))
    weights = (kernel / np.maximum(counts, 1))[pairs.strata]
    sides = pairs.members - 0.5
    targets = halves - gain / n * sides.sum(axis=1)  # the values are gain / n plus something that sums to 0
    scales = np.sqrt((weights[:, None] * controls**2).sum(axis=0))
    regressors = np.concatenate([sides - sides.mean(axis=1, keepdims=True), controls / np.where(scales > 0, scales, 1.0)], axis=1)
    moments = (regressors * weights[:, None]).T @ regressors
    moments[:n, :n] += 1.0  # makes them regular without an effect on values that sum to 0
    solved = regressors @ np.linalg.pinv(moments, hermitian=True)
    solution = solved.T @ (weights * targets)
    degrees_of_freedom = len(halves) - (n - 1) - controls.shape[1]
    errors = compute_standard_errors(pairs, weights, targets - regressors @ solution, regressors, solved, degrees_of_freedom)
    return gain / n + solution[:n] - solution[:n].mean(), errors


def compute_standard_errors(
    pairs: PairedCoalitions, weights: np.ndarray, residuals: np.ndarray, regressors: np.ndarray, solved: np.ndarray, degrees_of_freedom: int
) -> np.ndarray:
    """Return the standard errors (n,) of Shapley values from the regression over pairs (m,) of coalitions.

    They are heteroscedasticity-consistent errors of a stratified sample without replacement, with residuals as if each pair had been
    left out of the fit (HC3): a size whose coalitions are all sampled adds no error. Student's t widens them, so that two standard
    errors cover as much in a small sample as in a large one. `solved` (m, n + k) is regressors (m, n + k) times the inverse moments.
    """
    leverages = weights * (solved * regressors).sum(axis=1)
    unsampled = np.sqrt(1 - pairs.counts / pairs.totals)[pairs.strata]
    influences = (unsampled * weights * residuals / np.maximum(1 - leverages, 1e-3))[:, None] * solved[:, : pairs.n]
    return np.asarray(np.sqrt((influences**2).sum(axis=0)) * student_t_factor(degrees_of_freedom))


def student_t_factor(degrees_of_freedom: int) -> float:
    """Return the factor by which a standard error with these degrees of freedom is widened, so that two cover what they do for a normal one."""
    return float(stdtrit(max(degrees_of_freedom, 1), TWO_SIGMA)) / 2
