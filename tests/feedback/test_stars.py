"""Stars on scales as datasets have them."""

import numpy as np
import pytest

from recsys.feedback.stars import count_stars, find_star_values, is_good_rating


@pytest.mark.parametrize(
    ("ratings", "values"),
    [
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ([0.5, 3.5, 5], [1, 2, 3, 4, 5]),
        ([1, 7, 10, np.nan], [2, 4, 6, 8, 10]),
        ([-10, 0, 10], [-10, -5, 0, 5, 10]),
        ([0, 50, 100], [0, 25, 50, 75, 100]),
        ([3, 4, 5], [3, 3.5, 4, 4.5, 5]),
    ],
)
def test_five_stars_are_the_highest_rating(ratings: list[float], values: list[float]) -> None:
    found = find_star_values(np.array(ratings, dtype=float))
    assert found is not None and np.allclose(found, values)
    assert [count_stars(value, found) for value in found] == [1, 2, 3, 4, 5]
    assert [is_good_rating(value, found) for value in found] == [False, False, True, True, True]


@pytest.mark.parametrize("ratings", [None, [], [np.nan], [1, 1], [0, 1, np.nan]])
def test_data_without_a_scale_has_no_stars(ratings: list[float] | None) -> None:
    assert find_star_values(None if ratings is None else np.array(ratings, dtype=float)) is None
