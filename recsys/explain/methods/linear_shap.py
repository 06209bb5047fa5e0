"""Shapley values of models that are sums over the history, without asking them."""

import numpy as np

from recsys.core import ExplainsItself, Recommender
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game


def why_not(model: Recommender, game: Game) -> str | None:
    """Only a sum can be taken apart, and only where each player is an event of it."""
    if not isinstance(model, ExplainsItself):
        return "its score is no sum over the events"
    if game.target != "logit":
        return f"the score is a sum over the events, its {game.target} is not; explain the score"
    if any(player.kind == "group" for player in game.players):
        return "it takes events one by one, not in groups"
    return None


def explain_by_linear_shap(game: Game) -> Explanation:
    """Exact values of all events at once.

    An event adds s · r^k where k events come after it. Deleting one of those brings it nearer: among the m events after it and
    itself, s is shared so that it gets the mean of s · r^k over k = 0 … m (in a random order, every k is as likely), and those m
    share evenly what is lost of that in the end. A neutral event leaves the others where they are, and the sum is taken apart as it is.
    """
    since, model, request = game.spent(), game.model, game.known
    assert isinstance(model, ExplainsItself)
    strengths, left = model.parts(request, game.column)
    after = np.arange(len(strengths))[::-1]
    fading = left**after
    if game.removal == "neutral":
        if game.neutral is not None:
            strengths = strengths - model.parts(game.request(np.zeros(len(game.players), dtype=bool)), game.column)[0]
        return game.explained("closed-form", strengths * fading, None, since, exact=True)
    means = np.cumsum(left ** np.arange(len(strengths)))[::-1] / (after + 1)
    lost = np.divide(strengths * (fading - means), after, out=np.zeros(len(strengths)), where=after > 0)
    return game.explained("closed-form", strengths * means + np.cumsum(lost) - lost, None, since, exact=True)
