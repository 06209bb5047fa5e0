"""The time and place of a request as players of a game."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recsys.core import Request
from recsys.explain.explanation import Player


def pin_context(request: Request, aware: Sequence[str]) -> tuple[Request, list[Player]]:
    """Return the request with its time and place set explicitly where the model uses them, and the players for them.

    By default a request has those of the last event, which would change when that event is removed.
    """
    history, players = request.history, []
    if "time" in aware:
        when = request.time if request.time is not None else _last(history.times)
        if when is not None and np.isfinite(when):
            offset = request.utc_offset if request.utc_offset is not None else _last(history.utc_offsets)
            request = replace(request, time=float(when), utc_offset=offset if offset is not None and np.isfinite(offset) else None)
            players.append(Player("time", "time"))
    if "place" in aware:
        place = request.place if request.place is not None else _last(history.places)
        if place is not None and np.isfinite(place).all():
            request = replace(request, place=(float(place[0]), float(place[1])))
            players.append(Player("place", "place"))
    return request, players


def _last(column: np.ndarray | None) -> Any:
    return column[-1] if column is not None and len(column) else None
