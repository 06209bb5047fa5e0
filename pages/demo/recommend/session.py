"""What a person tries on the recommend page: another moment, another place, items taken, liked and turned down.

All of it lives in the session and is forgotten when the cursor moves; the model reads it from the request and stays as it is.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import formatting
from recsys.core import TOP_K, Event, FallsBack, History, Request, candidate_scores, heard, request_at
from recsys.core.diversity import limit_per_category
from recsys.core.errors import DataError

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STATE = "tryout"
PATH_MEANING = (
    "The small line under a card says how the item hangs together with what this person did, counted in the data. "
    "The model was not asked: it is no explanation of the list."
)


@dataclass(frozen=True)
class Session:
    """`here` is the cursor it belongs to; `taken` items were added to the history, oldest first."""

    here: tuple[str, str, int]
    taken: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.taken or self.likes or self.dislikes)


@dataclass(frozen=True)
class SessionContext:
    """The moment and the place asked for; None leaves them as they were. `weekday` counts from Monday."""

    weekday: int | None = None
    hour: int | None = None
    place: tuple[float, float] | None = None


def current(cursor: Cursor) -> Session:
    """This session's tryout at the cursor; a new one when the cursor has moved."""
    here = (cursor.dataset.name, cursor.user, cursor.step)
    found = st.session_state.get(STATE)
    if found is None or found.here != here:
        found = st.session_state[STATE] = Session(here)
    return found


def take(item: str) -> None:
    found = st.session_state[STATE]
    st.session_state[STATE] = replace(found, taken=(*found.taken, item))


def like(item: str) -> None:
    found = st.session_state[STATE]
    liked = tuple(each for each in found.likes if each != item) + (() if item in found.likes else (item,))
    st.session_state[STATE] = replace(found, likes=liked)


def turn_down(item: str) -> None:
    found = st.session_state[STATE]
    liked = tuple(each for each in found.likes if each != item)
    st.session_state[STATE] = replace(found, likes=liked, dislikes=(*found.dislikes, item))


def forget() -> None:
    st.session_state[STATE] = Session(st.session_state[STATE].here)


def request(cursor: Cursor, tryout: Session, context: SessionContext) -> Request:
    """The question to the model: the history up to the cursor and what was tried, in the context asked for."""
    base = request_at(cursor.history, cursor.step)
    time, offset = _moment(base, context)
    history: History = base.history
    for item in tryout.taken:
        place = _place_of(cursor, item)
        history = history.then(Event(item, time=_or_nan(time), utc_offset=_or_nan(offset), place=place))
    history = replace(history, likes=tryout.likes, dislikes=tryout.dislikes)
    return Request(history, time=time, utc_offset=offset, place=context.place)


def answer(
    cursor: Cursor, model: Any, asked: Request, only: list[str], most: int | None, k: int = TOP_K
) -> tuple[list[str], np.ndarray, str | None]:
    """Item ids best first, their scores, and why the list is not the model's own, where it is not."""
    vocabulary = model.vocabulary
    scores = candidate_scores(model, [asked], vocabulary, cursor.dataset.repeats)[0]
    items = cursor.dataset.items.reindex(vocabulary.item_ids)
    kinds = items["category"].tolist() if "category" in items else [None] * len(items)
    if only:
        scores = np.where([kind in only for kind in kinds], scores, -np.inf)
    best = limit_per_category(scores, kinds, k, most)
    reason = model.fallback(asked) if isinstance(model, FallsBack) else None
    return [str(vocabulary.item_ids[at]) for at in best], scores[best], reason


def hangs_together(cursor: Cursor, protocol: str, asked: Request, items: list[str]) -> list[str]:
    """For each item in words how the data connects it with this history: that they took it before, or else the strongest way."""
    graph, request = cache.knowledge_graph(cursor.dataset, protocol), heard(asked)
    if request.history.times is not None and request.time is None and len(request.history):
        request = replace(request, time=float(request.history.times[-1]))
    found = [graph.paths(request.history, item, most=5, request=request) for item in items]
    # What they took before says more of them than what others took, however many those were.
    first = [min(paths, key=lambda path: path.kind != "again", default=None) for paths in found]
    return [path.words if path else "nothing in the data connects it" for path in first]


def moment_of(cursor: Cursor) -> Any:
    """The local time of the cursor's next event, of the last one at the end; None for data that has order only."""
    base = request_at(cursor.history, cursor.step)
    times, offsets = cursor.history.times, cursor.history.utc_offsets
    if base.time is not None:
        return formatting.local_time(base.time, base.utc_offset)
    if times is None or not len(times):
        return None
    return formatting.local_time(times[-1], None if offsets is None else offsets[-1])


def supposed(cursor: Cursor, context: SessionContext) -> str:
    """What is only asked for and was not so, as plain text; empty where nothing was changed."""
    moment = [WEEKDAYS[context.weekday]] if context.weekday is not None else []
    moment += [f"{context.hour}:00"] if context.hour is not None else []
    area = next((name for name, place in cache.areas(cursor.dataset).items() if place == context.place), "")
    return (
        "as if " + " and ".join(([f"it were {' '.join(moment)}"] if moment else []) + [f"they were at {area}"] * bool(area))
        if moment or area
        else ""
    )


def controls(cursor: Cursor, aware: Collection[str], key: str) -> SessionContext:
    """The controls for what a model is told, their keys beginning with `key`; for what it is not told, a line that says so."""
    weekday = hour = place = None
    moment = moment_of(cursor)
    if moment is not None and "time" in aware:
        picked = st.pills("Weekday", WEEKDAYS, key=f"{key}_weekday", wrap=True, help=f"As it was: {moment:%A}")
        weekday = WEEKDAYS.index(picked) if picked else None
        hours = ["as it was", *(f"{each}:00" for each in range(24))]
        picked = st.select_slider("Hour", hours, key=f"{key}_hour", help=f"As it was: {moment:%H:%M}")
        hour = hours.index(picked) - 1 if picked != hours[0] else None
    else:
        st.caption("This model does not look at the time." if moment is not None else "This data has an order, but no times.")
    areas = cache.areas(cursor.dataset)
    if areas and "place" in aware:
        named = st.selectbox("Place", list(areas), index=None, placeholder="where they last were", key=f"{key}_place")
        place = areas[named] if named else None
    elif areas:
        st.caption("This model does not look at the place.")
    return SessionContext(weekday, hour, place)


def _moment(base: Request, context: SessionContext) -> tuple[float | None, float | None]:
    """The base request's time, moved to the weekday and hour asked for, within its week."""
    history = base.history
    time, offset = base.time, base.utc_offset
    if time is None and history.times is not None and len(history):
        time = float(history.times[-1])
        offset = float(history.utc_offsets[-1]) if history.utc_offsets is not None else None
    if time is None or not np.isfinite(time) or (context.weekday is None and context.hour is None):
        return base.time, base.utc_offset
    local = formatting.local_time(time, offset)
    if local is None:
        raise DataError("this moment has no time")
    weekday = local.weekday() if context.weekday is None else context.weekday
    hour = local.hour if context.hour is None else context.hour
    moved = local + timedelta(days=weekday - local.weekday(), hours=hour - local.hour)
    return time + (moved - local).total_seconds(), offset


def _place_of(cursor: Cursor, item: str) -> tuple[float, float]:
    places = cursor.dataset.item_places
    code = int(cursor.dataset.vocabulary.encode([item])[0])
    if places is None or code == 0:
        return (np.nan, np.nan)
    return float(places[code - 1, 0]), float(places[code - 1, 1])


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
