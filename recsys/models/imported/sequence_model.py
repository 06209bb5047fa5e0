"""Base class of imported sequence models: they score the last events of a history, each as a code of the model's own."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from recsys.core import PAD, History, Request, Trace, Vocabulary
from recsys.core.translation import N_
from recsys.models.base.event_arrays import collect_events
from recsys.models.imported.columns import spread_scores

UNKNOWN = -1
"""The model's code of an item of the dataset that it was not trained on."""
BATCH_TOKENS = 4_096
"""Tokens computed per batch: as many as fit into the processor's cache."""


class ImportedSequenceModel(ABC):
    """A Recommender over the items of a dataset, of which the model may know a part only.

    `codes` (n_items,) are the model's codes of the items, UNKNOWN where it has none: such items are ignored in histories and score
    −inf; `known_columns` are the positions of the others. Histories are scored in batches of equal length, so that a batch pads none of them.
    """

    Config: ClassVar[type]

    def __init__(self, item_ids: np.ndarray, config: Any, codes: np.ndarray):
        if np.shape(codes) != (len(item_ids),):
            raise ValueError(f"'codes' has shape {np.shape(codes)} for {len(item_ids)} items")
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        self.codes = np.asarray(codes, dtype=np.int64)
        self.known_columns = np.flatnonzero(self.codes != UNKNOWN)
        self._known = self.vocabulary if len(self.known_columns) == len(item_ids) else Vocabulary(self.item_ids[self.known_columns])

    @property
    @abstractmethod
    def window(self) -> int:
        """Number of latest events that scores depend on."""

    @abstractmethod
    def score_windows(self, windows: np.ndarray) -> np.ndarray:
        """Return the scores (B, codes) of all codes of the model, given the codes (B, T) of T ≤ `window` events."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything that a checkpoint stores."""

    @classmethod
    @abstractmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        """Return the model of these arrays: the inverse of `arrays`."""

    def batch_size(self, length: int) -> int:
        """Return the number of windows of a length that are scored at once."""
        return max(1, BATCH_TOKENS // max(length, 1))

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    @property
    def receptive_field(self) -> int:
        return self.window

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return scores (len(requests), n_items) float32; −inf for items that the model does not know."""
        return self.vocabulary.mask(self._score_sequences(self._sequences(requests)), requests)

    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        """Return scores (n, n_items) or (n, 1) float32 given subsets of one history (see `ScoresSubsets`)."""
        events = self.encode(request.history.items)
        if instead is None:
            sequences = [row[row != UNKNOWN] for row in (events[kept] for kept in keep)]
        else:
            other = self.encode([instead])[0]
            sequences = [row[row != UNKNOWN] for row in np.where(keep, events, other)]
        scores = self.vocabulary.mask(self._score_sequences(sequences), [request] * len(keep))
        return scores if column is None else scores[:, [column]]

    def fallback(self, request: Request) -> str | None:
        """Return a reason if the history holds no item that the model knows."""
        return self.fallbacks([request])[0]

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        lengths = collect_events(requests, self._known, within=1).lengths
        return [None if length else N_("no history yet: usual first items") for length in lengths]

    def encode(self, item_ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return the model's codes (n,) of item ids; UNKNOWN where it does not know the item."""
        positions = self.vocabulary.encode(item_ids)
        return np.where(positions == PAD, UNKNOWN, self.codes[positions - 1]) if len(self.codes) else np.full(len(positions), UNKNOWN)

    def last_events(self, history: History) -> np.ndarray:
        """Return the indices (n,) of the events of a history that the model reads: the last ones whose items it knows."""
        return np.flatnonzero(self.encode(history.items) != UNKNOWN)[-self.window :]

    def _sequences(self, requests: Sequence[Request]) -> list[np.ndarray]:
        events = collect_events(requests, self._known, within=self.window)
        codes = self.codes[self.known_columns][events.codes - 1]
        return [codes[max(start, end - self.window) : end] for start, end in zip(events.starts, events.ends, strict=True)]

    def _score_sequences(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        scores = np.empty((len(sequences), len(self.vocabulary)), dtype=np.float32)
        for rows, windows in self._batches(sequences):
            scores[rows] = spread_scores(self.score_windows(windows), self.codes)
        return scores

    def _batches(self, sequences: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield rows (B,) and windows (B, T) of equal length."""
        lengths = np.array([min(len(each), self.window) for each in sequences], dtype=np.int64)
        for length in np.unique(lengths):
            same = np.flatnonzero(lengths == length)
            size = self.batch_size(int(length))
            for start in range(0, len(same), size):
                rows = same[start : start + size]
                yield rows, np.stack([sequences[row][len(sequences[row]) - length :] for row in rows])


class TracesByStep(ImportedSequenceModel):
    """An imported model with a state per step, from which scores are computed.

    `query` is the row of `attend` that decides the list: that of the last event, or 0 for the mask of a masked model.
    """

    query: ClassVar[int] = -1

    @abstractmethod
    def encode_windows(self, windows: np.ndarray) -> np.ndarray:
        """Return the states (B, D) float32 after the codes (B, T) of T ≤ `window` events."""

    @abstractmethod
    def score_states(self, states: np.ndarray) -> np.ndarray:
        """Return the scores (B, codes) of all codes of the model in states (B, D)."""

    @abstractmethod
    def attend(self, window: np.ndarray) -> np.ndarray:
        """Return the attention (blocks, heads, T + 1, T + 1) within one window (T,), index 0 being all that is not an event."""

    @property
    def shows_attention(self) -> bool:
        return True

    def score_windows(self, windows: np.ndarray) -> np.ndarray:
        return self.score_states(self.encode_windows(windows))

    def encode_prefixes(self, window: np.ndarray) -> np.ndarray:
        """Return the states (T + 1, D) after 0, 1, … T events of one window (T,); models whose states do not depend on the end override this."""
        return self._encode_sequences([window[:end] for end in range(len(window) + 1)])

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Return the states at every step; beyond the window each step is encoded by itself. Times and places are not used."""
        events = self.encode(history.items)
        known = events[events != UNKNOWN]
        states = self.encode_prefixes(known[: self.window])
        if len(known) > self.window:
            later = [known[end - self.window : end] for end in range(self.window + 1, len(known) + 1)]
            states = np.concatenate([states, self._encode_sequences(later)])
        steps = np.concatenate([[0], np.cumsum(events != UNKNOWN)])
        if not attention:
            return Trace(states[steps])
        return Trace(states[steps], self._attention(history), {}, query=self.query)

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return scores (len(steps), n_items) float32 at steps of a trace."""
        return spread_scores(self.score_states(trace.states[steps]), self.codes)

    def _encode_sequences(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        batches = list(self._batches(sequences))
        states = np.concatenate([self.encode_windows(windows) for _rows, windows in batches])
        return states[np.argsort(np.concatenate([rows for rows, _windows in batches]))]

    def _attention(self, history: History) -> np.ndarray:
        """Return the attention at the last step; events that the model does not read attend to themselves alone."""
        events = self.last_events(history)
        inside = self.attend(self.encode(history.items[events]))
        whole = np.broadcast_to(np.eye(len(history) + 1, dtype=np.float32), (*inside.shape[:2], len(history) + 1, len(history) + 1)).copy()
        at = np.concatenate([[0], events + 1])
        whole[:, :, at[:, None], at] = inside
        return whole
