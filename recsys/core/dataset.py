"""A dataset: interactions of users with items, and the tables of items, users and friends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from recsys.core.errors import DataError, unknown
from recsys.core.history import History
from recsys.core.moments import Ties, find_history_ends, find_moments, find_second_behaviours, mark_shared
from recsys.core.translation import _
from recsys.core.vocabulary import PAD, Vocabulary


class Check(NamedTuple):
    """One line of a cleaning report: the name of a check, the number of rows it found, and its action (kept, dropped, filled,
    emptied, reordered).

    `check` may have {named} placeholders, filled from `values`. `choice` is the key of the option that treats these rows otherwise.
    """

    check: str
    rows: int
    action: str
    values: dict[str, str] | None = None
    choice: str = ""

    @property
    def text(self) -> str:
        """The name of the check in English, with its values."""
        return self.check.format(**self.values) if self.values else self.check


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions with the tables of their items and users; validated once, then read-only.

    `interactions` is sorted by user and then by time (ties keep the order of the file), with the columns user_id and item_id
    (categoricals of strings, the categories of item_id being `items.index` in the same order), order (0, 1, … within the
    user) and, where known, timestamp (datetime64, UTC), utc_offset (minutes), behaviour (categorical), rating, latitude,
    longitude, text, or without times position (a number, where several events of a user share one). `items` is indexed by item_id and may have title, text, category, latitude, longitude, image (a file's name or an address), url; only items
    with events are in it. `images` has small pictures of items as WebP, by item_id. `users` is indexed by user_id, `friends` has user_id and friend_id.
    `repeats` says that users return to items, so that items seen before stay candidates. `places_of_events` says that the place of an
    item is the median of the places of all its events, test events included: it may be shown, but models must not learn from it.
    `ties` says what became of the order of a user's events at one moment when the data was prepared.
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
    noun: str = "event"  # the word for one interaction: rating, check-in, visit
    places_of_events: bool = False
    ties: Ties = "file"
    images: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        categories = self.interactions["item_id"].cat.categories
        if not categories.equals(pd.Index(self.items.index, dtype=categories.dtype)):
            raise DataError(
                _(
                    "dataset '{dataset}': its interactions and its item table do not name the same items; prepare the data again",
                    dataset=self.name,
                )
            )

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
    def moments(self) -> np.ndarray:
        """(n_interactions,) row where the moment of each event begins: the events of one user at one time."""
        return find_moments(self.interactions)

    @cached_property
    def is_target(self) -> np.ndarray:
        """(n_interactions,) False for an event that is only another behaviour of an earlier one: the same user, moment and item."""
        return ~find_second_behaviours(self.interactions, self.moments)

    @cached_property
    def history_ends(self) -> np.ndarray:
        """(n_interactions,) row before which the history ends that predicts each event; events with one row are predicted at once."""
        return find_history_ends(self.moments, self.is_target, self.ties)

    @cached_property
    def tied_events(self) -> int | None:
        """Number of events that share their moment with another of the same user; None for data without times or positions."""
        has_moments = "timestamp" in self.interactions or "position" in self.interactions
        return int(mark_shared(self.moments).sum()) if has_moments else None

    @property
    def has_returns(self) -> bool:
        """True if a user has one item at two different moments."""
        # Most data with returns shows one among its first events; only data without any is searched to its end.
        return self._has_returns_before(100_000) or self._has_returns_before(len(self.interactions))

    def _has_returns_before(self, end: int) -> bool:
        users, items = (self.interactions[key].cat.codes.to_numpy()[:end] for key in ("user_id", "item_id"))
        pairs = users.astype(np.int64) * len(self.item_ids) + items
        once = np.ones(len(pairs), dtype=bool)
        shared = np.flatnonzero(mark_shared(self.moments[:end]))
        once[shared] = ~pd.DataFrame({"moment": self.moments[shared], "pair": pairs[shared]}).duplicated().to_numpy()
        return len(pd.unique(pairs[once])) < int(once.sum())

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
    def texts(self) -> np.ndarray | None:
        """(n_interactions,) the text of each event itself, such as a search query, None where it has none."""
        if "text" not in self.interactions:
            return None
        texts = self.interactions["text"].astype(object)
        return texts.where(texts.notna(), None).to_numpy()

    @cached_property
    def ratings(self) -> np.ndarray | None:
        return self._floats("rating")

    @property
    def has(self) -> tuple[str, ...]:
        """Names of the information in this dataset beyond users, items and the order of events."""
        known = {
            "time": "timestamp" in self.interactions,
            "utc_offset": "utc_offset" in self.interactions,
            "place": self.places is not None,
            "behaviour": "behaviour" in self.interactions,
            "rating": "rating" in self.interactions,
            "event text": "text" in self.interactions,
            "title": "title" in self.items and self._has_real_titles,
            "category": "category" in self.items,
            "text": "text" in self.items,
            "friends": self.friends is not None,
        }
        return tuple(name for name, is_known in known.items() if is_known)

    def rows(self, user_id: str) -> slice:
        """Return the slice of `interactions` with a user's events. A user that does not exist is an UnknownNameError."""
        code = self._user_codes.get(str(user_id))
        if code is None:
            raise unknown("user", user_id, self.user_ids)
        return slice(int(self.user_starts[code]), int(self.user_starts[code + 1]))

    def history(self, user_id: str) -> History:
        """Return all events of a user, oldest first."""
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
            texts=cut(self.texts),
            groups=self.history_ends[rows] if self._has_groups else None,
            user_id=str(user_id),
        )

    def title_of(self, item_id: str) -> str:
        """Return the title of an item, or its id where no title is known."""
        return self.titles_of([item_id])[0]

    def titles_of(self, item_ids: Sequence[str]) -> list[str]:
        """Return the titles of items, or their ids where no title is known."""
        column = self._item_columns.get("title")
        if column is None:
            return [str(each) for each in item_ids]
        codes = self.vocabulary.encode(item_ids)
        titles = [column[code - 1] if code != PAD else None for code in codes.tolist()]
        return [title if isinstance(title, str) and title else str(each) for title, each in zip(titles, item_ids, strict=True)]

    def describe_item(self, item_id: str, *columns: str) -> dict[str, object]:
        """Return what is known of an item in these columns, in their order; nothing of an item that is not in the data."""
        code = int(self.vocabulary.encode([item_id])[0])
        return {} if code == PAD else {name: self._item_columns[name][code - 1] for name in columns if name in self._item_columns}

    @cached_property
    def _item_columns(self) -> dict[str, pd.api.extensions.ExtensionArray]:
        """The columns of items: taking one from the table takes longer than a value of it."""
        return {str(name): self.items[name].array for name in self.items}

    @cached_property
    def _has_real_titles(self) -> bool:
        """False where titles are made of ids, such as "Product 12", and neither category nor text says more."""
        if len(self.items) < 2 or "category" in self.items or "text" in self.items:
            return True
        return self.items["title"].str.replace(r"[\W\d_]+", "", regex=True).nunique() > 1

    @cached_property
    def _has_groups(self) -> bool:
        return bool((np.diff(self.history_ends) == 0).any())

    @cached_property
    def _user_codes(self) -> dict[str, int]:
        return {user_id: code for code, user_id in enumerate(self.user_ids)}

    def _floats(self, column: str) -> np.ndarray | None:
        return self.interactions[column].to_numpy(dtype=np.float64) if column in self.interactions else None
