"""Shapley values against their definition, and standard errors against the actual errors."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, History, request_at
from recsys.core.errors import DataError
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game
from recsys.explain.methods.coalition_sampling import PairedCoalitions
from recsys.explain.methods.shapley_values import BUDGET, compute_exact_shapley, explain_by_shapley, refine_shapley
from tests.explain.games import KINDS, game_of_function, sample_value, shapley_by_definition

KIND, SEED = st.sampled_from(KINDS), st.integers(0, 2**32 - 1)
BUDGETS = {"exact": 2**10, "regression": 200, "orders": 30}


def explained(kind: str, seed: int, how: str, players: int = 10) -> tuple[Game, Explanation]:
    game = game_of_function(players, sample_value(kind, players, np.random.default_rng(seed)))
    return game, explain_by_shapley(game, BUDGETS[how], seed)


@given(KIND, SEED, st.integers(0, 6))
def test_exact_values_are_those_of_the_definition(kind: str, seed: int, players: int) -> None:
    value = sample_value(kind, max(players, 3), np.random.default_rng(seed))
    whole = (lambda there: value(np.pad(there, ((0, 0), (0, 3 - players))))) if players < 3 else value
    found = explain_by_shapley(game_of_function(players, whole))
    np.testing.assert_allclose(found.values, shapley_by_definition(players, whole), rtol=1e-5, atol=1e-5)
    assert found.exact
    assert not found.standard_errors.any()


@given(KIND, SEED, st.sampled_from(list(BUDGETS)))
def test_values_add_up_to_the_score(kind: str, seed: int, how: str) -> None:
    _, found = explained(kind, seed, how)
    assert abs(found.residual) <= 1e-5 * max(1.0, abs(found.score - found.baseline))
    assert found.exact == (how == "exact")


@given(SEED, st.sampled_from(list(BUDGETS)))
def test_null_players_have_no_value(seed: int, how: str) -> None:
    value = sample_value("saturating", 9, np.random.default_rng(seed))
    game = game_of_function(10, lambda there: value(there[:, :9]))
    found = explain_by_shapley(game, BUDGETS[how], seed)
    assert abs(found.values[9]) <= 4 * found.standard_errors[9] + 1e-6


@given(KIND, SEED, st.sampled_from(list(BUDGETS)))
def test_symmetric_players_have_equal_values(kind: str, seed: int, how: str) -> None:
    value = sample_value(kind, 9, np.random.default_rng(seed))
    game = game_of_function(10, lambda there: value(there[:, :9]) + value(there[:, [*range(8), 9]]))
    found = explain_by_shapley(game, BUDGETS[how], seed)
    allowed = 4 * np.hypot(*found.standard_errors[8:]) + 1e-5
    assert abs(found.values[8] - found.values[9]) <= allowed


@given(SEED, st.sampled_from(list(BUDGETS)))
def test_an_additive_game_is_found_exactly_by_every_way(seed: int, how: str) -> None:
    worth = np.random.default_rng(seed).normal(size=10)
    found = explain_by_shapley(game_of_function(10, lambda there: there @ worth), BUDGETS[how], seed)
    np.testing.assert_allclose(found.values, worth, atol=1e-5)


@pytest.mark.parametrize("budget", [40, 60, 200, 600])
def test_two_standard_errors_cover_the_exact_value(budget: int) -> None:
    """500 games of 10 players with sampling forced: 90 to 99 in a hundred values are within ± 2."""
    covered = []
    for case in range(500):
        game = game_of_function(10, sample_value(KINDS[1:][case % 6], 10, np.random.default_rng(case)))
        truth, found = compute_exact_shapley(game), explain_by_shapley(game, budget, seed=case)
        assert not found.exact
        covered.append(np.abs(found.values - truth.values) <= 2 * found.standard_errors)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_twelve_players_are_exact_by_default_and_thirteen_are_not() -> None:
    for players in (12, 13):
        found = explain_by_shapley(game_of_function(players, sample_value("network", players, np.random.default_rng(1))))
        assert found.exact == (players == 12)
        assert found.evaluations <= BUDGET + 1


def test_more_evaluations_have_smaller_errors() -> None:
    game = game_of_function(14, sample_value("saturating", 14, np.random.default_rng(2)))
    truth, steps = (
        compute_exact_shapley(game).values,
        list(refine_shapley(game_of_function(14, sample_value("saturating", 14, np.random.default_rng(2))))),
    )
    assert [step.evaluations for step in steps] == [71, 141, 281, 561, 1121, 2241, 4097]  # and the score itself
    errors = [np.square(step.values - truth).sum() for step in steps]
    stated = [np.square(step.standard_errors).sum() for step in steps]
    assert errors[-1] < errors[0] / 20
    assert all(later < earlier for earlier, later in pairwise(stated))


def test_exact_values_come_after_rough_ones() -> None:
    rough, last = refine_shapley(game_of_function(12, sample_value("network", 12, np.random.default_rng(3))))
    assert (rough.exact, last.exact) == (False, True)
    assert rough.evaluations < 70


def test_the_seed_decides() -> None:
    game = game_of_function(15, sample_value("saturating", 15, np.random.default_rng(4)))
    once, again, other = (explain_by_shapley(game, 200, seed).values for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_hundreds_of_events_within_a_small_budget() -> None:
    worth = np.random.default_rng(5).normal(size=300)
    found = explain_by_shapley(game_of_function(300, lambda there: np.tanh(there @ worth / 10)), 1_300)
    assert found.evaluations <= 1_300
    assert np.corrcoef(found.values, worth)[0, 1] > 0.8


def test_a_budget_of_one_is_an_error() -> None:
    with pytest.raises(DataError, match="budget of 1"):
        explain_by_shapley(game_of_function(5, sample_value("network", 5, np.random.default_rng(6))), 1)


class TestPairs:
    @pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 9])
    def test_all_coalitions_are_sampled_once(self, n: int) -> None:
        pairs = PairedCoalitions(n, np.random.default_rng(0))
        for wanted in (2, 3, 7, 10**6):
            pairs.grow(wanted)
        both = np.concatenate([pairs.members, ~pairs.members])
        assert len(np.unique(both, axis=0)) == len(both) == 2**n - 2
        assert pairs.complete

    def test_sizes_are_sampled_equally_often(self) -> None:
        pairs = PairedCoalitions(30, np.random.default_rng(0))
        pairs.grow(100)
        new = pairs.grow(290)
        assert len(pairs.members) == 290
        assert len(new) == 190
        assert pairs.counts[0] == 30  # single events, all of them
        assert set(pairs.counts[1:14]) <= {19, 20}
        assert pairs.counts[14] in (9, 10)
        np.testing.assert_array_equal(pairs.members.sum(axis=1), pairs.sizes[pairs.strata])
        assert len(np.unique(pairs.members, axis=0)) == 290

    def test_players_are_sampled_equally_often(self) -> None:
        pairs = PairedCoalitions(41, np.random.default_rng(0))
        pairs.grow(8_000)
        large = pairs.members[pairs.strata > 3]
        expected = pairs.sizes[pairs.strata[pairs.strata > 3]].mean() / 41
        np.testing.assert_allclose(large.mean(axis=0), expected, atol=0.03)


def test_a_real_model_is_explained_as_by_definition(tiny: Dataset, trained: Callable[..., Any]) -> None:
    history: History = tiny.history("u03")
    game = Game(trained("sasrec-time", tiny), request_at(history, 4), "i05", aware=("time",))
    expected = shapley_by_definition(5, game.value)
    found = explain_by_shapley(game)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert [player.kind for player in found.players] == ["event"] * 4 + ["time"]
    assert abs(found.residual) <= 1e-3 * abs(found.score - found.baseline)
