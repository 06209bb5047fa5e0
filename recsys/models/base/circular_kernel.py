"""Sums of an exponential kernel on a circle, such as hours of the day, in time that is linear in the number of points."""

import numpy as np
from scipy import sparse

GRID = 2.0**40


def add_circular_kernel(
    sums: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray,
    scale: float,
    period: float,
) -> None:
    """Add for each query (n,) and group the sum of weights · exp(−distance / scale) over the points (m,) of the group to `sums[row]`.

    Queries and points are from 0 to below `period`, and distances are the shorter way round; points in ascending order take least time.
    The kernel of all points on one side of a query decays by one factor on the way to the next query, so that each point is added once
    and not for every query. The sums may be slightly less than nothing, by rounding.
    """
    # On this grid the arithmetic below is exact: else rounding could put a point half a period away on both sides, or on neither.
    queries, points = (np.round(each * GRID) / GRID for each in (queries, points))
    queries, points = (each - period * (each >= period) for each in (queries, points))
    in_order, order, half = np.argsort(points, kind="stable"), np.argsort(queries, kind="stable"), period / 2
    points, weights, groups, queries = points[in_order], weights[in_order], groups[in_order], queries[order]
    # Half a circle is repeated at each end, so that the points of a side are consecutive.
    middle = int(np.searchsorted(points, half))
    points = np.concatenate([points[middle:] - period, points, points[:middle] + period])
    weights, groups = (np.concatenate([each[middle:], each, each[:middle]]) for each in (weights, groups))
    behind, here, ahead = (np.searchsorted(points, queries + shift, side="right") for shift in (-half, 0.0, half))
    groups = groups.astype(np.int32)
    _add_side(sums, rows[order], queries / scale, points / scale, weights, groups, behind, here)
    mirrored = (-points[::-1] / scale, weights[::-1], groups[::-1])
    starts, stops = (len(points) - each[::-1] for each in (ahead, here))
    _add_side(sums, rows[order[::-1]], -queries[::-1] / scale, *mirrored, starts, stops)


def _add_side(
    sums: np.ndarray,
    rows: np.ndarray,
    queries: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
) -> None:
    """Add the sums of the points `starts[i]` to `stops[i]`, which are behind query i, to row `rows[i]`; all ascending, in units of the scale."""

    def sum_between(borders: np.ndarray, queries: np.ndarray) -> np.ndarray:
        """Return the sums (n, n_groups) of the points from each border to the next, as they are at each query."""
        span = slice(borders[0], borders[-1])
        values = weights[span] * np.exp(points[span] - np.repeat(queries, np.diff(borders)))
        shape = (len(queries), sums.shape[1])
        return sparse.csr_matrix((values, groups[span], borders - borders[0]), shape=shape).toarray()

    entering, leaving = sum_between(np.concatenate([starts[:1], stops]), queries), sum_between(starts, queries[1:])
    total = entering[0]
    sums[rows[0]] += total
    for row, decay, entered, left in zip(rows[1:], np.exp(-np.diff(queries)), entering[1:], leaving, strict=True):
        total *= decay
        total += entered
        total -= left
        sums[row] += total
