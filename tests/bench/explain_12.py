"""Exact Shapley values of 12 events, sasrec d 64, 2 blocks; reference: asking the model for all 4,096 histories as requests, in batches.

The values are those of the formula, coalition by coalition, to 1e-5, or there is no line.
"""

from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from recsys.core.errors import RecsysError
from recsys.explain import Game, explain_item
from tests.bench._explain import games
from tests.bench._timing import measured, times_of

EVENTS = 12


def measure() -> dict[str, Any]:
    fresh = games(EVENTS, 1)[0]
    apart = np.abs(explain_item(fresh()).values - by_formula(fresh())).max()
    if apart > 1e-5:
        raise RecsysError(f"exact values are {apart:.1e} from those of the formula")
    ours = np.median(times_of(lambda: explain_item(fresh()), repeats=5, warm=1))
    return measured(float(ours), "ms", float(np.median(times_of(lambda: asked(fresh()), repeats=3, warm=1))))


def asked(game: Game) -> dict[frozenset[int], float]:
    """The model's score for every set of events."""
    sets = [frozenset(each) for size in range(EVENTS + 1) for each in combinations(range(EVENTS), size)]
    requests = [game.request(np.array([event in each for event in range(EVENTS)])) for each in sets]
    return dict(zip(sets, game.model.score(requests)[:, game.column].astype(np.float64).tolist(), strict=True))


def by_formula(game: Game) -> np.ndarray:
    won, values = asked(game), np.zeros(EVENTS)
    for there, value in won.items():
        for event in set(range(EVENTS)) - there:
            values[event] += (won[there | {event}] - value) / (EVENTS * comb(EVENTS - 1, len(there)))
    return values
