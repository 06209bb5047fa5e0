"""RecBole's GRU4Rec: a GRU over the latest items (arXiv 1606.08117)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recsys.models.base.settings import check_at_least
from recsys.models.imported.recbole_sequential import RecBoleConfig, RecBoleSequential


@dataclass(frozen=True)
class GRU4RecConfig(RecBoleConfig):
    """Shape of the network, with the names of RecBole's settings."""

    embedding_size: int = 64
    hidden_size: int = 128
    num_layers: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "embedding_size", "hidden_size", "num_layers")


class RecBoleGRU4Rec(RecBoleSequential):
    """Item embeddings, a GRU without biases, and a linear map of its output to the size of the embeddings."""

    Config = GRU4RecConfig

    def __init__(self, item_ids: np.ndarray, config: GRU4RecConfig):
        super().__init__(item_ids, config)
        self.item_embedding = nn.Embedding(len(item_ids) + 1, config.embedding_size)
        self.gru_layers = nn.GRU(config.embedding_size, config.hidden_size, config.num_layers, bias=False, batch_first=True)
        self.dense = nn.Linear(config.hidden_size, config.embedding_size)

    def encode(self, codes: Tensor, lengths: Tensor) -> Tensor:
        output, _last = self.gru_layers(self.item_embedding(codes))
        return self.dense(output[torch.arange(len(codes), device=codes.device), lengths - 1])

    def encode_steps(self, codes: Tensor) -> Tensor:
        output, _last = self.gru_layers(self.item_embedding(codes[None]))
        return self.dense(output[0])
