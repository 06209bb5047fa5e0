"""Finished recommendation lists, brought from outside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Request
from recsys.core.translation import N_
from recsys.models.base.count_based import CountBased, hash_user_id


@dataclass(frozen=True)
class ListsConfig:
    """Finished lists have no settings."""


KINDS = {"user_hashes": "u", "steps": "i", "starts": "i", "items": "i", "scores": "f"}
"""Kinds of the types of the arrays, as NumPy abbreviates them."""


class RecommendationLists(CountBased):
    """The lists of a file, each of one user after some of their events; at every step the latest list made up to it is the answer.

    Arrays: `user_hashes` (L,) uint64 ascending and `steps` (L,) int64, ascending for one user: the number of events that the user had when
    the list was made. The items of list l are `items[starts[l] : starts[l + 1]]`, positions in the dataset's items, best first, with
    `scores` float32 that do not rise within a list; equal scores are ties. All other items score −inf: they are not listed.
    """

    Config = ListsConfig

    def __init__(self, item_ids: np.ndarray, config: ListsConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._steps, self._starts = arrays["steps"], arrays["starts"]
        self._items, self._scores = arrays["items"], arrays["scores"]
        hashes = arrays["user_hashes"]
        for name, kinds in KINDS.items():
            if arrays[name].ndim != 1 or arrays[name].dtype.kind not in kinds:
                raise ValueError(f"'{name}' has the shape {arrays[name].shape} and the type {arrays[name].dtype}")
        if self._starts.shape != (len(hashes) + 1,) or self._steps.shape != hashes.shape or len(self._items) != len(self._scores):
            raise ValueError("'user_hashes', 'steps', 'starts', 'items' and 'scores' do not have matching lengths")
        if self._starts[0] != 0 or self._starts[-1] != len(self._items) or (np.diff(self._starts) < 0).any():
            raise ValueError("'starts' does not cut 'items' into lists")
        if len(self._items) and not 0 <= self._items.min() <= self._items.max() < len(item_ids):
            raise ValueError(f"'items' points outside of 0 to {len(item_ids) - 1}")
        inside = np.ones(len(self._items), dtype=bool)
        inside[self._starts[:-1][np.diff(self._starts) > 0]] = False  # the first item of a list follows none
        if not np.isfinite(self._scores).all() or (np.diff(self._scores)[inside[1:]] > 0).any():
            raise ValueError("'scores' are not finite, or rise within a list")
        owned = np.repeat(np.arange(len(hashes)), np.diff(self._starts))
        if (np.diff(np.sort(owned * len(item_ids) + self._items)) == 0).any():
            raise ValueError("'items' has an item twice in one list")
        is_same = hashes[1:] == hashes[:-1]
        if (hashes[1:] < hashes[:-1]).any() or (self._steps < 0).any() or (np.diff(self._steps)[is_same] <= 0).any():
            raise ValueError("'user_hashes' or 'steps' are not in order")
        owners, firsts = np.unique(hashes, return_index=True)
        self._lists_of = dict(zip(owners.tolist(), zip(firsts.tolist(), [*firsts[1:].tolist(), len(hashes)], strict=True), strict=True))

    @property
    def depth(self) -> int:
        """Number of items of the longest list (see `HoldsLists`)."""
        return int(np.diff(self._starts).max(initial=0))

    @property
    def fixed_because(self) -> str | None:
        """Return the reason why scores do not change with the events (see `HasFixedScores`)."""
        return N_("it holds finished lists, which cannot be computed again for another history")

    def has_lists(self, requests: Sequence[Request]) -> np.ndarray:
        """Return (len(requests),) bool: whether the user has a list made up to this step (see `HoldsLists`)."""
        return np.array([self._find(request) is not None for request in requests], dtype=bool)

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the scores of the user's latest list (requests, n_items), −inf for items that it does not contain."""
        scores = np.full((len(requests), len(self.vocabulary)), -np.inf, dtype=np.float32)
        for row, request in zip(scores, requests, strict=True):
            found = self._find(request)
            if found is not None:
                inside = slice(self._starts[found], self._starts[found + 1])
                row[self._items[inside]] = self._scores[inside]
        return self.vocabulary.mask(scores, requests)

    def fallback(self, request: Request) -> str | None:
        """Return a reason where there is no list of this very step (see `FallsBack`)."""
        found = self._find(request)
        if found is None:
            return N_("no list for this user at this step")
        return None if self._steps[found] == len(request.history) else N_("the latest list, made before some of these events")

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        """Return the reason or None for each request (see `FallsBack`)."""
        return [self.fallback(request) for request in requests]

    def _find(self, request: Request) -> int | None:
        """Return the number of the latest list of the request's user that was made with no more events than the history has."""
        if request.history.user_id is None:
            return None
        first, stop = self._lists_of.get(hash_user_id(request.history.user_id), (0, 0))
        at = first + int(np.searchsorted(self._steps[first:stop], len(request.history), side="right")) - 1
        return at if at >= first and stop > first else None
