"""Base class of the sequential models of RecBole: windows of histories, scoring, tracing and saving. A model adds its network.

RecBole reads the latest `max_length` items of a history, the oldest of them at position 0, and pads on the right. So the state after N
events is that of one causal pass as long as N is at most `max_length`, and that of a window of its own beyond.

Row 0 of the item embedding is padding, row n the n-th item of the dataset, in place of RecBole's own order. Items of the dataset that the
model does not know are ignored in histories and score −inf. RecBole never scores an empty history; here its state is zero, which gives all
items the same score.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, History, Request, Trace, Vocabulary
from recsys.core.translation import N_
from recsys.models.base.event_arrays import collect_events
from recsys.models.base.settings import check_between

BATCH_TOKENS = 16_384
"""Tokens of windows encoded at a time."""
LONGEST_WINDOW = 10_000


@dataclass(frozen=True)
class RecBoleConfig:
    """Settings of RecBole that change scores: `max_length` is its MAX_ITEM_LIST_LENGTH."""

    max_length: int = 50

    def __post_init__(self) -> None:
        check_between(1, LONGEST_WINDOW, self, "max_length")

    @property
    def shows_attention(self) -> bool:
        """Whether the model has attention over single events."""
        return False


class RecBoleSequential(nn.Module, ABC):
    """A Recommender that traces. Its parameters have the names that they have in RecBole's files."""

    Config: ClassVar[type]
    item_embedding: nn.Embedding
    is_known: Tensor
    config: Any

    def __init__(self, item_ids: np.ndarray, config: Any):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        self.register_buffer("is_known", torch.ones(len(item_ids), dtype=torch.bool))

    @abstractmethod
    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Return the states (B, D) after the last items of windows (B, T), padded on the right, with `lengths` (B,) of at least 1."""

    @abstractmethod
    def encode_steps(self, codes: Tensor) -> Tensor:
        """Return the states (T, D) after each item of one window (T,)."""

    def item_biases(self) -> Tensor | None:
        """Return what is added to the scores of all items (n_items,), if anything."""
        return None

    def item_vectors(self) -> Tensor:
        """Return the vectors (n_items, D) that states are compared with."""
        return self.item_embedding.weight[1 : len(self.vocabulary) + 1]

    @cached_property
    def known_items(self) -> Vocabulary:
        """The items of the dataset that the model knows, with the codes of `vocabulary`; a number, which is not an id, stands for the others."""
        known = self.is_known.cpu().numpy()
        return Vocabulary(np.where(known, self.item_ids, np.arange(len(known))))

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    @property
    def shows_attention(self) -> bool:
        """Whether the model has attention over single events."""
        return bool(self.config.shows_attention)

    @torch.inference_mode()
    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return scores (len(requests), n_items) float32."""
        events = collect_events(requests, self.known_items, within=self.config.max_length)
        scores = self._score_states(self._encode_windows(events.codes, events.starts, events.ends))
        return self.vocabulary.mask(scores, requests)

    @torch.inference_mode()
    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        """Return scores (n, n_items) or (n, 1) float32 given subsets of one history (see `ScoresSubsets`)."""
        codes, keep = self.known_items.encode(request.history.items), np.asarray(keep, dtype=bool)
        if instead is not None:
            codes, keep = np.where(keep, codes, self.known_items.encode([instead])), np.ones_like(keep)
        read = keep & (codes != PAD)
        ends = read.sum(axis=1).cumsum()
        scores = self._score_states(self._encode_windows(np.broadcast_to(codes, keep.shape)[read], ends - read.sum(axis=1), ends))
        self.vocabulary.mask(scores, [request] * len(keep))
        return scores if column is None else scores[:, [column]]

    @torch.inference_mode()
    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Return every step; equals step-by-step scoring at any length of the history. Unknown items do not change the state."""
        codes = self.known_items.encode(history.items)
        known = codes != PAD
        states = self._trace_states(codes[known])[np.concatenate([[0], np.cumsum(known)])]
        if not attention or not self.shows_attention:
            return Trace(states)
        weights, query = self.attend(codes[known], np.flatnonzero(known) + 1, len(codes) + 1)
        return Trace(states, weights, query=query)

    @torch.inference_mode()
    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return scores (len(steps), n_items) float32 at steps of a trace."""
        return self._score_states(torch.from_numpy(trace.states[steps]))

    def fallback(self, request: Request) -> str | None:
        """Return a reason if the history holds no known item."""
        return self.fallbacks([request])[0]

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = collect_events(requests, self.known_items, within=1).lengths
        return [None if count else N_("no history yet: all items score the same") for count in known]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all parameters by name."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        """Return the model of these arrays, ready to score: the inverse of `arrays`."""
        with torch.device("meta"):  # the parameters are about to be replaced: drawing them at random would take longer than reading them
            model = cls(item_ids, config)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}, assign=True)
        return model.requires_grad_(False).eval()

    def attend(self, codes: np.ndarray, slots: np.ndarray, size: int) -> tuple[np.ndarray, int]:
        """Return the attention (layers, heads, size, size) after events with these codes, at these slots of a trace, and the row that decides.

        Only models that show attention have it.
        """
        raise NotImplementedError

    def empty_states(self, count: int) -> Tensor:
        """Return the states (count, D) of histories without known items."""
        return torch.zeros(count, self.item_embedding.embedding_dim, device=self.item_embedding.weight.device)

    def _score_states(self, states: Tensor) -> np.ndarray:
        scores = states.to(self.item_embedding.weight.device) @ self.item_vectors().T
        biases = self.item_biases()
        scores = scores if biases is None else scores + biases
        return np.asarray(scores.masked_fill_(~self.is_known, -torch.inf).cpu().numpy())

    def _encode_windows(self, codes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Tensor:
        """Return the states (n, D) after the events `codes[start:end]` of n histories, the longest first, so that little is padded."""
        states = self.empty_states(len(ends))
        lengths = np.minimum(ends - starts, self.config.max_length)
        order = np.argsort(-lengths, kind="stable")[: int((lengths > 0).sum())]
        begin = 0
        while begin < len(order):
            width = int(lengths[order[begin]])
            rows = order[begin : begin + max(1, BATCH_TOKENS // width)]
            positions = np.arange(width)
            inside = positions < lengths[rows, None]
            windows = np.where(inside, codes[np.where(inside, (ends - lengths)[rows, None] + positions, 0)], PAD)
            states[torch.from_numpy(rows)] = self.encode(self._on_device(windows), self._on_device(lengths[rows]))
            begin += len(rows)
        return states

    def _trace_states(self, codes: np.ndarray) -> np.ndarray:
        """Return the states (T + 1, D) after each number of events, from none on."""
        first = min(len(codes), self.config.max_length)
        ends = np.arange(first + 1, len(codes) + 1)
        parts = [self.empty_states(1)]
        if first:
            parts.append(self.encode_steps(self._on_device(codes[:first])))
        parts.append(self._encode_windows(codes, np.zeros_like(ends), ends))
        return torch.cat(parts).cpu().numpy()

    def _on_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.item_embedding.weight.device)
