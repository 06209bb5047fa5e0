"""The handler of /api/replay."""

import math

from recsys.core.errors import DataError
from recsys.core.split import split_interactions
from recsys.evaluation.replay import Replay, replay_history
from recsys.http_api.access import Caller
from recsys.http_api.schemas import MOST_EVENTS, ReplayedStep, ReplayQuery, ReplayResponse, ScoredItem
from recsys.http_api.service import Service, name_version


def handle_replay(service: Service, caller: Caller, query: ReplayQuery) -> ReplayResponse:
    """Return the list at every step of a user's timeline, and the exact rank of the item that came next."""
    del caller
    data, loaded = service.open(query.dataset, query.checkpoint)
    history = data.history(query.user)
    stop = min(query.first + MOST_EVENTS, len(history) + 1) if query.stop is None else query.stop
    if not query.first < stop <= len(history) + 1:
        raise DataError(f"the timeline has the steps 0 to {len(history)}; give first from 0 on, and stop above it up to {len(history) + 1}")
    if stop - query.first > MOST_EVENTS:
        raise DataError(f"{stop - query.first} steps are too many for one response; ask for at most {MOST_EVENTS}, then for the next ones")
    labels = split_interactions(data, loaded.card.protocol).labels[data.rows(query.user)]
    found = replay_history(loaded.model, history, data.repeats, query.k, labels=labels, steps=range(query.first, stop))
    return ReplayResponse(
        dataset=data.name,
        checkpoint=name_version(loaded),
        user=query.user,
        length=found.length,
        steps=[_describe_step(found, at) for at in range(len(found.ranks))],
        unknown=found.unknown,
    )


def _describe_step(found: Replay, at: int) -> ReplayedStep:
    rank, has_next = float(found.ranks[at]), at < len(found.item_ids)
    return ReplayedStep(
        step=found.first + at,
        item_id=str(found.item_ids[at]) if has_next else None,
        rank=rank if math.isfinite(rank) else None,
        is_listed=not math.isinf(rank),
        split=str(found.splits[at]) if has_next else "",
        fallback=found.fallbacks[at],
        items=[
            ScoredItem(item_id=str(item), score=float(score))
            for item, score in zip(found.top_items[at], found.top_scores[at], strict=True)
            if item
        ],
    )
