"""Everything that is asked about one recommendation, rough at once and sharper the longer one listens."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from recsys.core import TOP_K
from recsys.explain import METHODS
from recsys.explain.adaptive_grouping import Pace, group_adaptively, measure_pace, rough_explanation
from recsys.explain.counterfactual.removal import Counterfactual, smallest_removal
from recsys.explain.explanation import Explanation
from recsys.explain.fidelity.deletion import Fidelity, measure_fidelity
from recsys.explain.game import Game
from recsys.explain.methods.shapley_values import BUDGET, refine_shapley
from recsys.explain.wording import moves

SHAPLEY, ALONE = "shapley", "leave-one-out"
PATIENCE = 3.0
"""Seconds for the values, and again for the rest, on the machine that it runs on: a slow model is asked less often."""
FEWEST = 8
"""Evaluations a player that are spent in any case."""
COSTS = {"integrated-gradients": 3 * 64}
"""How many evaluations a method takes as long as, where that is long: 64 slopes, each as long as three."""
ORDERS, POINTS = (5, 12), (6, 20)
"""Random orders and points of a curve that fidelity is judged by: the fewest and the most."""


@dataclass(frozen=True, eq=False)
class ProgressiveExplanation:
    """What is known so far. `doing` says what is being asked now, "" at the end.

    `explanation` is the main one: leaving one out at first, then Shapley values. `beside` holds the others by the names of METHODS,
    `not_offered` why some are missing. `place` is the item's in the list; the counterfactual is there for listed items alone.
    """

    explanation: Explanation
    place: int
    doing: str = ""
    beside: dict[str, Explanation] = field(default_factory=dict)
    not_offered: dict[str, str] = field(default_factory=dict)
    counterfactual: Counterfactual | None = None
    fidelity: Fidelity | None = None


def explain_progressively(game: Game, k: int = TOP_K, seed: int = 0, patience: float = PATIENCE) -> Iterator[ProgressiveExplanation]:
    """Leave one out, Shapley values sharper and sharper, the counterfactual, the other methods, and how far each can be trusted.

    Long histories of slow models are asked about in less detail, so that each part takes about `patience` seconds.
    """
    scores = game.scores(np.ones((1, len(game.players)), dtype=bool))[0]
    place = 1 + int((scores > scores[game.column]).sum()) + int((scores[: game.column] == scores[game.column]).sum())
    pace = measure_pace(game, patience)
    alone = rough_explanation(game, pace)
    now = ProgressiveExplanation(alone, place, doing="asking without one event at a time", beside={ALONE: alone})
    yield now
    view = group_adaptively(game, alone, pace)
    budget = int(np.clip(pace.evaluations, FEWEST * len(view.players), BUDGET))
    for explanation in refine_shapley(view, budget, seed):
        now = replace(now, explanation=explanation, doing=f"asking the model, {explanation.evaluations:,} times so far")
        yield now
    now = replace(now, doing="looking for what it hangs on")
    yield now
    if place <= k:
        now = replace(now, counterfactual=smallest_removal(game, k, max(pace.evaluations, FEWEST * FEWEST)))
    now = replace(now, doing="asking the other methods")
    yield now
    for name, method in METHODS.items():
        if name in (SHAPLEY, ALONE):
            continue
        reason = method.why_not(game.model, game)
        if reason is None and COSTS.get(name, 0) > pace.evaluations / 2:
            reason = "it would take too long; the command line has it"
        if reason is None:
            now = replace(now, beside={**now.beside, name: method.explain(game, BUDGET, seed)})
            yield now
        else:
            now = replace(now, not_offered={**now.not_offered, name: reason})
    now = replace(now, doing="checking who is right")
    yield now
    if len(game.steps) > 1 and moves(now.explanation):
        now = replace(now, fidelity=_judged(game, now, k, pace, seed))
    yield replace(now, doing="")


def _judged(game: Game, now: ProgressiveExplanation, k: int, pace: Pace, seed: int) -> Fidelity:
    """As many random orders and as fine curves as there is time for."""
    methods = {SHAPLEY: now.explanation, **now.beside}
    points = int(np.clip(pace.evaluations // (4 * (len(methods) + ORDERS[0])), *POINTS))
    orders = int(np.clip(pace.evaluations // (2 * points) - len(methods), *ORDERS))
    return measure_fidelity(game, methods, k, orders, points, seed)
