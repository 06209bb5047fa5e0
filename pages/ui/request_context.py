"""Hypothetical requests: another time or place than the real one, further items, likes and dislikes."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from recsys.core import Event, History, Request, request_at
from recsys.core.errors import DataError
from recsys.core.formatting import format_clock, local_time, move_within_week, weekday_names
from recsys.core.translation import _

ACTUAL_HOUR = -1  # the option of the slider that leaves the hour unchanged


@dataclass(frozen=True)
class TrialHistory:
    """Items added to a history, and feedback that the list follows.

    `here` is the cursor (dataset, user, step) that they belong to; `taken` items were added to the history, oldest first, with those of
    `ratings` that they were given.
    """

    here: tuple[str, str, int]
    taken: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    ratings: tuple[tuple[str, float], ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.taken or self.likes or self.dislikes)


@dataclass(frozen=True)
class RequestContext:
    """Time and place of a hypothetical request; None leaves the real ones. `weekday` counts from Monday, 0."""

    weekday: int | None = None
    hour: int | None = None
    place: tuple[float, float] | None = None


def build_request(cursor: Cursor, trial: TrialHistory, context: RequestContext) -> Request:
    """Return a request with the history up to the cursor, the items and feedback of the trial, and the given context."""
    base = request_at(cursor.history, cursor.step)
    time, offset = _time_and_offset(base, context)
    history: History = base.history
    ratings = dict(trial.ratings)
    for item in trial.taken:
        place, rating = _place_of(cursor, item), _or_nan(ratings.get(item))
        history = history.then(Event(item, time=_or_nan(time), utc_offset=_or_nan(offset), place=place, rating=rating))
    history = replace(history, likes=trial.likes, dislikes=trial.dislikes)
    return Request(history, time=time, utc_offset=offset, place=context.place)


def request_moment(cursor: Cursor) -> dt.datetime | None:
    """Return the local time of the cursor's next event, of the last event at the end; None for data with an order only."""
    base = request_at(cursor.history, cursor.step)
    times, offsets = cursor.history.times, cursor.history.utc_offsets
    if base.time is not None:
        return local_time(base.time, base.utc_offset)
    if times is None or not len(times):
        return None
    return local_time(times[-1], None if offsets is None else offsets[-1])


def describe_context(cursor: Cursor, context: RequestContext) -> str:
    """Return a plain-text sentence on each changed part of the context; empty where nothing was changed."""
    sentences = []
    if context.weekday is not None and context.hour is not None:
        moment = _("{weekday}, {clock}", weekday=weekday_names()[context.weekday], clock=format_clock(dt.time(context.hour)))
        sentences.append(_("The time of the request is set to {moment}.", moment=moment))
    elif context.weekday is not None:
        sentences.append(_("The weekday of the request is set to {weekday}.", weekday=weekday_names()[context.weekday]))
    elif context.hour is not None:
        sentences.append(_("The hour of the request is set to {clock}.", clock=format_clock(dt.time(context.hour))))
    area = next((name for name, place in cache.areas(cursor.dataset).items() if place == context.place), None)
    if area is not None:
        sentences.append(_("The place of the request is set to {area}.", area=area))
    return " ".join(sentences)


def draw_context_controls(cursor: Cursor, aware: Collection[str], key: str) -> RequestContext:
    """Draw the controls of the context that a model uses, their keys beginning with `key`; a caption names what it does not use."""
    weekday = hour = place = None
    moment = request_moment(cursor)
    if moment is not None and "time" in aware:
        weekdays = weekday_names("abbreviated")
        weekday = st.pills(
            _("Weekday"), range(7), key=f"{key}_weekday", wrap=True, format_func=weekdays.__getitem__,
            help=_("Actual weekday: {weekday}", weekday=weekday_names()[moment.weekday()]),
        )  # fmt: skip
        chosen = st.select_slider(
            _("Hour"), [ACTUAL_HOUR, *range(24)], key=f"{key}_hour", format_func=_hour_label,
            help=_("Actual time: {clock}", clock=format_clock(moment)),
        )  # fmt: skip
        hour = None if chosen == ACTUAL_HOUR else chosen
    elif moment is not None:
        st.caption(_("This model does not use the time."))
    else:
        st.caption(_("This dataset has an order of events but no times."))
    areas = cache.areas(cursor.dataset)
    if areas and "place" in aware:
        area = st.selectbox(_("Place"), list(areas), index=None, placeholder=_("latest place"), key=f"{key}_place")
        place = areas[area] if area else None
    elif areas:
        st.caption(_("This model does not use the place."))
    return RequestContext(weekday, hour, place)


def _hour_label(hour: int) -> str:
    return _("actual") if hour == ACTUAL_HOUR else format_clock(dt.time(hour))


def _time_and_offset(base: Request, context: RequestContext) -> tuple[float | None, float | None]:
    """Return time and UTC offset of the base request, moved within its week to the weekday and hour of the context."""
    history = base.history
    time, offset = base.time, base.utc_offset
    if time is None and history.times is not None and len(history):
        time = float(history.times[-1])
        offset = float(history.utc_offsets[-1]) if history.utc_offsets is not None else None
    if time is None or not np.isfinite(time) or (context.weekday is None and context.hour is None):
        return base.time, base.utc_offset
    moved = move_within_week(time, offset, context.weekday, context.hour)
    if moved is None:
        raise DataError(_("the time of this event is unknown, so the request cannot be moved to another weekday or hour; choose “actual”"))
    return moved, offset


def _place_of(cursor: Cursor, item: str) -> tuple[float, float]:
    places = cursor.dataset.item_places
    code = int(cursor.dataset.vocabulary.encode([item])[0])
    if places is None or code == 0:
        return (np.nan, np.nan)
    return float(places[code - 1, 0]), float(places[code - 1, 1])


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
