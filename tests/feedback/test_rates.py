"""Rates of answers and their intervals, against the definition of the exact interval and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.feedback.rates import FEWEST, estimate_positive_rate, estimate_rate, rank_versions
from recsys.feedback.summary import VersionFeedback


def version(name: str, lists: int, **actions: int) -> VersionFeedback:
    return VersionFeedback(name, 1, lists, actions)


@given(st.integers(0, 400), st.integers(1, 500))
def test_the_ends_are_where_the_count_becomes_unlikely(count: int, lists: int) -> None:
    rate = estimate_rate(count, lists)
    assert rate.value == count / lists and rate.low <= rate.value < rate.high
    assert stats.poisson.cdf(count, rate.high * lists) == pytest.approx(0.025)
    assert rate.low == 0 if count == 0 else stats.poisson.sf(count - 1, rate.low * lists) == pytest.approx(0.025)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    counts = np.random.default_rng(3).poisson(0.2 * 100, size=2_000)
    ends = {count: estimate_rate(int(count), 100) for count in np.unique(counts)}
    assert np.mean([ends[count].low <= 0.2 <= ends[count].high for count in counts]) >= 0.94


def test_no_list_no_rate() -> None:
    rate = estimate_rate(0, 0)
    assert np.isnan([rate.value, rate.low, rate.high]).all()


def test_a_version_stands_out_where_its_interval_is_above_the_second() -> None:
    low, same, high = version("low", 200, take=20, dislike=300), version("same", 200, like=22), version("high", 200, take=60, like=30)
    rated, stands_out = rank_versions([low, same, high, version("few", FEWEST - 1, like=1_000)])
    assert [each.checkpoint for each, _rate in rated] == ["high", "same", "low"] and stands_out
    assert rated[0][1] == estimate_rate(90, 200) == estimate_positive_rate(high)
    assert not rank_versions([low, same])[1] and not rank_versions([high])[1] and rank_versions([]) == ([], False)
