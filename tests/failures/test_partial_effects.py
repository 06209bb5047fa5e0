"""Effects against least squares with a sandwich estimator written out, and against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.failures.attributes import Attribute
from recsys.failures.partial_effects import AdditiveFit, estimate_effect
from tests.failures.made_cases import make_attributes

CASES = 300


def one_hot(attributes: tuple[Attribute, ...]) -> np.ndarray:
    columns = [each.codes == code for each in attributes for code in range(len(each.values))]
    return np.column_stack([np.ones(len(attributes[0].codes)), *columns])


def effect_of(values: np.ndarray, attributes: tuple[Attribute, ...], is_inside: np.ndarray, users: np.ndarray) -> tuple[float, ...]:
    fit = AdditiveFit(attributes, len(values))
    return estimate_effect(fit.remove(values), fit.remove(is_inside.astype(float)), is_inside, users)


@given(seed=st.integers(0, 10_000))
def test_an_effect_is_a_coefficient_of_least_squares(seed: int) -> None:
    random = np.random.default_rng(seed)
    attributes, values, users = make_attributes(CASES, seed, least=-1), random.random(CASES), random.integers(30, size=CASES)
    is_inside = (attributes[0].codes == 1) & (attributes[1].codes == 2)
    design = np.column_stack([one_hot(attributes), is_inside])
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    rest = values - design @ coefficients
    bread = np.linalg.pinv(design.T @ design)
    scores = np.array([design[users == user].T @ rest[users == user] for user in np.unique(users)])
    clustered = (bread @ scores.T @ scores @ bread)[-1, -1]
    error = np.sqrt(max(clustered, rest.var() * bread[-1, -1]))
    counts = np.unique(users[is_inside], return_counts=True)[1]
    free = counts.sum() ** 2 / (counts**2).sum() - 1
    found = effect_of(values, attributes, is_inside, users)
    assert found[0] == pytest.approx(coefficients[-1], abs=1e-8)
    assert found[1:3] == pytest.approx(np.array(stats.t.interval(0.95, free, coefficients[-1], error)), abs=1e-7)
    assert found[3] == pytest.approx(stats.t.cdf(coefficients[-1] / error, free), abs=1e-7)


def test_without_attributes_an_effect_is_a_difference_of_means() -> None:
    random = np.random.default_rng(2)
    values, is_inside = random.random(CASES), random.random(CASES) < 0.2
    found = effect_of(values, (), is_inside, np.arange(CASES))
    expected = stats.ttest_ind(values[is_inside], values[~is_inside])
    assert found[0] == pytest.approx(values[is_inside].mean() - values[~is_inside].mean())
    assert found[3] == pytest.approx(expected.pvalue / 2 if expected.statistic < 0 else 1 - expected.pvalue / 2, abs=0.03)


def test_a_group_in_which_every_case_is_a_miss_is_not_certain() -> None:
    """30 misses where one case in twelve is a hit have a probability of (11/12)**30 = 7 %."""
    values = (np.arange(1200) % 12 == 0).astype(float)
    is_inside = np.zeros(1200, dtype=bool)
    is_inside[np.flatnonzero(values == 0)[:30]] = True
    found = effect_of(values, (), is_inside, np.arange(1200))
    assert 0.02 < found[3] < 0.2
    assert found[1] < found[0] < found[2]


def test_a_group_of_one_user_or_one_told_by_single_values_has_no_effect() -> None:
    attributes, random = make_attributes(CASES, 3), np.random.default_rng(3)
    values, users = random.random(CASES), random.integers(9, size=CASES)
    assert np.isnan(effect_of(values, attributes, attributes[0].codes == 1, users)).all()
    assert np.isnan(effect_of(values, attributes, users == 4, users)).all()


def test_a_group_that_is_nearly_all_of_one_user_says_little() -> None:
    random = np.random.default_rng(6)
    users, is_inside = np.arange(400) % 200 + 1, np.zeros(400, dtype=bool)
    is_inside[:100] = True
    values = random.random(400) - is_inside
    even = effect_of(values, (), is_inside, users)
    users[:95] = 0
    uneven = effect_of(values, (), is_inside, users)
    assert even[3] < 1e-6 and uneven[3] > 0.01
    assert uneven[2] > 0 > even[2]


def test_intervals_cover_and_p_values_are_uniform_where_users_differ() -> None:
    """Users with a level of their own: their cases depend on each other, and the group is of some users."""
    random = np.random.default_rng(4)
    runs = 400
    covered, small = 0, 0
    for run in range(runs):
        users = random.integers(80, size=CASES)
        level = random.normal(size=80)[users]
        is_inside = random.permutation(80)[users] < 25
        found = effect_of(level + random.normal(size=CASES), make_attributes(CASES, run)[1:2], is_inside, users)
        covered += found[1] <= 0 <= found[2]
        small += found[3] < 0.05
    assert 0.92 < covered / runs < 0.98
    assert small / runs < 0.085
