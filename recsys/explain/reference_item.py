"""The reference item that replaces a removed event without changing the positions of the others."""

from dataclasses import replace

import numpy as np

from recsys.core import Event, Recommender, Request, Vocabulary, empty_history

TRIED = 128
TRIED_AT_ONCE = 32


def choose_reference_item(model: Recommender, request: Request, item_id: str) -> str:
    """Return the item that, as the only event of a history, moves the model's scores least from those of an empty one.

    Chosen from up to 128 items spread over the catalogue, except those of the history and the item that is explained; the event has the
    time and place of the request. Scores are compared up to a constant, which changes no ranking.
    """
    vocabulary = Vocabulary(model.item_ids)
    taken = {*request.history.items, item_id}
    free = [str(each) for each in vocabulary.item_ids if each not in taken] or [str(each) for each in vocabulary.item_ids]
    tried = [free[at] for at in np.unique(np.linspace(0, len(free) - 1, TRIED).astype(np.int64))]
    nothing = replace(request, history=empty_history())
    dated = replace(empty_history(), times=np.empty(0), utc_offsets=np.empty(0), places=np.empty((0, 2)))
    time, offset = (np.nan if each is None else each for each in (request.time, request.utc_offset))
    one = [replace(nothing, history=dated.then(Event(each, time, offset, request.place or (np.nan, np.nan)))) for each in tried]
    without = model.score([nothing])
    there = np.isfinite(without[0])
    moved = []
    for start in range(0, len(one), TRIED_AT_ONCE):
        apart = (model.score(one[start : start + TRIED_AT_ONCE]) - without)[:, there]
        moved.append(np.abs(apart - apart.mean(axis=1, keepdims=True)).mean(axis=1))
    return tried[int(np.argmin(np.concatenate(moved)))]
