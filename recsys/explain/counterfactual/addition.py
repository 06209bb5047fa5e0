"""What would bring a wanted item into the list: the fewest further events found, as if they were taken now.

The answer is checked by asking the model once more, alone. The search: each item that is offered; then the most promising pairs and
triples, grown from the best so far. In catalogues of up to `WHOLE` items every item and every pair of them is asked for, so one or two
are the fewest there are; in larger ones, and beyond pairs, they are the fewest found.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import DataError
from recsys.explain.counterfactual.topk_membership import EventOf, TopKMembership, taken_now
from recsys.explain.game import Game

OFFERED = 256  # items tried alone
GROWN = 48  # of those, the most promising, tried beside others
BEAM = 8  # sets that are grown
WHOLE = 24
MOST = 3
CHECKS = 3
STRIDE = 32  # sets asked for between two reports
BUDGET = 2_000

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Addition:
    """The fewest further events found that bring a wanted item into the first k.

    `added` are items in the order in which they are taken, () when none was found. `rank_before` and `rank_after` are places in the
    list, `displaced` is the item that leaves it. `verified` says that the model was asked again; `evaluations` counts all questions.
    """

    item_id: str
    k: int
    added: tuple[str, ...]
    verified: bool
    rank_before: int
    rank_after: int | None
    displaced: str | None
    evaluations: int
    seconds: float


def smallest_addition(
    game: Game, k: int = TOP_K, most: int = MOST, event_of: EventOf | None = None, budget: int = BUDGET, report: Report | None = None
) -> Addition:
    """Which items, taken now, would bring the game's item into the first k; taking that item itself is no answer.

    `event_of` makes the event of an item, by default at the time and place of the request. After about `budget` evaluations it gives
    up; `report` hears how many it has made of those it may. Of many items only some are tried: those that the model recommends to somebody who has taken the wanted one alone, and, where
    people return, the person's own.
    """
    began = time.perf_counter()
    listing, event_of = TopKMembership(game, k, budget), event_of or taken_now(game.whole)
    before = listing.place
    if before <= k:
        raise DataError(f"item '{game.item_id}' is at place {before} already, among the first {k}; take one that is not, or a smaller k")
    added, after, displaced = _search(listing, most, event_of, report) or ((), None, None)
    seconds = time.perf_counter() - began
    return Addition(game.item_id, k, added, bool(added), before, after, displaced, listing.evaluations, seconds)


def _search(listing: TopKMembership, most: int, event_of: EventOf, report: Report | None) -> tuple[tuple[str, ...], int, str | None] | None:
    """Items to take, the place after, and what leaves; None where nothing was found."""
    offered = listing.near(listing.room(OFFERED), event_of)
    best: list[tuple[str, ...]] = [()]
    for _ in range(most):
        tried = [(*start, other) for start in best for other in offered if listing.game.repeats or other not in start]
        if not tried or listing.spent:
            return None
        margins = _margins(listing, tried, event_of, report)
        order = np.argsort(-margins, kind="stable")
        for at in order[:CHECKS]:
            if margins[at] < 0:
                break
            place, displaced = listing.check_with(tried[int(at)], event_of)
            if place <= listing.k:
                return tried[int(at)], place, displaced
        if best == [()]:
            offered = [offered[int(at)] for at in order[:GROWN]]
        width = WHOLE if len(offered) <= WHOLE else max(1, min(BEAM, listing.room(BEAM * GROWN) // len(offered)))
        best = [tried[int(at)] for at in order[:width]]
    return None


def _margins(listing: TopKMembership, tried: list[tuple[str, ...]], event_of: EventOf, report: Report | None) -> np.ndarray:
    parts = []
    for start in range(0, len(tried), STRIDE):
        parts.append(listing.margins_with(tried[start : start + STRIDE], event_of))
        if report is not None:
            report(listing.evaluations, int(listing.budget))
    return np.concatenate(parts)
