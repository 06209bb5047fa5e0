"""What a person did, and what is asked at one moment of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from recsys.core.errors import DataError


class Event(NamedTuple):
    """One thing a person did. Only the item is always known."""

    item_id: str
    time: float = np.nan  # seconds since 1970, UTC
    utc_offset: float = np.nan  # minutes to add for local time
    place: tuple[float, float] = (np.nan, np.nan)  # latitude, longitude in degrees
    behaviour: str | None = None
    rating: float = np.nan
    text: str | None = None  # words of the event itself, such as a search query


@dataclass(frozen=True, eq=False)
class History:
    """What a model may know of a person at request time, oldest event first.

    `times` (T,) float64 seconds UTC, `utc_offsets` (T,) minutes, `places` (T, 2) degrees latitude and longitude,
    `behaviours` (T,) strings, `ratings` (T,) and `texts` (T,), words of the events themselves such as search queries, are None where
    the data has none, and hold NaN (None for behaviours and texts) where one event lacks the value. `likes` and `dislikes` are item ids of this session's feedback: a model reads
    them from here, so that no shared model is ever changed by one person's clicks.
    """

    items: np.ndarray
    times: np.ndarray | None = None
    utc_offsets: np.ndarray | None = None
    places: np.ndarray | None = None
    behaviours: np.ndarray | None = None
    ratings: np.ndarray | None = None
    texts: np.ndarray | None = None
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    user_id: str | None = None

    def __len__(self) -> int:
        return len(self.items)

    def until(self, step: int) -> "History":
        """The first `step` events: what was known before the event with that index happened."""
        if not 0 <= step <= len(self):
            raise DataError(f"step {step} is outside this history of {len(self)} events; give a step from 0 to {len(self)}")
        return self._take(slice(0, step))

    def without(self, steps: Iterable[int]) -> "History":
        """The same history with the events at these indices never having happened."""
        keep = np.ones(len(self), dtype=bool)
        keep[list(steps)] = False
        return self._take(keep)

    def then(self, event: Event) -> "History":
        """This history and one more event."""

        def grown(column: np.ndarray | None, value: object) -> np.ndarray | None:
            if column is None:
                return None
            end = np.empty((1, *column.shape[1:]), dtype=column.dtype)
            end[0] = value
            return np.concatenate([column, end])

        return replace(
            self,
            items=np.append(self.items, np.array([event.item_id], dtype=object)),
            times=grown(self.times, event.time),
            utc_offsets=grown(self.utc_offsets, event.utc_offset),
            places=grown(self.places, event.place),
            behaviours=grown(self.behaviours, event.behaviour),
            ratings=grown(self.ratings, event.rating),
            texts=grown(self.texts, event.text),
        )

    def _take(self, index: slice | np.ndarray) -> "History":
        def taken(column: np.ndarray | None) -> np.ndarray | None:
            return None if column is None else column[index]

        return replace(
            self,
            items=self.items[index],
            times=taken(self.times),
            utc_offsets=taken(self.utc_offsets),
            places=taken(self.places),
            behaviours=taken(self.behaviours),
            ratings=taken(self.ratings),
            texts=taken(self.texts),
        )


def empty_history(user_id: str | None = None) -> History:
    """A person nothing is known of."""
    return History(items=np.empty(0, dtype=object), user_id=user_id)


@dataclass(frozen=True, eq=False)
class Request:
    """A history and the context asked for.

    `time` None means the time of the last event, `place` None the place of the last event, `candidates` None every item.
    """

    history: History
    time: float | None = None
    utc_offset: float | None = None
    place: tuple[float, float] | None = None
    candidates: tuple[str, ...] | None = None


def request_at(history: History, step: int) -> Request:
    """What a model is told at a step of a replay: the first `step` events, and when the next one happens.

    The place is never the next event's, since a place all but names the item: it is left to be the last event's.
    """
    time = offset = None
    if step < len(history):
        if history.times is not None and np.isfinite(history.times[step]):
            time = float(history.times[step])
        if history.utc_offsets is not None and np.isfinite(history.utc_offsets[step]):
            offset = float(history.utc_offsets[step])
    return Request(history.until(step), time=time, utc_offset=offset)
