"""Two models compared by slice and by user, against pandas and the paired comparison of whole evaluations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core.errors import DataError
from recsys.evaluation import compare_paired
from recsys.failures.comparison import compare_slices, find_moved_users
from tests.failures.made_cases import draw_ranks, make_attribute, make_attributes, make_evaluation


@given(cases=st.integers(1, 80), seed=st.integers(0, 10_000), users=st.integers(1, 12))
def test_slices_are_groups_of_a_table(cases: int, seed: int, users: int) -> None:
    random = np.random.default_rng(seed)
    user_codes, attributes = random.integers(users, size=cases), make_attributes(cases, seed, least=-1)
    a, b = (make_evaluation(random.choice([1, 2, 5, 30, np.inf], size=cases), user_codes) for _ in range(2))
    found = compare_slices(a, b, attributes, "mrr")
    table = pd.DataFrame({"user": user_codes, "a": 1 / a.ranks, "b": 1 / b.ranks, "won": b.ranks < a.ranks, "lost": b.ranks > a.ranks})
    expected = [((), table)]
    for each in attributes:
        expected += [
            ((each.name, value), table[each.codes == code]) for code, value in enumerate(each.values) if (each.codes == code).any()
        ]
    assert [each[:2] for each in found.slices] == [key for key, _part in expected[1:]]
    for each, (_key, part) in zip((found.overall, *found.slices), expected, strict=True):
        assert (each.cases, each.users) == (len(part), part["user"].nunique())
        assert (each.won, each.lost) == (part["won"].sum(), part["lost"].sum())
        assert each.won + each.lost + each.tied == each.cases
        assert (each.mean_a, each.mean_b) == pytest.approx((part["a"].mean(), part["b"].mean()))
        assert each.difference == pytest.approx((part["b"] - part["a"]).mean())
        assert np.isnan(each.low) == np.isnan(each.p) == (each.users < 2)
        if each.users > 1:
            assert each.low <= each.difference <= each.high
            assert 0 <= each.p <= 1


def test_ranks_below_finished_lists_are_not_won_by_the_model_that_has_them() -> None:
    """The same model as it is, and as lists of its first ten items."""
    ranks, users = draw_ranks(300, 1), np.arange(300) % 50
    whole = make_evaluation(ranks, users)
    lists = replace(make_evaluation(np.where(ranks <= 10, ranks, np.inf), users), depth=10)
    for a, b in ((whole, lists), (lists, whole)):
        overall = compare_slices(a, b, ()).overall
        assert (overall.won, overall.lost, overall.tied) == (0, 0, 300)
        assert all(each.change == 0 for each in find_moved_users(a, b))
    better = make_evaluation(np.where(ranks > 10, 3.0, ranks), users)
    assert compare_slices(lists, better, ()).overall.won == (ranks > 10).sum()


def test_all_cases_agree_with_the_bootstrap() -> None:
    cases, users = 2_000, np.random.default_rng(0).integers(150, size=2_000)
    a, b = (make_evaluation(draw_ranks(cases, seed), users) for seed in (1, 2))
    found, expected = compare_slices(a, b, ()).overall, compare_paired(b, a)
    assert found.difference == pytest.approx(expected.difference)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.003)
    assert found.p == pytest.approx(expected.p, abs=0.06)


def test_the_other_way_round_is_the_opposite() -> None:
    attributes, users = make_attributes(300, 1), np.arange(300) % 50
    a, b = (make_evaluation(draw_ranks(300, seed), users) for seed in (1, 2))
    for there, back in zip(compare_slices(a, b, attributes).slices, compare_slices(b, a, attributes).slices, strict=True):
        assert there.difference == pytest.approx(-back.difference)
        assert (there.low, there.p, there.q) == pytest.approx((-back.high, back.p, back.q))
        assert (there.won, there.lost, there.tied) == (back.lost, back.won, back.tied)


def test_a_slice_that_a_version_broke_is_told_from_the_others() -> None:
    attributes, users = make_attributes(3_000, 1), np.random.default_rng(1).integers(200, size=3_000)
    ranks = draw_ranks(3_000, 1)
    broken = attributes[0].codes == 2
    a, b = make_evaluation(ranks, users), make_evaluation(np.where(broken, 400, ranks), users)
    found = compare_slices(a, b, attributes)
    worst = min(found.slices, key=lambda each: each.difference)
    assert (worst.attribute, worst.value) == ("a", "a2")
    assert worst.q < 1e-6
    assert worst.high < 0
    assert all(
        each.difference == 0 and each.tied == each.cases and each.p == 1 for each in found.slices if each.attribute == "a" and each != worst
    )


def test_models_that_agree_are_tied_everywhere() -> None:
    evaluation = make_evaluation(np.ones(60), np.arange(60) % 6)
    found = compare_slices(evaluation, evaluation, make_attributes(60, 0))
    for each in (found.overall, *found.slices):
        assert (each.difference, each.won, each.lost, each.tied) == (0, 0, 0, each.cases)


def test_a_slice_of_one_user_has_no_interval_and_takes_no_part_in_q() -> None:
    users = np.array([0] * 5 + [1, 2, 3, 4, 5])
    attribute = make_attribute("a", (users > 0).astype(int), 2)
    a, b = (make_evaluation(draw_ranks(10, seed), users) for seed in (1, 2))
    one, others = compare_slices(a, b, (attribute,)).slices
    assert np.isnan([one.low, one.high, one.p, one.q]).all()
    assert np.isfinite(one.difference)
    assert others.q == others.p


def test_models_on_different_cases_are_refused() -> None:
    a, users = make_evaluation(np.ones(4), np.arange(4)), np.arange(4)
    for b in (make_evaluation(np.ones(4), users, rows=np.arange(1, 5)), replace(a, split="test"), replace(a, protocol="temporal")):
        for compare in (lambda b=b: compare_slices(a, b, ()), lambda b=b: find_moved_users(a, b)):
            with pytest.raises(DataError, match="evaluate both on the same events"):
                compare()


@given(cases=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_moved_users_are_groups_of_a_table(cases: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    users = random.integers(3, 9, size=cases)
    a, b = (make_evaluation(random.choice([1, 2, 7.5, 30, np.inf], size=cases), users, items=63) for _ in range(2))
    change = pd.Series(np.log2(b.ranks.clip(max=64)) - np.log2(a.ranks.clip(max=64)))
    expected = change.groupby(users).mean()
    found = find_moved_users(a, b)
    assert sorted(each.user_code for each in found) == expected.index.tolist()
    assert [abs(each.change) for each in found] == sorted((abs(each.change) for each in found), reverse=True)
    for each in found:
        own = change[users == each.user_code]
        assert (each.cases, each.change) == (len(own), pytest.approx(expected[each.user_code]))
        assert users[each.case] == each.user_code
        assert (each.rank_a, each.rank_b) == (a.ranks[each.case], b.ranks[each.case])
        if abs(each.change) > 1e-9:
            assert np.sign(each.change) * change[each.case] == (np.sign(each.change) * own).max()
