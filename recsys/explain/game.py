"""One item at one step as a game: events, time and place are players, and what they win together is the item's score."""

import time
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, cast, get_args

import numpy as np

from recsys.core import PAD, TOP_K, Recommender, Request, ScoresSubsets, Vocabulary, heard
from recsys.core.errors import DataError, RecsysError, unknown
from recsys.explain.context_players import pin_context
from recsys.explain.explanation import Explanation, Player, Removal, Target
from recsys.explain.reference_item import choose_reference_item

"""The margin is that over the item in this place of the list."""
CHUNK_SCORES = 4_000_000
CHUNK_EVENTS = 1_000_000


class Spent(NamedTuple):
    """Where the clock and the count of evaluations stood."""

    began: float
    evaluations: int


class Game:
    """What `model` gives `item_id` when only some players are present.

    A deleted event never happened: the order and the gaps of the others close up. A neutral one happened, with an item that says
    as little as the model allows (`neutral.py`) and no words of its own. Time and place are players where the model is `aware` of them: present, the
    request is made at its own time and place (or those of the last event), absent it is made at those of the last event that is there.

    Events of items that the model does not know are no players; `unknown` counts them. Likes of the session count as the latest
    events, as in a list. With `repeats` False, items of the whole history are no competitors in margin and probability, whatever is
    removed: what is explained is the model and not the filter.

    Answers are kept: a coalition asked twice costs once. `evaluations` counts the requests that the model answered.
    """

    def __init__(
        self,
        model: Recommender,
        request: Request,
        item_id: str,
        target: Target = "logit",
        removal: Removal = "delete",
        aware: Sequence[str] = (),
        repeats: bool = True,
    ):
        if target not in get_args(Target):
            raise unknown("score to explain", target, get_args(Target))
        if removal not in get_args(Removal):
            raise unknown("way to remove an event", removal, get_args(Removal))
        self.model, self.item_id, self.target, self.removal, self.repeats = model, item_id, target, removal, repeats
        self.step = len(request.history)
        self.whole = heard(request) if request.history.likes else request
        self.vocabulary = cast(Vocabulary, getattr(model, "vocabulary", None) or Vocabulary(model.item_ids))
        code = int(self.vocabulary.encode([item_id])[0])
        if code == PAD:
            raise unknown("item", item_id, self.vocabulary.item_ids)
        self.column = code - 1
        codes = self.vocabulary.encode(self.whole.history.items)
        self.steps, self.unknown = np.flatnonzero(codes != PAD), int((codes == PAD).sum())
        self.known = replace(self.whole, history=self.whole.history.without(np.flatnonzero(codes == PAD)))
        self.seen = bool((codes == code).any())
        self._hide(self.whole.history.dislikes if repeats else (*self.whole.history.dislikes, *self.known.history.items))
        self._told, context = pin_context(self.known, aware)
        self.neutral = choose_reference_item(model, self.known, item_id) if removal == "neutral" and len(self.steps) else None
        self._answers: dict[bytes, float] = {}
        self._counted = [0]
        items = self.known.history.items
        events = [Player(str(item), "event", (int(step),), str(item)) for step, item in zip(self.steps, items, strict=True)]
        self._play([*events, *context])

    def with_players(self, players: Sequence[Player]) -> "Game":
        """The same game between others, groups of events say; answers are shared. What belongs to no player is always present."""
        other = copy(self)
        other._play(players)
        return other

    @property
    def evaluations(self) -> int:
        """How many requests the model has answered, over all games that share their answers."""
        return self._counted[0]

    @cached_property
    def score(self) -> float:
        """The model's own answer for the whole request, asked the plain way and not through coalitions."""
        self._counted[0] += 1
        return float(self._checked(self._of_rows(np.array(self.model.score([self.whole]), dtype=np.float32)))[0])

    @cached_property
    def rivals(self) -> np.ndarray:
        """(n_items,) bool: what stands beside the item in margin and probability."""
        offered = self.vocabulary.mask(np.zeros((1, len(self.vocabulary)), dtype=np.float32), [self.whole])[0] == 0
        offered[self.column] = False
        return offered & ~self._hidden

    @property
    def baseline(self) -> float:
        """The value with no player present."""
        return float(self.value(np.zeros((1, len(self.players)), dtype=bool))[0])

    def value(self, coalitions: np.ndarray) -> np.ndarray:
        """(n,) float64 for bool (n, P) that says who is present; asked in batches, each coalition once."""
        present = self._present(coalitions)
        packed = np.ascontiguousarray(np.packbits(present, axis=1))
        keys: list[bytes] = packed.view(f"V{packed.shape[1]}").ravel().tolist()
        fresh = {key: at for at, key in enumerate(keys) if key not in self._answers}
        if fresh:
            rows = np.fromiter(fresh.values(), dtype=np.int64)
            self._answers.update(zip(fresh, self._asked(present[rows]).tolist(), strict=True))
        return np.array([self._answers[key] for key in keys], dtype=np.float64)

    def scores(self, coalitions: np.ndarray) -> np.ndarray:
        """(n, n_items) float32 of all items for bool (n, P); −inf where an item may not be shown. Not kept: mind the size."""
        present = self._present(coalitions)
        found = np.empty((len(present), len(self.vocabulary)), dtype=np.float32)
        for rows, part in self._rows(present, None):
            found[rows] = part
        self._counted[0] += len(found)
        if np.isnan(found).any():
            raise self.no_number()
        found[:, self._hidden] = -np.inf
        return found

    def request(self, coalition: np.ndarray) -> Request:
        """The request that a coalition (P,) stands for, to ask the model anything else."""
        return self._request(self._present(np.asarray(coalition)[None])[0])

    def explained(
        self,
        method: str,
        values: np.ndarray,
        errors: np.ndarray | None,
        since: "Spent",
        exact: bool = False,
        baseline: float | None = None,
    ) -> Explanation:
        """Values of this game's players as an Explanation; errors left out are 0, the baseline is that of the game unless given."""
        baseline, score = self.baseline if baseline is None else baseline, self.score
        return Explanation(
            method=method,
            item_id=self.item_id,
            step=self.step,
            target=self.target,
            removal=self.removal,
            players=self.players,
            values=np.asarray(values, dtype=np.float64),
            standard_errors=np.zeros(len(values)) if errors is None else np.asarray(errors, dtype=np.float64),
            baseline=baseline,
            score=score,
            evaluations=self.evaluations - since.evaluations,
            seconds=time.perf_counter() - since.began,
            exact=exact,
        )

    def count(self, evaluations: int) -> None:
        """Count what the model was asked elsewhere."""
        self._counted[0] += evaluations

    def of_events(self) -> "Game":
        """The same game between the events alone; time and place are told in any case."""
        return self.with_players([player for player in self.players if player.kind in ("event", "group")])

    def spent(self) -> "Spent":
        """Where the clock and the counter stand, for `explained` to count from."""
        return Spent(time.perf_counter(), self.evaluations)

    def _hide(self, item_ids: Sequence[str]) -> None:
        """What may not be shown."""
        codes = self.vocabulary.encode(item_ids)
        self._hidden = np.zeros(len(self.vocabulary), dtype=bool)
        self._hidden[codes[codes != PAD] - 1] = True

    def _play(self, players: Sequence[Player]) -> None:
        """Who owns which column of what can be absent: the events of known items, then time, then place."""
        at = {int(step): column for column, step in enumerate(self.steps)}
        self.players = tuple(players)
        self._owners = np.full(len(self.steps) + 2, len(self.players), dtype=np.int64)  # the last, one too many, is always present
        for number, player in enumerate(self.players):
            columns = [at[step] for step in player.steps] if player.steps else [{"time": -2, "place": -1}[player.kind]]
            self._owners[columns] = number

    def _present(self, coalitions: np.ndarray) -> np.ndarray:
        """(n, events + 2) of coalitions (n, P): which events are there, whether the time is told, whether the place is."""
        coalitions = np.asarray(coalitions, dtype=bool)
        if coalitions.ndim != 2 or coalitions.shape[1] != len(self.players):
            raise ValueError(f"coalitions of shape {coalitions.shape} for {len(self.players)} players")
        return np.concatenate([coalitions, np.ones((len(coalitions), 1), dtype=bool)], axis=1)[:, self._owners]

    def _asked(self, present: np.ndarray) -> np.ndarray:
        """(n,) values of what is present (n, events + 2)."""
        values = np.empty(len(present), dtype=np.float64)
        column = self.column if self.target == "logit" else None
        for rows, scores in self._rows(present, column):
            values[rows] = self._checked(scores[:, 0] if column is not None else self._of_rows(scores))
        self._counted[0] += len(present)
        return values

    def _rows(self, present: np.ndarray, column: int | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows of what is present and their scores, of one item or of all."""
        size = max(1, min(CHUNK_SCORES // len(self.vocabulary), CHUNK_EVENTS // max(len(self.steps), 1)))
        told = 2 * present[:, -2].astype(np.int64) + present[:, -1]
        for context in np.unique(told):
            same = np.flatnonzero(told == context)
            for start in range(0, len(same), size):
                rows = same[start : start + size]
                yield rows, self._scored(present[rows], column)

    def _scored(self, present: np.ndarray, column: int | None) -> np.ndarray:
        """(n, 1) or (n, n_items) of rows that are told the same of time and place."""
        if isinstance(self.model, ScoresSubsets):
            return self.model.score_subsets(self._in_context(present[0]), present[:, :-2], self.neutral, column)
        scores = np.array(self.model.score([self._request(row) for row in present]), dtype=np.float32)
        return scores if column is None else scores[:, [column]]

    def _request(self, present: np.ndarray) -> Request:
        request = self._in_context(present)
        absent = ~present[:-2]
        if self.neutral is None:
            return replace(request, history=request.history.without(np.flatnonzero(absent)))
        history = request.history
        items = np.where(absent, self.neutral, history.items)
        texts = None if history.texts is None else history.texts.copy()
        if texts is not None:
            texts[absent] = None  # words of an event say which item it was
        return replace(request, history=replace(history, items=items, texts=texts))

    def _in_context(self, present: np.ndarray) -> Request:
        told, timed, placed = self._told, bool(present[-2]), bool(present[-1])
        return replace(
            told, time=told.time if timed else None, utc_offset=told.utc_offset if timed else None, place=told.place if placed else None
        )

    def _of_rows(self, scores: np.ndarray) -> np.ndarray:
        """(n,) of the score to explain from rows (n, n_items) of all scores."""
        own = scores[:, self.column].astype(np.float64)
        if self.target == "logit":
            return own
        others = scores.astype(np.float64)
        others[:, ~self.rivals] = -np.inf
        if np.isnan(others).any():
            raise self.no_number()
        if self.target == "probability":
            return np.asarray(1 / (1 + np.exp(np.logaddexp.reduce(others, axis=1) - own)))
        place = min(TOP_K, int((others > -np.inf).sum(axis=1).min()))
        if not place:
            return np.zeros(len(own))
        return np.asarray(own - np.partition(others, others.shape[1] - place, axis=1)[:, others.shape[1] - place])

    def _checked(self, values: np.ndarray) -> np.ndarray:
        if np.isnan(values).any():
            raise self.no_number()
        if np.isinf(values).any():
            raise DataError(
                f"the item '{self.item_id}' is no candidate here: {type(self.model).__name__} scores it −inf; take an item of the list"
            )
        return values

    def no_number(self) -> RecsysError:
        """What to raise where the model answers with something that is no number."""
        return RecsysError(
            f"the model {type(self.model).__name__} gave scores that are not numbers; train it again with a lower learning rate"
        )
