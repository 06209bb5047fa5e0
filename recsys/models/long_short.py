"""Long- and short-term interest: the states of an LSTM, self-attention over them, and a gate between the two.

The short-term interest is the state h_t of the LSTM; the long-term interest is the sum of w_tj h_j over the events so far, with
weights from the similarity of h_t to each h_j; interest = gate · long + (1 − gate) · short, and the gate is part of the trace.
Ratings are predicted by a head where the dataset has them. `part` switches one half off, for ablations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset, Request
from recsys.core.split import Split
from recsys.models.base.causal import CausalModel, Hidden
from recsys.models.base.sequences import Tokens
from recsys.models.base.settings import check_choice
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.layers.lstm import LstmConfig, run_lstm, select_last_token
from recsys.models.layers.prediction_heads import RatingHead

PARTS = ("both", "long", "short")


@dataclass(frozen=True)
class LongShortConfig(LstmConfig):
    """`part` is both, long or short."""

    part: str = "both"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(PARTS, self, "part")

    @property
    def shows_attention(self) -> bool:
        return self.part != "short"


class LongShort(CausalModel):
    """LSTM, attention and gate; reads the whole history."""

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
        """Return the summed cross-entropy of the next items plus squared error of known ratings, and the number of targets."""
        targets = self._on_device(tokens.targets)
        is_target = targets != PAD
        states, items, codes = self(tokens).states[is_target].float(), self.item_vectors().float(), targets[is_target]
        ratings = self.rating.loss(states, items, codes, self._on_device(tokens.next_ratings)[is_target])
        return full_softmax_loss(states, items, codes - 1, precision) + ratings, len(states)

    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        codes = self._on_device(tokens.codes)
        x = apply_dropout(self.embedding(codes), self.config.dropout, self.training)
        short = all_short = run_lstm(self.lstm, x)
        if last_only:
            short = select_last_token(short, codes)
        share = torch.ones_like(short[..., 0]) if self.config.part == "long" else torch.zeros_like(short[..., 0])
        interest = short
        if self.config.part != "short":
            long = self._long(short, all_short, codes, last_only, attention)
            if self.config.part == "both":
                share = torch.sigmoid(self.gate(torch.cat([short, long], -1)))[..., 0]
            interest = share[..., None] * long + (1 - share[..., None]) * short
        states = apply_dropout(self.norm(interest), self.config.dropout, self.training)
        return Hidden(states, gates={"long-term": share})

    def _long(self, short: Tensor, states: Tensor, codes: Tensor, last_only: bool, attention: AttentionTrace | None) -> Tensor:
        """Return sums (B, R, D) of the states so far, weighted by their similarity to `short` (B, R, D)."""
        weight, bias = self.look.weight.chunk(2), self.look.bias.chunk(2)
        queries, keys = functional.linear(short, weight[0], bias[0]), functional.linear(states, weight[1], bias[1])
        if attention is None and not last_only:
            # with an axis of heads the fused kernel runs, which never holds the weights of all pairs of events
            query, key, value = (each[:, None] for each in (queries, keys, states))
            return functional.scaled_dot_product_attention(query, key, value, is_causal=True)[:, 0]
        hidden = (codes == PAD)[:, None, :]  # padding after the last event
        if not last_only:
            hidden = hidden | torch.ones(queries.shape[1], keys.shape[1], dtype=torch.bool, device=codes.device).triu(1)
        content = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
        weights = torch.softmax(content.masked_fill(hidden, -torch.inf), -1)
        if attention is not None:
            attention.layers.append({"weights": weights[:, None], "content": content[:, None]})
        return weights @ states

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        """Return expected ratings (len(requests), n_items) float32; NaN where the training data had none."""
        return self.expected_ratings(requests, self.rating)
