"""Counterfactual addition: the fewest further events that bring a wanted item into the top-k list.

The result is verified by scoring its history once more, alone. The search scores each proposed item, then the most promising pairs and
triples, extended from the best so far (beam search). In catalogues of up to `WHOLE` items every item and every pair is scored, so a
result of one or two events is minimal; otherwise it is the smallest found.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.explain.counterfactual.topk_membership import EventFactory, TopKMembership, make_event_factory
from recsys.explain.game import Game

PROPOSED = 256  # items scored alone
EXTENSIONS = 48  # the most promising of those, which extend sets
BEAM = 8  # sets that are extended
WHOLE = 24
MAX_ADDED = 3
CHECKS = 3
STRIDE = 32  # sets scored between two calls of the progress function
BUDGET = 2_000

ReportProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Addition:
    """The smallest set of further events found that brings a wanted item into the top k.

    `added` are items in the order of their events, () when none was found. `displaced` is the item that leaves the list. `verified`
    says that the model was scored again with them; `evaluations` counts all scored requests.
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
    game: Game,
    k: int = TOP_K,
    most: int = MAX_ADDED,
    event_of: EventFactory | None = None,
    budget: int = BUDGET,
    report: ReportProgress | None = None,
) -> Addition:
    """Search the fewest events of other items that would bring the game's item into the top k.

    `event_of` makes the event of an item, by default at the time and place of the request. The search ends after about `budget`
    evaluations; `report` gets their number and the budget. Of large catalogues only some items are proposed: those that the model
    recommends after the wanted item alone, and, where users return to items, those of the history.
    """
    began = time.perf_counter()
    listing, event_of = TopKMembership(game, k, budget), event_of or make_event_factory(game.full_request)
    before = listing.rank
    if before <= k:
        raise DataError(
            _(
                "item '{item}' is already in the top {k}, at rank {rank}; choose an item that is not, or a smaller k",
                item=game.item_id,
                k=k,
                rank=before,
            )
        )
    added, after, displaced = _search(listing, most, event_of, report) or ((), None, None)
    seconds = time.perf_counter() - began
    return Addition(game.item_id, k, added, bool(added), before, after, displaced, listing.evaluations, seconds)


def _search(
    listing: TopKMembership, most: int, event_of: EventFactory, report: ReportProgress | None
) -> tuple[tuple[str, ...], int, str | None] | None:
    """Return the items to add, the rank after, and the item that leaves; None where nothing was found."""
    offered = listing.propose_items(listing.batch_size(PROPOSED), event_of)
    best: list[tuple[str, ...]] = [()]
    for _size in range(most):
        tried = [(*start, other) for start in best for other in offered if listing.game.repeats or other not in start]
        if not tried or listing.is_exhausted:
            return None
        margins = _margins(listing, tried, event_of, report)
        order = np.argsort(-margins, kind="stable")
        for at in order[:CHECKS]:
            if margins[at] < 0:
                break
            place, displaced = listing.verify_addition(tried[int(at)], event_of)
            if place <= listing.k:
                return tried[int(at)], place, displaced
        if best == [()]:
            offered = [offered[int(at)] for at in order[:EXTENSIONS]]
        width = WHOLE if len(offered) <= WHOLE else max(1, min(BEAM, listing.batch_size(BEAM * EXTENSIONS) // len(offered)))
        best = [tried[int(at)] for at in order[:width]]
    return None


def _margins(listing: TopKMembership, tried: list[tuple[str, ...]], event_of: EventFactory, report: ReportProgress | None) -> np.ndarray:
    parts = []
    for start in range(0, len(tried), STRIDE):
        parts.append(listing.margins_after_adding(tried[start : start + STRIDE], event_of))
        if report is not None:
            report(listing.evaluations, int(listing.budget))
    return np.concatenate(parts)
