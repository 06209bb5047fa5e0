"""Shapley values: the average change of the value when a player is added, over all orders of the players.

The estimator depends on the number of players and the budget. Where all coalitions fit in the budget (up to 12 players by default) the
values are exact. Otherwise they are those of Kernel SHAP (kernel_shap.py) on sampled coalitions (coalition_sampling.py) with control
variates (control_variates.py), or, with less than five evaluations per player, of sampled permutations and their reversals (Mitchell et
al., arXiv 2104.12199). The standard errors of the former are computed in kernel_shap.py, those of the latter here; exact values have
none. Histories of more than 50 events are grouped (grouping.py).
"""

from collections.abc import Iterator
from math import factorial

import numpy as np

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.memory import check_fits
from recsys.core.translation import _
from recsys.explain.explanation import Explanation
from recsys.explain.game import CostMark, Game
from recsys.explain.methods.coalition_sampling import PairedCoalitions
from recsys.explain.methods.control_variates import build_control_variates
from recsys.explain.methods.kernel_shap import estimate_kernel_shap, student_t_factor

METHOD = "shapley"
BUDGET = 4_096
"""Evaluations: all coalitions of 12 players."""
MIN_EVALUATIONS_PER_PLAYER = 5
"""Evaluations per player below which permutations are used instead of Kernel SHAP."""
PAIRS_PER_CONTROL_VARIATE = 6
"""Pairs of coalitions beyond the number of players for each control variate."""
PRIOR_FREEDOM = 2
"""Prior degrees of freedom of a player's variance over few permutations, shared by all players."""
BYTES_PER_MEMBER = 16
"""Memory of one player of one coalition while the values of coalitions are computed."""
FIRST = 64
"""Evaluations of the first result; each later one takes twice as many."""


def default_budget(game: Game) -> int:
    """Return a budget for exact values, or for a relative squared error of about a hundredth on the shipped transformers."""
    players = len(game.players)
    return BUDGET if players <= 12 else max(1_024, 20 * players)


def explain_by_shapley(game: Game, budget: int = BUDGET, seed: int = 0) -> Explanation:
    """Return Shapley values from `budget` evaluations, at least two per player."""
    *_, last = refine_shapley(game, budget, seed, first=budget)
    return last


def refine_shapley(
    game: Game, budget: int = BUDGET, seed: int = 0, first: int = FIRST, since: CostMark | None = None
) -> Iterator[Explanation]:
    """Yield a rough explanation after `first` evaluations, then better ones from twice as many each, up to the budget.

    Earlier evaluations are reused. Time and evaluations are counted from `since`, by default from now.
    """
    if budget < 2:
        raise DataError(_("a budget of {budget} evaluations is too small; give at least two per player, for example 1000", budget=budget))
    if seed < 0:
        raise DataError(_("the seed {seed} is below 0; give a whole number from 0 on, for example 1", seed=seed))
    players, since = len(game.players), since or game.mark_cost()
    enough = 2**players if players < 63 else budget + 1
    check_fits(
        _("explaining by {budget} evaluations", budget=format_number(min(budget, enough))),
        min(budget, enough) * players * BYTES_PER_MEMBER,
        _("give fewer, for example 10000"),
    )
    if enough <= budget:
        if first < enough and players > 2:
            yield next(estimate_by_regression(game, enough // 2, seed, first, since))
        yield compute_exact_shapley(game, since)
    elif budget >= MIN_EVALUATIONS_PER_PLAYER * players:
        yield from estimate_by_regression(game, budget, seed, first, since)
    else:
        yield from estimate_by_permutations(game, budget, seed, first, since)


def compute_exact_shapley(game: Game, since: CostMark | None = None) -> Explanation:
    """Compute exact Shapley values from all 2^P coalitions."""
    players, since = len(game.players), since or game.mark_cost()
    members = (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)
    values, sizes = game.value(members), members.sum(axis=1)
    orders = np.array([float(factorial(each)) for each in range(players + 1)])
    # the share of the orders in which the others of a coalition come first, then the player, then the rest
    joined = np.where(sizes > 0, orders[sizes - 1] * orders[players - sizes], 0) / orders[-1]
    missing = np.where(sizes < players, orders[sizes] * orders[players - sizes - 1], 0) / orders[-1]
    return game.to_explanation(METHOD, members.T @ (joined * values) - ~members.T @ (missing * values), None, since, exact=True)


def estimate_by_regression(game: Game, budget: int, seed: int, first: int, since: CostMark) -> Iterator[Explanation]:
    """Yield Kernel SHAP estimates from more and more pairs of coalitions."""
    players = len(game.players)
    ends = game.value(np.array([[False] * players, [True] * players]))
    pairs = PairedCoalitions(players, np.random.default_rng(seed))
    halves = np.empty(0)
    for count in _doubling(max(first, MIN_EVALUATIONS_PER_PLAYER * players), budget):
        new = pairs.grow((count - 2) // 2)
        won = game.value(np.concatenate([new, ~new]))
        halves = np.concatenate([halves, (won[: len(new)] - won[len(new) :]) / 2])
        controls = build_control_variates(
            pairs.members, game.players, _single_values(game, pairs, ends), (len(halves) - players) // PAIRS_PER_CONTROL_VARIATE
        )
        values, errors = estimate_kernel_shap(pairs, halves, ends[1] - ends[0], controls)
        yield game.to_explanation(METHOD, values, errors, since, exact=pairs.complete)
        if pairs.complete:
            return


def _single_values(game: Game, pairs: PairedCoalitions, ends: np.ndarray) -> list[np.ndarray]:
    """Return the values of each player alone and beside all others, (P,) each, where all of these coalitions are sampled."""
    if pairs.counts[0] < pairs.totals[0]:
        return []
    alone = np.eye(pairs.n, dtype=bool)
    return [game.value(alone) - ends[0], ends[1] - game.value(~alone)]


def estimate_by_permutations(game: Game, budget: int, seed: int, first: int, since: CostMark) -> Iterator[Explanation]:
    """Yield estimates from more and more permutations and their reversals; each permutation costs P − 1 evaluations."""
    players, random = len(game.players), np.random.default_rng(seed)
    gains = np.empty((0, 2, players))  # of each player in a permutation and in its reversal
    most = max(1, (budget - 2) // (2 * (players - 1)))
    for wanted in _doubling(max(1, (first - 2) // (2 * (players - 1))), most):
        forward = np.argsort(random.random((wanted - len(gains), players)), axis=1)
        orders = np.stack([forward, forward[:, ::-1]], axis=1)
        gains = np.concatenate([gains, _gains(game, orders.reshape(-1, players)).reshape(-1, 2, players)])
        halves = gains.mean(axis=1) if len(gains) > 1 else gains[0]
        yield game.to_explanation(METHOD, gains.mean(axis=(0, 1)), _permutation_standard_errors(halves), since)


def _permutation_standard_errors(values: np.ndarray) -> np.ndarray:
    """Return the standard errors (P,) of the means of a few sampled values (n, P), n ≥ 2.

    Two or three values may agree by chance, so each player's variance is shrunk to the mean over all players (Smyth 2004).
    """
    freedom, variances = len(values) - 1, values.var(axis=0, ddof=1)
    mixed = (freedom * variances + PRIOR_FREEDOM * variances.mean()) / (freedom + PRIOR_FREEDOM)
    return np.asarray(np.sqrt(mixed / len(values)) * student_t_factor(freedom + PRIOR_FREEDOM))


def _gains(game: Game, orders: np.ndarray) -> np.ndarray:
    """Return the marginal contributions (n, P) of the players in these permutations (n, P)."""
    positions = np.argsort(orders, axis=1)
    values = game.value((positions[:, None, :] < np.arange(orders.shape[1] + 1)[None, :, None]).reshape(-1, orders.shape[1]))
    added = np.diff(values.reshape(len(orders), -1), axis=1)
    return np.take_along_axis(added, positions, axis=1)


def _doubling(first: int, last: int) -> Iterator[int]:
    while first < last:
        yield first
        first *= 2
    yield last
