"""Of 40 people's items that up to three of 50 events drop out of ten, percent whose set is no larger than searching every set finds;
reference: percent of all items that are dropped where removing everything would drop them.
"""

from typing import Any

from recsys.cli.console import say
from recsys.explain.counterfactual.topk_membership import TopKMembership
from tests.bench._counterfactual import MOST, TOP, answers, fewest
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    small, as_small, could, did = 0, 0, 0, 0
    for fresh, answer in answers():
        game = fresh()
        listing = TopKMembership(game, TOP)
        if listing.verify_removal(tuple(int(step) for step in listing.known))[0] > TOP:
            could += 1
            did += answer.verified
        # One event that is found is the fewest; of two, only one could be fewer, and all of those were tried.
        best = len(answer.removed) if len(answer.removed) in (1, 2) else fewest(game)
        if best is not None:
            small += 1
            as_small += 0 < len(answer.removed) <= best
    say(f"{did} of {could} dropped; {as_small} of {small} with no more events than the smallest set of up to {MOST}")
    return measured(100 * as_small / max(small, 1), "%", 100 * did / max(could, 1))
