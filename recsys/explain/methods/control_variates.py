"""Control variates for Kernel SHAP on sequences, in which later events usually matter more.

Each is a game in which an event counts only while exactly so many later ones are present: the last one, the last but one, and so on.
Its Shapley values are known and subtracted, which leaves a game whose Shapley values are 0. As a further regressor such a game does not
change the estimates, but removes the variance that it explains. On the shipped transformer that is worth 3 to 30 times as many
evaluations.
"""

from collections.abc import Sequence

import numpy as np

from recsys.explain.explanation import Player

LATER = 5
"""Largest number of later events, and of games per worth."""


def build_control_variates(members: np.ndarray, players: Sequence[Player], worths: Sequence[np.ndarray], most: int) -> np.ndarray:
    """Return (m, at most `most`) games whose Shapley values are 0, as half the difference of coalitions `members` (m, P) and complements.

    Each of `worths` (P,) is the worth of an event while exactly 0, 1, … later ones are present. Time and place have no worth.
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
    """Return (m, T) 1 for the last event that is present, 2 for the last but one, and so on; 0 for absent ones."""
    return there * np.cumsum(there[:, ::-1], axis=1)[:, ::-1]


def _values(worth: np.ndarray, later: int) -> np.ndarray:
    """Return the Shapley values (T,) of the game.

    In a random order any number of the m later events is present before an event, all equally likely: it gets worth / (m + 1) if
    there can be so many. The rest of its final worth is divided among those m.
    """
    after = np.arange(len(worth))[::-1]
    own = np.where(after >= later, worth / (after + 1), 0.0)
    left = np.divide(np.where(after == later, worth, 0.0) - own, after, out=np.zeros(len(worth)), where=after > 0)
    return np.asarray(own + np.cumsum(left) - left)
