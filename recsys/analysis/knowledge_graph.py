"""A small knowledge graph of people, items, categories, places and times of day, and its paths from a history to an item.

Nodes and edges are counts of training events, held as arrays and never as objects. A path says in what way an item hangs together
with what a person did, not why a model ranked it: no model is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, History, Request
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, Split
from recsys.models.base.event_arrays import local_hours

NEAR_KM = 0.5
PARTS_OF_DAY = ((5, "morning"), (11, "noon"), (14, "afternoon"), (18, "evening"), (22, "night"))


@dataclass(frozen=True)
class Path:
    """Names of nodes from the person to the item, and the words between them. `events` of the history support it, `share` of them."""

    kind: str
    nodes: tuple[str, ...]
    words: str
    events: int
    share: float


class Graph:
    """What the training events of a dataset connect."""

    def __init__(self, dataset: Dataset, split: Split):
        self.dataset = dataset
        self._train = split.labels == TRAIN

    def paths(self, history: History, item_id: str, most: int = 3, request: Request | None = None) -> list[Path]:
        """The strongest paths from a history to an item, at most one of each kind; none where nothing connects them.

        `request` gives the time asked for; without it the time of day plays no part. Unknown items of the history are ignored.
        """
        codes = self.dataset.vocabulary.encode(history.items)
        known = np.flatnonzero(codes != PAD)
        (code,) = self.dataset.vocabulary.encode([item_id])
        if code == PAD or not len(known):
            return []
        own, item = codes[known] - 1, int(code) - 1
        found = [self._again(own, item), self._same_category(own, item), self._near(own, item), self._together(own, item)]
        if request is not None and history.times is not None:
            found.append(self._same_hour(history, known, own, item, request))
        return sorted((path for path in found if path is not None), key=lambda path: -path.share)[:most]

    def _again(self, own: np.ndarray, item: int) -> Path | None:
        times = int((own == item).sum())
        words = "once before" if times == 1 else f"{times} times before"
        return _path("again", (self._title(item),), f"taken {words}", times, len(own))

    def _same_category(self, own: np.ndarray, item: int) -> Path | None:
        category = self._categories[item] if self._categories is not None else None
        if not isinstance(category, str) or self._categories is None:
            return None
        alike = own[(self._categories[own] == category) & (own != item)]
        if not len(alike):
            return None
        example = self._title(_commonest(alike))
        words = f"{len(alike)} of {len(own)} events were {category}, such as {example}"
        return _path("category", (example, category, self._title(item)), words, len(alike), len(own))

    def _near(self, own: np.ndarray, item: int) -> Path | None:
        places = self.dataset.item_places
        if places is None or not np.isfinite(places[item]).all():
            return None
        others = np.unique(own[own != item])
        others = others[np.isfinite(places[others]).all(axis=1)]
        if not len(others):
            return None
        away = kilometres(places[others], places[[item]])[:, 0]
        near = others[away <= NEAR_KM]
        if not len(near):
            return None
        events = own[np.isin(own, near)]
        example = _commonest(events)
        metres = int(round(float(away[others == example][0]) * 1000, -1))
        words = f"{metres} m from {self._title(example)}, where {int((own == example).sum())} of {len(own)} events were"
        return _path("place", (self._title(example), self._title(item)), words, len(events), len(own))

    def _together(self, own: np.ndarray, item: int) -> Path | None:
        others = np.unique(own[own != item])
        if not len(others):
            return None
        people = self._took.T @ self._took[:, item]
        counts = np.asarray(people.todense()).ravel()[others]
        best = int(np.argmax(counts))
        if counts[best] < 2:
            return None
        example = others[best]
        of = int(self._took[:, example].sum())
        words = f"{int(counts[best])} of {of} people who took {self._title(example)} took it too"
        return Path("people", (self._title(example), "people", self._title(item)), words, int((own == example).sum()), counts[best] / of)

    def _same_hour(self, history: History, known: np.ndarray, own: np.ndarray, item: int, request: Request) -> Path | None:
        if request.time is None or history.times is None:
            return None
        offsets = np.zeros(len(history)) if history.utc_offsets is None else np.nan_to_num(history.utc_offsets)
        offset = request.utc_offset if request.utc_offset is not None else (offsets[-1] if len(offsets) else 0.0)
        (now,) = _parts_of_day(np.array([request.time]), np.array([offset]))
        mine = (own == item) & (_parts_of_day(history.times[known], offsets[known]) == now)
        words = f"taken {int(mine.sum())} times in the {PARTS_OF_DAY[now][1]}"
        return _path("hour", (PARTS_OF_DAY[now][1], self._title(item)), words, int(mine.sum()), len(own)) if mine.sum() > 1 else None

    @cached_property
    def _took(self) -> sparse.csr_matrix:
        """(people, items): 1 where somebody took something in training."""
        users = self.dataset.interactions["user_id"].cat.codes.to_numpy()[self._train]
        items = self.dataset.item_codes[self._train] - 1
        shape = (len(self.dataset.user_ids), len(self.dataset.item_ids))
        took = sparse.csr_matrix((np.ones(len(items), dtype=np.float32), (users, items)), shape=shape)
        took.data[:] = 1.0
        return took

    @cached_property
    def _categories(self) -> np.ndarray | None:
        return self.dataset.items["category"].to_numpy(dtype=object) if "category" in self.dataset.items else None

    def _title(self, item: int) -> str:
        return self.dataset.title_of(str(self.dataset.item_ids[item]))


def _path(kind: str, nodes: Sequence[str], words: str, events: int, of: int) -> Path | None:
    return Path(kind, tuple(nodes), words, events, events / of) if events else None


def _commonest(codes: np.ndarray) -> int:
    values, counts = np.unique(codes, return_counts=True)
    return int(values[np.argmax(counts)])


def _parts_of_day(times: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Positions in PARTS_OF_DAY (n,); the night goes on to the first of them. −1 where the time is unknown."""
    hours = local_hours(times, offsets)
    part = np.searchsorted([start for start, _ in PARTS_OF_DAY], np.nan_to_num(hours), side="right") - 1
    return np.where(np.isfinite(hours), part % len(PARTS_OF_DAY), -1)
