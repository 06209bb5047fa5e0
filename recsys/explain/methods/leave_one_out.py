"""Leave-one-out: the decrease of the score when one player is removed, for all players in one batch."""

import numpy as np

from recsys.explain.explanation import Explanation
from recsys.explain.game import Game


def explain_by_leave_one_out(game: Game) -> Explanation:
    """Explain by v(all) − v(all but one) of every player, P + 1 evaluations (Li et al., arXiv 1612.08220).

    The values are exact, but redundant events have small ones, so that they need not add up to the score; the residual is the
    difference.
    """
    since, players = game.mark_cost(), len(game.players)
    all_but = np.concatenate([~np.eye(players, dtype=bool), np.ones((1, players), dtype=bool)])
    values = game.value(all_but)
    return game.to_explanation("leave-one-out", values[-1] - values[:-1], None, since, exact=True)
