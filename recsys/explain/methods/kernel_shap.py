"""Shapley values as the solution of a weighted regression over sampled coalitions, and how far off they may be."""

import numpy as np
from scipy.special import stdtrit

from recsys.explain.methods.coalition_sampling import PairedCoalitions

TWO_SIGMA = 0.9772
"""Share of a normal distribution below two standard deviations."""


def kernel_regression(pairs: PairedCoalitions, halves: np.ndarray, gain: float, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,) that sum to `gain` exactly, and their standard errors (n,).

    `halves` (m,) is half of what each coalition of `pairs` wins over its complement: the rest of the Shapley kernel's least squares
    (arXiv 1705.07874) cancels between the two. `beside` (m, k) is the same of games without Shapley values, which take what they
    explain out of the scatter. The errors are those of a regression on a stratified sample without replacement, with residuals as
    if each pair had been left out of the fit (HC3): a size that was taken whole leaves nothing to chance. They are widened as
    Student's t says, so that two of them mean as much in a small sample as in a large one.
    """
    n, counts = pairs.n, pairs.counts
    kernel = np.where(pairs.halved, 0.5, 1.0) * (n - 1) / (pairs.sizes * (n - pairs.sizes))
    weights = (kernel / np.maximum(counts, 1))[pairs.strata]
    sides = pairs.members - 0.5
    wanted = halves - gain / n * sides.sum(axis=1)  # the values are gain / n each and something that sums to 0
    scales = np.sqrt((weights[:, None] * beside**2).sum(axis=0))
    regressors = np.concatenate([sides - sides.mean(axis=1, keepdims=True), beside / np.where(scales > 0, scales, 1.0)], axis=1)
    moments = (regressors * weights[:, None]).T @ regressors
    moments[:n, :n] += 1.0  # makes them regular, and changes nothing in the space of what sums to 0
    solved = regressors @ np.linalg.pinv(moments, hermitian=True)
    found = solved.T @ (weights * wanted)
    residuals = wanted - regressors @ found
    leverages = weights * (solved * regressors).sum(axis=1)
    chance = np.sqrt(1 - counts / pairs.totals)[pairs.strata]
    moved = (chance * weights * residuals / np.maximum(1 - leverages, 1e-3))[:, None] * solved[:, :n]
    freedom = len(halves) - (n - 1) - beside.shape[1]
    return gain / n + found[:n] - found[:n].mean(), np.sqrt((moved**2).sum(axis=0)) * widened(freedom)


def widened(freedom: int) -> float:
    """What a standard error from so many degrees of freedom is multiplied with, for two of them to cover what two usually cover."""
    return float(stdtrit(max(freedom, 1), TWO_SIGMA)) / 2
