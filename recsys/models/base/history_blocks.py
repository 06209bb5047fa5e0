"""Histories in blocks of events: steps of one history share the sum over the events before their block.

With weights that decay by one factor per event, the sum over the earlier events only shrinks within a block, so that a step of a long
replay adds the few events of its own block. Blocks are counted from the beginning of a history, so that a step is summed in the same
order whether it is scored alone, with others or in a replay, and equal to the bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import PAD, History, Request, Trace, Vocabulary
from recsys.models.base.event_arrays import collect_events, count_weighted_events, sum_by_item, weigh_events

BLOCK_EVENTS = 256
"""Events of a block, known or not. The scores of shorter histories are one plain sum."""


@dataclass(frozen=True, eq=False)
class HistoryBlocks:
    """Known events of some requests: those of request r are `codes[starts[r]:ends[r]]`, and its last block begins at `middles[r]`.

    `liked` are the codes of the items that each session likes, an array for each request.
    """

    codes: np.ndarray
    starts: np.ndarray
    middles: np.ndarray
    ends: np.ndarray
    liked: Sequence[np.ndarray]

    def sum_block_weights(self, n_items: int, half_life: float) -> sparse.csr_matrix:
        """Return the weights (requests, n_items) float32 of the items of each last block; each like counts as one more event."""
        rows, codes, weights = weigh_events(self.codes, self.middles, self.ends, half_life)
        counts = [len(each) for each in self.liked]
        if any(counts):
            rows = np.concatenate([rows, np.repeat(np.arange(len(counts)), counts)])
            codes = np.concatenate([codes, *self.liked])
            weights = np.concatenate([weights, np.ones(len(rows) - len(weights), dtype=np.float32)])
        return sum_by_item(rows, codes, weights, (len(self.ends), n_items))

    def sum_earlier_weights(self, n_items: int, half_life: float) -> tuple[sparse.csr_matrix, list[np.ndarray], np.ndarray]:
        """Return the weights (n, n_items) float32 of the items before each distinct block, at its beginning; the requests of each; and
        the factors (requests,) float32 by which they have decayed since."""
        keys = self.starts * (len(self.codes) + 1) + self.middles
        _keys, firsts, owners = np.unique(keys[self.starts < self.middles], return_index=True, return_inverse=True)
        later = np.flatnonzero(self.starts < self.middles)
        rows, codes, weights = weigh_events(self.codes, self.starts[later[firsts]], self.middles[later[firsts]], half_life)
        matrix = sum_by_item(rows, codes, weights, (len(firsts), n_items))
        decayed = (0.5 ** ((self.ends - self.middles) / half_life)).astype(np.float32)
        return matrix, [later[owners == at] for at in range(len(firsts))], decayed


@dataclass(frozen=True, eq=False, kw_only=True)
class BlockTrace(Trace):
    """The known events of one history, encoded once; a model of this kind has no states.

    `codes` are the known events, `known_before` (T + 1,) the number of them before each step, `liked` the codes of the session's likes.
    """

    codes: np.ndarray
    known_before: np.ndarray
    liked: np.ndarray

    def blocks(self, steps: np.ndarray) -> HistoryBlocks:
        """Return the blocks of some steps."""
        middles, ends = self.known_before[steps // BLOCK_EVENTS * BLOCK_EVENTS], self.known_before[steps]
        return HistoryBlocks(self.codes, np.zeros_like(ends), middles, ends, [self.liked] * len(steps))


def find_blocks(requests: Sequence[Request], vocabulary: Vocabulary, half_life: float) -> HistoryBlocks:
    """Return the blocks of requests, reading no more of the histories than the events whose weight is not 0."""
    events = collect_events(requests, vocabulary, count_weighted_events(half_life) + BLOCK_EVENTS)
    known_before = np.concatenate([[0], np.cumsum(events.known)])
    inside = np.array([len(request.history) % BLOCK_EVENTS for request in requests], dtype=np.int64)
    liked = [encode_known(request.history.likes, vocabulary) for request in requests]
    return HistoryBlocks(events.codes, events.starts, known_before[events.stops - inside], events.ends, liked)


def trace_blocks(history: History, vocabulary: Vocabulary) -> BlockTrace:
    """Return the trace of a history."""
    codes = vocabulary.encode(history.items)
    known = codes != PAD
    return BlockTrace(
        states=np.empty((len(codes) + 1, 0), dtype=np.float32),
        codes=codes[known],
        known_before=np.concatenate([[0], np.cumsum(known)]),
        liked=encode_known(history.likes, vocabulary),
    )


def encode_known(item_ids: Sequence[str], vocabulary: Vocabulary) -> np.ndarray:
    """Return the codes (n,) of the known ones of some items."""
    codes = vocabulary.encode(item_ids)
    return codes[codes != PAD]
