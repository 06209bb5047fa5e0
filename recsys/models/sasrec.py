"""SASRec: a causal transformer over the items of a history (arXiv 1808.09781), with current blocks and loss.

Blocks and biases are in `layers/attention.py`. Trained by cross-entropy over all items with every position a target (arXiv
2308.07192) and tied item embeddings. Deviations: order is a learnt bias on the logits instead of an embedding, and a start token
precedes the first event, so that an empty history has a state. With `time_bias` the model uses the hour of the week of the request
and the time gaps to past events, with `distance_bias` the distances to them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from recsys.core import PAD, Request
from recsys.models.base.causal import CausalModel, Hidden, SequenceConfig
from recsys.models.base.sequences import HOURS_PER_WEEK, Tokens
from recsys.models.layers.attention import AttentionTrace, Block, Context, run_blocks
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.prefix_sharing import compute_last_states

SUBSETS_PER_CHUNK = 4_096
"""Subsets of a history among which shared prefixes are looked for."""


@dataclass(frozen=True)
class SASRecConfig(SequenceConfig):
    """Use of time and distance beside the order of items; `text` is one of `item_vectors.TEXT_USES`."""

    time_bias: bool = False
    distance_bias: bool = False
    text: str = "none"

    @property
    def shows_attention(self) -> bool:
        return True


class SASRec(CausalModel):
    """Transformer blocks over item embeddings; the state is the normalized output of the last block."""

    Config = SASRecConfig

    def __init__(self, item_ids: np.ndarray, config: SASRecConfig):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        self.hours = nn.Embedding(HOURS_PER_WEEK + 1, size) if config.time_bias else None
        shape = (size, config.n_heads, config.max_length, config.dropout, config.time_bias, config.distance_bias)
        self.blocks = nn.ModuleList([Block(*shape) for _ in range(config.n_blocks)])
        self.norm = nn.LayerNorm(size)
        for table in (self.embedding, self.hours):  # drawn after the blocks, so that a seed gives the shipped checkpoints
            if table is not None:
                nn.init.normal_(table.weight, std=0.02)

    @property
    def receptive_field(self) -> int:
        return self.config.n_blocks * (self.config.max_length - 1) + 1

    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        codes = self._on_device(tokens.codes)
        x = self.embedding(codes)
        if self.hours is not None:
            x = x + self.hours(self._on_device(tokens.hours))
        x = apply_dropout(x, self.config.dropout, self.training)
        last = 1 if last_only else None
        return Hidden(self.norm(run_blocks(self.blocks, x, self._context(tokens, codes), self.config.max_length, last, attention)))

    def encode_subsets(self, request: Request, keep: np.ndarray, instead: str | None) -> Iterator[tuple[np.ndarray, Hidden]]:
        """Share prefixes between subsets where times and distances are not used, unless most events are beyond `max_length`."""
        can_share = not self.config.time_bias and not self.config.distance_bias and self.config.n_blocks == 2
        if not can_share or instead is not None or keep.shape[1] > 2 * self.config.max_length:
            yield from super().encode_subsets(request, keep, instead)
            return
        codes = np.concatenate([[len(self.vocabulary) + 1], self.vocabulary.encode(request.history.items)])
        for start in range(0, len(keep), SUBSETS_PER_CHUNK):
            rows = np.arange(start, min(start + SUBSETS_PER_CHUNK, len(keep)))
            states = compute_last_states(self.blocks, self.embedding(self._on_device(codes)), keep[rows])
            yield rows, Hidden(self.norm(states)[:, None])

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
