"""What an item hangs on: the fewest events whose removal drops it out of the list. Its counterpart is addition.py.

Every answer is checked by asking the model once more, alone. The search for removals: each event alone; then pairs, in the order
that the single effects foretell; then triples, foretold from the pairs by their first and second differences; beyond that a greedy
climb whose result is thinned again. Pairs are searched whole up to `POOL` events, so one or two events are the fewest there are;
larger sets are the fewest found.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import DataError
from recsys.explain.counterfactual.topk_membership import TopKMembership
from recsys.explain.game import Game

POOL = 50  # events searched in pairs; of longer histories those that matter most
CHUNK = 256  # sets asked for at once: the search stops after the first chunk that holds an answer
TRIPLES = 512  # of those foretold to drop the item furthest
HOPE = 0.5  # of the way to the edge of the list: triples foretold to go less far are not asked for
LATEST = 16  # always in the pool: nearly every model leans on them
BLOCKS = 48
CLIMB = 8  # events added one by one beyond three
BUDGET = 4_000


@dataclass(frozen=True)
class Counterfactual:
    """The fewest events found whose removal drops an item out of the first k.

    `removed` are steps, oldest first, () when none was found. `rank_before` and `rank_after` are places in the list, `replacement`
    is the item that comes in. `verified` says that the model was asked again without them; `evaluations` counts all questions.
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
    """Which events the place of the game's item among the first k hangs on; events are removed as in the game.

    After about `budget` evaluations the fewest found so far have to do.
    """
    began = time.perf_counter()
    listing = TopKMembership(game, k, budget)
    before = listing.place
    if before > k:
        raise DataError(f"item '{game.item_id}' is at place {before}, not among the first {k}; take one of them, or a larger k")
    removed, after, replacement = _search(listing) or ((), None, None)
    seconds = time.perf_counter() - began
    return Counterfactual(game.item_id, k, removed, bool(removed), before, after, replacement, listing.evaluations, seconds)


def _search(listing: TopKMembership) -> tuple[tuple[int, ...], int, str | None] | None:
    """Steps to remove, the place after, and what comes in; None where nothing helps, not even removing everything known."""
    pool = _pool(listing)
    if not len(pool) or listing.whole == np.inf:  # fewer items than places
        return None
    singles = listing.margins([(step,) for step in pool])
    for sets, margins in _rising(listing, pool, singles):
        answer = _checked(listing, sets, margins)
        if answer is not None:
            return answer
        if listing.evaluations > 0.75 * listing.budget:  # the rest is for the climb
            break
    best = _climb(listing, pool, singles)
    return None if best is None else _checked(listing, [best], np.array([-1.0]))


def _rising(listing: TopKMembership, pool: Sequence[int], singles: np.ndarray) -> Iterator[tuple[list[tuple[int, ...]], np.ndarray]]:
    """Sets of one, two and three events with their margins, the smallest sets first, in each size the most promising first.

    Pairs of the latest come before all others and are asked for however little budget there is: a model that reads the order leans
    on the last two together, which neither alone foretells.
    """
    yield [(step,) for step in pool], singles
    if len(pool) < 2:
        return
    whole = listing.whole
    pairs = np.array(list(combinations(range(len(pool)), 2)))
    late = np.isin(pool, listing.known[-LATEST:])[pairs].all(1)
    pairs = pairs[np.lexsort((singles[pairs].sum(1), ~late))]
    known = np.full((len(pool), len(pool)), np.nan)
    chunk = listing.room(CHUNK)
    for some in np.split(pairs, range(max(chunk, int(late.sum())), len(pairs), chunk)):
        sets: list[tuple[int, ...]] = [tuple(pool[at] for at in pair) for pair in some]
        margins = listing.margins(sets)
        known[some[:, 0], some[:, 1]] = known[some[:, 1], some[:, 0]] = margins
        yield sets, margins
    if len(pool) < 3:
        return
    first, second, third = np.array(list(combinations(range(len(pool)), 3))).T
    # The margin of three, if there were no third differences.
    foretold = known[first, second] + known[first, third] + known[second, third] - singles[first] - singles[second] - singles[third] + whole
    order = np.argsort(foretold, kind="stable")[:TRIPLES]
    order = order[foretold[order] <= HOPE * whole]
    for start in range(0, len(order), CHUNK):
        some = order[start : start + CHUNK]
        sets = [(pool[first[at]], pool[second[at]], pool[third[at]]) for at in some]
        yield sets, listing.margins(sets)


def _climb(listing: TopKMembership, pool: Sequence[int], singles: np.ndarray) -> tuple[int, ...] | None:
    """More than three events: the latest, those of whole items, or the one that helps most, time and again, and the shortest run of the rest."""
    chosen: tuple[int, ...] = ()
    latest = [tuple(int(step) for step in listing.known[-count:]) for count in range(1, min(LATEST, len(listing.known)) + 1)]
    best = _shorter(_first_out(listing, latest, LATEST), _whole_items(listing))
    margins, rest = singles, list(pool)
    for _ in range(CLIMB):
        order = [rest[at] for at in np.argsort(margins, kind="stable")]
        runs = [tuple(sorted((*chosen, *order[:length]))) for length in range(1, len(order) + 1)]
        best = _shorter(best, _first_out(listing, runs))
        chosen = (*chosen, order[0])
        rest = order[1:]
        if not rest or (best is not None and len(best) <= len(chosen) + 1) or listing.spent:
            break
        margins = listing.margins([(*chosen, step) for step in rest])
    if best is None:
        everything = tuple(int(step) for step in listing.known)
        best = everything if _first_out(listing, [everything]) else None
    return None if best is None else _thinned(listing, best)


def _whole_items(listing: TopKMembership) -> tuple[int, ...] | None:
    """All events of one item, or of the fewest: what hangs on a habit hangs on each time alike."""
    items = listing.game.whole.history.items[listing.known]
    names = list(dict.fromkeys(items))
    sets = sorted((tuple(int(step) for step in listing.known[items == name]) for name in names), key=len, reverse=True)
    order = np.argsort(listing.margins(sets[: listing.room(CHUNK)]), kind="stable")[:POOL]
    ones = [sets[int(at)] for at in order]
    runs = [tuple(sorted(step for each in ones[:length] for step in each)) for length in range(1, len(ones) + 1)]
    return _first_out(listing, runs)


def _first_out(listing: TopKMembership, sets: list[tuple[int, ...]], least: int = 8) -> tuple[int, ...] | None:
    """The first of growing sets that is enough; of many, only some of the long ones are tried, but `least` in any case."""
    count = listing.room(len(sets), least)
    tried = np.unique(np.geomspace(1, len(sets), count).round().astype(np.int64)) - 1 if count < len(sets) else np.arange(len(sets))
    out = np.flatnonzero(listing.margins([sets[at] for at in tried]) < 0)
    return sets[int(tried[out[0]])] if len(out) else None


def _shorter(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if one is None or other is None:
        return one or other
    return one if len(one) <= len(other) else other


def _thinned(listing: TopKMembership, removed: tuple[int, ...]) -> tuple[int, ...]:
    """The set without what it does not need, one event at a time; only sets short enough to be read."""
    while 1 < len(removed) <= listing.room(POOL, 0):
        fewer = [removed[:at] + removed[at + 1 :] for at in range(len(removed))]
        margins = listing.margins(fewer)
        if margins.min() >= 0:
            break
        removed = fewer[int(np.argmin(margins))]
    return removed


def _checked(listing: TopKMembership, sets: list[tuple[int, ...]], margins: np.ndarray) -> tuple[tuple[int, ...], int, str | None] | None:
    """The set that drops the item furthest, asked for again alone; the next ones if it does not hold."""
    for at in np.argsort(margins, kind="stable")[:3]:
        if margins[at] > 0:
            return None
        removed = tuple(sorted(int(step) for step in sets[int(at)]))
        place, replacement = listing.check_without(removed)
        if place > listing.k:
            return removed, place, replacement
    return None


def _pool(listing: TopKMembership) -> list[int]:
    """The events worth searching: all of them in a short history, else the latest and those of the blocks that matter most."""
    known = listing.known
    if len(known) <= POOL:
        return [int(step) for step in known]
    pool = [int(step) for step in known[-LATEST:]]
    older = known[:-LATEST]
    blocks = [tuple(int(step) for step in block) for block in np.array_split(older, min(listing.room(BLOCKS), len(older)))]
    if len(older) > len(blocks):
        margins = listing.margins(blocks)
        # Of the blocks that matter most, as many as the next question can hold.
        best = [
            step
            for at in np.argsort(margins, kind="stable")[: max(1, listing.room(CHUNK) * len(blocks) // len(older))]
            for step in blocks[int(at)]
        ]
    else:
        best = [step for block in blocks for step in block]
    margins = listing.margins([(step,) for step in best])
    pool += [best[int(at)] for at in np.argsort(margins, kind="stable")[: POOL - len(pool)]]
    return sorted(pool)
