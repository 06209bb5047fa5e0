"""The encoder that RecBole's SASRec and BERT4Rec share: transformer blocks as in BERT, normalized after each half (arXiv 1810.04805).

The names of modules are those in RecBole's files.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.models.base.settings import check_at_least, check_choice, check_positive
from recsys.models.imported.recbole_sequential import RecBoleConfig

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "relu": functional.relu,
    "swish": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


@dataclass(frozen=True)
class TransformerConfig(RecBoleConfig):
    """Shape of the encoder, with the names of RecBole's settings; `inner_size` is that of the feed-forward layers."""

    hidden_size: int = 64
    inner_size: int = 256
    n_layers: int = 2
    n_heads: int = 2
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "hidden_size", "inner_size", "n_layers", "n_heads")
        check_positive(self, "layer_norm_eps")
        check_choice(tuple(ACTIVATIONS), self, "hidden_act")
        if self.hidden_size % self.n_heads:
            raise DataError(
                _(
                    "setting hidden_size={size} is not a multiple of n_heads={heads}; give for example n_heads=1",
                    size=self.hidden_size,
                    heads=self.n_heads,
                )
            )

    @property
    def shows_attention(self) -> bool:
        return True


class MultiHeadAttention(nn.Module):
    def __init__(self, config: TransformerConfig):
        super().__init__()
        size = config.hidden_size
        self.heads = config.n_heads
        self.query, self.key, self.value, self.dense = (nn.Linear(size, size) for _ in range(4))
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor, visible: Tensor, recorded: list[Tensor] | None) -> Tensor:
        batch, length, size = x.shape
        query, key, value = (
            project(x).view(batch, length, self.heads, size // self.heads).transpose(1, 2) for project in (self.query, self.key, self.value)
        )
        if recorded is None:  # the fused kernel does not store the weights
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        else:
            logits = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
            weights = torch.softmax(logits.masked_fill(~visible, -torch.inf), -1)
            recorded.append(weights)
            mixed = weights @ value
        return self.LayerNorm(x + self.dense(mixed.transpose(1, 2).reshape(batch, length, size)))


class FeedForward(nn.Module):
    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.activation = ACTIVATIONS[config.hidden_act]
        self.dense_1 = nn.Linear(config.hidden_size, config.inner_size)
        self.dense_2 = nn.Linear(config.inner_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(x + self.dense_2(self.activation(self.dense_1(x))))


class TransformerLayer(nn.Module):
    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.multi_head_attention = MultiHeadAttention(config)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, visible: Tensor, recorded: list[Tensor] | None) -> Tensor:
        return self.feed_forward(self.multi_head_attention(x, visible, recorded))


class TransformerEncoder(nn.Module):
    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.layer = nn.ModuleList([TransformerLayer(config) for _ in range(config.n_layers)])

    def forward(self, x: Tensor, visible: Tensor, recorded: list[Tensor] | None = None) -> Tensor:
        """Map x (B, T, D) through all layers; `visible` (B or 1, 1, T or 1, T) says which token may see which.

        The weights (B, heads, T, T) of each layer are appended to `recorded`.
        """
        for layer in self.layer:
            x = layer(x, visible, recorded)
        return x


def place_attention(recorded: list[Tensor], config: TransformerConfig, slots: np.ndarray, size: int) -> np.ndarray:
    """Return attention (layers, heads, size, size) of the tokens of one window, at these slots; every other token attends to itself."""
    weights = np.tile(np.eye(size, dtype=np.float32), (config.n_layers, config.n_heads, 1, 1))
    for layer, window in enumerate(recorded):
        weights[layer][:, slots[:, None], slots] = window[0].cpu().numpy()
    return weights
