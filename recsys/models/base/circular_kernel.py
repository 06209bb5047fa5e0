"""Sums of an exponential kernel on a circle, such as hours of the day, in time that is linear in the number of points."""

import numpy as np

GRID = 2.0**40


def sum_circular_kernel(
    queries: np.ndarray, points: np.ndarray, weights: np.ndarray, groups: np.ndarray, n_groups: int, scale: float, period: float
) -> np.ndarray:
    """Return for each query (n,) and group the sum (n, n_groups) of weights · exp(−distance / scale) over the points (m,) of the group.

    Queries and points are from 0 to below `period`, and distances are the shorter way round. The kernel of all points on one side of a
    query decays by one factor on the way to the next query, so that each point is added once and not for every query.
    """
    # On this grid the arithmetic below is exact: else rounding could put a point half a period away on both sides, or on neither.
    queries, points = (np.round(each * GRID) / GRID % period for each in (queries, points))
    sums = np.empty((len(queries), n_groups))
    order = np.argsort(queries, kind="stable")
    sums[order] = _sum_behind(queries[order], points, weights, groups, n_groups, scale, period, "left")
    mirrored, points = (-queries) % period, (-points) % period
    order = np.argsort(mirrored, kind="stable")
    sums[order] += _sum_behind(mirrored[order], points, weights, groups, n_groups, scale, period, "right")
    return np.maximum(sums, 0.0)  # subtraction may leave less than nothing


def _sum_behind(
    queries: np.ndarray, points: np.ndarray, weights: np.ndarray, groups: np.ndarray, n_groups: int, scale: float, period: float, side: str
) -> np.ndarray:
    """Return the sums over the points less than half a period behind each of the ascending queries.

    A point enters at the first query at or after it (`side` left; right: after it) and leaves half a period later. Those of the second
    half of the circle are also behind the first queries, until these are half a period on.
    """
    n, half = len(queries), period / 2
    enter = np.searchsorted(queries, points, side)  # type: ignore[call-overload]
    leave = np.searchsorted(queries, (points + half) % period, side)  # type: ignore[call-overload]
    is_early = (points >= half) & (leave > 0)
    entering, leaving = enter < n, (leave < n) & ((points < half) | is_early)
    rows = [enter[entering], np.zeros(np.count_nonzero(is_early), dtype=enter.dtype), leave[leaving]]
    at = np.concatenate(rows)
    before = np.where(is_early, points - period, points)  # the place of a point that leaves: a round ago for those behind at the start
    places = np.concatenate([points[entering], before[is_early], before[leaving]])
    owners = np.concatenate([groups[entering], groups[is_early], groups[leaving]])
    signed = np.concatenate([weights[entering], weights[is_early], -weights[leaving]])
    values = signed * np.exp((places - queries[at]) / scale)
    sums = np.bincount(at * n_groups + owners, weights=values, minlength=n * n_groups).astype(np.float64, copy=False).reshape(n, n_groups)
    for row, decay in enumerate(np.exp(-np.diff(queries) / scale), start=1):
        sums[row] += decay * sums[row - 1]
    return sums
