"""Membership of one item in the top-k list for changed histories, scored in batches."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from recsys.core import Dataset, Event, Request, top_k
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.explain.game import Game

EventFactory = Callable[[str], Event]
ROWS = 1_000_000  # scores in memory at once


def make_event_factory(request: Request, dataset: Dataset | None = None) -> EventFactory:
    """Return a function that makes events at the time of the request or the last event, at the item's place or else that of the request."""
    times = request.history.times
    last = float(times[-1]) if times is not None and len(times) else np.nan
    time = last if request.time is None else request.time
    offset = np.nan if request.utc_offset is None else request.utc_offset
    places = None if dataset is None else dataset.item_places

    def event(item_id: str) -> Event:
        code = 0 if places is None or dataset is None else int(dataset.vocabulary.encode([item_id])[0])
        place = (float(places[code - 1, 0]), float(places[code - 1, 1])) if places is not None and code else request.place
        return Event(item_id, time, offset, place or (np.nan, np.nan))

    return event


class TopKMembership:
    """The rank of a game's item and its membership in the top k, for changed histories.

    A margin is the item's score minus that of the k-th best other item: below 0 the item is not in the list. `full_margin` is that of
    the unchanged history, `known` the steps of items that the model knows. Items of the history stay excluded where users do not
    return to items, even if their events are removed: removing a film would otherwise only make room for the same film.
    """

    def __init__(self, game: Game, k: int, budget: float = np.inf):
        if k < 1:
            raise DataError(_("k is {k}; it must be at least 1, for example 10", k=k))
        self.game, self.k, self.budget = game, k, budget
        self.at, self.item_ids = game.column, game.vocabulary.item_ids
        self.evaluations = 0
        self._player = {player.steps[0]: at for at, player in enumerate(game.players) if player.kind == "event"}
        self.known = np.array(sorted(self._player), dtype=np.int64)
        self._now = self._without([()])
        if self._now[0, self.at] == -np.inf:
            raise DataError(
                _(
                    "the item '{item}' is not a candidate of this request: it is in the history, was disliked or not requested; "
                    "choose a recommended item",
                    item=game.item_id,
                )
            )
        self.full_margin = float(self._margins(self._now)[0])

    def batch_size(self, most: int, least: int = 8) -> int:
        """Return the number of histories to score at once: `most` or half of the remaining budget, but at least `least`."""
        return int(min(most, max(least, (self.budget - self.evaluations) / 2)))

    @property
    def is_exhausted(self) -> bool:
        """Whether the budget is used up."""
        return self.evaluations > self.budget

    @property
    def rank(self) -> int:
        """The item's rank for the unchanged history, from 1; ties as the list breaks them."""
        return self._rank(self._now[0])

    def margins(self, removals: Sequence[tuple[int, ...]]) -> np.ndarray:
        """Return (n,) margins without these steps."""
        size = max(1, ROWS // len(self.item_ids))
        parts = [self._margins(self._without(removals[start : start + size])) for start in range(0, len(removals), size)]
        return np.concatenate(parts) if parts else np.empty(0)

    def margins_after_adding(self, additions: Sequence[tuple[str, ...]], event_of: EventFactory) -> np.ndarray:
        """Return (n,) margins after these further events. Added items stay in the list here, so that they do not just make room."""
        size = max(1, ROWS // len(self.item_ids))
        chunks = [additions[start : start + size] for start in range(0, len(additions), size)]
        return np.concatenate([self._margins(self._with(chunk, event_of)) for chunk in chunks])

    def verify_removal(self, steps: tuple[int, ...]) -> tuple[int, str | None]:
        """Return the item's rank without these steps, scored alone, and the item that entered the list."""
        scores = self._without([steps])
        return self._rank(scores[0]), self._newcomer(self._now, scores)

    def verify_addition(self, items: tuple[str, ...], event_of: EventFactory) -> tuple[int, str | None]:
        """Return the item's rank after these further events, scored alone, and another item that left the list for it.

        An item that would be in the list only because an added item leaves it does not count as in it.
        """
        scores, added = self._with([items], event_of), self.game.vocabulary.encode(items) - 1
        if not self.game.repeats and self._rank(scores[0]) <= self.k:
            scores[:, added] = -np.inf
        return self._rank(scores[0]), self._newcomer(scores, self._now, added)

    def propose_items(self, count: int, event_of: EventFactory) -> list[str]:
        """Return items to add: those that the model recommends after the wanted item alone, and equally many of the history, latest first.

        Where users do not return to items, none of the history.
        """
        alone = self._score(
            [replace(self.game.full_request, history=self.game.full_request.history.until(0).then(event_of(self.game.item_id)))]
        )
        ordered = [str(self.item_ids[at]) for at in top_k(alone, len(self.item_ids))[0] if alone[0, at] > -np.inf]
        taken = [str(item) for item in self.game.known_request.history.items[::-1]]
        if self.game.repeats:
            names = dict.fromkeys([*list(dict.fromkeys(taken))[: count // 2], *ordered])
        else:
            names = dict.fromkeys(name for name in ordered if name not in set(taken))
        names.pop(self.game.item_id, None)
        return list(names)[:count]

    def _without(self, removals: Sequence[tuple[int, ...]]) -> np.ndarray:
        present = np.ones((len(removals), len(self.game.players)), dtype=bool)
        for row, steps in zip(present, removals, strict=True):
            row[[self._player[step] for step in steps]] = False
        self.evaluations += len(removals)
        return self.game.scores(present)

    def _with(self, additions: Sequence[tuple[str, ...]], event_of: EventFactory) -> np.ndarray:
        requests = []
        for items in additions:
            history = self.game.full_request.history
            for item in items:
                history = history.then(event_of(item))
            requests.append(replace(self.game.full_request, history=history))
        return np.where(self._now == -np.inf, -np.inf, self._score(requests))

    def _score(self, requests: list[Request]) -> np.ndarray:
        self.evaluations += len(requests)
        scores = np.asarray(self.game.model.score(requests), dtype=np.float32)
        if np.isnan(scores).any():
            raise self.game.not_finite_error()
        return scores

    def _margins(self, scores: np.ndarray) -> np.ndarray:
        if scores.shape[1] <= self.k:
            return np.full(len(scores), np.inf)
        own = scores[:, self.at].astype(np.float64)
        others = np.delete(scores, self.at, axis=1)
        edge = np.partition(others, others.shape[1] - self.k, axis=1)[:, others.shape[1] - self.k].astype(np.float64)
        return np.where(edge == -np.inf, np.inf, own - np.where(edge == -np.inf, 0.0, edge))

    def _rank(self, scores: np.ndarray) -> int:
        own = scores[self.at]
        return 1 + int(np.count_nonzero(scores > own)) + int(np.count_nonzero(scores[: self.at] == own))

    def _newcomer(self, before: np.ndarray, after: np.ndarray, but: Collection[int] = ()) -> str | None:
        """Return the best item of the second list that is neither in the first nor among `but`."""
        were = {*top_k(before, self.k)[0].tolist(), *but}
        listed = [at for at in top_k(after, self.k)[0] if after[0, at] > -np.inf and at not in were]
        return str(self.item_ids[listed[0]]) if listed else None
