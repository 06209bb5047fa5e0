"""Items and users as vectors, brought from outside: matrix factorization, two towers, item embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import PAD, History, Request, Trace
from recsys.core.translation import N_
from recsys.models.base.count_based import CountBased, hash_user_id
from recsys.models.base.event_arrays import collect_events
from recsys.models.base.settings import check_choice

SIMILARITIES = ("dot", "cosine", "euclidean")
USER_RULES = ("stored", "mean", "last")
EPSILON = 1e-12
LARGEST = 1e15
"""Number up to which products of vectors of a million numbers are finite in float32."""
SHAPES = {"columns": (1, "i"), "item_vectors": (2, "f"), "item_biases": (1, "f"), "user_hashes": (1, "u"), "user_vectors": (2, "f")}
"""Axes of the arrays, and kinds of their types, as NumPy abbreviates them."""
CANCELLATION = np.float32(1e-2)
"""Squared distance, as a share of the squared length of an item, up to which it is computed from the difference of the vectors."""


@dataclass(frozen=True)
class VectorConfig:
    """`similarity` of a user's and an item's vector: dot product, cosine, or the negative Euclidean distance. `user_rule`: a user's vector is
    stored, or the mean of the items in the history, or the last of them; users without a stored vector get the mean."""

    similarity: str = "dot"
    user_rule: str = "mean"

    def __post_init__(self) -> None:
        check_choice(SIMILARITIES, self, "similarity")
        check_choice(USER_RULES, self, "user_rule")


class VectorModel(CountBased):
    """Ranks items by the similarity of their vectors to the user's, plus the item's bias where there is one.

    Arrays: `columns` (n_items,) int64, the row of each item of the dataset in `item_vectors` (n_own, D) float32, −1 for items without;
    optional `item_biases` (n_own,); with stored users `user_hashes` (m,) uint64 of their ids and `user_vectors` (m, D). Biases of users
    change no ranking and are not kept. Items without a vector score −inf and are not part of a user's vector.
    """

    Config = VectorConfig

    def __init__(self, item_ids: np.ndarray, config: VectorConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        for name, (axes, kinds) in SHAPES.items():
            if name in arrays and (arrays[name].ndim != axes or arrays[name].dtype.kind not in kinds):
                raise ValueError(f"'{name}' has the shape {arrays[name].shape} and the type {arrays[name].dtype}")
            if name in arrays and kinds == "f" and not np.abs(arrays[name]).max(initial=0) <= LARGEST:
                raise ValueError(f"'{name}' has values that are not finite, or too large to be multiplied")
        columns, own = arrays["columns"], arrays["item_vectors"].astype(np.float32)
        if columns.shape != (len(item_ids),) or (len(columns) and not -1 <= columns.min() <= columns.max() < len(own)):
            raise ValueError(f"'columns' does not give a row of 'item_vectors' {own.shape} for each of {len(item_ids)} items")
        self._is_known = columns >= 0
        self._vectors = np.where(self._is_known[:, None], own[np.maximum(columns, 0)], np.float32(0))
        self._compared = _normalize(self._vectors) if config.similarity == "cosine" else self._vectors
        self._has_biases = "item_biases" in arrays
        if self._has_biases and len(arrays["item_biases"]) != len(own):
            raise ValueError(f"'item_biases' has {len(arrays['item_biases'])} values for {len(own)} vectors")
        biases = arrays["item_biases"].astype(np.float32)[np.maximum(columns, 0)] if self._has_biases else np.float32(0)
        added = np.where(self._is_known, biases, np.float32(-np.inf))
        self._added = added if added.any() else None
        self._lengths = np.einsum("nd,nd->n", self._vectors, self._vectors)  # squared
        self._longest = self._lengths.max(initial=0)
        hashes = arrays.get("user_hashes", np.empty(0, dtype=np.uint64))
        self._row_of = {int(each): row for row, each in enumerate(hashes)} if config.user_rule == "stored" else {}
        self._users = arrays.get("user_vectors", np.empty((0, own.shape[1]), dtype=np.float32)).astype(np.float32)
        if self._users.shape != (len(hashes), own.shape[1]):
            raise ValueError(f"'user_vectors' has shape {self._users.shape}, expected {(len(hashes), own.shape[1])}")

    @property
    def fixed_because(self) -> str | None:
        """Return the reason why scores do not change with the events (see `HasFixedScores`)."""
        return N_("each user has one stored vector, which does not change with the events") if self.config.user_rule == "stored" else None

    def item_vectors(self) -> np.ndarray:
        """Return the vectors (n_items, D) float32 of the items, zeros for items without one."""
        return self._vectors

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the similarity of each item to the user of each request (requests, n_items)."""
        if not requests:
            return np.empty((0, len(self.vocabulary)), dtype=np.float32)
        events = collect_events(requests, self.vocabulary)
        states = np.zeros((len(requests), self._vectors.shape[1]), dtype=np.float32)
        for start in np.unique(events.starts):
            rows = np.flatnonzero(events.starts == start)
            ends, codes = events.ends[rows], events.codes[start : events.ends[rows].max()]
            states[rows] = self._summarize(codes) if (ends == ends[0]).all() else self._follow(codes)[ends - start]
        for row, request in enumerate(requests):
            stored = self._find_stored(request.history)
            if stored is not None:
                states[row] = stored
        return self.vocabulary.mask(self._compare(states), requests)

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Return the user's vector at every step as the state (see `Traces`); without attention."""
        codes = self.vocabulary.encode(history.items)
        stored = self._find_stored(history)
        if stored is not None:
            return Trace(np.broadcast_to(stored, (len(codes) + 1, len(stored))))
        known_before = np.concatenate([[0], np.cumsum(codes != PAD)])
        return Trace(self._follow(codes[codes != PAD])[known_before])

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return the scores (len(steps), n_items) float32 at steps of a trace."""
        return self._compare(np.ascontiguousarray(trace.states[steps]))

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        """Return the reason or None for each request (see `FallsBack`)."""
        known = collect_events(requests, self.vocabulary, within=1).lengths > 0
        return [self._explain_fallback(request.history, bool(each)) for request, each in zip(requests, known, strict=True)]

    def _explain_fallback(self, history: History, has_events: bool) -> str | None:
        if self._find_stored(history) is not None:
            return None
        if not has_events:
            return N_("no history yet: items by their biases") if self._has_biases else N_("no history yet: items in no order")
        return N_("no stored vector of this user: mean of the items in the history") if self.config.user_rule == "stored" else None

    def _find_stored(self, history: History) -> np.ndarray | None:
        if not self._row_of or history.user_id is None:
            return None
        row = self._row_of.get(hash_user_id(history.user_id))
        return None if row is None else self._users[row]

    def _summarize(self, codes: np.ndarray) -> np.ndarray:
        """Return the user's vector (D,) float32 after these events, zeros without any: the last row of `_follow`, five times as fast."""
        codes = codes[self._is_known[codes - 1]]
        if self.config.user_rule == "last" or not len(codes):
            return self._vectors[codes[-1] - 1] if len(codes) else np.zeros(self._vectors.shape[1], dtype=np.float32)
        return np.asarray(self._vectors[codes - 1].sum(axis=0, dtype=np.float64) / len(codes), dtype=np.float32)

    def _follow(self, codes: np.ndarray) -> np.ndarray:
        """Return the user's vector (len(codes) + 1, D) float32 before and after each of these events; zeros before the first."""
        states = np.zeros((len(codes) + 1, self._vectors.shape[1]), dtype=np.float32)
        if not len(codes):
            return states
        is_known = self._is_known[codes - 1]
        vectors = self._vectors[codes - 1]
        if self.config.user_rule == "last":
            last = np.maximum.accumulate(np.where(is_known, np.arange(len(codes)), -1))
            states[1:] = np.where(last[:, None] >= 0, vectors[np.maximum(last, 0)], np.float32(0))
        else:  # one event after the other in float64, so that a step does not depend on later ones
            counts = np.maximum(np.cumsum(is_known), 1)
            states[1:] = np.cumsum(vectors, axis=0, dtype=np.float64) / counts[:, None]
        return states

    def _compare(self, states: np.ndarray) -> np.ndarray:
        """Return the scores (n, n_items) float32 of users with these vectors (n, D)."""
        if self.config.similarity == "euclidean":
            scores = self._measure_distances(states)
            np.negative(scores, out=scores)
        else:
            users = _normalize(states) if self.config.similarity == "cosine" else states
            scores = np.asarray(users @ self._compared.T, dtype=np.float32)
        if self._added is not None:
            scores += self._added
        return scores

    def _measure_distances(self, users: np.ndarray) -> np.ndarray:
        """Return the Euclidean distances (n, n_items) float32, in as few passes over the items as the product allows."""
        squares = np.asarray((-2 * users) @ self._vectors.T, dtype=np.float32)
        squares += self._lengths
        squares += np.einsum("nd,nd->n", users, users)[:, None]
        for user, row in zip(users, squares, strict=True):  # the difference of large numbers says little about the nearest items
            if row.min(initial=np.inf) < CANCELLATION * self._longest:
                near = np.flatnonzero(row < CANCELLATION * self._lengths)
                row[near] = np.square(self._vectors[near] - user).sum(axis=1)
        return np.sqrt(squares, out=squares)


def _normalize(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), EPSILON), dtype=np.float32)
