"""What the benchmarks of counterfactuals share: their answers over cases of 50 events of the demo, and an exhaustive search."""

from collections.abc import Callable
from itertools import combinations

import torch

from recsys.explain import Game
from recsys.explain.counterfactual.removal import Counterfactual, smallest_removal
from recsys.explain.counterfactual.topk_membership import TopKMembership
from tests.bench._explain import EVENTS, games

CASES, MOST = 40, 3
TOP = 10


def answers(cases: int = CASES) -> list[tuple[Callable[[], Game], Counterfactual]]:
    """Games with their answers, the first of the list in each."""
    torch.set_num_threads(1)  # the batches are small: two threads mostly wait for each other
    found = [(fresh, smallest_removal(fresh(), TOP)) for fresh in games(EVENTS, cases + 2)]
    return found[2:]  # the first ones warm up


def fewest(game: Game) -> int | None:
    """How many events the smallest set of up to three holds, by asking for every set; None if none is enough."""
    listing = TopKMembership(game, TOP)
    steps = [int(step) for step in listing.known]
    for size in range(1, MOST + 1):
        if (listing.margins(list(combinations(steps, size))) < 0).any():
            return size
    return None
