"""A user's past events, and a request for recommendations at one point of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from recsys.core.errors import DataError
from recsys.core.translation import ngettext


class Event(NamedTuple):
    """One interaction of a user. Only the item is always known."""

    item_id: str
    time: float = np.nan  # seconds since 1970, UTC
    utc_offset: float = np.nan  # minutes to add for local time
    place: tuple[float, float] = (np.nan, np.nan)  # latitude, longitude in degrees
    behaviour: str | None = None
    rating: float = np.nan
    text: str | None = None  # words of the event itself, such as a search query


@dataclass(frozen=True, eq=False)
class History:
    """The events of a user that a model may use at request time, oldest first.

    `items` (T,) item ids, `times` (T,) float64 seconds UTC, `utc_offsets` (T,) minutes, `places` (T, 2) degrees latitude and longitude,
    `behaviours` (T,) strings, `ratings` (T,), `texts` (T,) words of the events themselves such as search queries. A column is None where
    the dataset does not have it, and NaN (None for behaviours and texts) where one event lacks the value. `groups` (T,) are ascending
    numbers, equal for events that are predicted at once from what was before all of them, such as those of a basket; None where each
    event is predicted by itself. `likes` and `dislikes` are the
    item ids of this session's feedback: models read them here, so that one user's clicks never change a model that others share.
    """

    items: np.ndarray
    times: np.ndarray | None = None
    utc_offsets: np.ndarray | None = None
    places: np.ndarray | None = None
    behaviours: np.ndarray | None = None
    ratings: np.ndarray | None = None
    texts: np.ndarray | None = None
    groups: np.ndarray | None = None
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    user_id: str | None = None

    def __len__(self) -> int:
        return len(self.items)

    def until(self, step: int) -> "History":
        """Return the first `step` events: the history just before the event with that index."""
        if not 0 <= step <= len(self):
            raise DataError(
                ngettext(
                    "step {step} is outside this history of {count} event; give a step from 0 to {count}",
                    "step {step} is outside this history of {count} events; give a step from 0 to {count}",
                    len(self),
                    step=step,
                )
            )
        return self._take(slice(0, step))

    def count_known(self, steps: np.ndarray) -> np.ndarray:
        """Return the number (n,) of events that may be known when the events with these indices (n,) are predicted, at most that index."""
        if self.groups is None or not len(self):
            return np.asarray(steps)
        numbers = np.append(self.groups, self.groups[-1] + 1)
        return np.searchsorted(self.groups, numbers[steps])

    def since(self, step: int) -> "History":
        """Return the events from the one with this index on."""
        return self._take(slice(step, None))

    def without(self, steps: Iterable[int]) -> "History":
        """Return the history as if the events at these indices had not happened."""
        keep = np.ones(len(self), dtype=bool)
        keep[list(steps)] = False
        return self._take(keep)

    def then(self, event: Event) -> "History":
        """Return this history with one more event at its end."""

        def append(column: np.ndarray | None, value: object) -> np.ndarray | None:
            if column is None:
                return None
            end = np.empty((1, *column.shape[1:]), dtype=column.dtype)
            end[0] = value
            return np.concatenate([column, end])

        return replace(
            self,
            items=np.append(self.items, np.array([event.item_id], dtype=object)),
            times=append(self.times, event.time),
            utc_offsets=append(self.utc_offsets, event.utc_offset),
            places=append(self.places, event.place),
            behaviours=append(self.behaviours, event.behaviour),
            ratings=append(self.ratings, event.rating),
            texts=append(self.texts, event.text),
            groups=append(self.groups, self.groups[-1] + 1 if self.groups is not None and len(self) else 0),
        )

    def _take(self, index: slice | np.ndarray) -> "History":
        def select(column: np.ndarray | None) -> np.ndarray | None:
            return None if column is None else column[index]

        return History(  # not by `replace`, which takes longer than the rest: a replay takes a history for every step
            items=self.items[index],
            times=select(self.times),
            utc_offsets=select(self.utc_offsets),
            places=select(self.places),
            behaviours=select(self.behaviours),
            ratings=select(self.ratings),
            texts=select(self.texts),
            groups=select(self.groups),
            likes=self.likes,
            dislikes=self.dislikes,
            user_id=self.user_id,
        )


def empty_history(user_id: str | None = None) -> History:
    """Return the history of a user without any event."""
    return History(items=np.empty(0, dtype=object), user_id=user_id)


@dataclass(frozen=True, eq=False)
class Request:
    """A history, and the time, place and candidates for which recommendations are requested.

    `time` (seconds UTC) and `place` (degrees) default to those of the last event, `candidates` (item ids) to every item.
    """

    history: History
    time: float | None = None
    utc_offset: float | None = None
    place: tuple[float, float] | None = None
    candidates: tuple[str, ...] | None = None


def request_at(history: History, step: int) -> Request:
    """Return the request of a step of a replay: the first `step` events, and the time of the next one.

    Where the next event is predicted at once with some of these, such as those of the same basket, they are left out.

    The place of the next event is left out, since it would give away the item: the place stays that of the last event.
    """
    time = offset = None
    if 0 <= step < len(history):
        if history.times is not None and np.isfinite(history.times[step]):
            time = float(history.times[step])
        if history.utc_offsets is not None and np.isfinite(history.utc_offsets[step]):
            offset = float(history.utc_offsets[step])
    known = step if history.groups is None or not 0 <= step < len(history) else int(history.count_known(np.array([step]))[0])
    return Request(history.until(known), time=time, utc_offset=offset)
