"""Attention weights and attention rollout as attributions, for comparison with methods that measure effects."""

import numpy as np

from recsys.analysis.attention import MEAN, ROLLOUT, compute_view
from recsys.core import Recommender, shows_attention
from recsys.core.translation import _
from recsys.evaluation.replay import compute_request_attention
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game


def why_not(model: Recommender, game: Game) -> str | None:
    """Return why attention is not offered for a model; None where it is."""
    del game
    return None if shows_attention(model) else _("the model has no attention")


def explain_by_attention(game: Game) -> Explanation:
    """Explain by the attention of the last position to each event, the mean over all blocks and heads."""
    return _explain_by_weights(game, "attention", MEAN)


def explain_by_rollout(game: Game) -> Explanation:
    """Explain by attention traced through all blocks down to the events (Abnar & Zuidema, arXiv 2005.00928)."""
    return _explain_by_weights(game, "rollout", ROLLOUT)


def _explain_by_weights(game: Game, method: str, view: str) -> Explanation:
    since, game = game.mark_cost(), game.events_only()
    trace = compute_request_attention(game.model, game.known_request)
    weights = np.zeros(len(game.steps))
    weights[trace.steps[1:]] = compute_view(trace, view)[trace.query, 1:]
    game.count(1)
    values = [weights[np.searchsorted(game.steps, player.steps)].sum() for player in game.players]
    return game.to_explanation(method, np.array(values), None, since)
