"""Control variates: games with Shapley values of 0, and the evaluations that they save."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.explain.explanation import Player
from recsys.explain.methods.coalition_sampling import PairedCoalitions
from recsys.explain.methods.control_variates import LATER, _values, build_control_variates
from recsys.explain.methods.kernel_shap import estimate_kernel_shap
from recsys.explain.methods.shapley_values import compute_exact_shapley, explain_by_shapley
from tests.explain.games import game_of_function, shapley_by_definition


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, LATER))
def test_their_values_before_are_those_of_the_definition(seed: int, players: int, later: int) -> None:
    worth = np.random.default_rng(seed).normal(size=players)

    def value(there: np.ndarray) -> np.ndarray:
        return np.array([sum(worth[i] for i in np.flatnonzero(row) if row[i + 1 :].sum() == later) for row in there])

    np.testing.assert_allclose(_values(worth, later), shapley_by_definition(players, value), atol=1e-12)


def test_with_all_coalitions_they_change_no_value() -> None:
    random = np.random.default_rng(0)
    players = [Player("time", "time"), *(Player(f"e{i}", "event", (i,)) for i in (3, 0, 2, 1, 4))]  # in no order
    pairs = PairedCoalitions(6, random)
    pairs.grow(10**6)
    halves = random.normal(size=len(pairs.members))
    beside = build_control_variates(pairs.members, players, [random.normal(size=6), random.normal(size=6)], 4)
    assert np.abs(beside).max() > 0.1
    without, with_them = (estimate_kernel_shap(pairs, halves, 1.0, each)[0] for each in (beside[:, :0], beside))
    np.testing.assert_allclose(with_them, without, atol=1e-10)


def test_a_game_of_the_last_event_is_found_with_far_fewer_evaluations() -> None:
    """Only the last event counts, as in a Markov chain, which no sum over events approximates."""
    worth = np.random.default_rng(1).normal(size=14)

    def value(there: np.ndarray) -> np.ndarray:
        last = there.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
        return np.where(there.any(axis=1), worth[last], 0.0)

    game = game_of_function(14, value)
    truth, found = compute_exact_shapley(game).values, explain_by_shapley(game_of_function(14, value), 200)
    np.testing.assert_allclose(found.values, truth, atol=1e-5)
    assert found.standard_errors.max() < 1e-4
