"""Explanations of recommendations: attribution methods, each of which returns an Explanation of a Game."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from recsys.core import Recommender
from recsys.core.errors import DataError, unknown
from recsys.core.translation import N_, _
from recsys.explain.explanation import Explanation, Player, Removal, Target
from recsys.explain.game import Game
from recsys.explain.methods import attention, gradients, linear_shap
from recsys.explain.methods.leave_one_out import explain_by_leave_one_out
from recsys.explain.methods.shapley_values import BUDGET, explain_by_shapley
from recsys.explain.recommendation import explain_recommendation

__all__ = [
    "BUDGET",
    "METHODS",
    "Explanation",
    "Game",
    "MethodSpec",
    "Player",
    "Removal",
    "Target",
    "explain_item",
    "explain_recommendation",
]


def _always_offered(model: Recommender, game: Game) -> str | None:
    del model, game
    return None


@dataclass(frozen=True)
class MethodSpec:
    """An attribution method, its title and summary marked for translation.

    `explain(game, budget, seed)` ignores budget and seed where a method needs none. `why_not` returns the reason why the method is not
    offered for a model and game, in the current language; None where it is. `is_additive` says that the values sum to the score.
    """

    title: str
    summary: str
    explain: Callable[[Game, int, int], Explanation]
    why_not: Callable[[Recommender, Game], str | None] = _always_offered
    is_additive: bool = False


METHODS: dict[str, MethodSpec] = {
    "shapley": MethodSpec(
        N_("Shapley values"),
        N_("The average change of the score when an event is added, over all orders of the events."),
        explain_by_shapley,
        is_additive=True,
    ),
    "leave-one-out": MethodSpec(
        N_("Leave-one-out"),
        N_("The decrease of the score when one event is removed and all others stay."),
        lambda game, budget, seed: explain_by_leave_one_out(game),
    ),
    "closed-form": MethodSpec(
        N_("Linear SHAP"),
        N_("Exact Shapley values in closed form, for models whose score is a sum over the events."),
        lambda game, budget, seed: linear_shap.explain_by_linear_shap(game),
        linear_shap.why_not,
        is_additive=True,
    ),
    "gradient": MethodSpec(
        N_("Gradient × input"),
        N_("The gradient of the score at each event’s vector, times that vector."),
        lambda game, budget, seed: gradients.explain_by_gradient(game),
        gradients.why_not,
    ),
    "integrated-gradients": MethodSpec(
        N_("Integrated gradients"),
        N_("Gradients added up on the path from an empty input to the history."),
        lambda game, budget, seed: gradients.explain_by_integrated_gradients(game),
        gradients.why_not,
        is_additive=True,
    ),
    "attention": MethodSpec(
        N_("Attention"),
        N_("The mean attention weight of each event, which is not its effect on the score."),
        lambda game, budget, seed: attention.explain_by_attention(game),
        attention.why_not,
    ),
    "rollout": MethodSpec(
        N_("Attention rollout"),
        N_("Attention traced through all blocks down to the events."),
        lambda game, budget, seed: attention.explain_by_rollout(game),
        attention.why_not,
    ),
}


def explain_item(game: Game, method: str = "shapley", budget: int = BUDGET, seed: int = 0) -> Explanation:
    """Explain a game by a method of METHODS; a DataError with the reason where the method is not offered."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    reason = METHODS[method].why_not(game.model, game)
    if reason is not None:
        offered = ", ".join(name for name, spec in METHODS.items() if spec.why_not(game.model, game) is None)
        raise DataError(
            _(
                "the method {method} is not offered for {model}: {reason}; choose one of {offered}",
                method=method,
                model=type(game.model).__name__,
                reason=reason,
                offered=offered,
            )
        )
    return METHODS[method].explain(game, budget, seed)


class _CallablePackage(ModuleType):
    """This package, which is also the function `recsys.explain(…)` of the public API: a package takes its name in the one around it."""

    def __call__(self, *arguments: Any, **settings: Any) -> Explanation:
        return explain_recommendation(*arguments, **settings)


sys.modules[__name__].__class__ = _CallablePackage
