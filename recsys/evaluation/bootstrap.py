"""Bootstrap over users: how far a mean over cases would move if other people had been watched."""

from collections.abc import Mapping

import numpy as np

DRAWS = 1_000
LIMITS = (0.025, 0.975)


def bootstrap_means(values: np.ndarray, user_codes: np.ndarray, seed: int) -> np.ndarray:
    """Means (DRAWS, columns) over the cases of users drawn with replacement; values is (cases, columns), NaN where a case does not count."""
    users, of_case = np.unique(user_codes, return_inverse=True)
    counted = np.isfinite(values)
    columns = [*np.where(counted, values, 0).T, *counted.T.astype(np.float64)]
    sums = np.column_stack([np.bincount(of_case, weights=column) for column in columns])
    random = np.random.default_rng(seed)
    draws = np.empty((DRAWS, sums.shape[1]))
    for i in range(DRAWS):
        draws[i] = np.bincount(random.integers(len(users), size=len(users)), minlength=len(users)) @ sums
    width = values.shape[1]
    with np.errstate(invalid="ignore"):  # a draw in which no case counts has no mean
        return draws[:, :width] / draws[:, width:]


def resampled_means(columns: Mapping[str, np.ndarray], user_codes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The same by name: (DRAWS,) means of each column (cases,)."""
    draws = bootstrap_means(np.column_stack(list(columns.values())), user_codes, seed)
    return {name: draws[:, i] for i, name in enumerate(columns)}


def bootstrap_interval(draws: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of drawn means."""
    low, high = np.nanquantile(draws, LIMITS) if np.isfinite(draws).any() else (np.nan, np.nan)
    return float(low), float(high)
