"""What the score loses when one player is taken away from all the others: the plainest question, asked for all in one batch."""

import numpy as np

from recsys.explain.explanation import Explanation
from recsys.explain.game import Game


def explain_by_leave_one_out(game: Game) -> Explanation:
    """v(all) − v(all but one) for every player, P + 1 evaluations (Li et al., arXiv 1612.08220).

    The values are exact for what they are, but what two events say alike is lost with neither of them, so that they need not add up
    to the score; the residual says how far they are from it.
    """
    since, players = game.spent(), len(game.players)
    all_but = np.concatenate([~np.eye(players, dtype=bool), np.ones((1, players), dtype=bool)])
    values = game.value(all_but)
    return game.explained("leave-one-out", values[-1] - values[:-1], None, since, exact=True)
