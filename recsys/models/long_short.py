"""Long- and short-term interest: an LSTM's states, self-attention over all of them, and a gate between the two.

Short-term is the LSTM's state h_t; long-term is the sum of w_tj h_j over the events so far, with weights from the likeness of h_t to
each h_j; interest = gate · long + (1 − gate) · short, and the gate is shown. Ratings are predicted by a small head where the
data has them. `part` switches one half off, to see what each is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.causal import CausalModel, Hidden
from recsys.models.base.sequences import Tokens
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import fast_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.layers.prediction_heads import RatingHead
from recsys.models.lstm import LstmLmConfig, last_of, run_lstm

PARTS = ("both", "long", "short")


@dataclass(frozen=True)
class LongShortConfig(LstmLmConfig):
    """`part` is both, long or short."""

    part: str = "both"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.part not in PARTS:
            raise DataError(f"setting part={self.part} is none of {', '.join(PARTS)}")

    @property
    def shows_attention(self) -> bool:
        return self.part != "short"


class LongShort(CausalModel):
    """It reads the whole history."""

    Config = LongShortConfig
    pads_left = False

    def __init__(self, item_ids: np.ndarray, config: LongShortConfig):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size)
        self.lstm = nn.LSTM(size, size, config.n_blocks, batch_first=True)
        self.look = nn.Linear(size, 2 * size)
        self.gate = nn.Linear(2 * size, 1)
        self.norm = nn.LayerNorm(size)
        self.rating = RatingHead(len(item_ids), size)

    def read(self, dataset: Dataset, split: Split) -> None:
        super().read(dataset, split)
        self.rating.read(dataset, split)

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Cross-entropy of the next items and, where known, squared error of their ratings, summed."""
        targets = self._on_device(tokens.targets)
        wanted = targets != PAD
        states, items, codes = self(tokens).states[wanted].float(), self.item_vectors().float(), targets[wanted]
        ratings = self.rating.loss(states, items, codes, self._on_device(tokens.next_ratings)[wanted])
        return full_softmax_loss(states, items, codes - 1, precision) + ratings, len(states)

    def forward(self, tokens: Tokens, last_only: bool = False, looks: AttentionTrace | None = None) -> Hidden:
        codes = self._on_device(tokens.codes)
        x = fast_dropout(self.embedding(codes), self.config.dropout, self.training)
        short = all_short = run_lstm(self.lstm, x)
        if last_only:
            short = last_of(short, codes)
        share = torch.ones_like(short[..., 0]) if self.config.part == "long" else torch.zeros_like(short[..., 0])
        interest = short
        if self.config.part != "short":
            long = self._long(short, all_short, codes, last_only, looks)
            if self.config.part == "both":
                share = torch.sigmoid(self.gate(torch.cat([short, long], -1)))[..., 0]
            interest = share[..., None] * long + (1 - share[..., None]) * short
        states = fast_dropout(self.norm(interest), self.config.dropout, self.training)
        return Hidden(states, gates={"long-term": share})

    def _long(self, short: Tensor, states: Tensor, codes: Tensor, last_only: bool, looks: AttentionTrace | None) -> Tensor:
        """Sums (B, R, D) of the states so far, weighed by likeness to `short` (B, R, D)."""
        weight, bias = self.look.weight.chunk(2), self.look.bias.chunk(2)
        asking, keys = functional.linear(short, weight[0], bias[0]), functional.linear(states, weight[1], bias[1])
        if looks is None and not last_only:
            return functional.scaled_dot_product_attention(asking, keys, states, is_causal=True)
        hidden = (codes == PAD)[:, None, :]  # after the last event, since padding stands on the right
        if not last_only:
            hidden = hidden | torch.ones(asking.shape[1], keys.shape[1], dtype=torch.bool, device=codes.device).triu(1)
        content = (asking * asking.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
        weights = torch.softmax(content.masked_fill(hidden, -torch.inf), -1)
        if looks is not None:
            looks.layers.append({"weights": weights[:, None], "content": content[:, None]})
        return weights @ states

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32 ratings expected; NaN where the training data had none."""
        return self.expected_ratings(requests, self.rating)
