"""Progressive explanation of one recommendation: rough at once, and more precise with time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from recsys.core import TOP_K
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.explain import METHODS
from recsys.explain.adaptive_grouping import Pace, explain_roughly, group_adaptively, measure_pace
from recsys.explain.counterfactual.removal import Counterfactual, smallest_removal
from recsys.explain.explanation import Explanation
from recsys.explain.fidelity.deletion import Fidelity, measure_fidelity
from recsys.explain.game import Game
from recsys.explain.methods.shapley_values import BUDGET, refine_shapley
from recsys.explain.wording import has_contributions

SHAPLEY, ALONE = "shapley", "leave-one-out"
PATIENCE = 3.0
"""Seconds for the values, and again for the rest: a slow model is evaluated less often."""
FEWEST = 8
"""Evaluations per player, at least."""
COSTS = {"integrated-gradients": 3 * 64}
"""Cost of slow methods in evaluations: 64 gradients, each as slow as three evaluations."""
ORDERS, POINTS = (5, 12), (6, 20)
"""Random orders and points of a curve for fidelity: the fewest and the most."""


@dataclass(frozen=True, eq=False)
class ProgressiveExplanation:
    """The results so far. `activity` is the current computation in words, "" at the end.

    `explanation` is the main one: leave-one-out at first, then Shapley values. `others` holds those of other methods by the names of
    METHODS, and `not_offered` the names of methods that are missing (`reasons_not_offered` says why). `rank` is the item's; only items
    in the top k have a counterfactual.
    """

    explanation: Explanation
    rank: int
    activity: str = ""
    others: dict[str, Explanation] = field(default_factory=dict)
    not_offered: tuple[str, ...] = ()
    counterfactual: Counterfactual | None = None
    fidelity: Fidelity | None = None


def explain_progressively(game: Game, k: int = TOP_K, seed: int = 0, patience: float = PATIENCE) -> Iterator[ProgressiveExplanation]:
    """Yield leave-one-out, more and more precise Shapley values, the counterfactual, the other methods, and the fidelity of each.

    Long histories and slow models get less detail, so that each part takes about `patience` seconds.
    """
    scores = game.scores(np.ones((1, len(game.players)), dtype=bool))[0]
    rank = 1 + int((scores > scores[game.column]).sum()) + int((scores[: game.column] == scores[game.column]).sum())
    pace = measure_pace(game, patience)
    alone = explain_roughly(game, pace)
    now = ProgressiveExplanation(alone, rank, activity=_("leaving out one event at a time"), others={ALONE: alone})
    yield now
    view = group_adaptively(game, alone, pace)
    budget = int(np.clip(pace.evaluations, FEWEST * len(view.players), BUDGET))
    for explanation in refine_shapley(view, budget, seed):
        now = replace(now, explanation=explanation, activity=_progress_of(explanation))
        yield now
    now = replace(now, activity=_("searching the smallest change that removes it"))
    yield now
    if rank <= k:
        now = replace(now, counterfactual=smallest_removal(game, k, max(pace.evaluations, FEWEST * FEWEST)))
    now = replace(now, activity=_("computing the other methods"))
    yield now
    for name, method in METHODS.items():
        if name in (SHAPLEY, ALONE):
            continue
        if method.why_not(game.model, game) is None and COSTS.get(name, 0) <= pace.evaluations / 2:
            now = replace(now, others={**now.others, name: method.explain(game, BUDGET, seed)})
            yield now
        else:
            now = replace(now, not_offered=(*now.not_offered, name))
    now = replace(now, activity=_("measuring the fidelity of the methods"))
    yield now
    if len(game.steps) > 1 and has_contributions(now.explanation):
        now = replace(now, fidelity=_measure_fidelity(game, now, k, pace, seed))
    yield replace(now, activity="")


def reasons_not_offered(answer: ProgressiveExplanation, game: Game) -> dict[str, str]:
    """Return why methods are not among the `others`, by their names, in the current language."""
    too_slow = _("it would take too long here; run: python -m recsys explain")
    return {name: METHODS[name].why_not(game.model, game) or too_slow for name in answer.not_offered}


def _progress_of(explanation: Explanation) -> str:
    return _("scoring subsets of the history, {count} so far", count=format_number(explanation.evaluations))


def _measure_fidelity(game: Game, now: ProgressiveExplanation, k: int, pace: Pace, seed: int) -> Fidelity:
    """Measure fidelity with as many random orders and points as time allows."""
    methods = {SHAPLEY: now.explanation, **now.others}
    points = int(np.clip(pace.evaluations // (4 * (len(methods) + ORDERS[0])), *POINTS))
    orders = int(np.clip(pace.evaluations // (2 * points) - len(methods), *ORDERS))
    return measure_fidelity(game, methods, k, orders, points, seed)
