"""Planted weaknesses are found, nothing is found where there is none, and what adds nothing is left out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core.errors import UnknownNameError
from recsys.evaluation import Evaluation
from recsys.failures.attributes import Attribute
from recsys.failures.combinations import Conditions, mark_cases
from recsys.failures.findings import SearchResult, find_weak_combinations
from tests.failures.made_cases import draw_ranks, make_attribute, make_attributes, make_evaluation

CASES, USERS = 4_000, 300


def search_planted(seed: int, *planted: Conditions, attributes: tuple[Attribute, ...] | None = None) -> SearchResult:
    attributes = attributes or make_attributes(CASES, seed)
    weak = np.logical_or.reduce([mark_cases(attributes, each) for each in planted])
    users = np.random.default_rng(seed).integers(USERS, size=CASES)
    return find_weak_combinations(make_evaluation(draw_ranks(CASES, seed, weak), users), attributes, seed=seed)


def combine(text: str) -> Conditions:
    """("a1 b2") as conditions."""
    return tuple((value[0], value) for value in text.split())


@pytest.mark.parametrize("planted", ["a1 b2", "b0 c3", "a0 b1 c2", "a3 c4 d1"])
def test_a_planted_weakness_is_found_and_nothing_else(planted: str) -> None:
    found = [{each.conditions for each in search_planted(seed, combine(planted)).findings} for seed in range(10)]
    assert sum(each == {combine(planted)} for each in found) >= 9


def test_two_planted_weaknesses_are_two_findings() -> None:
    result = search_planted(3, combine("a1 b2"), combine("a0 c3"))
    assert {each.conditions for each in result.findings} == {combine("a1 b2"), combine("a0 c3")}
    losses = [each.difference * each.cases for each in result.findings]
    assert losses == sorted(losses)


def test_nothing_is_found_where_nothing_is_planted() -> None:
    total = 0
    for seed in range(20):
        users = np.random.default_rng(seed).integers(USERS, size=CASES)
        total += len(
            find_weak_combinations(make_evaluation(draw_ranks(CASES, seed), users), make_attributes(CASES, seed), seed=seed).findings
        )
    assert total <= 1


def test_single_values_that_are_worse_are_no_combinations() -> None:
    """Values a1 and b2 are both much worse, and together as much worse as both: the table of slices tells that."""
    attributes, random = make_attributes(CASES, 1), np.random.default_rng(1)
    chance = 0.9 - 0.4 * (attributes[0].codes == 1) - 0.4 * (attributes[1].codes == 2)
    ranks = np.where(random.random(CASES) < chance, 1, 50)
    assert not find_weak_combinations(make_evaluation(ranks, random.integers(USERS, size=CASES)), attributes).findings


def test_what_is_worse_than_expected_but_better_than_the_rest_is_no_finding() -> None:
    attributes, random = make_attributes(CASES, 1), np.random.default_rng(1)
    is_a, is_b = attributes[0].codes == 1, attributes[1].codes == 2
    chance = np.select([is_a & is_b, is_a | is_b], [0.6, 0.95], 0.2)
    ranks = np.where(random.random(CASES) < chance, 1, 50)
    result = find_weak_combinations(make_evaluation(ranks, random.integers(USERS, size=CASES)), attributes)
    assert combine("a1 b2") not in {each.conditions for each in result.findings}


def test_the_figures_are_those_of_the_half_that_did_not_choose() -> None:
    attributes, seed = make_attributes(CASES, 6), 6
    users = np.random.default_rng(seed).integers(USERS, size=CASES)
    weak = mark_cases(attributes, combine("a1 b2"))
    evaluation = make_evaluation(draw_ranks(CASES, seed, weak), users)
    result = find_weak_combinations(evaluation, attributes, "mrr", seed)
    (finding,) = result.findings
    is_first = np.isin(users, np.random.default_rng(seed).permutation(np.unique(users))[: result.users[0]])
    values = evaluation.values("mrr")
    inside, outside = values[weak & ~is_first], values[~weak & ~is_first]
    assert (finding.cases, finding.users) == (weak.sum(), len(np.unique(users[weak])))
    assert finding.mean == pytest.approx(inside.mean())
    assert finding.difference == pytest.approx(inside.mean() - outside.mean())
    assert finding.low < finding.difference < finding.high < 0
    assert finding.added_low < finding.added < finding.added_high < 0
    assert finding.p <= finding.q <= 0.05
    assert result.cases == (is_first.sum(), (~is_first).sum())
    assert sum(result.users) == USERS
    assert result.metric == "mrr"


def test_what_only_one_half_shows_is_no_finding() -> None:
    """A weakness of the users of the first half alone is chosen there and not confirmed by the others."""
    attributes, seed = make_attributes(CASES, 6), 6
    users = np.random.default_rng(seed).integers(USERS, size=CASES)
    is_first = np.isin(users, np.random.default_rng(seed).permutation(np.unique(users))[: USERS // 2])
    ranks = draw_ranks(CASES, seed, mark_cases(attributes, combine("a1 b2")) & is_first)
    result = find_weak_combinations(make_evaluation(ranks, users), attributes, seed=seed)
    assert result.tested >= 1
    assert not result.findings


def test_attributes_that_say_the_same_are_one_finding() -> None:
    attributes = make_attributes(CASES, 2)
    twin = Attribute("twin", attributes[0].codes, tuple(f"t{i}" for i in range(len(attributes[0].values))))
    result = search_planted(2, combine("a1 b2"), attributes=(*attributes, twin))
    assert [each.conditions for each in result.findings] == [combine("a1 b2")]


def test_a_refinement_that_adds_nothing_is_not_a_finding() -> None:
    """The value x1 is nearly always there where a1 and b2 are."""
    attributes, random = make_attributes(CASES, 8), np.random.default_rng(8)
    weak = mark_cases(attributes, combine("a1 b2"))
    often = make_attribute("x", np.where(weak & (random.random(CASES) < 0.9), 1, random.integers(2, size=CASES)), 2)
    result = search_planted(8, combine("a1 b2"), attributes=(*attributes, often))
    assert [each.conditions for each in result.findings] == [combine("a1 b2")]


def hopeless() -> list[tuple[str, Evaluation, tuple[Attribute, ...]]]:
    attributes, users = make_attributes(200, 0), np.arange(200) % 40
    return [
        ("every case a hit", make_evaluation(np.ones(200), users), attributes),
        ("one user", make_evaluation(draw_ranks(200, 0), np.zeros(200, dtype=int)), attributes),
        ("no attribute", make_evaluation(draw_ranks(200, 0), users), ()),
        ("one attribute", make_evaluation(draw_ranks(200, 0), users), attributes[:1]),
        ("a user each", make_evaluation(draw_ranks(2, 0), np.arange(2)), make_attributes(2, 0)),
        ("nothing known", make_evaluation(draw_ranks(200, 0), users), (make_attribute("a", np.full(200, -1), 2),) * 2),
        ("nothing listed", make_evaluation(np.full(200, np.inf), users), attributes),
    ]


@pytest.mark.parametrize(("evaluation", "attributes"), [each[1:] for each in hopeless()], ids=[each[0] for each in hopeless()])
def test_where_there_is_nothing_to_search_nothing_is_found(evaluation: Evaluation, attributes: tuple[Attribute, ...]) -> None:
    result = find_weak_combinations(evaluation, attributes)
    assert result.findings == ()
    assert sum(result.cases) == evaluation.cases


def test_cases_without_a_value_of_the_metric_are_left_out() -> None:
    attributes, users = make_attributes(CASES, 6), np.arange(CASES) % USERS
    weak = mark_cases(attributes, combine("a1 b2"))
    novelty = np.where(np.arange(CASES) % 7 == 0, np.nan, np.random.default_rng(0).random(CASES) - 2 * weak)
    evaluation = replace(make_evaluation(np.ones(CASES), users), other_values={"novelty@10": novelty})
    result = find_weak_combinations(evaluation, attributes, "novelty@10")
    assert sum(result.cases) == np.isfinite(novelty).sum()
    assert [each.conditions for each in result.findings] == [combine("a1 b2")]


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="ndcg@11"):
        find_weak_combinations(make_evaluation(np.ones(4), np.arange(4)), make_attributes(4, 0), "ndcg@11")


def test_progress_ends_at_one_and_never_falls() -> None:
    shares: list[float] = []
    find_weak_combinations(make_evaluation(draw_ranks(200, 0), np.arange(200) % 40), make_attributes(200, 0), on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@settings(max_examples=15)
@given(seed=st.integers(0, 1_000), users=st.integers(1, 60), weak=st.booleans())
def test_the_same_seed_finds_the_same_and_every_finding_is_worse(seed: int, users: int, weak: bool) -> None:
    cases = 500
    attributes = make_attributes(cases, seed, least=-1)
    ranks = draw_ranks(cases, seed, mark_cases(attributes, combine("a1 b1")) if weak else None)
    evaluation = make_evaluation(ranks, np.random.default_rng(seed).integers(users, size=cases))
    result = find_weak_combinations(evaluation, attributes, seed=seed)
    assert result == find_weak_combinations(evaluation, attributes, seed=seed)
    assert len(result.findings) + result.folded <= result.tested <= result.looked_at
    for each in result.findings:
        assert 2 <= len({name for name, _value in each.conditions}) == len(each.conditions) <= 3
        assert max(each.high, each.added_high) < 0
        assert mark_cases(attributes, each.conditions).sum() == each.cases
