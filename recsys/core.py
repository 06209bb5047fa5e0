"""The types that every other module speaks: Dataset, History, Request, Recommender."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from recsys.errors import DataError, RecsysError, unknown

PAD = 0
"""The code of padding and of items a model does not know. Item codes start at 1."""


class Event(NamedTuple):
    """One thing a person did. Only the item is always known."""

    item_id: str
    time: float = np.nan  # seconds since 1970, UTC
    utc_offset: float = np.nan  # minutes to add for local time
    place: tuple[float, float] = (np.nan, np.nan)  # latitude, longitude in degrees
    behaviour: str | None = None
    rating: float = np.nan


@dataclass(frozen=True, eq=False)
class History:
    """What a model may know of a person at request time, oldest event first.

    `times` (T,) float64 seconds UTC, `utc_offsets` (T,) minutes, `places` (T, 2) degrees latitude and longitude,
    `behaviours` (T,) strings and `ratings` (T,) are None where the data has none, and hold NaN (None for behaviours)
    where one event lacks the value. `likes` and `dislikes` are item ids of this session's feedback: a model reads
    them from here, so that no shared model is ever changed by one person's clicks.
    """

    items: np.ndarray
    times: np.ndarray | None = None
    utc_offsets: np.ndarray | None = None
    places: np.ndarray | None = None
    behaviours: np.ndarray | None = None
    ratings: np.ndarray | None = None
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


class Vocabulary:
    """Item ids and their codes: code = position in `item_ids` + 1, 0 for padding and unknown items."""

    def __init__(self, item_ids: Sequence[str] | np.ndarray):
        self.item_ids = np.asarray(item_ids, dtype=object)
        self._codes = {item_id: code for code, item_id in enumerate(self.item_ids, start=PAD + 1)}
        if len(self._codes) < len(self.item_ids):
            twice = pd.Index(self.item_ids).duplicated()
            raise DataError(f"item id '{self.item_ids[twice][0]}' stands twice in the vocabulary")

    def __len__(self) -> int:
        return len(self.item_ids)

    def encode(self, item_ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """Codes (n,) int64; 0 where the item is unknown."""
        code_of = self._codes.get  # a dict answers one short history in microseconds, where a pandas index takes 0.3 ms to begin
        return np.fromiter((code_of(item_id, PAD) for item_id in item_ids), dtype=np.int64, count=len(item_ids))

    def mask(self, scores: np.ndarray, requests: Sequence[Request]) -> np.ndarray:
        """Scores (len(requests), n_items), −inf where an item is no candidate of its request. Changes `scores`."""
        for row, request in zip(scores, requests, strict=True):
            if request.candidates is not None:
                codes = self.encode(request.candidates)
                if not codes.all():
                    names = ", ".join(np.asarray(request.candidates, dtype=object)[codes == PAD][:5])
                    raise unknown("item", names, self.item_ids)
                outside = np.ones(len(row), dtype=bool)
                outside[codes - 1] = False
                row[outside] = -np.inf
        return scores

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the ids and their order: two vocabularies are the same exactly when these are."""
        return hashlib.sha256("\x1f".join(self.item_ids).encode()).hexdigest()[:16]


class Check(NamedTuple):
    """One line of a cleaning report. `action` is one of kept, dropped, filled, reordered."""

    check: str
    rows: int
    action: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions and what is known of their items and people; validated once, then read-only.

    `interactions` is sorted by user and then by time (ties keep the order of the file), with the columns user_id and item_id
    (categoricals of strings, the categories of item_id being `items.index` in the same order), order (0, 1, … within the
    user) and, where known, timestamp (datetime64, UTC), utc_offset (minutes), behaviour (categorical), rating, latitude,
    longitude, text. `items` is indexed by item_id and may have title, text, category, latitude, longitude; only items with
    events are in it. `users` is indexed by user_id, `friends` has user_id and friend_id.
    `repeats` says that people return to items, so items seen before stay candidates.
    """

    name: str
    title: str
    interactions: pd.DataFrame
    items: pd.DataFrame
    fingerprint: str
    repeats: bool
    users: pd.DataFrame | None = None
    friends: pd.DataFrame | None = None
    checks: tuple[Check, ...] = ()
    noun: str = "event"  # what one interaction is called: rating, check-in, visit

    def __post_init__(self) -> None:
        categories = self.interactions["item_id"].cat.categories
        if not categories.equals(pd.Index(self.items.index, dtype=categories.dtype)):
            raise DataError(f"dataset '{self.name}': the items of its interactions and its item table differ")

    @cached_property
    def user_ids(self) -> np.ndarray:
        """(n_users,) strings, in the order of the rows."""
        return self.interactions["user_id"].cat.categories.to_numpy(dtype=object)

    @cached_property
    def item_ids(self) -> np.ndarray:
        """(n_items,) strings, in the order of `items`."""
        return self.items.index.to_numpy(dtype=object)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.item_ids)

    @cached_property
    def user_starts(self) -> np.ndarray:
        """(n_users + 1,) row where each user's events start; the last entry is the number of rows."""
        codes = self.interactions["user_id"].cat.codes.to_numpy()
        return np.searchsorted(codes, np.arange(len(self.user_ids) + 1))

    @cached_property
    def item_codes(self) -> np.ndarray:
        """(n_interactions,) int64 codes of `vocabulary`, from 1."""
        return self.interactions["item_id"].cat.codes.to_numpy().astype(np.int64) + 1

    @cached_property
    def times(self) -> np.ndarray | None:
        """(n_interactions,) float64 seconds since 1970 UTC, NaN where unknown; None for data that has order only."""
        if "timestamp" not in self.interactions:
            return None
        stamps = self.interactions["timestamp"]
        seconds = stamps.to_numpy(dtype="datetime64[ms]").astype(np.float64) / 1000
        return np.where(stamps.isna().to_numpy(), np.nan, seconds)

    @cached_property
    def utc_offsets(self) -> np.ndarray | None:
        return self._floats("utc_offset")

    @cached_property
    def places(self) -> np.ndarray | None:
        """(n_interactions, 2) latitude and longitude of each event, falling back on its item's; None where no item has any."""
        if "latitude" in self.interactions:
            return self.interactions[["latitude", "longitude"]].to_numpy(dtype=np.float64)
        item_places = self.item_places
        return None if item_places is None else item_places[self.item_codes - 1]

    @cached_property
    def item_places(self) -> np.ndarray | None:
        """(n_items, 2) latitude and longitude, NaN where unknown."""
        if "latitude" not in self.items:
            return None
        return self.items[["latitude", "longitude"]].to_numpy(dtype=np.float64)

    @cached_property
    def behaviours(self) -> np.ndarray | None:
        if "behaviour" not in self.interactions:
            return None
        return self.interactions["behaviour"].astype(object).to_numpy()

    @cached_property
    def ratings(self) -> np.ndarray | None:
        return self._floats("rating")

    @property
    def has(self) -> tuple[str, ...]:
        """What this data knows beyond who, what and in which order."""
        known = {
            "time": "timestamp" in self.interactions,
            "utc_offset": "utc_offset" in self.interactions,
            "place": self.places is not None,
            "behaviour": "behaviour" in self.interactions,
            "rating": "rating" in self.interactions,
            "title": "title" in self.items,
            "category": "category" in self.items,
            "text": "text" in self.items,
            "friends": self.friends is not None,
        }
        return tuple(name for name, here in known.items() if here)

    def rows(self, user_id: str) -> slice:
        """Where a user's events stand in `interactions`."""
        code = self._user_codes.get(str(user_id))
        if code is None:
            raise unknown(f"user in {self.name}", user_id, self.user_ids)
        return slice(int(self.user_starts[code]), int(self.user_starts[code + 1]))

    def history(self, user_id: str) -> History:
        """Everything one user did, oldest first."""
        rows = self.rows(user_id)

        def cut(column: np.ndarray | None) -> np.ndarray | None:
            return None if column is None else column[rows]

        return History(
            items=self.item_ids[self.item_codes[rows] - 1],
            times=cut(self.times),
            utc_offsets=cut(self.utc_offsets),
            places=cut(self.places),
            behaviours=cut(self.behaviours),
            ratings=cut(self.ratings),
            user_id=str(user_id),
        )

    def title_of(self, item_id: str) -> str:
        """What a person would call an item: its title where one is known, else its id."""
        if "title" in self.items and item_id in self.items.index:
            title = self.items.at[item_id, "title"]
            if isinstance(title, str) and title:
                return title
        return str(item_id)

    @cached_property
    def _user_codes(self) -> dict[str, int]:
        return {user_id: code for code, user_id in enumerate(self.user_ids)}

    def _floats(self, column: str) -> np.ndarray | None:
        return self.interactions[column].to_numpy(dtype=np.float64) if column in self.interactions else None


class Recommender(Protocol):
    """A trained model. Scores many requests at once; never reads files, never changes when asked."""

    @property
    def item_ids(self) -> np.ndarray:
        """(n_items,) the ids behind the columns of `score`."""
        ...

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32, higher is better, −inf for items that are no candidates of their request.

        Unknown items in a history are ignored, an empty history is legal, unknown candidates raise UnknownNameError.
        """
        ...


@dataclass(frozen=True, eq=False)
class Trace:
    """What a causal model computed on its way through one history; index 0 is the start, index N the state after N events.

    `states` (T + 1, D). `attention` (blocks, heads, T + 1, T + 1), rows attend to columns and sum to 1. `terms` maps the
    additive parts of the attention's logits (content, order, time, distance) to arrays of the same shape. Both are None
    unless asked for.
    """

    states: np.ndarray
    attention: np.ndarray | None = None
    terms: dict[str, np.ndarray] | None = None


@runtime_checkable
class Traces(Protocol):
    """A causal model: one pass over a history gives the state at every step."""

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """States at every step of `history`; step N is told the time of event N. `final` sets the context of the last step."""
        ...

    def score_states(self, states: np.ndarray) -> np.ndarray:
        """(n, n_items) float32 scores of states (n, D), over all items."""
        ...


@runtime_checkable
class FallsBack(Protocol):
    """A model that can say when its list does not come from the history."""

    def fallback(self, request: Request) -> str | None:
        """A short reason ("no history yet: most popular items") when the list is not the model's own, else None."""
        ...


class Recommended(NamedTuple):
    """One line of a list. `rank` starts at 1."""

    item_id: str
    score: float
    rank: int


def seen_codes(vocabulary: Vocabulary, history: History) -> np.ndarray:
    """Codes of the known items in a history."""
    codes = vocabulary.encode(history.items)
    return codes[codes != PAD]


def heard(request: Request) -> Request:
    """The request with this session's likes as the latest events of its history, at the time and place asked for."""
    history = request.history
    last = history.times[-1] if history.times is not None and len(history) else np.nan
    time = float(last) if request.time is None else request.time
    for item_id in history.likes:
        history = history.then(
            Event(item_id, time, np.nan if request.utc_offset is None else request.utc_offset, request.place or (np.nan, np.nan))
        )
    return replace(request, history=history)


def candidate_scores(model: Recommender, requests: Sequence[Request], vocabulary: Vocabulary, repeats: bool) -> np.ndarray:
    """The model's scores with −inf on what may not be shown: items seen before (unless people return) and dislikes.

    Likes count as the latest events, for every model alike.
    """
    requests = [heard(each) if each.history.likes else each for each in requests]
    scores = np.asarray(model.score(requests), dtype=np.float32)
    if np.isnan(scores).any():
        raise RecsysError(f"the model {type(model).__name__} gave scores that are not numbers; train it again with a lower learning rate")
    for row, request in zip(scores, requests, strict=True):
        if not repeats:
            row[seen_codes(vocabulary, request.history) - 1] = -np.inf
        if request.history.dislikes:
            codes = vocabulary.encode(request.history.dislikes)
            row[codes[codes != PAD] - 1] = -np.inf
    return scores


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Positions (n, ≤ k) of the best scores in each row, best first, ties by position; −inf is never cut off here."""
    k = min(k, scores.shape[1])
    if k == 0:
        return np.empty((len(scores), 0), dtype=np.int64)
    # A partial top-k decides who is in; only those k are sorted. Ties at the edge fall to the lower position.
    edge = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    best = np.empty((len(scores), k), dtype=np.int64)
    for row, (values, least) in enumerate(zip(scores, edge, strict=True)):
        inside = np.flatnonzero(values >= least)
        best[row] = inside[np.argsort(-values[inside], kind="stable")[:k]]
    return best


def recommend(model: Recommender, request: Request, k: int = 10, repeats: bool = True) -> list[Recommended]:
    """The k best items for a request, best first; fewer when there are fewer candidates."""
    if k < 1:
        raise DataError(f"k is {k}; ask for at least one item")
    vocabulary = getattr(model, "vocabulary", None) or Vocabulary(model.item_ids)
    scores = candidate_scores(model, [request], vocabulary, repeats)
    best = [position for position in top_k(scores, k)[0] if scores[0, position] > -np.inf]
    return [Recommended(str(vocabulary.item_ids[i]), float(scores[0, i]), rank) for rank, i in enumerate(best, start=1)]
