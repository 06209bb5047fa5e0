"""SASRec: a causal transformer over the items of a history (arXiv 1808.09781), in the form that works best today.

Blocks and biases are in `attention.py`. Trained by cross-entropy over every item with every position a target (arXiv 2308.07192),
tied item embeddings. Deviations: order is a learned bias on the logits and not an embedding, and a start token stands before
the first event, so that an empty history has a state of its own. With `time_bias` the model is told the hour of the week of
the request and the gaps to past events, with `distance_bias` the distances to them.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from recsys.core import PAD
from recsys.errors import DataError
from recsys.models.attention import Block, Context, Looks, through_blocks
from recsys.models.causal import Causal, Hidden
from recsys.models.dropout import dropout
from recsys.models.items import TEXT_USES, ItemVectors
from recsys.models.sequences import HOURS, Tokens


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
    text: str = "none"
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
        if self.text not in TEXT_USES:
            raise DataError(f"setting text={self.text} is none of {', '.join(TEXT_USES)}")
        if not self.learning_rate > 0:
            raise DataError(f"setting learning_rate={self.learning_rate} must be above 0, for example 0.001")


class SASRec(Causal):
    """Blocks over item vectors; the state is the normed output of the last block."""

    Config = SASRecConfig

    def __init__(self, item_ids: np.ndarray, config: SASRecConfig):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        self.hours = nn.Embedding(HOURS + 1, size) if config.time_bias else None
        shape = (size, config.n_heads, config.max_length, config.dropout, config.time_bias, config.distance_bias)
        self.blocks = nn.ModuleList([Block(*shape) for _ in range(config.n_blocks)])
        self.norm = nn.LayerNorm(size)
        if self.hours is not None:
            nn.init.normal_(self.hours.weight, std=0.02)

    @property
    def reach(self) -> int:
        return self.config.n_blocks * (self.config.max_length - 1) + 1

    def forward(self, tokens: Tokens, last_only: bool = False, looks: Looks | None = None) -> Hidden:
        codes = self._on_device(tokens.codes)
        x = self.embedding(codes)
        if self.hours is not None:
            x = x + self.hours(self._on_device(tokens.hours))
        x = dropout(x, self.config.dropout, self.training)
        return Hidden(self.norm(through_blocks(self.blocks, x, self._context(tokens, codes), self.config.max_length, last_only, looks)))

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
