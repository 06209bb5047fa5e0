"""What can be said of a sequence before asking much: the later an event, the more of the score is likely to hang on it.

Games are made in which an event counts only while exactly so many later ones are present: the last one, the last but one, and so on.
Their Shapley values are known, and with those taken off, they are 0. A game without Shapley values changes no value when it stands
in the regression as one more regressor, but takes with it what it explains of the scatter (a control variate). On the shipped
transformer that is worth 3 to 30 times as many evaluations.
"""

from collections.abc import Sequence

import numpy as np

from recsys.explain.explanation import Player

LATER = 5
"""How many later events are told apart."""


def zero_value_games(members: np.ndarray, players: Sequence[Player], worths: Sequence[np.ndarray], most: int) -> np.ndarray:
    """(m, at most `most`) of games without Shapley values, half of what coalitions `members` (m, P) win over their complements.

    Each of `worths` (P,) says what an event counts while exactly 0, 1, … later ones are present. Time and place play no part in it.
    """
    events = np.array([at for at, player in enumerate(players) if player.steps], dtype=np.int64)
    order = events[np.argsort([players[at].steps[-1] for at in events], kind="stable")]
    there, found = members[:, order], []
    ages = [_ages(side) for side in (there, ~there)]
    for later in range(LATER):
        counts = [age == later + 1 for age in ages]
        for worth in worths:
            won = (counts[0] @ worth[order] - counts[1] @ worth[order]) / 2
            found.append(won - (there - 0.5) @ _values(worth[order], later))
    return np.stack(found[:most], axis=1) if found and most > 0 else np.empty((len(members), 0))


def _ages(there: np.ndarray) -> np.ndarray:
    """(m, T) 1 for the last event that is there, 2 for the last but one, and so on; 0 for those that are not there."""
    return there * np.cumsum(there[:, ::-1], axis=1)[:, ::-1]


def _values(worth: np.ndarray, later: int) -> np.ndarray:
    """Shapley values (T,) of the game. In a random order an event finds any number of the m after it there, all as likely: it gets
    its worth / (m + 1), if there can be so many. What is left of its worth in the end beyond that, those m share."""
    after = np.arange(len(worth))[::-1]
    own = np.where(after >= later, worth / (after + 1), 0.0)
    left = np.divide(np.where(after == later, worth, 0.0) - own, after, out=np.zeros(len(worth)), where=after > 0)
    return np.asarray(own + np.cumsum(left) - left)
