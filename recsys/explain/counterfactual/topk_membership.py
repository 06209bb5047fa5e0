"""Where one item stands in the list when events are taken away or added: many such lists in one question to the model."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from recsys.core import Dataset, Event, Request, top_k
from recsys.core.errors import DataError
from recsys.explain.game import Game

EventOf = Callable[[str], Event]
ROWS = 1_000_000  # scores held at once


def taken_now(request: Request, dataset: Dataset | None = None) -> EventOf:
    """Makes events of items at the time of the request, or of the last event, and where the item is, or the request where that is unknown."""
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
    """The place of a game's item among the first k, for changed histories.

    A margin is the item's score minus that of the k-th best other item: below 0 it is out of the list. `whole` is the margin as it
    is, `known` the steps of items that the model knows. What was taken before stays out of the list where people do not return,
    also where that event is taken away: removing a film would else only make room for that same film.
    """

    def __init__(self, game: Game, k: int, budget: float = np.inf):
        if k < 1:
            raise DataError(f"k is {k}; ask for at least one item")
        self.game, self.k, self.budget = game, k, budget
        self.at, self.item_ids = game.column, game.vocabulary.item_ids
        self.evaluations = 0
        self._player = {player.steps[0]: at for at, player in enumerate(game.players) if player.kind == "event"}
        self.known = np.array(sorted(self._player), dtype=np.int64)
        self._now = self._without([()])
        if self._now[0, self.at] == -np.inf:
            raise DataError(
                f"the item '{game.item_id}' is no candidate here: it was taken before, turned down or not asked for; take one of the recommended"
            )
        self.whole = float(self._margins(self._now)[0])

    def room(self, most: int, least: int = 8) -> int:
        """How many lists to ask for at once: `most`, or half of what is left of the budget, but `least` in any case."""
        return int(min(most, max(least, (self.budget - self.evaluations) / 2)))

    @property
    def spent(self) -> bool:
        return self.evaluations > self.budget

    @property
    def place(self) -> int:
        """Where the item stands with nothing changed, from 1; ties as the list breaks them."""
        return self._place(self._now[0])

    def margins(self, removals: Sequence[tuple[int, ...]]) -> np.ndarray:
        """(n,) margins without these steps."""
        size = max(1, ROWS // len(self.item_ids))
        parts = [self._margins(self._without(removals[start : start + size])) for start in range(0, len(removals), size)]
        return np.concatenate(parts) if parts else np.empty(0)

    def margins_with(self, additions: Sequence[tuple[str, ...]], event_of: EventOf) -> np.ndarray:
        """(n,) margins after these further events. What is added stays in the list here: that it makes room is no merit."""
        size = max(1, ROWS // len(self.item_ids))
        chunks = [additions[start : start + size] for start in range(0, len(additions), size)]
        return np.concatenate([self._margins(self._with(chunk, event_of)) for chunk in chunks])

    def check_without(self, steps: tuple[int, ...]) -> tuple[int, str | None]:
        """The item's place without these steps, asked for alone, and the item that came into the list."""
        scores = self._without([steps])
        return self._place(scores[0]), self._newcomer(self._now, scores)

    def check_with(self, items: tuple[str, ...], event_of: EventOf) -> tuple[int, str | None]:
        """The item's place after these further events, asked for alone, and another item that left the list for it.

        An item that would stand in the list only because what was added leaves it is not in it.
        """
        scores, added = self._with([items], event_of), self.game.vocabulary.encode(items) - 1
        if not self.game.repeats and self._place(scores[0]) <= self.k:
            scores[:, added] = -np.inf
        return self._place(scores[0]), self._newcomer(scores, self._now, added)

    def near(self, count: int, event_of: EventOf) -> list[str]:
        """Items to add: what the model recommends to somebody who took this one alone, and in equal parts the person's own, the latest first.

        Where people do not return, nothing that was taken before.
        """
        alone = self._asked([replace(self.game.whole, history=self.game.whole.history.until(0).then(event_of(self.game.item_id)))])
        ordered = [str(self.item_ids[at]) for at in top_k(alone, len(self.item_ids))[0] if alone[0, at] > -np.inf]
        taken = [str(item) for item in self.game.known.history.items[::-1]]
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

    def _with(self, additions: Sequence[tuple[str, ...]], event_of: EventOf) -> np.ndarray:
        requests = []
        for items in additions:
            history = self.game.whole.history
            for item in items:
                history = history.then(event_of(item))
            requests.append(replace(self.game.whole, history=history))
        return np.where(self._now == -np.inf, -np.inf, self._asked(requests))

    def _asked(self, requests: list[Request]) -> np.ndarray:
        self.evaluations += len(requests)
        scores = np.asarray(self.game.model.score(requests), dtype=np.float32)
        if np.isnan(scores).any():
            raise self.game.no_number()
        return scores

    def _margins(self, scores: np.ndarray) -> np.ndarray:
        if scores.shape[1] <= self.k:
            return np.full(len(scores), np.inf)
        own = scores[:, self.at].astype(np.float64)
        others = np.delete(scores, self.at, axis=1)
        edge = np.partition(others, others.shape[1] - self.k, axis=1)[:, others.shape[1] - self.k].astype(np.float64)
        return np.where(edge == -np.inf, np.inf, own - np.where(edge == -np.inf, 0.0, edge))

    def _place(self, scores: np.ndarray) -> int:
        own = scores[self.at]
        return 1 + int(np.count_nonzero(scores > own)) + int(np.count_nonzero(scores[: self.at] == own))

    def _newcomer(self, before: np.ndarray, after: np.ndarray, but: Collection[int] = ()) -> str | None:
        """The best item of the second list that is not in the first, nor among these."""
        were = {*top_k(before, self.k)[0].tolist(), *but}
        listed = [at for at in top_k(after, self.k)[0] if after[0, at] > -np.inf and at not in were]
        return str(self.item_ids[listed[0]]) if listed else None
