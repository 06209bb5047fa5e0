"""Where the model looked: attention, which is often taken for an explanation, beside methods that are one."""

import numpy as np

from recsys.analysis.attention import MEAN, ROLLOUT, matrix
from recsys.core import Recommender, shows_attention
from recsys.evaluation.replay import attention_to_request
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game


def why_not(model: Recommender, game: Game) -> str | None:
    """Say why a model has no attention to tell of; None where it has."""
    del game
    return None if shows_attention(model) else "it has no attention"


def explain_by_attention(game: Game) -> Explanation:
    """The look at each event from where the list is made, the mean of all blocks and heads."""
    return _look(game, "attention", MEAN)


def explain_by_rollout(game: Game) -> Explanation:
    """Attention followed down through the blocks to the events (Abnar & Zuidema, arXiv 2005.00928)."""
    return _look(game, "rollout", ROLLOUT)


def _look(game: Game, method: str, view: str) -> Explanation:
    since, game = game.spent(), game.of_events()
    seen = attention_to_request(game.model, game.known)
    weights = np.zeros(len(game.steps))
    weights[seen.steps[1:]] = matrix(seen, view)[-1, 1:]
    game.count(1)
    values = [weights[np.searchsorted(game.steps, player.steps)].sum() for player in game.players]
    return game.explained(method, np.array(values), None, since)
