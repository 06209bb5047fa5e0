"""Linear SHAP: exact Shapley values in closed form, for models whose score is a sum over the events."""

import numpy as np

from recsys.core import ExplainsItself, Recommender
from recsys.core.translation import _
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game


def why_not(model: Recommender, game: Game) -> str | None:
    """Return why the closed form is not offered for a model and game; None where it is."""
    if not isinstance(model, ExplainsItself):
        return _("the model’s score is not a sum over the events")
    if game.target != "logit":
        return _("only the score is a sum over the events, not its probability or margin; choose the score")
    if any(player.kind == "group" for player in game.players):
        return _("it needs single events, not groups")
    return None


def explain_by_linear_shap(game: Game) -> Explanation:
    """Return the exact Shapley values of all events at once.

    An event adds s · r^k where k events come after it. Deleting one of those brings it nearer: in a random order any k of the m later
    events are present before it, all equally likely, so it gets the mean of s · r^k over k = 0 … m, and those m divide the rest evenly.
    A neutral event leaves the others in their positions, and the terms of the sum are the values.
    """
    since, model, request = game.mark_cost(), game.model, game.known_request
    assert isinstance(model, ExplainsItself)
    strengths, left = model.parts(request, game.column)
    after = np.arange(len(strengths))[::-1]
    fading = left**after
    if game.removal == "neutral":
        if game.neutral is not None:
            strengths = strengths - model.parts(game.request(np.zeros(len(game.players), dtype=bool)), game.column)[0]
        return game.to_explanation("closed-form", strengths * fading, None, since, exact=True)
    means = np.cumsum(left ** np.arange(len(strengths)))[::-1] / (after + 1)
    lost = np.divide(strengths * (fading - means), after, out=np.zeros(len(strengths)), where=after > 0)
    return game.to_explanation("closed-form", strengths * means + np.cumsum(lost) - lost, None, since, exact=True)
