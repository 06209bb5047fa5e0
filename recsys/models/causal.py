"""What causal sequence models have in common: how they are built, asked and saved. A model adds its network.

A causal model reads tokens (`sequences.py`) from left to right, and its state at token N, after N events, never depends on what
comes later: one pass over a history gives every step of a replay, and every position of a training window is a target.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, History, Request, Trace, Vocabulary, request_at
from recsys.errors import DataError
from recsys.models.attention import Looks
from recsys.models.items import ItemVectors
from recsys.models.sequences import Stream, Tokens, history_stream, request_stream, training_batches, training_stream
from recsys.models.softmax_loss import full_softmax_loss
from recsys.split import Split

BATCH_TOKENS = 4_096
"""Tokens scored at a time: as many as the processor's cache holds."""


@dataclass(frozen=True, eq=False)
class Hidden:
    """What a network makes of a batch, for all T tokens or, when asked for the last only, with T = 1.

    `states` (B, T, D), which are compared with the items. `copies` (B, T, C) is the part of the list that each of the C tokens
    hands on as it is, None where nothing is copied; the rest comes from the states. `gates` (B, T) are shares of one, by name.
    """

    states: Tensor
    copies: Tensor | None = None
    gates: dict[str, Tensor] = field(default_factory=dict)


class Causal(nn.Module):
    """A Recommender that traces. Parameters are float32; on CUDA, training runs in bfloat16 (see `training.py`)."""

    Config: ClassVar[type]
    embedding: ItemVectors
    pads_left: ClassVar[bool] = True
    config: Any

    def __init__(self, item_ids: np.ndarray, config: Any):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)

    # -- what a model adds -----------------------------------------------------------------------------------------

    def forward(self, tokens: Tokens, last_only: bool = False, looks: Looks | None = None) -> Hidden:
        """The states of a batch of tokens; with `last_only` those of each last token."""
        raise NotImplementedError

    def read(self, dataset: Dataset, split: Split) -> None:
        """Take from the data what is not learnt by gradient: text of items, places."""
        self.embedding.read(dataset, split)

    def item_vectors(self) -> Tensor:
        """(n_items, D), to compare states with."""
        return self.embedding.vectors()

    @property
    def reach(self) -> int | None:
        """How many tokens back a state depends on anything; None for all of them."""
        return None

    # -- what training.py calls ------------------------------------------------------------------------------------

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: Any, seed: int) -> Self:
        """A fresh model over the whole catalogue, since an item without training events still needs a rank."""
        torch.manual_seed(seed)
        model = cls(dataset.item_ids, config)
        model.read(dataset, split)
        return model

    def training_data(self, dataset: Dataset, split: Split) -> Stream:
        return training_stream(dataset, split)

    def batches(self, data: Stream, rng: np.random.Generator) -> Iterator[tuple[int, int, Tokens]]:
        """One epoch of (number, of how many, batch)."""
        return training_batches(data, self.config.max_length, self.config.batch_tokens, rng)

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Summed cross-entropy over the targets of a batch, and how many there are."""
        targets = self._on_device(tokens.targets)
        wanted = targets != PAD
        # a model in bfloat16 may hand over bfloat16 states: the loss sums in float32
        states = self(tokens).states[wanted].float()
        return full_softmax_loss(states, self.item_vectors().float(), targets[wanted] - 1, precision), len(states)

    # -- Recommender -----------------------------------------------------------------------------------------------

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    @torch.inference_mode()
    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32."""
        scores = np.empty((len(requests), len(self.vocabulary)), dtype=np.float32)
        items = self.item_vectors().float()
        for rows, tokens in self._last_batches(request_stream(requests, self.vocabulary)):
            hidden = self(tokens, last_only=True)
            copies = None if hidden.copies is None else hidden.copies[:, 0]
            scores[rows] = mixed_scores(hidden.states[:, 0].float(), items, copies, self._on_device(tokens.codes)).cpu().numpy()
        return self.vocabulary.mask(scores, requests)

    @torch.inference_mode()
    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Every step in one pass; exactly step-by-step scoring, whatever the length of the history."""
        final = final or Request(history)
        stream = history_stream(history, final, self.vocabulary)
        if len(stream.codes) != len(history) + 1:
            if attention:
                raise DataError("attention over a history with items this model does not know cannot be laid out; leave those items out")
            return self._trace_by_step(history, final)
        looks = Looks() if attention else None
        whole = stream.take(stream.starts[:1], np.diff(stream.starts), left=self.pads_left)
        hidden = self(whole, looks=looks)
        trace = Trace(
            states=hidden.states[0].float().cpu().numpy(),
            gates={name: values[0].float().cpu().numpy() for name, values in hidden.gates.items()},
            copies=None if hidden.copies is None else hidden.copies[0].float().cpu().numpy(),
            copied_codes=None if hidden.copies is None else np.broadcast_to(whole.codes, hidden.copies.shape[1:]),
        )
        return trace if looks is None or not looks.layers else self._with_attention(trace, looks, len(history))

    @torch.inference_mode()
    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """(len(steps), n_items) float32 scores at steps of a trace."""
        states, items = self._on_device(trace.states[steps]), self.item_vectors().float()
        if trace.copies is None or trace.copied_codes is None:
            return mixed_scores(states, items, None, None).cpu().numpy()
        codes = self._on_device(np.ascontiguousarray(trace.copied_codes[steps]))
        return mixed_scores(states, items, self._on_device(trace.copies[steps]), codes).cpu().numpy()

    def fallback(self, request: Request) -> str | None:
        """With nothing known in the history the list is what people start with."""
        known = self.vocabulary.encode(request.history.items) if len(request.history) else np.zeros(0)
        return None if known.any() else "nothing known of this person yet: what people usually start with"

    def _last_batches(self, stream: Stream) -> Iterator[tuple[np.ndarray, Tokens]]:
        """Rows and tokens of many histories, the longest first, so that little is padded."""
        lengths = np.diff(stream.starts)
        if self.reach is not None:
            lengths = np.minimum(lengths, self.reach)
        firsts = stream.starts[1:] - lengths
        order, start = np.argsort(lengths, kind="stable")[::-1], 0
        while start < len(order):
            rows = order[start : start + max(1, BATCH_TOKENS // int(lengths[order[start]]))]
            yield rows, stream.take(firsts[rows], lengths[rows], left=self.pads_left)
            start += len(rows)

    def _trace_by_step(self, history: History, final: Request) -> Trace:
        """For histories with unknown items: their steps are asked at other times than any known event's, so each is its own."""
        steps = [request_at(history, step) for step in range(len(history))] + [Request(history, final.time, final.utc_offset, final.place)]
        parts: list[tuple[np.ndarray, Hidden, np.ndarray]] = []
        for rows, tokens in self._last_batches(request_stream(steps, self.vocabulary)):
            parts.append((rows, self(tokens, last_only=True), tokens.codes))
        width = max(codes.shape[1] for _, _, codes in parts)
        first = parts[0][1]
        states = np.empty((len(steps), first.states.shape[2]), dtype=np.float32)
        copies = None if first.copies is None else np.zeros((len(steps), width), dtype=np.float32)
        copied_codes = None if first.copies is None else np.zeros((len(steps), width), dtype=np.int64)
        gates = {name: np.empty(len(steps), dtype=np.float32) for name in first.gates}
        for rows, hidden, codes in parts:
            states[rows] = hidden.states[:, 0].float().cpu().numpy()
            for name, values in hidden.gates.items():
                gates[name][rows] = values[:, 0].float().cpu().numpy()
            if copies is not None and copied_codes is not None and hidden.copies is not None:
                copies[rows, : codes.shape[1]] = hidden.copies[:, 0].float().cpu().numpy()
                copied_codes[rows, : codes.shape[1]] = codes
        return Trace(states, gates=gates, copies=copies, copied_codes=copied_codes)

    def _with_attention(self, trace: Trace, looks: Looks, length: int) -> Trace:
        if any(layer["weights"].shape[-1] != length + 1 for layer in looks.layers):
            raise DataError(f"attention is laid out for up to {2 * self.config.max_length - 1} events; this history has {length}")
        names = list(dict.fromkeys(name for layer in looks.layers for name in layer))

        def whole(layer: dict[str, Tensor], name: str) -> Tensor:
            weights = layer["weights"]
            return layer[name].expand_as(weights)[0] if name in layer else torch.zeros_like(weights[0])

        layers = {name: torch.stack([whole(layer, name) for layer in looks.layers]).float().cpu().numpy() for name in names}
        return Trace(trace.states, layers.pop("weights"), layers, trace.gates, trace.copies, trace.copied_codes)

    def _on_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.embedding.weight.device, non_blocking=True)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything learnt, by parameter name."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of `arrays`, ready to score."""
        model = cls(item_ids, config)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
        return model.eval()


def mixed_scores(states: Tensor, items: Tensor, copies: Tensor | None, codes: Tensor | None) -> Tensor:
    """(n, n_items) scores: products of states (n, D) and items, or where something is copied log probabilities of the mixture.

    `copies` (n, C) goes to the items of `codes` (n, C) or (n, C); padding and the start token hand on nothing.
    """
    logits = states @ items.T
    if copies is None or codes is None:
        return logits
    n_items = len(items)
    held = torch.where((codes > PAD) & (codes <= n_items), copies.float(), 0.0)
    copied = torch.zeros(len(states), n_items + 2, device=states.device).scatter_add_(1, codes, held)[:, 1:-1]
    rest = (1.0 - copied.sum(1, keepdim=True)).clamp_min(1e-6)
    return torch.logaddexp(torch.log_softmax(logits, 1) + rest.log(), copied.log())
