"""What causal sequence models have in common: how they are built, asked and saved. A model adds its network.

A causal model reads tokens (`sequences.py`) from left to right, and its state at token N, after N events, never depends on what
comes later: one pass over a history gives every step of a replay, and every position of a training window is a target.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, History, Request, Trace, Vocabulary, request_at
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.sequences import Stream, Tokens, request_stream, subset_stream, training_batches, training_stream
from recsys.models.base.settings import GradientConfig, check_at_least
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.derived_cache import DerivedCache
from recsys.models.layers.event_text import EventText
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.layers.prediction_heads import RatingHead

BATCH_TOKENS = 4_096
"""Tokens scored at a time: as many as the processor's cache holds."""


@dataclass(frozen=True)
class SequenceConfig(GradientConfig):
    """Shape and training of a sequence model."""

    n_blocks: int = 2
    n_heads: int = 1
    max_length: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "n_blocks", "n_heads", "max_length")
        if self.embedding_size % self.n_heads:
            raise DataError(f"embedding_size={self.embedding_size} cannot be shared by n_heads={self.n_heads}; take a multiple")

    @property
    def shows_attention(self) -> bool:
        """Whether a model with these settings can say which events it attends to."""
        return False


@dataclass(frozen=True, eq=False)
class Hidden:
    """What a network makes of a batch, for all T tokens or, when asked for the last only, with T = 1.

    `states` (B, T, D), which are compared with the items. `copies` (B, T, C) is the part of the list that comes straight from the
    items with `copied_codes` (B, T, C), None where nothing is copied. `gates` (B, T) are shares of one, by name.
    """

    states: Tensor
    copies: Tensor | None = None
    copied_codes: Tensor | None = None
    gates: dict[str, Tensor] = field(default_factory=dict)


class CausalModel(nn.Module, ABC):
    """A Recommender that traces. Parameters are float32; on CUDA, training runs in bfloat16 (see `training.py`)."""

    Config: ClassVar[type]
    embedding: ItemVectors
    pads_left: ClassVar[bool] = True
    listens: ClassVar[bool] = False  # reads the words of events where the data has any
    said: EventText | None
    config: Any

    def __init__(self, item_ids: np.ndarray, config: Any):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        self._items = DerivedCache()
        self.said = None

    # -- what a model adds -----------------------------------------------------------------------------------------

    @abstractmethod
    def forward(self, tokens: Tokens, last_only: bool = False, looks: AttentionTrace | None = None) -> Hidden:
        """The states of a batch of tokens; with `last_only` those of each last token."""

    def read(self, dataset: Dataset, split: Split) -> None:
        """Take from the data what is not learnt by gradient: text of items, places; and whether events have words."""
        self.embedding.read(dataset, split)
        if self.listens and dataset.texts is not None:
            self.said = EventText(self.config.embedding_size)
            self.said.read(dataset)

    def item_vectors(self) -> Tensor:
        """(n_items, D), to compare states with."""
        return self.embedding.vectors()

    def item_sources(self) -> list[Tensor]:
        """All that `item_vectors` are made of."""
        return self.embedding.sources()

    @property
    def behaviour_names(self) -> tuple[str, ...]:
        """The behaviours that tell events apart; none for a model that does not read them."""
        return ()

    @property
    def shows_attention(self) -> bool:
        """As its config says."""
        return bool(self.config.shows_attention)

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
        items = self._kept_items()
        for rows, tokens in self._last_batches(self._stream(requests)):
            scores[rows] = self.scores(self(tokens, last_only=True), items).cpu().numpy()
        return self.vocabulary.mask(scores, requests)

    @torch.inference_mode()
    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        """(n, n_items) or (n, 1) float32 of parts of one history (see `ScoresSubsets`)."""
        found = np.empty((len(keep), len(self.vocabulary) if column is None else 1), dtype=np.float32)
        items = self._kept_items()
        for rows, hidden in self.subsets(request, keep, instead):
            scores = self.scores(hidden, items) if column is None else self.scores_of(hidden, items, column)
            found[rows] = scores.cpu().numpy()
        if request.candidates is not None:
            outside = self.vocabulary.mask(np.zeros((1, len(self.vocabulary)), dtype=np.float32), [request])[0] < 0
            found[:, outside if column is None else outside[[column]]] = -np.inf
        return found

    def subsets(self, request: Request, keep: np.ndarray, instead: str | None) -> Iterator[tuple[np.ndarray, Hidden]]:
        """Rows of `keep` and what the network makes of the last tokens of those parts of a history."""
        for rows, tokens in self._last_batches(subset_stream(request, keep, instead, self.vocabulary, self.behaviour_names)):
            yield rows, self(tokens, last_only=True)

    def scores_of(self, hidden: Hidden, items: Tensor, column: int) -> Tensor:
        """(B, 1) of `scores`. Without copies a score does not depend on the other items."""
        if hidden.copies is not None:
            return self.scores(hidden, items)[:, [column]]
        return self.scores(hidden, items[[column]])

    def scores(self, hidden: Hidden, items: Tensor) -> Tensor:
        """(B, n_items) scores of what the network makes of last tokens (B, 1, D), against items (n_items, D)."""
        copied = None if hidden.copies is None or hidden.copied_codes is None else (hidden.copies[:, 0], hidden.copied_codes[:, 0])
        return mixed_scores(hidden.states[:, 0].float(), items, copied)

    @torch.inference_mode()
    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Every step in one pass; exactly step-by-step scoring, whatever the length of the history."""
        final = final or Request(history)
        stream = self._stream([Request(history, final.time, final.utc_offset, final.place)])
        if len(stream.codes) != len(history) + 1:
            if attention:
                raise DataError("attention over a history with items this model does not know cannot be laid out; leave those items out")
            return self._trace_by_step(history, final)
        looks = AttentionTrace() if attention else None
        whole = stream.take(stream.starts[:1], np.diff(stream.starts), left=self.pads_left)
        hidden = self(whole, looks=looks)
        trace = Trace(
            states=hidden.states[0].float().cpu().numpy(),
            gates={name: values[0].float().cpu().numpy() for name, values in hidden.gates.items()},
            copies=None if hidden.copies is None else hidden.copies[0].float().cpu().numpy(),
            copied_codes=None if hidden.copied_codes is None else hidden.copied_codes[0].cpu().numpy(),
        )
        return trace if looks is None or not looks.layers else self._with_attention(trace, looks, len(history))

    @torch.inference_mode()
    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """(len(steps), n_items) float32 scores at steps of a trace."""
        states, items = self._on_device(trace.states[steps]), self._kept_items()
        if trace.copies is None or trace.copied_codes is None:
            return mixed_scores(states, items, None).cpu().numpy()
        copied = self._on_device(trace.copies[steps]), self._on_device(trace.copied_codes[steps])
        return mixed_scores(states, items, copied).cpu().numpy()

    @torch.inference_mode()
    def expected_ratings(self, requests: Sequence[Request], head: RatingHead) -> np.ndarray:
        """(len(requests), n_items) float32 ratings by a head; NaN where the training data had none."""
        found = np.full((len(requests), len(self.vocabulary)), np.nan, dtype=np.float32)
        if head.knows:
            items = self._kept_items()
            for rows, tokens in self._last_batches(self._stream(requests)):
                found[rows] = head(self(tokens, last_only=True).states[:, 0].float(), items).cpu().numpy()
        return found

    def fallback(self, request: Request) -> str | None:
        """With nothing known in the history the list is what people start with."""
        known = self.vocabulary.encode(request.history.items) if len(request.history) else np.zeros(0)
        return None if known.any() else "nothing known of this person yet: what people usually start with"

    def _kept_items(self) -> Tensor:
        return self._items(self.item_sources(), lambda: self.item_vectors().float())

    def _stream(self, requests: Sequence[Request]) -> Stream:
        return request_stream(requests, self.vocabulary, self.behaviour_names)

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
        order, parts = [], []
        for rows, tokens in self._last_batches(self._stream(steps)):
            order.append(rows)
            parts.append(self(tokens, last_only=True))
        back = np.argsort(np.concatenate(order))

        def stacked(values: list[Tensor | None]) -> np.ndarray | None:
            known = [each[:, 0].cpu().numpy() for each in values if each is not None]
            widest = max((each.shape[1] for each in known if each.ndim > 1), default=0)
            known = [np.pad(each, ((0, 0), (widest - each.shape[1], 0))) if each.ndim > 1 else each for each in known]
            return np.concatenate(known)[back] if known else None

        return Trace(
            states=cast(np.ndarray, stacked([each.states.float() for each in parts])),
            gates={name: cast(np.ndarray, stacked([each.gates[name].float() for each in parts])) for name in parts[0].gates},
            copies=stacked([each.copies for each in parts]),
            copied_codes=stacked([each.copied_codes for each in parts]),
        )

    def _with_attention(self, trace: Trace, looks: AttentionTrace, length: int) -> Trace:
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
        return cls(item_ids, config).loaded(arrays)

    def loaded(self, arrays: dict[str, np.ndarray]) -> Self:
        """This model with everything learnt in place, ready to score."""
        if "said.map.weight" in arrays:
            self.said = EventText(self.config.embedding_size)
        self.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
        return self.eval()


def mixed_scores(states: Tensor, items: Tensor, copied: tuple[Tensor, Tensor] | None) -> Tensor:
    """(n, n_items) scores: products of states (n, D) and items, or where something is copied log probabilities of the mixture.

    `copied` holds shares of the list (n, C) and the codes (n, C) of the items they go to; padding and the start get nothing.
    """
    logits = states @ items.T
    if copied is None:
        return logits
    shares, codes = copied
    held = torch.where((codes > PAD) & (codes <= len(items)), shares.float(), 0.0)
    own = torch.zeros(len(states), len(items) + 2, device=states.device).scatter_add_(1, codes, held)[:, 1:-1]
    rest = (1.0 - own.sum(1, keepdim=True)).clamp_min(1e-6)
    return torch.logaddexp(torch.log_softmax(logits, 1) + rest.log(), own.log())
