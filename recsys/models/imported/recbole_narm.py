"""RecBole's NARM: a GRU over the latest items, and attention of its last state to all of its states (arXiv 1711.04725).

The weights of that attention are not normalized, so that they are not shown as shares of attention.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recsys.models.base.settings import check_at_least
from recsys.models.imported.recbole_sequential import RecBoleConfig, RecBoleSequential


@dataclass(frozen=True)
class NARMConfig(RecBoleConfig):
    """Shape of the network, with the names of RecBole's settings."""

    embedding_size: int = 64
    hidden_size: int = 128
    n_layers: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "embedding_size", "hidden_size", "n_layers")


class RecBoleNARM(RecBoleSequential):
    """The weighted sum of the GRU's states and the last of them, mapped to the size of the embeddings."""

    Config = NARMConfig

    def __init__(self, item_ids: np.ndarray, config: NARMConfig):
        super().__init__(item_ids, config)
        size = config.hidden_size
        self.item_embedding = nn.Embedding(len(item_ids) + 1, config.embedding_size)
        self.gru = nn.GRU(config.embedding_size, size, config.n_layers, bias=False, batch_first=True)
        self.a_1, self.a_2 = nn.Linear(size, size, bias=False), nn.Linear(size, size, bias=False)
        self.v_t = nn.Linear(size, 1, bias=False)
        self.b = nn.Linear(2 * size, config.embedding_size, bias=False)

    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        output, _last = self.gru(self.item_embedding(codes))
        final = output[torch.arange(len(codes), device=codes.device), lengths - 1]
        return self._attend(final, output, codes > 0)

    def encode_steps(self, codes: Tensor) -> Tensor:
        output, _last = self.gru(self.item_embedding(codes[None]))
        return self._attend(output[0], output, torch.ones(len(codes), len(codes), dtype=torch.bool, device=codes.device).tril())

    def _attend(self, final: Tensor, output: Tensor, visible: Tensor) -> Tensor:
        """Return the states (B, D) of last outputs (B, H) that attend to the visible (B, T) of all outputs (B or 1, T, H)."""
        weights = self.v_t(torch.sigmoid(self.a_1(output) + self.a_2(final)[:, None])) * visible[..., None]
        return self.b(torch.cat([(weights * output).sum(1), final], 1))
