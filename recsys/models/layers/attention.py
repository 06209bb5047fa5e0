"""Causal self-attention over the last `max_length` events, with additive biases for order, time and distance.

Every position attends to itself and the `max_length - 1` positions before it, in every block, and nothing depends on absolute
positions. So the state after N events is the same whether the history ends at N or continues, at any length: one pass
gives every step of a replay. The blocks are LiGR's (arXiv 2502.03417), gated residuals on attention and SwiGLU, as in eSASRec
(arXiv 2508.06450); the biases follow HSTU (arXiv 2402.17152) and STAN (arXiv 2102.04095), with logarithmic buckets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.models.layers.dropout import apply_dropout

TIME_BUCKETS = 48
DISTANCE_BUCKETS = 36
"""Bucket 0 means unknown. The others grow by half powers of two: times from a minute to about 15 years, distances from 100 metres."""

EARTH_KM = 6371.0
MIN_SHARED_BATCH = 4
"""Smallest batch of histories for which buckets are shared where histories hold the same times and places."""


def bucket_times(seconds: Tensor) -> Tensor:
    """Return the buckets of time gaps, of the same shape; 0 where a gap is NaN."""
    halves = (
        seconds.abs().div_(60.0).add_(1.0).log2_().mul_(2.0)
    )  # in place, here and below: allocating memory would take longer than the arithmetic
    return torch.where(halves.isnan(), 0, halves.clamp_(0, TIME_BUCKETS - 2).add_(1)).long()


def bucket_distances(kilometres: Tensor) -> Tensor:
    """Return the buckets of distances, of the same shape; 0 where a distance is NaN."""
    halves = kilometres.mul(10.0).add_(1.0).log2_().mul_(2.0)
    return torch.where(halves.isnan(), 0, halves.clamp_(0, DISTANCE_BUCKETS - 2).add_(1)).long()


def compute_distances(here: Tensor, there: Tensor) -> Tensor:
    """Return great-circle distances (…, R, C) in kilometres of places (…, R, 2) and (…, C, 2) in degrees, also across the date line."""

    def points(degrees: Tensor) -> Tensor:
        latitude, longitude = torch.deg2rad(degrees.double()).unbind(-1)
        return torch.stack([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()], -1)

    # in float64 the squared chord 2 - 2 p·q is exact to a few centimetres
    squared = (points(here) @ points(there).transpose(-1, -2)).mul_(-2.0).add_(2.0).clamp_(min=0.0)
    return (2 * EARTH_KM) * squared.sqrt_().div_(2.0).clamp_(max=1.0).asin_().float()


class _Gather(torch.autograd.Function):
    """table (n, heads)[buckets (…)] -> (heads, …), with a backward pass by bincount, since scattering rows is slow on a CPU."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, buckets: Tensor) -> Tensor:
        ctx.save_for_backward(buckets)
        ctx.size = len(table)
        flat = table.T.index_select(1, buckets.reshape(-1))  # a third of the time of indexing
        return flat.view(table.shape[1], *buckets.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        (buckets,) = ctx.saved_tensors
        flat = buckets.reshape(-1)
        counted = [torch.bincount(flat, weights=each.reshape(-1).float(), minlength=ctx.size) for each in gradients[0]]
        return torch.stack(counted, 1).to(gradients[0].dtype), None


def gather_bias(table: Tensor, buckets: Tensor) -> Tensor:
    """Look up the biases (heads, …) of buckets (…) in a table (n_buckets, heads)."""
    return _Gather.apply(table, buckets)


@dataclass(frozen=True, eq=False)
class Window:
    """Rows (queries) and the columns (keys) they may attend to, with the buckets of every pair.

    `order` (R, C); `hidden` (R, C) or (B, 1, R, C), True where a row may not attend; `time` and `distance` (B, R, C) or None.
    """

    rows: slice
    columns: slice
    order: Tensor
    hidden: Tensor
    time: Tensor | None
    distance: Tensor | None


@dataclass(frozen=True, eq=False)
class SharedBuckets:
    """Buckets (U, V) of the distinct pairs of a batch, each computed once, and the indices `rows` and `columns` (B, T) into them."""

    buckets: Tensor
    rows: Tensor
    columns: Tensor

    def between(self, rows: slice, columns: slice) -> Tensor:
        """Return the buckets (B, R, C) of these rows and columns."""
        at = self.rows[:, rows, None] * self.buckets.shape[1] + self.columns[:, None, columns]
        return self.buckets.view(-1).index_select(0, at.view(-1)).view(at.shape)


def _distinct(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distinct values (U, …) of (B, T) or (B, T, 2) and their indices (B, T); NaN counts as one value."""
    flat = values.double().contiguous().numpy()
    unique, at = np.unique(flat.view(np.complex128)[..., 0] if values.ndim == 3 else flat, return_inverse=True)
    distinct = torch.from_numpy(unique.view(np.float64).reshape(-1, *values.shape[2:]))
    return distinct, torch.from_numpy(at.reshape(values.shape[:2]))


def _shared(rows: Tensor | None, columns: Tensor | None, buckets: Callable[[Tensor, Tensor], Tensor]) -> SharedBuckets | None:
    """Return the shared buckets of rows (B, T) or (B, T, 2) and columns, or None where they would not save work.

    Many subsets of one history have few distinct pairs, histories of different users have many.
    """
    if rows is None or columns is None or len(rows) < MIN_SHARED_BATCH or rows.device.type != "cpu" or torch.is_grad_enabled():
        return None
    (row_values, row_at), (column_values, column_at) = _distinct(rows), _distinct(columns)
    if 4 * len(row_values) * len(column_values) > row_at.numel() * row_at.shape[1]:
        return None
    return SharedBuckets(buckets(row_values, column_values).int(), row_at.int(), column_at.int())


@dataclass(frozen=True, eq=False)
class Context:
    """Times and places beside the items: `seconds` (B, T) of each token and `asked` (B, T) of the request made at it, `places` (B, T, 2)
    of each token and `here` (B, T, 2) of the request; None where the model does not use them. They are float64, so that a gap falls
    into the same bucket in every batch. `padding` (B, T) marks padding to the left of short histories."""

    seconds: Tensor | None = None
    asked: Tensor | None = None
    places: Tensor | None = None
    here: Tensor | None = None
    padding: Tensor | None = None

    def last(self, count: int) -> "Context":
        """Return the context of the last `count` tokens."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        return Context(**{name: None if values is None else values[:, -count:] for name, values in parts.items()})

    @cached_property
    def _times(self) -> SharedBuckets | None:
        return _shared(self.asked, self.seconds, lambda asked, seconds: bucket_times((asked[:, None] - seconds).float()))

    @cached_property
    def _distances(self) -> SharedBuckets | None:
        return _shared(self.here, self.places, lambda here, there: bucket_distances(compute_distances(here, there)))

    def windows(self, first: int, length: int, max_length: int, device: torch.device) -> Iterator[Window]:
        """Yield windows over the rows from `first` to `length`: one if short, else blocks of rows with a band of columns."""
        size = length if length <= 2 * max_length else max_length
        for start in range(first, length, size):
            rows, columns = slice(start, min(start + size, length)), slice(max(0, start - max_length + 1), min(start + size, length))
            gap = torch.arange(rows.start, rows.stop, device=device)[:, None] - torch.arange(columns.start, columns.stop, device=device)
            time = distance = None
            if self._times is not None:
                time = self._times.between(rows, columns)
            elif self.seconds is not None and self.asked is not None:
                time = bucket_times((self.asked[:, rows, None] - self.seconds[:, None, columns]).float())
            if self._distances is not None:
                distance = self._distances.between(rows, columns)
            elif self.places is not None and self.here is not None:
                distance = bucket_distances(compute_distances(self.here[:, rows], self.places[:, columns]))
            hidden = (gap < 0) | (gap >= max_length)
            if self.padding is not None:  # padding still attends to itself, so that no row of the softmax is empty
                hidden = hidden | (self.padding[:, None, None, columns] & (gap != 0))
            yield Window(rows, columns, gap.clamp(0, max_length - 1), hidden, time, distance)


@dataclass(eq=False)
class AttentionTrace:
    """Attention weights and the terms of their logits, one dict per layer, recorded during a forward pass."""

    layers: list[dict[str, Tensor]] = field(default_factory=list)


class CausalAttention(nn.Module):
    """Multi-head attention whose logits are content + order + time + distance."""

    def __init__(self, size: int, heads: int, max_length: int, dropout: float, time: bool, distance: bool):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.project = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)
        self.order = nn.Parameter(torch.zeros(max_length, heads))
        self.time = nn.Parameter(torch.zeros(TIME_BUCKETS, heads)) if time else None
        self.distance = nn.Parameter(torch.zeros(DISTANCE_BUCKETS, heads)) if distance else None

    def biases(self, window: Window) -> dict[str, Tensor]:
        """Return the terms of the logits beside content, each broadcastable to (B, heads, R, C)."""
        parts = {"order": gather_bias(self.order, window.order)}
        if self.time is not None and window.time is not None:
            parts["time"] = gather_bias(self.time, window.time).transpose(0, 1)
        if self.distance is not None and window.distance is not None:
            parts["distance"] = gather_bias(self.distance, window.distance).transpose(0, 1)
        return parts

    def forward(self, x: Tensor, windows: list[Window], recorded: list[dict[str, Tensor]] | None = None, offset: int = 0) -> Tensor:
        """Map x (B, T, D), which begins at position `offset`, to (B, rows of the windows, D); weights and terms are appended to `recorded`."""
        batch, length, size = x.shape
        queries, keys, values = self.project(x).view(batch, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        mixed = []
        for window in windows:
            rows, columns = (slice(each.start - offset, each.stop - offset) for each in (window.rows, window.columns))
            query, key, value = queries[:, :, rows], keys[:, :, columns], values[:, :, columns]
            if recorded is None and not torch.is_grad_enabled():  # the weights are not needed, and the fused kernel does not store them
                biases = self.biases(window)
                order = biases.pop("order").masked_fill(window.hidden, -torch.inf)
                mask = sum(biases.values(), order).expand(batch, self.heads, -1, -1)
                mixed.append(functional.scaled_dot_product_attention(query, key, value, attn_mask=mask))
                continue
            terms = {"content": (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2), **self.biases(window)}
            order, rest = terms["order"].masked_fill(window.hidden, -torch.inf), [terms[name] for name in terms if name != "order"]
            weights = torch.softmax(sum(rest, order), -1)
            if recorded is not None:
                recorded.append({"weights": weights, **terms})
            mixed.append(apply_dropout(weights, self.dropout, self.training) @ value)
        heads = mixed[0] if len(mixed) == 1 else torch.cat(mixed, 2)
        return self.out(heads.transpose(1, 2).reshape(batch, -1, size))


class Block(nn.Module):
    """Transformer block: x + gate(x) · attention(norm x), then x + gate(x) · SwiGLU(norm x)."""

    def __init__(self, size: int, heads: int, max_length: int, dropout: float, time: bool, distance: bool):
        super().__init__()
        self.dropout = dropout
        self.attention_norm = nn.LayerNorm(size)
        self.attention = CausalAttention(size, heads, max_length, dropout, time, distance)
        self.attention_gate = nn.Linear(size, size)
        self.mix_norm = nn.LayerNorm(size)
        self.mix_in = nn.Linear(size, 2 * 4 * size)
        self.mix_out = nn.Linear(4 * size, size)
        self.mix_gate = nn.Linear(size, size)

    def forward(self, x: Tensor, windows: list[Window], recorded: list[dict[str, Tensor]] | None = None, offset: int = 0) -> Tensor:
        attended = self.attention(self.attention_norm(x), windows, recorded, offset)
        x = x[:, windows[0].rows.start - offset :]
        return self.feed_forward(x + torch.sigmoid(self.attention_gate(x)) * apply_dropout(attended, self.dropout, self.training))

    def feed_forward(self, x: Tensor) -> Tensor:
        """Apply the second half to tokens (…, D), each on its own."""
        value, gate = self.mix_in(self.mix_norm(x)).chunk(2, -1)
        return x + torch.sigmoid(self.mix_gate(x)) * apply_dropout(self.mix_out(functional.silu(gate) * value), self.dropout, self.training)


def run_blocks(
    blocks: nn.ModuleList, x: Tensor, context: Context, max_length: int, last: int | None = None, attention: AttentionTrace | None = None
) -> Tensor:
    """Apply the blocks to x (B, T, D); returns (B, T, D), or (B, last, D). The attention of every block is appended to `attention`."""
    length, offset, windows, made_from = x.shape[1], 0, [], None
    for number, block in enumerate(blocks, start=1):
        # for the last positions alone, a block computes only the rows that later blocks attend to
        first = 0 if last is None else max(0, length - last - (len(blocks) - number) * (max_length - 1))
        if first != made_from:
            windows, made_from = list(context.windows(first, length, max_length, x.device)), first
        recorded: list[dict[str, Tensor]] | None = None if attention is None else []
        x, offset = block(x, windows, recorded, offset), first
        if attention is not None and recorded:
            attention.layers.append(recorded[0])
    return x
