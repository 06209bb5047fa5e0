"""LSTM-LM: a language model whose words are items (GRU4Rec, arXiv 1511.06939, with an LSTM and the full softmax)."""

import numpy as np
from torch import nn

from recsys.models.base.causal import CausalModel, Hidden
from recsys.models.base.sequences import Tokens
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.lstm import LstmConfig, run_lstm, select_last_token


class LstmLm(CausalModel):
    """LSTM over item embeddings; reads the whole history."""

    Config = LstmConfig
    pads_left = False

    def __init__(self, item_ids: np.ndarray, config: LstmConfig):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size)
        self.lstm = nn.LSTM(size, size, config.n_blocks, batch_first=True)
        self.norm = nn.LayerNorm(size)

    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        codes = self._on_device(tokens.codes)
        x = apply_dropout(self.embedding(codes), self.config.dropout, self.training)
        states = apply_dropout(self.norm(run_lstm(self.lstm, x)), self.config.dropout, self.training)
        return Hidden(select_last_token(states, codes) if last_only else states)
