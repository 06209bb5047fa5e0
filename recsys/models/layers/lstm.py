"""LSTM layer in full precision, and the settings of the models that use one."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recsys.core import PAD
from recsys.models.base.causal import SequenceConfig


@dataclass(frozen=True)
class LstmConfig(SequenceConfig):
    """Settings of a model with an LSTM; `n_blocks` is its number of layers."""

    n_blocks: int = 1
    batch_tokens: int = 3000
    learning_rate: float = 0.003


def run_lstm(lstm: nn.LSTM, x: Tensor) -> Tensor:
    """Return the outputs (B, T, D) of an LSTM, computed in float32 under autocast too."""
    with torch.autocast(x.device.type, enabled=False):
        return lstm(x.float())[0]


def select_last_token(values: Tensor, codes: Tensor) -> Tensor:
    """Return the last token (B, 1, …) of right-padded values (B, T, …)."""
    ends = (codes != PAD).sum(1) - 1
    return values[torch.arange(len(values), device=values.device), ends][:, None]
