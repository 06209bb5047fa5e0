"""Shapley values: what each player adds on average, over all orders in which they could have come.

How depends on how many players there are and how often the model may be asked. Where all coalitions fit the budget, and up to 12
players they do, the values are exact. Else they come from a regression on sampled coalitions (`regression.py`), beside games that say
what is known of sequences (`order.py`), and where there are less than five evaluations a player, from orders and their reversals
(Mitchell et al., arXiv 2104.12199). More than 50 events are played in groups (`groups.py`).
"""

from collections.abc import Iterator
from math import factorial

import numpy as np

from recsys.core.errors import DataError
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game, Spent
from recsys.explain.methods.coalition_sampling import PairedCoalitions
from recsys.explain.methods.control_variates import zero_value_games
from recsys.explain.methods.kernel_shap import kernel_regression, widened

METHOD = "shapley"
BUDGET = 4_096
"""All coalitions of 12 players."""
FEW = 5
"""Evaluations a player below which a regression has too little to go on."""
PAIRS_A_GAME = 6
"""Pairs beyond the number of players for each game that stands beside them in the regression."""
BORROWED = 2
"""Degrees of freedom that a player's variance over few orders takes from the others'."""
FIRST = 64
"""Evaluations after which there is a first answer; each later one takes twice as many."""


def usual_budget(game: Game) -> int:
    """Evaluations for values that are exact, or else right to about a hundredth (squared) on the shipped transformers."""
    players = len(game.players)
    return BUDGET if players <= 12 else max(1_024, 20 * players)


def explain_by_shapley(game: Game, budget: int = BUDGET, seed: int = 0) -> Explanation:
    """The values that `budget` evaluations give; two a player at least are spent."""
    *_, last = refine_shapley(game, budget, seed, first=budget)
    return last


def refine_shapley(
    game: Game, budget: int = BUDGET, seed: int = 0, first: int = FIRST, since: Spent | None = None
) -> Iterator[Explanation]:
    """A rough answer after `first` evaluations, then better ones from twice as many each, up to the budget. What was asked is used again.

    Time and evaluations are counted from `since`, where something came before.
    """
    if budget < 2:
        raise DataError(f"a budget of {budget} evaluations explains nothing; give two a player or more, for example --budget 1000")
    players, since = len(game.players), since or game.spent()
    enough = 2**players if players < 63 else budget + 1
    if enough <= budget:
        if first < enough and players > 2:
            yield next(shapley_by_regression(game, enough // 2, seed, first, since))
        yield exact_shapley(game, since)
    elif budget >= FEW * players:
        yield from shapley_by_regression(game, budget, seed, first, since)
    else:
        yield from shapley_by_permutations(game, budget, seed, first, since)


def exact_shapley(game: Game, since: Spent | None = None) -> Explanation:
    """Over all 2^P coalitions."""
    players, since = len(game.players), since or game.spent()
    members = (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)
    values, sizes = game.value(members), members.sum(axis=1)
    orders = np.array([float(factorial(each)) for each in range(players + 1)])
    # in how many of the orders the others of a coalition came first, then the one, then the rest
    joined = np.where(sizes > 0, orders[sizes - 1] * orders[players - sizes], 0) / orders[-1]
    missing = np.where(sizes < players, orders[sizes] * orders[players - sizes - 1], 0) / orders[-1]
    return game.explained(METHOD, members.T @ (joined * values) - ~members.T @ (missing * values), None, since, exact=True)


def shapley_by_regression(game: Game, budget: int, seed: int, first: int, since: Spent) -> Iterator[Explanation]:
    players = len(game.players)
    ends = game.value(np.array([[False] * players, [True] * players]))
    pairs = PairedCoalitions(players, np.random.default_rng(seed))
    halves = np.empty(0)
    for count in _doubling(max(first, FEW * players), budget):
        new = pairs.grow((count - 2) // 2)
        won = game.value(np.concatenate([new, ~new]))
        halves = np.concatenate([halves, (won[: len(new)] - won[len(new) :]) / 2])
        beside = zero_value_games(pairs.members, game.players, _worths(game, pairs, ends), (len(halves) - players) // PAIRS_A_GAME)
        values, errors = kernel_regression(pairs, halves, ends[1] - ends[0], beside)
        yield game.explained(METHOD, values, errors, since, exact=pairs.complete)
        if pairs.complete:
            return


def _worths(game: Game, pairs: PairedCoalitions, ends: np.ndarray) -> list[np.ndarray]:
    """What each player adds to nothing and to all the others, (P,) each, where all of those have been asked for."""
    if pairs.counts[0] < pairs.totals[0]:
        return []
    alone = np.eye(pairs.n, dtype=bool)
    return [game.value(alone) - ends[0], ends[1] - game.value(~alone)]


def shapley_by_permutations(game: Game, budget: int, seed: int, first: int, since: Spent) -> Iterator[Explanation]:
    """Each order costs P − 1 evaluations, and one and its reversal are the least."""
    players, random = len(game.players), np.random.default_rng(seed)
    gains = np.empty((0, 2, players))  # of each player in an order and in its reversal
    most = max(1, (budget - 2) // (2 * (players - 1)))
    for wanted in _doubling(max(1, (first - 2) // (2 * (players - 1))), most):
        forward = np.argsort(random.random((wanted - len(gains), players)), axis=1)
        orders = np.stack([forward, forward[:, ::-1]], axis=1)
        gains = np.concatenate([gains, _gains(game, orders.reshape(-1, players)).reshape(-1, 2, players)])
        halves = gains.mean(axis=1) if len(gains) > 1 else gains[0]
        yield game.explained(METHOD, gains.mean(axis=(0, 1)), _errors_of_few(halves), since)


def _errors_of_few(values: np.ndarray) -> np.ndarray:
    """Standard errors (P,) of the means of a few drawn values (n, P), n ≥ 2.

    Two or three values may agree by chance, so each player's variance is mixed with that of all (Smyth 2004).
    """
    freedom, variances = len(values) - 1, values.var(axis=0, ddof=1)
    mixed = (freedom * variances + BORROWED * variances.mean()) / (freedom + BORROWED)
    return np.asarray(np.sqrt(mixed / len(values)) * widened(freedom + BORROWED))


def _gains(game: Game, orders: np.ndarray) -> np.ndarray:
    """What each player adds (n, P) when all come in these orders (n, P)."""
    came = np.argsort(orders, axis=1)
    values = game.value((came[:, None, :] < np.arange(orders.shape[1] + 1)[None, :, None]).reshape(-1, orders.shape[1]))
    added = np.diff(values.reshape(len(orders), -1), axis=1)
    return np.take_along_axis(added, came, axis=1)


def _doubling(first: int, last: int) -> Iterator[int]:
    while first < last:
        yield first
        first *= 2
    yield last
