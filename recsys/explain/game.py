"""The score of one item as a cooperative game: events, time and place are players, and the value of a coalition is the score that it gives."""

import time
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, cast, get_args

import numpy as np

from recsys.core import PAD, TOP_K, Recommender, Request, ScoresSubsets, Vocabulary, append_likes, find_unexplained_reason
from recsys.core.errors import DataError, RecsysError, unknown
from recsys.core.translation import _
from recsys.explain.context_players import pin_context
from recsys.explain.explanation import Explanation, Player, Removal, Target
from recsys.explain.reference_item import choose_reference_item

CHUNK_SCORES = 4_000_000  # most scores that the model computes in one batch
CHUNK_EVENTS = 1_000_000  # most events in the requests of one batch


class CostMark(NamedTuple):
    """A reading of the clock and of the number of evaluations, from which the cost of a method is counted."""

    began: float
    evaluations: int


def check_explainable(model: object) -> None:
    """Raise a DataError with the reason where a model's scores do not follow from the events."""
    reason = find_unexplained_reason(model)
    if reason is not None:
        raise DataError(_("this model cannot be explained: {reason}; choose another model", reason=_(reason)))


class Game:
    """The cooperative game between the events before a request, whose value is the score that `model` gives `item_id`.

    `removal` says what an absent event becomes. With "delete" it is taken out of the history, so that its neighbours follow each other
    directly. With "neutral" it keeps its position, time and place, but loses its text and gets the reference item, which moves the
    model's scores least (reference_item.py). Time and place are players if `aware` names them, since the model uses them. Where such a
    player is present, the request has its own time or place (by default that of the last event); where it is absent, that of the last
    event that is present.

    Events of items that the model does not know are not players; `n_unknown` counts them. Likes of the session count as the latest
    events, as in a top-k list. With `repeats` False, items of the full history never compete in margin and probability, even when their
    events are removed. Otherwise removing an event would let its item compete, which is an effect of the filter and not of the model.

    The target is the item's score ("logit"), its probability among all candidates, or its margin over the candidate at rank 10.
    Values are cached by coalition. `evaluations` counts the requests that the model has scored.
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
            raise unknown("target", target, get_args(Target))
        if removal not in get_args(Removal):
            raise unknown("removal of events", removal, get_args(Removal))
        self.model, self.item_id, self.target, self.removal, self.repeats = model, item_id, target, removal, repeats
        self.step = len(request.history)
        self.full_request = append_likes(request) if request.history.likes else request
        self.vocabulary = cast(Vocabulary, getattr(model, "vocabulary", None) or Vocabulary(model.item_ids))
        check_explainable(model)
        code = int(self.vocabulary.encode([item_id])[0])
        if code == PAD:
            raise unknown("item", item_id, self.vocabulary.item_ids)
        self.column = code - 1
        codes = self.vocabulary.encode(self.full_request.history.items)
        self.steps, self.n_unknown = np.flatnonzero(codes != PAD), int((codes == PAD).sum())
        self.known_request = replace(self.full_request, history=self.full_request.history.without(np.flatnonzero(codes == PAD)))
        self.is_seen = bool((codes == code).any())
        self._hide(
            self.full_request.history.dislikes if repeats else (*self.full_request.history.dislikes, *self.known_request.history.items)
        )
        self._pinned, context = pin_context(self.known_request, aware)
        self.neutral = choose_reference_item(model, self.known_request, item_id) if removal == "neutral" and len(self.steps) else None
        self._values: dict[bytes, float] = {}
        self._evaluations = [0]
        items = self.known_request.history.items
        events = [Player(str(item), "event", (int(step),), str(item)) for step, item in zip(self.steps, items, strict=True)]
        self._set_players([*events, *context])

    def with_players(self, players: Sequence[Player]) -> "Game":
        """Return the same game with other players, such as groups of events; events of no player are always present. Cached values are shared."""
        other = copy(self)
        other._set_players(players)
        return other

    @property
    def evaluations(self) -> int:
        """The number of requests that the model has scored, over all games that share their cached values."""
        return self._evaluations[0]

    @cached_property
    def score(self) -> float:
        """The model's score for the full request, computed directly and not as a coalition."""
        self._evaluations[0] += 1
        return float(self._checked(self._target_of(np.array(self.model.score([self.full_request]), dtype=np.float32)))[0])

    @cached_property
    def competitors(self) -> np.ndarray:
        """(n_items,) bool: the competitors of the item in margin and probability."""
        offered = self.vocabulary.mask(np.zeros((1, len(self.vocabulary)), dtype=np.float32), [self.full_request])[0] == 0
        offered[self.column] = False
        return offered & ~self._hidden

    @property
    def baseline(self) -> float:
        """The value of the empty coalition."""
        return float(self.value(np.zeros((1, len(self.players)), dtype=bool))[0])

    def value(self, coalitions: np.ndarray) -> np.ndarray:
        """Return (n,) float64 values of coalitions (n, P) bool, scored in batches, each coalition once."""
        present = self._present(coalitions)
        packed = np.ascontiguousarray(np.packbits(present, axis=1))
        keys: list[bytes] = packed.view(f"V{packed.shape[1]}").ravel().tolist()
        uncached = {key: at for at, key in enumerate(keys) if key not in self._values}
        if uncached:
            rows = np.fromiter(uncached.values(), dtype=np.int64)
            self._values.update(zip(uncached, self._evaluate(present[rows]).tolist(), strict=True))
        return np.array([self._values[key] for key in keys], dtype=np.float64)

    def scores(self, coalitions: np.ndarray) -> np.ndarray:
        """Return (n, n_items) float32 scores of all items for coalitions (n, P) bool, −inf for items that may not be recommended; not cached."""
        present = self._present(coalitions)
        scores = np.empty((len(present), len(self.vocabulary)), dtype=np.float32)
        for rows, part in self._scored_rows(present, None):
            scores[rows] = part
        self._evaluations[0] += len(scores)
        if np.isnan(scores).any():
            raise self.not_finite_error()
        scores[:, self._hidden] = -np.inf
        return scores

    def request(self, coalition: np.ndarray) -> Request:
        """Return the request of a coalition (P,)."""
        return self._request(self._present(np.asarray(coalition)[None])[0])

    def to_explanation(
        self,
        method: str,
        values: np.ndarray,
        errors: np.ndarray | None,
        since: "CostMark",
        exact: bool = False,
        baseline: float | None = None,
    ) -> Explanation:
        """Return these values of the players as an Explanation. Without `errors` they are 0; without `baseline` it is the game's own.

        Time and evaluations are counted from `since`.
        """
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
        """Add evaluations of the model that were made outside this game."""
        self._evaluations[0] += evaluations

    def events_only(self) -> "Game":
        """Return the same game without time and place as players; they are always present."""
        return self.with_players([player for player in self.players if player.kind in ("event", "group")])

    def mark_cost(self) -> "CostMark":
        """Return the present time and number of evaluations, from which `to_explanation` counts the cost."""
        return CostMark(time.perf_counter(), self.evaluations)

    def _hide(self, item_ids: Sequence[str]) -> None:
        """Mark these items as not to be recommended."""
        codes = self.vocabulary.encode(item_ids)
        self._hidden = np.zeros(len(self.vocabulary), dtype=bool)
        self._hidden[codes[codes != PAD] - 1] = True

    def _set_players(self, players: Sequence[Player]) -> None:
        """Set the players, and for each column of `_present` the player who decides whether it is present.

        The columns are the events of known items, then time, then place. A column without a player belongs to number len(players),
        which is always present.
        """
        at = {int(step): column for column, step in enumerate(self.steps)}
        self.players = tuple(players)
        self._owners = np.full(len(self.steps) + 2, len(self.players), dtype=np.int64)
        for number, player in enumerate(self.players):
            columns = [at[step] for step in player.steps] if player.steps else [{"time": -2, "place": -1}[player.kind]]
            self._owners[columns] = number

    def _present(self, coalitions: np.ndarray) -> np.ndarray:
        """Return (n, events + 2) bool for coalitions (n, P): which events are present, and in the last columns time and place."""
        coalitions = np.asarray(coalitions, dtype=bool)
        if coalitions.ndim != 2 or coalitions.shape[1] != len(self.players):
            raise ValueError(f"coalitions of shape {coalitions.shape} for {len(self.players)} players")
        return np.concatenate([coalitions, np.ones((len(coalitions), 1), dtype=bool)], axis=1)[:, self._owners]

    def _evaluate(self, present: np.ndarray) -> np.ndarray:
        """Return (n,) values of the rows of `present` (n, events + 2)."""
        values = np.empty(len(present), dtype=np.float64)
        column = self.column if self.target == "logit" else None
        for rows, scores in self._scored_rows(present, column):
            values[rows] = self._checked(scores[:, 0] if column is not None else self._target_of(scores))
        self._evaluations[0] += len(present)
        return values

    def _scored_rows(self, present: np.ndarray, column: int | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield batches: indices of rows of `present`, and these rows' scores of the item in `column`, or of all items if None."""
        size = max(1, min(CHUNK_SCORES // len(self.vocabulary), CHUNK_EVENTS // max(len(self.steps), 1)))
        contexts = 2 * present[:, -2].astype(np.int64) + present[:, -1]
        for context in np.unique(contexts):
            same = np.flatnonzero(contexts == context)
            for start in range(0, len(same), size):
                rows = same[start : start + size]
                yield rows, self._scored(present[rows], column)

    def _scored(self, present: np.ndarray, column: int | None) -> np.ndarray:
        """Return scores (n, 1) of the item in `column`, or (n, n_items) of all, for rows that agree in time and place."""
        if isinstance(self.model, ScoresSubsets):
            return self.model.score_subsets(self._in_context(present[0]), present[:, :-2], self.neutral, column)
        scores = np.array(self.model.score([self._request(row) for row in present]), dtype=np.float32)
        return scores if column is None else scores[:, [column]]

    def _request(self, present: np.ndarray) -> Request:
        """Return the request of one row (events + 2,)."""
        request = self._in_context(present)
        absent = ~present[:-2]
        if self.neutral is None:
            return replace(request, history=request.history.without(np.flatnonzero(absent)))
        history = request.history
        items = np.where(absent, self.neutral, history.items)
        texts = None if history.texts is None else history.texts.copy()
        if texts is not None:
            texts[absent] = None  # the text of an event would reveal its item
        return replace(request, history=replace(history, items=items, texts=texts))

    def _in_context(self, present: np.ndarray) -> Request:
        """Return the full request, with its own time and place only where these are present in the row (events + 2,)."""
        pinned, has_time, has_place = self._pinned, bool(present[-2]), bool(present[-1])
        return replace(
            pinned,
            time=pinned.time if has_time else None,
            utc_offset=pinned.utc_offset if has_time else None,
            place=pinned.place if has_place else None,
        )

    def _target_of(self, scores: np.ndarray) -> np.ndarray:
        """Return the target (n,), as the class describes it, from the scores (n, n_items) of all items."""
        own = scores[:, self.column].astype(np.float64)
        if self.target == "logit":
            return own
        others = scores.astype(np.float64)
        others[:, ~self.competitors] = -np.inf
        if np.isnan(others).any():
            raise self.not_finite_error()
        if self.target == "probability":
            return np.asarray(1 / (1 + np.exp(np.logaddexp.reduce(others, axis=1) - own)))
        rank = min(TOP_K, int((others > -np.inf).sum(axis=1).min()))  # the last one where there are fewer candidates
        if not rank:
            return np.zeros(len(own))
        return np.asarray(own - np.partition(others, others.shape[1] - rank, axis=1)[:, others.shape[1] - rank])

    def _checked(self, values: np.ndarray) -> np.ndarray:
        """Return the values; raise an error if any is not finite."""
        if np.isnan(values).any():
            raise self.not_finite_error()
        if np.isinf(values).any():
            raise DataError(
                _(
                    "the item '{item}' is not a candidate of this request: {model} scores it −inf; choose an item of the list",
                    item=self.item_id,
                    model=type(self.model).__name__,
                )
            )
        return values

    def not_finite_error(self) -> RecsysError:
        """Return the error for scores that are not numbers."""
        return RecsysError(
            _(
                "the model {model} gave scores that are not numbers; train it again with a lower learning rate",
                model=type(self.model).__name__,
            )
        )
