"""Slices against counting one case at a time, resampling one user at a time, scipy, and simulations."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_matrix

from recsys.core.errors import UnknownNameError
from recsys.evaluation.bootstrap import DRAWS, bootstrap_means, bootstrap_sums
from recsys.failures.attributes import UNKNOWN, Attribute
from recsys.failures.slice_report import is_reliable, measure_attributes, order_by_cost
from recsys.failures.slice_statistics import compare_with_rest, control_false_discoveries
from tests.failures.conftest import judge

FIELDS = ("mean", "low", "high", "difference", "difference_low", "difference_high", "p")


def by(name: str, codes: Any, *values: str) -> Attribute:
    return Attribute(name, np.asarray(codes), values)


def slowly(values: np.ndarray, users: np.ndarray, inside: np.ndarray, seed: int) -> dict[str, float]:
    """The statistics of one slice by loops over draws, users and cases."""
    people = sorted(set(users.tolist()))
    of_user = {user: [at for at in range(len(users)) if users[at] == user] for user in people}
    generator = np.random.default_rng(seed)
    means, differences = [], []
    for _ in range(DRAWS):
        drawn = [case for at in generator.integers(len(people), size=len(people)) for case in of_user[people[at]]]
        part, rest = [[values[case] for case in drawn if inside[case] == side] for side in (True, False)]
        means.append(np.mean(part) if part else math.nan)
        differences.append(np.mean(part) - np.mean(rest) if part and rest else math.nan)
    part, rest = values[inside], values[~inside]
    added, added_difference = [], []
    for user in people:
        mine = np.array([at in set(of_user[user]) for at in range(len(users))])
        own = sum(values[mine & inside] - part.mean()) / len(part)
        other = sum(values[mine & ~inside] - rest.mean()) / len(rest)
        added.append(own)
        added_difference.append(own - other)
    error = math.sqrt(max(sum(each**2 for each in added), values.var() / len(part)))
    difference_error = math.sqrt(max(sum(each**2 for each in added_difference), values.var() * (1 / len(part) + 1 / len(rest))))

    def evenly(side: bool) -> float:
        counts = [sum(inside[case] == side for case in cases) for cases in of_user.values()]
        return sum(counts) ** 2 / sum(count**2 for count in counts) - 1

    free, free_both = evenly(True), min(evenly(True), evenly(False))
    mean, difference = part.mean(), part.mean() - rest.mean()
    by_t, by_t_both = stats.t.ppf(0.975, free) * error, stats.t.ppf(0.975, free_both) * difference_error
    return {
        "mean": mean,
        "low": max(values.min(), min(np.nanquantile(means, 0.025), mean - by_t)),
        "high": min(values.max(), max(np.nanquantile(means, 0.975), mean + by_t)),
        "difference": difference,
        "difference_low": min(np.nanquantile(differences, 0.025), difference - by_t_both),
        "difference_high": max(np.nanquantile(differences, 0.975), difference + by_t_both),
        "p": 2 * stats.t.sf(abs(difference) / difference_error, free_both),
    }


def test_every_figure_is_that_of_loops(random: np.random.Generator) -> None:
    users = np.sort(random.integers(0, 9, size=60)) * 7
    ranks = random.choice([1.0, 2, 4, 9.5, 11, 30], size=60)
    codes, other = random.integers(-1, 3, size=60), random.integers(0, 2, size=60)
    judged = judge(users, ranks)
    report = measure_attributes(judged, [by("one", codes, "a", "b", "c"), by("two", other, "x", "y")], "mrr", seed=3)
    assert [(each.attribute, each.value) for each in report.slices] == [
        ("one", "a"),
        ("one", "b"),
        ("one", "c"),
        ("two", "x"),
        ("two", "y"),
    ]
    for each, inside in zip(report.slices, [codes == 0, codes == 1, codes == 2, other == 0, other == 1], strict=True):
        expected = slowly(1 / ranks, users, inside, seed=3)
        assert {name: getattr(each, name) for name in FIELDS} == pytest.approx(expected)
        assert (each.cases, each.users) == (inside.sum(), len(set(users[inside].tolist())))
        assert each.miss_share == pytest.approx(((ranks > 10) & inside).sum() / (ranks > 10).sum())
        np.testing.assert_array_equal(report.find_cases(each.attribute, each.value), np.flatnonzero(inside))
    np.testing.assert_allclose([each.q for each in report.slices], stats.false_discovery_control([each.p for each in report.slices]))
    assert (report.metric, report.cases, report.users, report.seed) == ("mrr", 60, len(set(users.tolist())), 3)
    assert report.mean == pytest.approx((1 / ranks).mean())


def test_sums_of_draws_are_those_of_single_draws(random: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    sums = random.normal(size=(13, 4))
    generator, slow = np.random.default_rng(2), []
    for _ in range(DRAWS):
        slow.append(sum(sums[at] for at in generator.integers(13, size=13)))
    np.testing.assert_allclose(bootstrap_sums(sums, 2), slow)
    np.testing.assert_allclose(bootstrap_sums(csr_matrix(sums), 2), slow)
    monkeypatch.setattr("recsys.evaluation.bootstrap.WEIGHTS_AT_ONCE", 13 * 7)
    np.testing.assert_allclose(bootstrap_sums(sums, 2), slow)
    values = random.normal(size=(13, 1))
    np.testing.assert_allclose(bootstrap_means(values, np.arange(13), 2), bootstrap_sums(values, 2) / 13)


@given(st.lists(st.one_of(st.just(math.nan), st.floats(1e-12, 1)), max_size=30))
def test_false_discoveries_are_controlled_as_by_scipy(p: list[float]) -> None:
    found, known = control_false_discoveries(np.array(p)), [each for each in p if not math.isnan(each)]
    assert [math.isnan(each) for each in found] == [math.isnan(each) for each in p]
    np.testing.assert_allclose(found[~np.isnan(found)], stats.false_discovery_control(known) if known else [])


cases = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from([1.0, 2.0, 10.0, 10.5, 40.0, math.inf]), st.integers(-1, 2), st.integers(0, 1)),
    min_size=1,
    max_size=40,
)


@given(cases)
def test_properties_of_any_report(drawn: list[tuple[int, float, int, int]]) -> None:
    users, ranks, codes, halves = (np.array(each) for each in zip(*drawn, strict=True))
    attributes = [by("one", codes, "a", "b", "c"), by("half", halves, "x", "y")]
    report = measure_attributes(judge(users, ranks), attributes)
    assert {(each.attribute, each.value) for each in report.slices} == {
        (attribute.name, attribute.values[code]) for attribute in attributes for code in set(attribute.codes.tolist()) - {UNKNOWN}
    }
    for each in report.slices:
        assert math.isnan(each.low) == (each.users < 2)
        assert math.isnan(each.p) == math.isnan(each.q) == math.isnan(each.difference_low)
        if not math.isnan(each.low):
            assert 0 <= each.low <= each.mean + 1e-12 <= each.high + 2e-12 <= 1 + 2e-12
        if not math.isnan(each.p):
            assert each.difference_low <= each.difference + 1e-12 <= each.difference_high + 2e-12
            assert 0 <= each.p <= each.q + 1e-12 and each.q <= 1
            if each.difference_low > 1e-9 or each.difference_high < -1e-9:  # never called different by one and not by the other
                assert each.p < 0.05 + 1e-9
    parts = [each for each in report.slices if each.attribute == "half"]
    misses = sum(each.miss_share for each in parts)
    assert misses == pytest.approx(1) if (ranks > 10).any() else math.isnan(misses)
    if len(parts) == 2:
        assert parts[0].difference == pytest.approx(-parts[1].difference)
        assert parts[0].p == pytest.approx(parts[1].p, nan_ok=True)

    order = np.random.default_rng(0).permutation(len(users))
    again = measure_attributes(
        judge(users[order] * 10, ranks[order]), [by("one", codes[order], "a", "b", "c"), by("half", halves[order], "x", "y")]
    )
    for one, other in zip(report.slices, again.slices, strict=True):
        assert tuple(one) == pytest.approx(tuple(other), nan_ok=True)


def test_a_slice_of_one_user_has_a_mean_and_no_interval() -> None:
    report = measure_attributes(judge([0, 0, 1, 2, 3], [1, 20, 1, 1, 20]), [by("one", [0, 0, 1, 1, 1], "a", "b")])
    alone, others = report.slices
    assert (alone.mean, alone.users, alone.miss_share) == (0.5, 1, 0.5)
    assert alone.difference == pytest.approx(0.5 - 2 / 3)
    assert all(math.isnan(each) for each in (alone.low, alone.high, alone.difference_low, alone.difference_high, alone.p, alone.q))
    assert not is_reliable(alone)
    assert others.low < others.mean < others.high and math.isnan(others.p), "a rest of one user"


def test_without_a_rest_there_is_no_difference() -> None:
    (only,) = measure_attributes(judge([0, 1, 2], [1, 2, 20]), [by("one", [0, 0, 0], "a", "b")]).slices
    assert only.cases == 3 and not math.isnan(only.low)
    assert math.isnan(only.difference) and math.isnan(only.p) and math.isnan(only.q)


@pytest.mark.parametrize("metric", ["ndcg@10", "hr@10", "mrr"])
def test_where_every_case_is_a_hit_nothing_differs(metric: str) -> None:
    report = measure_attributes(judge(np.arange(30) // 3, np.ones(30)), [by("one", np.arange(30) % 2, "a", "b")], metric)
    for each in report.slices:
        assert (each.mean, each.low, each.high) == (1, 1, 1)
        assert (each.difference, each.difference_low, each.difference_high, each.p, each.q) == (0, 0, 0, 1, 1)
        assert math.isnan(each.miss_share), "there are no misses to share"


def test_equal_values_that_are_not_round_do_not_differ() -> None:
    judged = judge(np.arange(3_000) // 3, np.full(3_000, 3.7))
    assert [each.p for each in measure_attributes(judged, [by("one", np.arange(3_000) % 7 // 3, "a", "b", "c")]).slices] == [1, 1, 1]


def test_no_attribute_and_no_value() -> None:
    assert measure_attributes(judge([0, 1], [1, 1]), []).slices == ()
    report = measure_attributes(judge([0, 1], [1, 1]), [by("one", [UNKNOWN, UNKNOWN], "a", "b")])
    assert report.slices == () and report.cases == 2
    with pytest.raises(UnknownNameError, match="metric with a value per case"):
        measure_attributes(judge([0, 1], [1, 1]), [], "novelty@10")


def test_undefined_values_count_as_cases_only() -> None:
    judged = judge([0, 1, 2, 3], [1, 1, 1, 1])
    judged.other_values["novelty@10"] = np.array([1.0, 3.0, math.nan, 5.0])
    first, second = measure_attributes(judged, [by("one", [0, 0, 0, 1], "a", "b")], "novelty@10").slices
    assert (first.cases, first.users, first.mean, first.difference) == (3, 3, 2, -3)
    assert second.mean == 5 and math.isnan(second.low)
    judged.other_values["novelty@10"][:] = math.nan
    nothing = measure_attributes(judged, [by("one", [0, 0, 0, 1], "a", "b")], "novelty@10")
    assert math.isnan(nothing.mean) and math.isnan(nothing.slices[0].mean) and nothing.slices[0].cases == 3


def test_five_misses_are_not_a_finding() -> None:
    """A bootstrap alone gives the interval [0, 0] and a p-value of 0."""
    ranks = np.where(np.arange(500) % 3 == 0, 1.0, 50.0)
    codes = np.where((np.arange(500) % 3 > 0) & (np.arange(500) < 8), 0, 1)
    few = measure_attributes(judge(np.arange(500), ranks), [by("one", codes, "a", "b")], "hr@10").slices[0]
    assert (few.cases, few.mean, few.low) == (5, 0, 0)
    assert few.high > 0.5 and few.p > 0.1 and few.difference_high > 0


def test_losses_come_first() -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 3, size=3_000)
    ranks = np.where(random.random(3_000) < np.array([0.5, 0.2, 0.8])[codes], 1.0, 99.0)
    rare = np.where(np.isin(np.arange(3_000), (0, 5, 10)), 0, 1)
    ranks[[0, 5, 10]] = 99
    report = measure_attributes(judge(np.arange(3_000) // 5, ranks), [by("kind", codes, "a", "b", "c"), by("rare", rare, "x", "y")])
    ordered = [each.value for each in order_by_cost(report.slices)]
    assert ordered == ["b", "x", "a", "c", "y"], "three misses lose most, but not reliably"


def world(random: np.random.Generator, users: int, rate: float, loss: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cases of users who differ in number and in taste; the values are worse by `loss` in the first slice, which is of one case in ten."""
    of_case = np.repeat(np.arange(users), random.poisson(4, users) + 1)
    inside = random.random(len(of_case)) < 0.1
    chance = np.clip(rate + random.normal(0, 0.1, users), 0.01, 0.99)[of_case] - loss * inside
    return of_case, (random.random(len(of_case)) < chance).astype(float), inside


@pytest.mark.parametrize(("users", "rate"), [(300, 0.3), (60, 0.3), (300, 0.06)])
def test_intervals_hold_the_truth_and_p_values_are_even(users: int, rate: float) -> None:
    random, repeats = np.random.default_rng(11), 150
    held, p, held_truth = [], [], []
    for seed in range(repeats):
        of_case, values, inside = world(random, users, rate)
        of_users = random.random(users) < 0.2
        found = compare_with_rest(values, of_case, csr_matrix(np.column_stack([inside, of_users[of_case]]).astype(float)), seed)
        held += list((found.difference_low <= 0) & (found.difference_high >= 0))
        p += list(found.p)
        of_case, values, inside = world(random, users, max(rate, 0.3), loss=0.15)
        found = compare_with_rest(values, of_case, csr_matrix(inside[:, None].astype(float)), seed)
        held_truth.append(found.difference_low[0] <= -0.15 <= found.difference_high[0])
    assert 0.93 <= np.mean(held) <= 1 and 0.9 <= np.mean(held_truth) <= 1
    assert np.mean(np.array(p) < 0.05) < 0.08 and np.mean(np.array(p) < 0.005) < 0.02
    assert 0.35 < np.median(p) < 0.75


def test_chance_makes_no_findings_and_a_loss_is_one() -> None:
    random, false, true = np.random.default_rng(12), 0, 0
    for seed in range(30):
        of_case, values, inside = world(random, 300, 0.3, loss=0.2)
        attributes = [by(f"{size}", random.integers(0, size, len(of_case)), *map(str, range(size))) for size in (3, 8, 20, 40)]
        shuffled = judge(of_case, np.where(random.permutation(values) > 0, 1.0, 99.0))
        false += any(map(is_reliable, measure_attributes(shuffled, attributes, seed=seed).slices))
        planted = measure_attributes(
            judge(of_case, np.where(values > 0, 1.0, 99.0)), [*attributes, by("planted", ~inside + 0, "a", "b")], seed=seed
        )
        true += is_reliable(next(each for each in planted.slices if each.attribute == "planted"))
    assert false <= 3
    assert true >= 27
