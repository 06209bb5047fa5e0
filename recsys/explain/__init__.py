"""Why an item was recommended: ways to ask, all answering with an Explanation of one Game."""

from collections.abc import Callable
from dataclasses import dataclass

from recsys.core import Recommender
from recsys.core.errors import DataError, unknown
from recsys.explain.explanation import Explanation, Player, Removal, Target
from recsys.explain.game import Game
from recsys.explain.methods import attention, gradients, linear_shap
from recsys.explain.methods.leave_one_out import explain_by_leave_one_out
from recsys.explain.methods.shapley_values import BUDGET, explain_by_shapley

__all__ = ["BUDGET", "METHODS", "Explanation", "Game", "MethodSpec", "Player", "Removal", "Target", "explain_item"]


def _always(model: Recommender, game: Game) -> str | None:
    del model, game
    return None


@dataclass(frozen=True)
class MethodSpec:
    """A way to explain. `why_not` says why it is not offered for a model and game, None where it is.

    `explain(game, budget, seed)`: most methods take no budget and no seed and leave them alone. `adds_up` says whether the
    values are meant to sum to the score.
    """

    title: str
    summary: str
    explain: Callable[[Game, int, int], Explanation]
    why_not: Callable[[Recommender, Game], str | None] = _always
    adds_up: bool = False


METHODS: dict[str, MethodSpec] = {
    "shapley": MethodSpec(
        "Shapley values",
        "What each event adds on average, over all orders in which they could have come.",
        explain_by_shapley,
        adds_up=True,
    ),
    "leave-one-out": MethodSpec(
        "Leave one out",
        "What the score loses without one event, all others being there.",
        lambda game, budget, seed: explain_by_leave_one_out(game),
    ),
    "closed-form": MethodSpec(
        "Closed form",
        "Shapley values from the model's own sum, exact and without asking it.",
        lambda game, budget, seed: linear_shap.explain_by_linear_shap(game),
        linear_shap.why_not,
        adds_up=True,
    ),
    "gradient": MethodSpec(
        "Gradient × input",
        "How the score answers to a small change of each event.",
        lambda game, budget, seed: gradients.explain_by_gradient(game),
        gradients.why_not,
    ),
    "integrated-gradients": MethodSpec(
        "Integrated gradients",
        "The same, added up on the way from nothing to the history.",
        lambda game, budget, seed: gradients.explain_by_integrated_gradients(game),
        gradients.why_not,
        adds_up=True,
    ),
    "attention": MethodSpec(
        "Attention",
        "Where the model looks, which is not what it makes of it.",
        lambda game, budget, seed: attention.explain_by_attention(game),
        attention.why_not,
    ),
    "rollout": MethodSpec(
        "Attention rollout",
        "Where it looks, followed down through its blocks to the events.",
        lambda game, budget, seed: attention.explain_by_rollout(game),
        attention.why_not,
    ),
}


def explain_item(game: Game, method: str = "shapley", budget: int = BUDGET, seed: int = 0) -> Explanation:
    """Explain a game by a method of METHODS; a DataError with the reason where it is not offered."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    reason = METHODS[method].why_not(game.model, game)
    if reason is not None:
        offered = ", ".join(name for name, spec in METHODS.items() if spec.why_not(game.model, game) is None)
        raise DataError(f"{method} is not offered for {type(game.model).__name__}: {reason}; offered: {offered}")
    return METHODS[method].explain(game, budget, seed)
