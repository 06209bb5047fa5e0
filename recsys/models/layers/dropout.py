"""Dropout that draws a quarter of the random numbers: on a CPU, one float per element takes a sixth of a training step."""

import torch
from torch import Tensor
from torch.nn import functional


def apply_dropout(x: Tensor, probability: float, training: bool) -> Tensor:
    """Apply dropout as torch does, with the probability rounded to 1/65,536: every 64 random bits decide four elements."""
    if not training or probability == 0.0:
        return x
    if x.device.type != "cpu":
        return functional.dropout(x, probability, training)
    words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    lanes = words.view(torch.int16)[: x.numel()].view(x.shape)
    kept = lanes >= round(probability * 65_536) - 32_768
    return x * (kept * (1.0 / (1.0 - probability))).to(x.dtype)
