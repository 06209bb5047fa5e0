"""SASRec: a causal transformer over the items of a history (arXiv 1808.09781), in the form that works best today.

Blocks and biases are in `attention.py`. Trained by cross-entropy over every item with every position a target (arXiv 2308.07192),
tied item embeddings. Deviations: order is a learned bias on the logits and not an embedding, and a start token stands before
the first event, so that an empty history has a state of its own. With `time_bias` the model is told the hour of the week of
the request and the gaps to past events, with `distance_bias` the distances to them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, History, Request, Trace, Vocabulary, request_at
from recsys.errors import DataError
from recsys.models.attention import Block, Context
from recsys.models.dropout import dropout
from recsys.models.sequences import HOURS, Stream, Tokens, history_stream, request_stream, training_batches, training_stream
from recsys.models.softmax_loss import full_softmax_loss
from recsys.split import Split


@dataclass(frozen=True)
class SASRecConfig:
    """Shape and training of the transformer. `batch_tokens` events go into one step, `patience` counts epochs without a better validation."""

    embedding_size: int = 64
    n_blocks: int = 2
    n_heads: int = 1
    max_length: int = 200
    dropout: float = 0.2
    time_bias: bool = False
    distance_bias: bool = False
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    batch_tokens: int = 8000
    epochs: int = 60
    patience: int = 10

    def __post_init__(self) -> None:
        for name in ("embedding_size", "n_blocks", "n_heads", "max_length", "batch_tokens", "epochs", "patience"):
            if getattr(self, name) < 1:
                raise DataError(f"setting {name}={getattr(self, name)} must be at least 1")
        if self.embedding_size % self.n_heads:
            raise DataError(f"embedding_size={self.embedding_size} cannot be shared by n_heads={self.n_heads}; take a multiple")
        if not 0 <= self.dropout < 1:
            raise DataError(f"setting dropout={self.dropout} must be at least 0 and below 1, for example 0.2")
        if not self.weight_decay >= 0:
            raise DataError(f"setting weight_decay={self.weight_decay} must not be below 0, for example 0.01")
        if not self.learning_rate > 0:
            raise DataError(f"setting learning_rate={self.learning_rate} must be above 0, for example 0.001")


class SASRec(nn.Module):
    """A Recommender that traces. Parameters are float32; on CUDA, training runs in bfloat16 (see `training.py`)."""

    Config = SASRecConfig

    def __init__(self, item_ids: np.ndarray, config: SASRecConfig):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        size, n_items = config.embedding_size, len(item_ids)
        self.embedding = nn.Embedding(n_items + 2, size, padding_idx=PAD)  # and the start token, last
        self.hours = nn.Embedding(HOURS + 1, size) if config.time_bias else None
        shape = (size, config.n_heads, config.max_length, config.dropout, config.time_bias, config.distance_bias)
        self.blocks = nn.ModuleList([Block(*shape) for _ in range(config.n_blocks)])
        self.norm = nn.LayerNorm(size)
        for table in (self.embedding, self.hours):
            if table is not None:
                nn.init.normal_(table.weight, std=0.02)

    # -- what training.py calls ------------------------------------------------------------------------------------

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: SASRecConfig, seed: int) -> "SASRec":
        """A fresh model; the seed sets its parameters."""
        del split  # the vocabulary is the whole catalogue: an item without training events still needs a rank
        torch.manual_seed(seed)
        return cls(dataset.item_ids, config)

    @staticmethod
    def training_data(dataset: Dataset, split: Split) -> Stream:
        return training_stream(dataset, split)

    def batches(self, data: Stream, rng: np.random.Generator) -> Iterator[tuple[int, int, Tokens]]:
        """One epoch of (number, of how many, batch)."""
        return training_batches(data, self.config.max_length, self.config.batch_tokens, rng)

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Summed cross-entropy over the targets of a batch, and how many there are."""
        targets = self._on_device(tokens.targets)
        wanted = targets != PAD
        # a model in bfloat16 may hand over bfloat16 states: the loss sums in float32
        states = self(tokens)[wanted].float()
        return full_softmax_loss(states, self.item_vectors(), targets[wanted] - 1, precision), len(states)

    # -- the network -----------------------------------------------------------------------------------------------

    def item_vectors(self) -> Tensor:
        """(n_items, D)"""
        return self.embedding.weight[1:-1]

    def forward(self, tokens: Tokens, last_only: bool = False, seen: list[list[dict[str, Tensor]]] | None = None) -> Tensor:
        """States (B, T, D), or (B, 1, D) of the last position. With `seen`, the attention of every block goes there."""
        codes, length, config = self._on_device(tokens.codes), tokens.codes.shape[1], self.config
        x = self.embedding(codes)
        if self.hours is not None:
            x = x + self.hours(self._on_device(tokens.hours))
        x = dropout(x, config.dropout, self.training)
        context = self._context(tokens, codes)
        first, offset = 0, 0
        windows = list(context.windows(0, length, config.max_length, x.device))
        for number, block in enumerate(self.blocks, start=1):
            if last_only:  # a block computes only the rows that the blocks after it look at
                first = max(0, length - 1 - (config.n_blocks - number) * (config.max_length - 1))
                windows = list(context.windows(first, length, config.max_length, x.device))
            looks: list[dict[str, Tensor]] | None = None if seen is None else []
            x, offset = block(x, windows, looks, offset), first
            if seen is not None and looks is not None:
                seen.append(looks)
        return self.norm(x)

    def _context(self, tokens: Tokens, codes: Tensor) -> Context:
        time, distance = self.config.time_bias, self.config.distance_bias
        padded_left = bool((tokens.codes[:, 0] == PAD).any())
        return Context(
            seconds=self._on_device(tokens.seconds) if time else None,
            asked=self._on_device(tokens.asked) if time else None,
            places=self._on_device(tokens.places) if distance else None,
            here=self._on_device(tokens.here) if distance else None,
            padding=codes == PAD if padded_left else None,
        )

    def _on_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.embedding.weight.device, non_blocking=True)

    # -- Recommender -----------------------------------------------------------------------------------------------

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    @torch.inference_mode()
    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32."""
        if not len(requests):
            return np.empty((0, len(self.vocabulary)), dtype=np.float32)
        states = self._last_states(request_stream(requests, self.vocabulary))
        return self.vocabulary.mask(self.score_states(states), requests)

    def _last_states(self, stream: Stream, batch_tokens: int = 4_096) -> Tensor:
        """(n, D) states at the last token of each history, batched by length, in batches that the processor's cache holds."""
        reach = self.config.n_blocks * (self.config.max_length - 1) + 1  # no state depends on anything further back
        lengths = np.minimum(np.diff(stream.starts), reach)
        firsts = stream.starts[1:] - lengths
        states = torch.empty(len(lengths), self.config.embedding_size, device=self.embedding.weight.device)
        order, start = np.argsort(lengths, kind="stable")[::-1], 0
        while start < len(order):
            rows = order[start : start + max(1, batch_tokens // int(lengths[order[start]]))]
            states[torch.from_numpy(rows.copy())] = self(stream.take(firsts[rows], lengths[rows], left=True), last_only=True)[:, 0].float()
            start += len(rows)
        return states

    @torch.inference_mode()
    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """States at every step in one pass; exactly those of step-by-step scoring, whatever the length of the history."""
        final = final or Request(history)
        stream = history_stream(history, final, self.vocabulary)
        if len(stream.codes) != len(history) + 1:
            if attention:
                raise DataError("attention over a history with items this model does not know cannot be laid out; leave those items out")
            steps = [request_at(history, step) for step in range(len(history))] + [
                Request(history, final.time, final.utc_offset, final.place)
            ]
            return Trace(self._last_states(request_stream(steps, self.vocabulary)).cpu().numpy())
        seen: list[list[dict[str, Tensor]]] | None = [] if attention else None
        whole = stream.take(stream.starts[:1], np.diff(stream.starts), left=True)
        states = self(whole, seen=seen)[0].float().cpu().numpy()
        if seen is None:
            return Trace(states)
        if any(len(looks) > 1 for looks in seen):
            raise DataError(f"attention is laid out for up to {2 * self.config.max_length - 1} events; this history has {len(history)}")
        names = [name for name in seen[0][0] if name != "weights"]
        layers = {
            name: torch.stack([looks[0][name].expand_as(looks[0]["weights"])[0] for looks in seen]).float().cpu().numpy()
            for name in ["weights", *names]
        }
        return Trace(states, layers.pop("weights"), layers)

    @torch.inference_mode()
    def score_states(self, states: np.ndarray | Tensor) -> np.ndarray:
        """(n, n_items) float32 scores of states (n, D)."""
        on_device = states if isinstance(states, Tensor) else self._on_device(np.asarray(states, dtype=np.float32))
        return (on_device @ self.item_vectors().float().T).cpu().numpy()

    def fallback(self, request: Request) -> str | None:
        """With nothing known in the history the list is what people start with."""
        known = self.vocabulary.encode(request.history.items) if len(request.history) else np.zeros(0)
        return None if known.any() else "nothing known of this person yet: what people usually start with"

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything learnt, by parameter name."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: SASRecConfig, arrays: dict[str, np.ndarray]) -> "SASRec":
        """The inverse of `arrays`, ready to score."""
        model = cls(item_ids, config)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
        return model.eval()
