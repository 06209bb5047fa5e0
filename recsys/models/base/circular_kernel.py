"""Sums of an exponential kernel on a circle, such as hours of the day, in time that is linear in the number of points."""

import numpy as np

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
    _Side(points / scale, weights, groups).add(sums, rows[order], queries / scale, behind, here)
    mirrored = _Side(-points[::-1] / scale, weights[::-1], groups[::-1])
    starts, stops = (len(points) - each[::-1] for each in (ahead, here))
    mirrored.add(sums, rows[order[::-1]], -queries[::-1] / scale, starts, stops)


class _Side:
    """Points in ascending order, in units of the scale, that are summed behind ascending queries."""

    def __init__(self, points: np.ndarray, weights: np.ndarray, groups: np.ndarray):
        self._points, self._weights, self._groups = points, weights, groups

    def add(self, sums: np.ndarray, rows: np.ndarray, queries: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> None:
        """Add the sums of the points `starts[i]` to `stops[i]`, which are behind query i, to row `rows[i]`."""
        entering = self._values(queries, np.concatenate([starts[:1], stops]))
        leaving = self._values(queries[1:], starts)
        decays, first = np.exp(-np.diff(queries)), starts[0]
        total = self._sum(entering, first, starts[0], stops[0], sums.shape[1])
        sums[rows[0]] += total
        for at, row in enumerate(rows[1:], start=1):
            total *= decays[at - 1]
            total += self._sum(entering, first, stops[at - 1], stops[at], len(total))
            total -= self._sum(leaving, first, starts[at - 1], starts[at], len(total))
            sums[row] += total

    def _values(self, queries: np.ndarray, borders: np.ndarray) -> np.ndarray:
        """Return the weights, at each query, of the points from its border to the next."""
        span = slice(borders[0], borders[-1])
        return self._weights[span] * np.exp(self._points[span] - np.repeat(queries, np.diff(borders)))

    def _sum(self, values: np.ndarray, first: int, start: int, stop: int, n_groups: int) -> np.ndarray:
        sums = np.bincount(self._groups[start:stop], weights=values[start - first : stop - first], minlength=n_groups)
        return sums.astype(np.float64, copy=False)  # integers where there is no point
