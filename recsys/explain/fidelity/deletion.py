"""Fidelity of explanations by deletion: the drop of the score when the most important events are removed first.

Deletion and insertion curves (RISE, arXiv 1806.07421), comprehensiveness and sufficiency (ERASER, arXiv 1911.03429), and POS@k and
NEG@k (LXR, arXiv 2402.17130): how long an item stays in the top k while the most important, or the least important, events are
removed. Only events are removed; time and place stay. Every metric is compared with that of random orders of the same events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recsys.core import TOP_K
from recsys.explain.explanation import Explanation, Player
from recsys.explain.game import Game

POINTS = 20
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Of the events removed or kept, for comprehensiveness and sufficiency."""
ORDERS = 12
ROWS = 4_000_000  # scores in memory at once
HIGHER_IS_BETTER = {
    "deletion": True,
    "insertion": True,
    "comprehensiveness": True,
    "sufficiency": False,
    "pos@k": False,
    "neg@k": True,
}


@dataclass(frozen=True, eq=False)
class Curve:
    """Deletion and insertion curve of one item in one order of the events, the most important first.

    `counts` (C,) are numbers of events, from 0 to all. `deleted` (C,) is the value without the first of them, `kept` (C,) with those
    alone, and `deleted_ranks`, `kept_ranks` (C,) are the item's ranks. `spread` is the unit of values.
    """

    counts: np.ndarray
    deleted: np.ndarray
    kept: np.ndarray
    deleted_ranks: np.ndarray
    kept_ranks: np.ndarray
    spread: float
    k: int

    @property
    def shares(self) -> np.ndarray:
        """(C,) shares of all events."""
        return np.asarray(self.counts / max(int(self.counts[-1]), 1))

    @cached_property
    def drops(self) -> np.ndarray:
        """(C,) decreases of the value, in spreads."""
        return np.asarray((self.deleted[0] - self.deleted) / self.spread)

    @cached_property
    def gains(self) -> np.ndarray:
        """(C,) increases of the value over that without events, in spreads."""
        return np.asarray((self.kept - self.kept[0]) / self.spread)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Areas over the share of events, and means over `SHARES` of them."""
        at = np.searchsorted(self.counts, _share_counts(int(self.counts[-1])))
        listed, held = self.deleted_ranks <= self.k, self.kept_ranks <= self.k
        return {
            "deletion": _area(self.drops, self.shares),
            "insertion": _area(self.gains, self.shares),
            "comprehensiveness": float(self.drops[at].mean()),
            "sufficiency": float((self.gains[-1] - self.gains[at]).mean()),
            "pos@k": _area(listed, self.shares),
            "neg@k": _area(held, self.shares),
        }


@dataclass(frozen=True, eq=False)
class Fidelity:
    """Fidelity for one recommendation: the curves of each method and of random orders, and the agreement of methods.

    `weights` maps methods to weights of the events (T,). `agreement` (M, M) holds Spearman's correlations in the order of `curves`, over
    the players of the method with the fewest, since events that it groups cannot be compared singly. NaN where all weights of a method
    are equal.
    """

    curves: dict[str, Curve]
    random: tuple[Curve, ...]
    weights: dict[str, np.ndarray]
    agreement: np.ndarray

    def chance(self, metric: str) -> np.ndarray:
        """Return (R,) a metric of the random orders."""
        return np.array([curve.metrics[metric] for curve in self.random])

    def beats(self, method: str, metric: str = "deletion") -> float:
        """Return the share of random orders that a method beats in a metric; ties count half."""
        own, chance = self.curves[method].metrics[metric], self.chance(metric)
        better = chance < own if HIGHER_IS_BETTER[metric] else chance > own
        return float(better.mean() + (chance == own).mean() / 2)

    def share_beaten(self, method: str) -> float:
        """Return the share of random orders that a method beats at deletion or at insertion, whichever is less."""
        return min(self.beats(method, "deletion"), self.beats(method, "insertion"))


def measure_fidelity(
    game: Game, explanations: Mapping[str, Explanation], k: int = TOP_K, orders: int = ORDERS, points: int = POINTS, seed: int = 0
) -> Fidelity:
    """Measure the fidelity of explanations of one game by single events, against `orders` random orders, on curves of about `points` points."""
    events = game.events_only()
    steps = [player.steps[0] for player in events.players]
    weights = {method: event_weights(each, steps) for method, each in explanations.items()}
    random = np.random.default_rng(seed)
    ranked = [np.lexsort((-np.arange(len(steps)), -each)) for each in weights.values()]
    shuffled = [random.permutation(len(steps)) for _ in range(orders)]
    found = _curves(events, [*ranked, *shuffled], k, points)
    curves = dict(zip(weights, found, strict=False))
    coarsest = min(explanations.values(), key=lambda each: len(each.players))
    sums = [_sums(each, coarsest.players) for each in explanations.values()]
    return Fidelity(curves, tuple(found[len(ranked) :]), weights, correlate_ranks(sums))


def event_weights(explanation: Explanation, steps: Sequence[int]) -> np.ndarray:
    """Return (T,) the values of the events at `steps`; a group's value is divided evenly among its events, time and place are left out."""
    given: dict[int, float] = {}
    for player, value in zip(explanation.players, explanation.values, strict=True):
        for step in player.steps:
            given[step] = float(value) / len(player.steps)
    return np.array([given.get(step, 0.0) for step in steps])


def _sums(explanation: Explanation, players: Sequence[Player]) -> np.ndarray:
    """Return the sums of an explanation's values over the events of each of these players, without time and place."""
    owners = np.repeat(np.arange(len(players)), [len(player.steps) for player in players])
    weights = event_weights(explanation, [step for player in players for step in player.steps])
    return np.bincount(owners, weights=weights, minlength=len(players))[[bool(player.steps) for player in players]]


def correlate_ranks(weights: Sequence[np.ndarray]) -> np.ndarray:
    """Return (M, M) Spearman's correlations of rankings of the same events."""
    found = np.full((len(weights), len(weights)), np.nan)
    ranks = [_ranks(each) for each in weights]
    for row, one in enumerate(ranks):
        for column, other in enumerate(ranks):
            if len(one) > 1 and np.ptp(one) > 0 and np.ptp(other) > 0:
                found[row, column] = np.corrcoef(one, other)[0, 1]
    return found


def _curves(game: Game, orders: Sequence[np.ndarray], k: int, points: int) -> list[Curve]:
    """Return one curve per order, all scored together."""
    total = len(game.players)
    counts = np.unique(np.concatenate([np.linspace(0, total, points + 1).round().astype(np.int64), _share_counts(total), [0, total]]))
    positions = np.array([np.argsort(order) for order in orders], dtype=np.int64).reshape(len(orders), total)
    without = positions[:, None, :] >= counts[None, :, None]
    coalitions = np.concatenate([without, ~without], axis=1).reshape(2 * len(orders) * len(counts), total)
    values, ranks = (each.reshape(len(orders), 2, len(counts)) for each in _values_and_ranks(game, coalitions))
    whole = np.ones((1, total), dtype=bool)
    scores = game.scores(whole)[0].astype(np.float64)
    spread = float(scores[np.isfinite(scores)].std()) if game.target != "probability" else float(values[0, 0, 0])
    spread = spread if spread > 0 else 1.0
    return [Curve(counts, one[0], one[1], rank[0], rank[1], spread, k) for one, rank in zip(values, ranks, strict=True)]


def _values_and_ranks(game: Game, coalitions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) the value of each coalition and (n,) the item's rank; equal coalitions are scored once."""
    unique, back = np.unique(coalitions, axis=0, return_inverse=True)
    size = max(1, ROWS // len(game.vocabulary))
    values, ranks = [], []
    for start in range(0, len(unique), size):
        scores = game.scores(unique[start : start + size])
        own = scores[:, [game.column]]
        values.append(own[:, 0].astype(np.float64))
        ranks.append(1 + (scores > own).sum(axis=1) + (scores[:, : game.column] == own).sum(axis=1))
    of_unique = np.concatenate(values)
    if game.target != "logit" or not np.isfinite(of_unique).all():  # an item filtered as seen has a value, though it is in no list
        of_unique = game.value(unique)
    return of_unique[back.reshape(-1)], np.concatenate(ranks)[back.reshape(-1)]


def _share_counts(total: int) -> np.ndarray:
    return np.minimum(np.maximum(np.ceil(np.array(SHARES) * total), 1), total).astype(np.int64)


def _area(values: np.ndarray, shares: np.ndarray) -> float:
    return float(np.trapezoid(values.astype(np.float64), shares)) if len(shares) > 1 else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return mean ranks; computed here, since importing scipy.stats takes longer than the rest of the page."""
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[back.reshape(-1)])
