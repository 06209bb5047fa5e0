"""A small knowledge graph of users, items, categories, places and times of day, and its paths from a history to an item.

Nodes and edges are counts of training events, held as arrays and never as objects. A path says how an item is connected with a
user's history, not why a model ranked it: the model is not run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, History, Request
from recsys.core.formatting import format_distance, format_number
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, Split
from recsys.core.translation import N_, _, ngettext
from recsys.models.base.event_arrays import compute_local_hours

NEAR_KM = 0.5
MOST_KEPT = 256  # items whose common users with all others are kept
PARTS_OF_DAY = ((5, N_("morning")), (11, N_("noon")), (14, N_("afternoon")), (18, N_("evening")), (22, N_("night")))


@dataclass(frozen=True)
class Path:
    """One path from a user's history to an item.

    `kind` is again (the item itself), category, place, users or hour; `nodes` are the names of its nodes, the item last. `events` of
    the history support it, `share` of them, or of the users for a path through users. `count` of `total` is what its words state:
    events, or users for a path through users. `kilometres` is the distance of a path through a place.
    """

    kind: str
    nodes: tuple[str, ...]
    events: int
    share: float
    count: int
    total: int
    kilometres: float = np.nan

    @property
    def steps(self) -> tuple[str, str]:
        """The two steps before the item, in the reader's language: an event of the history, and the connection from it to the item."""
        count, total, first = format_number(self.count), format_number(self.total), self.nodes[0]
        match self.kind:
            case "again":
                return _("history"), ngettext("chosen once", "chosen {count} times", self.count)
            case "category":
                return first, _("{category}, {count} of {total} events", category=self.nodes[1], count=count, total=total)
            case "place":
                return first, _("{distance} away", distance=format_distance(round(self.kilometres, 2)))
            case "users":
                return first, _("{count} of its {total} users", count=count, total=total)
            case _:
                return _(first), ngettext("chosen once at this time", "chosen {count} times at this time", self.count)

    @property
    def words(self) -> str:
        """The connection in one clause, in the reader's language."""
        count, total, first = format_number(self.count), format_number(self.total), self.nodes[0]
        match self.kind:
            case "again":
                return ngettext("chosen once before", "chosen {count} times before", self.count)
            case "category":
                return _(
                    "{count} of {total} events were {category}, such as {item}",
                    count=count,
                    total=total,
                    category=self.nodes[1],
                    item=first,
                )
            case "place":
                distance = format_distance(round(self.kilometres, 2))
                return _(
                    "{distance} from {item}, where {count} of {total} events took place",
                    distance=distance,
                    item=first,
                    count=count,
                    total=total,
                )
            case "users":
                return _("{count} of {total} users who chose {item} chose it too", count=count, total=total, item=first)
            case _:
                return ngettext(
                    "chosen {count} time at this time of day ({part_of_day})",
                    "chosen {count} times at this time of day ({part_of_day})",
                    self.count,
                    part_of_day=_(first),
                )


class KnowledgeGraph:
    """The knowledge graph of the training events of a dataset."""

    def __init__(self, dataset: Dataset, split: Split):
        self.dataset = dataset
        self._train = split.labels == TRAIN
        self._common_users = lru_cache(MOST_KEPT)(self._count_common_users)

    def find_paths(self, history: History, item_id: str, most: int = 3, request: Request | None = None) -> list[Path]:
        """Return the strongest paths from a history to an item, at most one of each kind; none where nothing connects them.

        `request` gives the time of the recommendation; without it there is no path through the time of day. Unknown items of the
        history are ignored.
        """
        codes = self.dataset.vocabulary.encode(history.items)
        known = np.flatnonzero(codes != PAD)
        (code,) = self.dataset.vocabulary.encode([item_id])
        if code == PAD or not len(known):
            return []
        own, item = codes[known] - 1, int(code) - 1
        found = [self._same_item(own, item), self._same_category(own, item), self._near_place(own, item), self._same_users(own, item)]
        if request is not None and history.times is not None:
            found.append(self._same_hour(history, known, own, item, request))
        return sorted((path for path in found if path is not None), key=lambda path: -path.share)[:most]

    def _same_item(self, own: np.ndarray, item: int) -> Path | None:
        return _path("again", (self._title(item),), int((own == item).sum()), len(own))

    def _same_category(self, own: np.ndarray, item: int) -> Path | None:
        category = self._categories[item] if self._categories is not None else None
        if not isinstance(category, str) or self._categories is None:
            return None
        alike = own[(self._categories[own] == category) & (own != item)]
        if not len(alike):
            return None
        return _path("category", (self._title(_most_frequent(alike)), category, self._title(item)), len(alike), len(own))

    def _near_place(self, own: np.ndarray, item: int) -> Path | None:
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
        example, total = _most_frequent(events), len(own)
        count, distance = int((own == example).sum()), float(away[others == example][0])
        return Path("place", (self._title(example), self._title(item)), len(events), len(events) / total, count, total, distance)

    def _same_users(self, own: np.ndarray, item: int) -> Path | None:
        others = np.unique(own[own != item])
        if not len(others):
            return None
        counts = self._common_users(item)[others]
        best = int(np.argmax(counts))
        if counts[best] < 2:
            return None
        example = others[best]
        total = int(self._users[example])
        nodes = (self._title(example), "users", self._title(item))
        return Path("users", nodes, int((own == example).sum()), counts[best] / total, int(counts[best]), total)

    def _same_hour(self, history: History, known: np.ndarray, own: np.ndarray, item: int, request: Request) -> Path | None:
        if request.time is None or history.times is None:
            return None
        offsets = np.zeros(len(history)) if history.utc_offsets is None else np.nan_to_num(history.utc_offsets)
        offset = request.utc_offset if request.utc_offset is not None else (offsets[-1] if len(offsets) else 0.0)
        (now,) = _parts_of_day(np.array([request.time]), np.array([offset]))
        events = int(((own == item) & (_parts_of_day(history.times[known], offsets[known]) == now)).sum())
        return _path("hour", (PARTS_OF_DAY[now][1], self._title(item)), events, len(own)) if events > 1 else None

    def _count_common_users(self, item: int) -> np.ndarray:
        """Return how many users chose each item (items,) as well as this one."""
        return np.asarray((self._chosen.T @ self._chosen[:, item]).todense()).ravel()

    @cached_property
    def _chosen(self) -> sparse.csr_matrix:
        """(users, items): 1 where a user chose an item in training."""
        users = self.dataset.interactions["user_id"].cat.codes.to_numpy()[self._train]
        items = self.dataset.item_codes[self._train] - 1
        shape = (len(self.dataset.user_ids), len(self.dataset.item_ids))
        chosen = sparse.csr_matrix((np.ones(len(items), dtype=np.float32), (users, items)), shape=shape)
        chosen.data[:] = 1.0
        return chosen

    @cached_property
    def _users(self) -> np.ndarray:
        """The number of users of each item (items,)."""
        return np.asarray(self._chosen.sum(axis=0)).ravel()

    @cached_property
    def _categories(self) -> np.ndarray | None:
        return self.dataset.items["category"].to_numpy(dtype=object) if "category" in self.dataset.items else None

    def _title(self, item: int) -> str:
        return self.dataset.title_of(str(self.dataset.item_ids[item]))


def _path(kind: str, nodes: Sequence[str], events: int, total: int) -> Path | None:
    return Path(kind, tuple(nodes), events, events / total, events, total) if events else None


def _most_frequent(codes: np.ndarray) -> int:
    values, counts = np.unique(codes, return_counts=True)
    return int(values[np.argmax(counts)])


def _parts_of_day(times: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Positions in PARTS_OF_DAY (n,), −1 where the time is unknown; the night continues until the morning."""
    hours = compute_local_hours(times, offsets)
    part = np.searchsorted([start for start, _name in PARTS_OF_DAY], np.nan_to_num(hours), side="right") - 1
    return np.where(np.isfinite(hours), part % len(PARTS_OF_DAY), -1)
