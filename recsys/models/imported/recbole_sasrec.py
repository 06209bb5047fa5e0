"""RecBole's SASRec: a causal transformer over the latest items (arXiv 1808.09781), with absolute positions and blocks as in BERT."""

import numpy as np
import torch
from torch import Tensor, nn

from recsys.models.imported.recbole_sequential import RecBoleSequential
from recsys.models.imported.recbole_transformer import TransformerConfig, TransformerEncoder, place_attention


class RecBoleSASRec(RecBoleSequential):
    """Item and position embeddings, normalized, then the encoder; the state is that of the last item."""

    Config = TransformerConfig

    def __init__(self, item_ids: np.ndarray, config: TransformerConfig):
        super().__init__(item_ids, config)
        self.item_embedding = nn.Embedding(len(item_ids) + 1, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_length, config.hidden_size)
        self.trm_encoder = TransformerEncoder(config)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        # padding is on the right, where no item of the history can see it
        return self._encode_all(codes)[torch.arange(len(codes), device=codes.device), lengths - 1]

    def encode_steps(self, codes: Tensor) -> Tensor:
        return self._encode_all(codes[None])[0]

    def _encode_all(self, codes: Tensor, recorded: list[Tensor] | None = None) -> Tensor:
        length = codes.shape[1]
        x = self.LayerNorm(self.item_embedding(codes) + self.position_embedding.weight[:length])
        visible = torch.ones(length, length, dtype=torch.bool, device=codes.device).tril()[None, None]
        return self.trm_encoder(x, visible, recorded)

    def attend(self, codes: np.ndarray, slots: np.ndarray, size: int) -> tuple[np.ndarray, int]:
        recorded: list[Tensor] = []
        codes, slots = codes[-self.config.max_length :], slots[-self.config.max_length :]
        if len(codes):
            self._encode_all(self._on_device(codes)[None], recorded)
        return place_attention(recorded, self.config, slots, size), int(slots[-1]) if len(slots) else 0
