"""Ratings by stars on the scale of a dataset's own ratings."""

import numpy as np

STARS = 5


def find_star_values(ratings: np.ndarray | None) -> np.ndarray | None:
    """Return the rating (5,) that one to five stars mean, None for data without ratings or with fewer than three different ones.

    Five stars are the highest rating. On a scale that starts above zero, as 1 to 5 or 0.5 to 5, each star is a fifth of it; on any
    other, such as −10 to 10, one star is the lowest rating.
    """
    known = np.unique(ratings[np.isfinite(ratings)]) if ratings is not None else np.empty(0)
    if len(known) < 3:
        return None
    low, high = float(known[0]), float(known[-1])
    return np.linspace(high / STARS if 0 < low <= high / STARS else low, high, STARS)


def count_stars(rating: float, values: np.ndarray) -> int:
    """Return the number of stars, 1 to 5, nearest to a rating."""
    return int(np.argmin(np.abs(values - rating))) + 1


def is_good_rating(rating: float, values: np.ndarray) -> bool:
    """Return whether a rating is at or above the middle of the scale, three stars."""
    return rating >= float(values[STARS // 2]) - 1e-9
