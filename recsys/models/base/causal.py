"""Base class of causal sequence models: building, scoring, tracing and saving. A model adds its network.

A causal model reads tokens (`sequences.py`) from left to right, and its state at token N, after N events, never depends on what
comes later: one pass over a history gives every step of a replay, and every position of a training window is a target.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, History, Request, Trace, Vocabulary, request_at
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.split import Split
from recsys.core.translation import N_, _
from recsys.models.base.event_arrays import collect_events
from recsys.models.base.sequences import (
    Stream,
    Tokens,
    build_request_stream,
    build_subset_stream,
    build_training_stream,
    iterate_training_batches,
)
from recsys.models.base.settings import GradientConfig, check_at_least
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.derived_cache import DerivedCache
from recsys.models.layers.event_text import EventText
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.layers.prediction_heads import RatingHead

BATCH_TOKENS = 4_096
"""Tokens scored per batch: as many as fit into the processor's cache."""
PASS_TOKENS = 4_096
"""Tokens traced per pass by a model that sees a limited number of them, which bounds the memory of long histories."""


@dataclass(frozen=True)
class SequenceConfig(GradientConfig):
    """Settings of a sequence model: its shape and its training."""

    n_blocks: int = 2
    n_heads: int = 1
    max_length: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "n_blocks", "n_heads", "max_length")
        if self.embedding_size % self.n_heads:
            raise DataError(
                _(
                    "setting embedding_size={size} is not a multiple of n_heads={heads}; give for example embedding_size={example}",
                    size=self.embedding_size,
                    heads=self.n_heads,
                    example=self.n_heads * max(1, round(self.embedding_size / self.n_heads)),
                )
            )

    @property
    def shows_attention(self) -> bool:
        """Whether a model with these settings has attention over single events."""
        return False


@dataclass(frozen=True, eq=False)
class Hidden:
    """Output of a network for a batch of T tokens, or of the last tokens only, with T = 1.

    `states` (B, T, D) are compared with the item vectors. `copies` (B, T, C) are the shares of the list copied directly to the items
    with `copied_codes` (B, T, C), None where nothing is copied. `gates` map names to weights (B, T) from 0 to 1.
    """

    states: Tensor
    copies: Tensor | None = None
    copied_codes: Tensor | None = None
    gates: dict[str, Tensor] = field(default_factory=dict)


class CausalModel(nn.Module, ABC):
    """A Recommender that traces. Parameters are float32; `core.devices.training_precision` says where training runs in bfloat16."""

    Config: ClassVar[type]
    embedding: ItemVectors
    pads_left: ClassVar[bool] = True
    reads_event_text: ClassVar[bool] = False  # such as search queries, where the dataset has them
    said: EventText | None  # named as in the checkpoints
    config: Any

    def __init__(self, item_ids: np.ndarray, config: Any):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        self._items = DerivedCache()
        self.said = None

    # -- overridden by models ----------------------------------------------------------------------------------------

    @abstractmethod
    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        """Return the states of a batch of tokens; with `last_only` those of each last token. Attention is appended to `attention`."""

    def read(self, dataset: Dataset, split: Split) -> None:
        """Read from the dataset what is not learnt by gradient, such as item texts and places, and whether events have texts."""
        self.embedding.read(dataset, split)
        if self.reads_event_text and dataset.texts is not None:
            self.said = EventText(self.config.embedding_size)
            self.said.read(dataset)

    def item_vectors(self) -> Tensor:
        """Return the vectors (n_items, D) that states are compared with."""
        return self.embedding.vectors()

    def item_sources(self) -> list[Tensor]:
        """Return the parameters and buffers that `item_vectors` depends on."""
        return self.embedding.sources()

    @property
    def behaviour_names(self) -> tuple[str, ...]:
        """Names of the behaviours that the model reads; empty where it reads none."""
        return ()

    @property
    def shows_attention(self) -> bool:
        """Whether the model, with its config, has attention over single events."""
        return bool(self.config.shows_attention)

    @property
    def receptive_field(self) -> int | None:
        """Number of latest tokens that a state depends on; None for all of them."""
        return None

    # -- called by the training loop -------------------------------------------------------------------------------

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: Any, seed: int) -> Self:
        """Return an untrained model over the whole catalogue, since an item without training events still needs a rank."""
        torch.manual_seed(seed)
        model = cls(dataset.item_ids, config)
        model.read(dataset, split)
        return model

    def training_data(self, dataset: Dataset, split: Split) -> Stream:
        """Return the tokens of all training events."""
        return build_training_stream(dataset, split)

    def batches(self, data: Stream, rng: np.random.Generator) -> Iterator[tuple[int, int, Tokens]]:
        """Yield one epoch of (batch number, number of batches, batch)."""
        return iterate_training_batches(data, self.config.max_length, self.config.batch_tokens, rng)

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Return the summed cross-entropy over the targets of a batch, and their number."""
        targets = self._on_device(tokens.targets)
        is_target = targets != PAD
        # states may be bfloat16 under autocast, but the loss is summed in float32
        states = self(tokens).states[is_target].float()
        return full_softmax_loss(states, self.item_vectors().float(), targets[is_target] - 1, precision), len(states)

    def request_batches(self, requests: Sequence[Request]) -> list[tuple[np.ndarray, Tokens]]:
        """Return rows and tokens of requests in batches, for `score_batch`."""
        return list(self._last_batches(self._stream(requests)))

    def score_batch(self, tokens: Tokens) -> Tensor:
        """Return the scores (B, n_items) of requests, from which gradients flow back to the parameters."""
        return self.score_items(self(tokens, last_only=True), self.item_vectors().float())

    # -- Recommender -----------------------------------------------------------------------------------------------

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    @torch.inference_mode()
    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return scores (len(requests), n_items) float32."""
        scores = np.empty((len(requests), len(self.vocabulary)), dtype=np.float32)
        items = self._cached_item_vectors()
        for rows, tokens in self._last_batches(self._stream(requests)):
            scores[rows] = self.score_items(self(tokens, last_only=True), items).cpu().numpy()
        return self.vocabulary.mask(scores, requests)

    @torch.inference_mode()
    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        """Return scores (n, n_items) or (n, 1) float32 given subsets of one history (see `ScoresSubsets`)."""
        result = np.empty((len(keep), len(self.vocabulary) if column is None else 1), dtype=np.float32)
        items = self._cached_item_vectors()
        for rows, hidden in self.encode_subsets(request, keep, instead):
            scores = self.score_items(hidden, items) if column is None else self.score_item(hidden, items, column)
            result[rows] = scores.cpu().numpy()
        if request.candidates is not None:
            outside = self.vocabulary.mask(np.zeros((1, len(self.vocabulary)), dtype=np.float32), [request])[0] < 0
            result[:, outside if column is None else outside[[column]]] = -np.inf
        return result

    def encode_subsets(self, request: Request, keep: np.ndarray, instead: str | None) -> Iterator[tuple[np.ndarray, Hidden]]:
        """Yield rows of `keep` and the network's output for the last tokens of those subsets of the history."""
        for rows, tokens in self._last_batches(build_subset_stream(request, keep, instead, self.vocabulary, self.behaviour_names)):
            yield rows, self(tokens, last_only=True)

    def score_item(self, hidden: Hidden, items: Tensor, column: int) -> Tensor:
        """Return one column (B, 1) of `score_items`. Without copies a score does not depend on the other items."""
        if hidden.copies is not None:
            return self.score_items(hidden, items)[:, [column]]
        return self.score_items(hidden, items[[column]])

    def score_items(self, hidden: Hidden, items: Tensor) -> Tensor:
        """Return scores (B, n_items) of the states of last tokens (B, 1, D) against item vectors (n_items, D)."""
        copied = None if hidden.copies is None or hidden.copied_codes is None else (hidden.copies[:, 0], hidden.copied_codes[:, 0])
        return compute_mixture_scores(hidden.states[:, 0].float(), items, copied)

    @torch.inference_mode()
    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Return every step in one pass; equals step-by-step scoring at any length of the history."""
        final = final or Request(history)
        stream = self._stream([Request(history, final.time, final.utc_offset, final.place)])
        if len(stream.codes) != len(history) + 1:
            if attention:
                raise DataError(
                    _(
                        "attention cannot be shown for a history with items that the model does not know; remove those items from the history"
                    )
                )
            return self._trace_by_step(history, final)
        recorded = AttentionTrace() if attention else None
        passes = []
        reach, size = (0, len(stream.codes)) if attention or self.receptive_field is None else (self.receptive_field, PASS_TOKENS)
        for start in range(0, len(stream.codes), size):
            first, stop = max(0, start - reach), min(start + size, len(stream.codes))
            hidden = self(stream.take(np.array([first]), np.array([stop - first]), left=self.pads_left), attention=recorded)
            passes.append(_map_hidden(hidden, lambda values, before=start - first: values[0, before:]))  # type: ignore[misc]
        trace = _join_passes(passes)
        return trace if recorded is None or not recorded.layers else self._with_attention(trace, recorded, len(history))

    @torch.inference_mode()
    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return scores (len(steps), n_items) float32 at steps of a trace."""
        states, items = self._on_device(trace.states[steps]), self._cached_item_vectors()
        if trace.copies is None or trace.copied_codes is None:
            return compute_mixture_scores(states, items, None).cpu().numpy()
        copied = self._on_device(trace.copies[steps]), self._on_device(trace.copied_codes[steps])
        return compute_mixture_scores(states, items, copied).cpu().numpy()

    @torch.inference_mode()
    def expected_ratings(self, requests: Sequence[Request], head: RatingHead) -> np.ndarray:
        """Return ratings (len(requests), n_items) float32 expected by a head; NaN where the training data had none."""
        ratings = np.full((len(requests), len(self.vocabulary)), np.nan, dtype=np.float32)
        if head.has_ratings:
            items = self._cached_item_vectors()
            for rows, tokens in self._last_batches(self._stream(requests)):
                ratings[rows] = head(self(tokens, last_only=True).states[:, 0].float(), items).cpu().numpy()
        return ratings

    def fallback(self, request: Request) -> str | None:
        """Return a reason if the history holds no known item: the list is then that of the first event."""
        return self.fallbacks([request])[0]

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = collect_events(requests, self.vocabulary, within=1).lengths
        return [None if count else N_("no history yet: usual first items") for count in known]

    def _cached_item_vectors(self) -> Tensor:
        return self._items(self.item_sources(), lambda: self.item_vectors().float())

    def _stream(self, requests: Sequence[Request]) -> Stream:
        return build_request_stream(requests, self.vocabulary, self.behaviour_names)

    def _last_batches(self, stream: Stream) -> Iterator[tuple[np.ndarray, Tokens]]:
        """Yield rows and tokens of many histories, the longest first, so that little is padded."""
        lengths = np.diff(stream.starts)
        if self.receptive_field is not None:
            lengths = np.minimum(lengths, self.receptive_field)
        firsts = stream.starts[1:] - lengths
        order, start = np.argsort(lengths, kind="stable")[::-1], 0
        while start < len(order):
            rows = order[start : start + max(1, BATCH_TOKENS // int(lengths[order[start]]))]
            yield rows, stream.take(firsts[rows], lengths[rows], left=self.pads_left)
            start += len(rows)

    def _trace_by_step(self, history: History, final: Request) -> Trace:
        """Trace a history with unknown items: some steps are requested at the times of unknown events, so each is encoded on its own."""
        steps = [request_at(history, step) for step in range(len(history))] + [Request(history, final.time, final.utc_offset, final.place)]
        order, parts = [], []
        for rows, tokens in self._last_batches(self._stream(steps)):
            order.append(rows)
            hidden = self(tokens, last_only=True)
            parts.append(_map_hidden(hidden, lambda values: values[:, 0]))
        return _join_passes(parts, np.argsort(np.concatenate(order)))

    def _with_attention(self, trace: Trace, recorded: AttentionTrace, length: int) -> Trace:
        if any(layer["weights"].shape[-1] != length + 1 for layer in recorded.layers):
            raise DataError(
                _(
                    "attention can be shown for at most {limit} events, and this history has {length}; choose a step with a shorter history",
                    limit=format_number(2 * self.config.max_length - 1),
                    length=format_number(length),
                )
            )
        names = list(dict.fromkeys(name for layer in recorded.layers for name in layer))

        def whole(layer: dict[str, Tensor], name: str) -> Tensor:
            weights = layer["weights"]
            return layer[name].expand_as(weights)[0] if name in layer else torch.zeros_like(weights[0])

        layers = {name: torch.stack([whole(layer, name) for layer in recorded.layers]).float().cpu().numpy() for name in names}
        return Trace(trace.states, layers.pop("weights"), layers, trace.gates, trace.copies, trace.copied_codes)

    def _on_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.embedding.weight.device, non_blocking=True)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all parameters and buffers by name."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        """Return the model of these arrays, ready to score: the inverse of `arrays`."""
        return cls(item_ids, config).load_arrays(arrays)

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> Self:
        """Set all parameters and buffers, and return the model ready to score."""
        if "said.map.weight" in arrays:
            self.said = EventText(self.config.embedding_size)
        self.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
        return self.eval()


def _map_hidden(hidden: Hidden, of: Callable[[Tensor], Tensor]) -> Hidden:
    return Hidden(
        of(hidden.states),
        None if hidden.copies is None else of(hidden.copies),
        None if hidden.copied_codes is None else of(hidden.copied_codes),
        {name: of(values) for name, values in hidden.gates.items()},
    )


def _join_passes(passes: list[Hidden], order: np.ndarray | slice = slice(None)) -> Trace:
    """Return the trace of steps computed in several passes, each (steps, …), in the given order."""

    def stacked(values: list[Tensor | None]) -> np.ndarray | None:
        known = [each.cpu().numpy() for each in values if each is not None]
        widest = max((each.shape[1] for each in known if each.ndim > 1), default=0)
        known = [np.pad(each, ((0, 0), (widest - each.shape[1], 0))) if each.ndim > 1 else each for each in known]
        return np.concatenate(known)[order] if known else None

    return Trace(
        states=cast(np.ndarray, stacked([each.states.float() for each in passes])),
        gates={name: cast(np.ndarray, stacked([each.gates[name].float() for each in passes])) for name in passes[0].gates},
        copies=stacked([None if each.copies is None else each.copies.float() for each in passes]),
        copied_codes=stacked([each.copied_codes for each in passes]),
    )


def compute_mixture_scores(states: Tensor, items: Tensor, copied: tuple[Tensor, Tensor] | None) -> Tensor:
    """Return scores (n, n_items): products of states (n, D) and items, or with `copied` the log probabilities of the mixture.

    `copied` holds shares of the list (n, C) and the codes (n, C) of the items that receive them; padding and the start token get none.
    """
    logits = states @ items.T
    if copied is None:
        return logits
    shares, codes = copied
    held = torch.where((codes > PAD) & (codes <= len(items)), shares.float(), 0.0)
    own = torch.zeros(len(states), len(items) + 2, device=states.device).scatter_add(1, codes, held)[:, 1:-1]
    rest = (1.0 - own.sum(1, keepdim=True)).clamp_min(1e-6)
    is_copied = own > 0  # the logarithm of 0 has no gradient
    log_own = torch.where(is_copied, own, 1.0).log().masked_fill(~is_copied, -torch.inf)
    return torch.logaddexp(torch.log_softmax(logits, 1) + rest.log(), log_own)
