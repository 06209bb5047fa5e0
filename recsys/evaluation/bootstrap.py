"""Bootstrap over users: intervals of means over cases."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DRAWS = 1_000
LIMITS = (0.025, 0.975)
WEIGHTS_AT_ONCE = 4_000_000


def bootstrap_sums(sums: "np.ndarray | csr_matrix", seed: int) -> np.ndarray:
    """Return sums (DRAWS, columns) over users drawn with replacement of the sums (users, columns) of each user."""
    return np.concatenate([(sums.T @ weights.T).T for weights in _draw_weights(sums.shape[0], seed)])


def _draw_weights(users: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each draw takes each user, (draws, users) each."""
    random = np.random.default_rng(seed)
    size = max(1, WEIGHTS_AT_ONCE // users)
    for start in range(0, DRAWS, size):
        draws = min(size, DRAWS - start)
        taken = random.integers(users, size=(draws, users)) + users * np.arange(draws)[:, None]
        yield np.bincount(taken.ravel(), minlength=draws * users).reshape(draws, users).astype(np.float64)


def bootstrap_means(values: np.ndarray, user_codes: np.ndarray, seed: int) -> np.ndarray:
    """Return means (DRAWS, columns) over the cases of users drawn with replacement; `values` (cases, columns) are NaN where not defined."""
    of_case = np.unique(user_codes, return_inverse=True)[1]
    is_defined = np.isfinite(values)
    columns = [*np.where(is_defined, values, 0).T, *is_defined.T.astype(np.float64)]
    sums = np.column_stack([np.bincount(of_case, weights=column) for column in columns])
    draws = bootstrap_sums(sums, seed)
    width = values.shape[1]
    with np.errstate(invalid="ignore"):  # a draw without a defined value has no mean
        return draws[:, :width] / draws[:, width:]


def bootstrap_columns(columns: Mapping[str, np.ndarray], user_codes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return the bootstrap means (DRAWS,) of each named column (cases,)."""
    draws = bootstrap_means(np.column_stack(list(columns.values())), user_codes, seed)
    return {name: draws[:, i] for i, name in enumerate(columns)}


def has_intervals(user_codes: np.ndarray) -> bool:
    """Return whether cases are of at least two users; draws of a single user do not differ."""
    return len(user_codes) > 0 and bool((user_codes != user_codes[0]).any())


def bootstrap_intervals(columns: Mapping[str, np.ndarray], user_codes: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of the mean of each named column (cases,); none if all cases are of one user."""
    if not has_intervals(user_codes):
        return {}
    return {name: bootstrap_interval(draws) for name, draws in bootstrap_columns(columns, user_codes, seed).items()}


def bootstrap_interval(draws: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of bootstrap means."""
    low, high = np.nanquantile(draws, LIMITS) if np.isfinite(draws).any() else (np.nan, np.nan)
    return float(low), float(high)
