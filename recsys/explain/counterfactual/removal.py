"""Counterfactual removal: the fewest events whose removal drops an item out of the top-k list. Its counterpart is addition.py.

Every result is verified by scoring its history once more, alone. The search tries each event alone; then pairs, in the order that
single effects predict; then triples, predicted from pairs by first and second differences; beyond that it grows a set greedily and
prunes it again. All pairs are tried for up to `POOL` events, so a result of one or two events is minimal; larger sets are the smallest
found.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.explain.counterfactual.topk_membership import TopKMembership
from recsys.explain.game import Game

POOL = 50  # events searched in pairs; the most important ones of longer histories
CHUNK = 256  # sets scored at once: the search stops after the first chunk with a result
TRIPLES = 512  # triples with the largest predicted drop
MIN_DROP = 0.5  # of the way to the edge of the list: triples with a smaller predicted drop are not scored
LATEST = 16  # latest events, always in the pool since nearly every model depends on them
BLOCKS = 48
GREEDY = 8  # events added one by one beyond three
BUDGET = 4_000


@dataclass(frozen=True)
class Counterfactual:
    """The smallest set of events found whose removal drops an item out of the top k.

    `removed` are steps, oldest first, () when none was found. `replacement` is the item that enters the list. `verified` says that the
    model was scored again without them; `evaluations` counts all scored requests.
    """

    item_id: str
    k: int
    removed: tuple[int, ...]
    verified: bool
    rank_before: int
    rank_after: int | None
    replacement: str | None
    evaluations: int
    seconds: float


def smallest_removal(game: Game, k: int = TOP_K, budget: int = BUDGET) -> Counterfactual:
    """Search the fewest events without which the game's item is not in the top k; events are removed as in the game.

    After about `budget` evaluations the smallest set found so far is returned.
    """
    began = time.perf_counter()
    listing = TopKMembership(game, k, budget)
    before = listing.rank
    if before > k:
        raise DataError(
            _(
                "item '{item}' is at rank {rank}, not in the top {k}; choose an item of the list, or a larger k",
                item=game.item_id,
                rank=before,
                k=k,
            )
        )
    removed, after, replacement = _search(listing) or ((), None, None)
    seconds = time.perf_counter() - began
    return Counterfactual(game.item_id, k, removed, bool(removed), before, after, replacement, listing.evaluations, seconds)


def _search(listing: TopKMembership) -> tuple[tuple[int, ...], int, str | None] | None:
    """Return the steps to remove, the rank after, and the item that enters; None where even removing all known events does not help."""
    pool = _pool(listing)
    if not len(pool) or listing.full_margin == np.inf:  # fewer items than ranks
        return None
    singles = listing.margins([(step,) for step in pool])
    for sets, margins in _growing_sets(listing, pool, singles):
        answer = _verify(listing, sets, margins)
        if answer is not None:
            return answer
        if listing.evaluations > 0.75 * listing.budget:  # the rest is for the greedy search
            break
    best = _search_greedily(listing, pool, singles)
    return None if best is None else _verify(listing, [best], np.array([-1.0]))


def _growing_sets(listing: TopKMembership, pool: Sequence[int], singles: np.ndarray) -> Iterator[tuple[list[tuple[int, ...]], np.ndarray]]:
    """Yield sets of one, two and three events with their margins, smaller sets first, and the most promising first in each size.

    Pairs of the latest events come before all others, whatever the budget: a sequential model depends on the last two together, which
    single effects do not predict.
    """
    yield [(step,) for step in pool], singles
    if len(pool) < 2:
        return
    whole = listing.full_margin
    pairs = np.array(list(combinations(range(len(pool)), 2)))
    late = np.isin(pool, listing.known[-LATEST:])[pairs].all(1)
    pairs = pairs[np.lexsort((singles[pairs].sum(1), ~late))]
    known = np.full((len(pool), len(pool)), np.nan)
    chunk = listing.batch_size(CHUNK)
    for some in np.split(pairs, range(max(chunk, int(late.sum())), len(pairs), chunk)):
        sets: list[tuple[int, ...]] = [tuple(pool[at] for at in pair) for pair in some]
        margins = listing.margins(sets)
        known[some[:, 0], some[:, 1]] = known[some[:, 1], some[:, 0]] = margins
        yield sets, margins
    if len(pool) < 3:
        return
    first, second, third = np.array(list(combinations(range(len(pool)), 3))).T
    # The margin of three events if third differences were 0.
    predicted = (
        known[first, second] + known[first, third] + known[second, third] - singles[first] - singles[second] - singles[third] + whole
    )
    order = np.argsort(predicted, kind="stable")[:TRIPLES]
    order = order[predicted[order] <= MIN_DROP * whole]
    for start in range(0, len(order), CHUNK):
        some = order[start : start + CHUNK]
        sets = [(pool[first[at]], pool[second[at]], pool[third[at]]) for at in some]
        yield sets, listing.margins(sets)


def _search_greedily(listing: TopKMembership, pool: Sequence[int], singles: np.ndarray) -> tuple[int, ...] | None:
    """Return a set of more than three events: the latest, all of some items, or greedily chosen ones with the shortest run of the rest."""
    chosen: tuple[int, ...] = ()
    latest = [tuple(int(step) for step in listing.known[-count:]) for count in range(1, min(LATEST, len(listing.known)) + 1)]
    best = _shorter(_first_sufficient(listing, latest, LATEST), _whole_items(listing))
    margins, rest = singles, list(pool)
    for _round in range(GREEDY):
        order = [rest[at] for at in np.argsort(margins, kind="stable")]
        runs = [tuple(sorted((*chosen, *order[:length]))) for length in range(1, len(order) + 1)]
        best = _shorter(best, _first_sufficient(listing, runs))
        chosen = (*chosen, order[0])
        rest = order[1:]
        if not rest or (best is not None and len(best) <= len(chosen) + 1) or listing.is_exhausted:
            break
        margins = listing.margins([(*chosen, step) for step in rest])
    if best is None:
        everything = tuple(int(step) for step in listing.known)
        best = everything if _first_sufficient(listing, [everything]) else None
    return None if best is None else _prune(listing, best)


def _whole_items(listing: TopKMembership) -> tuple[int, ...] | None:
    """Return all events of one item, or of the fewest items: a habit does not depend on any single event."""
    items = listing.game.full_request.history.items[listing.known]
    names = list(dict.fromkeys(items))
    sets = sorted((tuple(int(step) for step in listing.known[items == name]) for name in names), key=len, reverse=True)
    order = np.argsort(listing.margins(sets[: listing.batch_size(CHUNK)]), kind="stable")[:POOL]
    ones = [sets[int(at)] for at in order]
    runs = [tuple(sorted(step for each in ones[:length] for step in each)) for length in range(1, len(ones) + 1)]
    return _first_sufficient(listing, runs)


def _first_sufficient(listing: TopKMembership, sets: list[tuple[int, ...]], least: int = 8) -> tuple[int, ...] | None:
    """Return the first of growing sets that is enough; of many sets only some of the long ones are tried, at least `least`."""
    count = listing.batch_size(len(sets), least)
    tried = np.unique(np.geomspace(1, len(sets), count).round().astype(np.int64)) - 1 if count < len(sets) else np.arange(len(sets))
    out = np.flatnonzero(listing.margins([sets[at] for at in tried]) < 0)
    return sets[int(tried[out[0]])] if len(out) else None


def _shorter(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if one is None or other is None:
        return one or other
    return one if len(one) <= len(other) else other


def _prune(listing: TopKMembership, removed: tuple[int, ...]) -> tuple[int, ...]:
    """Prune the set one event at a time; only sets of a readable size."""
    while 1 < len(removed) <= listing.batch_size(POOL, 0):
        fewer = [removed[:at] + removed[at + 1 :] for at in range(len(removed))]
        margins = listing.margins(fewer)
        if margins.min() >= 0:
            break
        removed = fewer[int(np.argmin(margins))]
    return removed


def _verify(listing: TopKMembership, sets: list[tuple[int, ...]], margins: np.ndarray) -> tuple[tuple[int, ...], int, str | None] | None:
    """Return the set with the largest drop that holds when scored alone."""
    for at in np.argsort(margins, kind="stable")[:3]:
        if margins[at] > 0:
            return None
        removed = tuple(sorted(int(step) for step in sets[int(at)]))
        place, replacement = listing.verify_removal(removed)
        if place > listing.k:
            return removed, place, replacement
    return None


def _pool(listing: TopKMembership) -> list[int]:
    """Return the events to search: all of a short history, else the latest and those of the most important blocks."""
    known = listing.known
    if len(known) <= POOL:
        return [int(step) for step in known]
    pool = [int(step) for step in known[-LATEST:]]
    older = known[:-LATEST]
    blocks = [tuple(int(step) for step in block) for block in np.array_split(older, min(listing.batch_size(BLOCKS), len(older)))]
    if len(older) > len(blocks):
        margins = listing.margins(blocks)
        # As many of the most important blocks as one chunk can hold.
        best = [
            step
            for at in np.argsort(margins, kind="stable")[: max(1, listing.batch_size(CHUNK) * len(blocks) // len(older))]
            for step in blocks[int(at)]
        ]
    else:
        best = [step for block in blocks for step in block]
    margins = listing.margins([(step,) for step in best])
    pool += [best[int(at)] for at in np.argsort(margins, kind="stable")[: POOL - len(pool)]]
    return sorted(pool)
