"""RecBole's BERT4Rec: a bidirectional transformer over the latest items and a mask token in place of the next one (arXiv 1904.06690).

RecBole makes room for the mask by dropping the first item of its window, even where the window is not full. So the list after one event
is the list without any, and the model never sees the very first event.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.models.imported.recbole_sequential import RecBoleSequential
from recsys.models.imported.recbole_transformer import TransformerConfig, TransformerEncoder, place_attention


class RecBoleBERT4Rec(RecBoleSequential):
    """The state is that of the mask token behind an output layer; scores are its products with the items plus a bias per item."""

    Config = TransformerConfig

    def __init__(self, item_ids: np.ndarray, config: TransformerConfig):
        super().__init__(item_ids, config)
        size, eps = config.hidden_size, config.layer_norm_eps
        self.mask = len(item_ids) + 1
        self.item_embedding = nn.Embedding(len(item_ids) + 2, size)
        self.position_embedding = nn.Embedding(config.max_length, size)
        self.trm_encoder = TransformerEncoder(config)
        self.LayerNorm = nn.LayerNorm(size, eps=eps)
        self.output_ffn = nn.Linear(size, size)
        self.output_ln = nn.LayerNorm(size, eps=eps)
        self.output_bias = nn.Parameter(torch.zeros(len(item_ids) + 1))

    def item_biases(self) -> Tensor:
        return self.output_bias[1:]

    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        rows = torch.arange(len(codes), device=codes.device)
        tokens = functional.pad(codes[:, 1:], (0, 1))
        tokens[rows, lengths - 1] = self.mask
        hidden = self._encode_all(tokens)[rows, lengths - 1]
        return self.output_ln(functional.gelu(self.output_ffn(hidden)))

    def encode_steps(self, codes: Tensor) -> Tensor:
        lengths = torch.arange(1, len(codes) + 1, device=codes.device)
        # every step has a mask token of its own, and what is behind it is padding
        return self.encode(codes.expand(len(codes), -1) * (lengths[:, None] > torch.arange(len(codes), device=codes.device)), lengths)

    def empty_states(self, count: int) -> Tensor:
        one = torch.ones(1, 1, dtype=torch.long, device=self.item_embedding.weight.device)
        return self.encode(one, one[0]).repeat(count, 1)

    def _encode_all(self, tokens: Tensor, recorded: list[Tensor] | None = None) -> Tensor:
        x = self.LayerNorm(self.item_embedding(tokens) + self.position_embedding.weight[: tokens.shape[1]])
        return self.trm_encoder(x, (tokens > 0)[:, None, None], recorded)

    def attend(self, codes: np.ndarray, slots: np.ndarray, size: int) -> tuple[np.ndarray, int]:
        """The mask token is shown in the place of the start token."""
        recorded: list[Tensor] = []
        codes, slots = codes[-self.config.max_length :][1:], slots[-self.config.max_length :][1:]
        self._encode_all(self._on_device(np.append(codes, self.mask))[None], recorded)
        return place_attention(recorded, self.config, np.append(slots, 0), size), 0
