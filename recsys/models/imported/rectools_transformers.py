"""SASRec and BERT4Rec as RecTools 0.19 computes them, rebuilt from their parameters.

Both read a window of `max_length` tokens, padded on the left, whose positions are counted from its end: a state depends on
the end of the window, and every step of a replay is a window of its own. Padding is part of the window: without
`hides_padding` it is attended to, as in RecTools.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.models.base.settings import check_at_least, check_choice
from recsys.models.imported.sequence_model import TracesByStep

LAYERS = ("sasrec", "pre-norm", "ligr")
ACTIVATIONS = ("relu", "gelu", "swiglu")
SIMILARITIES = ("dot", "cosine")


@dataclass(frozen=True)
class RecToolsConfig:
    """Shape of a RecTools transformer; `layers` is one of LAYERS, `similarity` of SIMILARITIES.

    `width`, `activation` (one of ACTIVATIONS) and `has_bias` are those of the feed-forward layers.
    """

    n_blocks: int = 2
    n_heads: int = 4
    max_length: int = 100
    layers: str = "sasrec"
    width: int = 1
    activation: str = "relu"
    has_bias: bool = True
    is_causal: bool = True
    hides_padding: bool = False
    scales_items: bool = False
    similarity: str = "dot"

    def __post_init__(self) -> None:
        check_at_least(1, self, "n_blocks", "n_heads", "max_length", "width")
        check_choice(LAYERS, self, "layers")
        check_choice(ACTIVATIONS, self, "activation")
        check_choice(SIMILARITIES, self, "similarity")

    @property
    def shows_attention(self) -> bool:
        """Whether a model with these settings has attention over single events."""
        return True


class Attention(nn.Module):
    """Multi-head attention with the parameters of `torch.nn.MultiheadAttention`, which can tell its weights."""

    def __init__(self, size: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * size, size))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * size))
        self.out_proj = nn.Linear(size, size)

    def forward(self, queries: Tensor, values: Tensor, hidden: Tensor, record: list[Tensor] | None) -> Tensor:
        """Attend from queries (B, T, D) to values (B, T, D) where `hidden` (B, 1, T, T) is False; weights are appended to `record`."""
        parts = zip(
            (queries, values, values), self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True
        )  # queries may be normalized while keys and values are not
        q, k, v = (functional.linear(each, weight, bias).unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for each, weight, bias in parts)
        logits = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        weights = logits.masked_fill(hidden, -math.inf).softmax(-1)
        if record is not None:
            record.append(weights)
        mixed: Tensor = self.out_proj((weights @ v).transpose(1, 2).flatten(-2))
        return mixed


class FeedForward(nn.Module):
    """Two linear layers with an activation between them, or SwiGLU, which has a third (arXiv 2002.05202)."""

    def __init__(self, size: int, config: RecToolsConfig):
        super().__init__()
        self.activation = config.activation
        self.ff_linear_1 = nn.Linear(size, size * config.width, config.has_bias)
        self.ff_linear_2 = nn.Linear(size * config.width, size, config.has_bias)
        self.ff_linear_3 = nn.Linear(size, size * config.width, config.has_bias) if config.activation == "swiglu" else None

    def forward(self, x: Tensor) -> Tensor:
        wide = self.ff_linear_1(x)
        if self.ff_linear_3 is not None:
            wide = functional.silu(wide) * self.ff_linear_3(x)
        else:
            wide = functional.relu(wide) if self.activation == "relu" else functional.gelu(wide)
        mapped: Tensor = self.ff_linear_2(wide)
        return mapped


class SASRecBlock(nn.Module):
    """A block of the first SASRec: normalized queries attend to values that are not, and are what is added to."""

    def __init__(self, size: int, config: RecToolsConfig):
        super().__init__()
        self.multi_head_attn = Attention(size, config.n_heads)
        self.q_layer_norm = nn.LayerNorm(size)
        self.ff_layer_norm = nn.LayerNorm(size)
        self.feed_forward = FeedForward(size, config)

    def forward(self, x: Tensor, hidden: Tensor, record: list[Tensor] | None) -> Tensor:
        queries = self.q_layer_norm(x)
        x = self.ff_layer_norm(queries + self.multi_head_attn(queries, x, hidden, record))
        return x + self.feed_forward(x)


class PreNormBlock(nn.Module):
    """A transformer block that normalizes what each layer reads (arXiv 2002.04745)."""

    def __init__(self, size: int, config: RecToolsConfig):
        super().__init__()
        self.multi_head_attn = Attention(size, config.n_heads)
        self.layer_norm_1 = nn.LayerNorm(size)
        self.layer_norm_2 = nn.LayerNorm(size)
        self.feed_forward = FeedForward(size, config)

    def forward(self, x: Tensor, hidden: Tensor, record: list[Tensor] | None) -> Tensor:
        normal = self.layer_norm_1(x)
        x = x + self.multi_head_attn(normal, normal, hidden, record)
        return x + self.feed_forward(self.layer_norm_2(x))


class GatedBlock(PreNormBlock):
    """A LiGR block: what each layer adds passes a gate (arXiv 2502.03417)."""

    def __init__(self, size: int, config: RecToolsConfig):
        super().__init__(size, config)
        self.gating_linear_1, self.gating_linear_2 = nn.Linear(size, size), nn.Linear(size, size)

    def forward(self, x: Tensor, hidden: Tensor, record: list[Tensor] | None) -> Tensor:
        normal = self.layer_norm_1(x)
        x = x + self.gating_linear_1(x).sigmoid() * self.multi_head_attn(normal, normal, hidden, record)
        return x + self.gating_linear_2(x).sigmoid() * self.feed_forward(self.layer_norm_2(x))


BLOCKS = {"sasrec": SASRecBlock, "pre-norm": PreNormBlock, "ligr": GatedBlock}


class Network(nn.Module):
    """Token vectors and blocks. `shape` is that of the vectors (codes, D) of items, padding and mask."""

    def __init__(self, shape: tuple[int, ...], config: RecToolsConfig, has_positions: bool):
        super().__init__()
        size = shape[1]
        if size % config.n_heads:
            raise DataError(
                _("n_heads={heads} does not divide the size of the item vectors, {size}; check the config", heads=config.n_heads, size=size)
            )
        self.config = config
        self.items = nn.Parameter(torch.empty(shape))
        self.positions = nn.Parameter(torch.empty(config.max_length, size)) if has_positions else None
        self.blocks = nn.ModuleList(BLOCKS[config.layers](size, config) for _ in range(config.n_blocks))
        self.last_norm = nn.LayerNorm(size, eps=1e-8) if config.layers == "sasrec" else None

    def forward(self, tokens: Tensor, record: list[Tensor] | None = None) -> Tensor:
        """Return the states (B, D) at the last of the tokens (B, max_length)."""
        length = tokens.shape[1]
        padding = tokens == PAD
        hidden = torch.zeros(1, 1, length, length, dtype=torch.bool, device=tokens.device)
        if self.config.is_causal:
            hidden = torch.ones_like(hidden).triu(1)
        if self.config.hides_padding:
            hidden = hidden | padding[:, None, None]
        hidden = hidden & ~torch.eye(length, dtype=torch.bool, device=tokens.device)  # a row that sees nothing would be NaN
        x = self.items[tokens]
        if self.config.scales_items:
            x = x * x.shape[-1] ** 0.5
        if self.positions is not None:
            x = x + self.positions.flip(0)
        for block in self.blocks:
            if self.last_norm is not None:
                x = x.masked_fill(padding[..., None], 0.0)
            x = block(x, hidden, record)
        last = x[:, -1]
        return last if self.last_norm is None else self.last_norm(last.masked_fill(padding[:, -1:], 0.0))

    def score(self, states: Tensor) -> Tensor:
        """Return the scores (B, n_codes) of states (B, D)."""
        items: Tensor = self.items
        if self.config.similarity == "cosine":
            states, items = (each / each.norm(dim=-1, keepdim=True).clamp_min(1e-8) for each in (states, items))
        return states @ items.T


class RecToolsTransformer(TracesByStep):
    """A RecTools model: the network, its arrays and the padding. In its attention, padding and mask are the start."""

    Config = RecToolsConfig
    mask: ClassVar[int | None] = None
    network: Network

    @property
    def window(self) -> int:
        return int(self.config.max_length) - (self.mask is not None)

    @torch.inference_mode()
    def encode_windows(self, windows: np.ndarray) -> np.ndarray:
        states: np.ndarray = self.network(self._tokens(windows)).cpu().numpy()
        return states

    @torch.inference_mode()
    def score_states(self, states: np.ndarray) -> np.ndarray:
        scores: np.ndarray = self.network.score(torch.from_numpy(states).to(self.network.items.device)).cpu().numpy()
        return scores

    @torch.inference_mode()
    def attend(self, window: np.ndarray) -> np.ndarray:
        record: list[Tensor] = []
        self.network(self._tokens(window[None]), record)
        weights = torch.stack([each[0] for each in record]).cpu().numpy()
        end = self.config.max_length - (self.mask is not None)
        events = slice(end - len(window), end)
        inside = np.zeros((*weights.shape[:2], len(window) + 1, len(window) + 1), dtype=np.float32)
        inside[..., 0, 0] = 1.0
        inside[..., 1:, 1:] = weights[..., events, events]
        if self.mask is not None:
            inside[..., 0, 1:] = weights[..., end, events]
        inside[..., 0] = 1.0 - inside[..., 1:].sum(axis=-1)  # what is not an event
        return inside

    def batch_size(self, length: int) -> int:
        return super().batch_size(self.config.max_length)

    def item_vectors(self) -> Tensor:
        """Return the vectors (n_items, D) of the items; zeros for those that the model does not know."""
        vectors = torch.zeros(len(self.codes), self.network.items.shape[1])
        vectors[self.known_columns] = self.network.items.detach().cpu()[self.codes[self.known_columns]]
        return vectors

    def to(self, device: torch.device) -> Self:
        """Move the model to a device."""
        self.network.to(device)
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        return {"codes": self.codes, **{name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items()}}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        model = cls(item_ids, config, arrays["codes"])
        with torch.device("meta"):
            model.network = Network(arrays["items"].shape, config, "positions" in arrays)
        state = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items() if name != "codes"}
        model.network.load_state_dict(state, assign=True)
        model.network.requires_grad_(False).eval()
        return model

    def _tokens(self, windows: np.ndarray) -> Tensor:
        tokens = np.full((len(windows), self.config.max_length), PAD, dtype=np.int64)
        end = self.config.max_length
        if self.mask is not None:
            end -= 1
            tokens[:, end] = self.mask
        tokens[:, end - windows.shape[1] : end] = windows
        return torch.from_numpy(tokens).to(self.network.items.device)


class RecToolsSASRec(RecToolsTransformer):
    """SASRec: the state at the last event is compared with all items."""


class RecToolsBERT4Rec(RecToolsTransformer):
    """BERT4Rec: a mask follows the last event, and its state is compared with all items."""

    mask = 1
    query = 0
