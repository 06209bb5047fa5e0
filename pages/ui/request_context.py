"""A request other than the one that happened: another moment or place, further items, likes and dislikes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import formatting
from recsys.core import Event, History, Request, request_at
from recsys.core.errors import DataError

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class TrialHistory:
    """`here` is the cursor it belongs to; `taken` items were added to the history, oldest first."""

    here: tuple[str, str, int]
    taken: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.taken or self.likes or self.dislikes)


@dataclass(frozen=True)
class RequestContext:
    """The moment and the place asked for; None leaves them as they were. `weekday` counts from Monday."""

    weekday: int | None = None
    hour: int | None = None
    place: tuple[float, float] | None = None


def build_request(cursor: Cursor, tryout: TrialHistory, context: RequestContext) -> Request:
    """The question to the model: the history up to the cursor and what was tried, in the context asked for."""
    base = request_at(cursor.history, cursor.step)
    time, offset = _moment(base, context)
    history: History = base.history
    for item in tryout.taken:
        place = _place_of(cursor, item)
        history = history.then(Event(item, time=_or_nan(time), utc_offset=_or_nan(offset), place=place))
    history = replace(history, likes=tryout.likes, dislikes=tryout.dislikes)
    return Request(history, time=time, utc_offset=offset, place=context.place)


def moment_of(cursor: Cursor) -> Any:
    """The local time of the cursor's next event, of the last one at the end; None for data that has order only."""
    base = request_at(cursor.history, cursor.step)
    times, offsets = cursor.history.times, cursor.history.utc_offsets
    if base.time is not None:
        return formatting.local_time(base.time, base.utc_offset)
    if times is None or not len(times):
        return None
    return formatting.local_time(times[-1], None if offsets is None else offsets[-1])


def describe_context(cursor: Cursor, context: RequestContext) -> str:
    """What is only asked for and was not so, as plain text; empty where nothing was changed."""
    moment = [WEEKDAYS[context.weekday]] if context.weekday is not None else []
    moment += [f"{context.hour}:00"] if context.hour is not None else []
    area = next((name for name, place in cache.areas(cursor.dataset).items() if place == context.place), "")
    return (
        "as if " + " and ".join(([f"it were {' '.join(moment)}"] if moment else []) + [f"they were at {area}"] * bool(area))
        if moment or area
        else ""
    )


def request_controls(cursor: Cursor, aware: Collection[str], key: str) -> RequestContext:
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
    return RequestContext(weekday, hour, place)


def _moment(base: Request, context: RequestContext) -> tuple[float | None, float | None]:
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
