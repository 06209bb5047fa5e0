"""Causal self-attention over the last `max_length` events, with additive biases for order, time and distance.

Every position attends to itself and the `max_length - 1` before it, in every block, and nothing depends on absolute
positions. So the state after N events is the same whether the history is cut at N or goes on, at any length: one pass
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

from recsys.models.layers.dropout import fast_dropout

TIME_BUCKETS = 48
DISTANCE_BUCKETS = 36
"""Bucket 0 is "unknown". Time: half powers of two from a minute, up to about 15 years. Distance: of 100 metres."""

EARTH_KM = 6371.0
MANY_PARTS = 4
"""Histories in a batch from which on it is looked whether they are parts of one."""


def time_buckets(seconds: Tensor) -> Tensor:
    """Buckets of time gaps, of the same shape; 0 where a gap is NaN."""
    halves = seconds.abs().div_(60.0).add_(1.0).log2_().mul_(2.0)  # in place, here and below: new memory would take longer than the sums
    return torch.where(halves.isnan(), 0, halves.clamp_(0, TIME_BUCKETS - 2).add_(1)).long()


def distance_buckets(kilometres: Tensor) -> Tensor:
    """Buckets of distances, of the same shape; 0 where a distance is NaN."""
    halves = kilometres.mul(10.0).add_(1.0).log2_().mul_(2.0)
    return torch.where(halves.isnan(), 0, halves.clamp_(0, DISTANCE_BUCKETS - 2).add_(1)).long()


def kilometres_between(here: Tensor, there: Tensor) -> Tensor:
    """Great-circle distances (…, R, C) of places (…, R, 2) and (…, C, 2) in degrees; right across the date line and at the poles."""

    def points(degrees: Tensor) -> Tensor:
        latitude, longitude = torch.deg2rad(degrees.double()).unbind(-1)
        return torch.stack([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()], -1)

    # float64 keeps the squared chord 2 - 2 p·q right to a few centimetres
    squared = (points(here) @ points(there).transpose(-1, -2)).mul_(-2.0).add_(2.0).clamp_(min=0.0)
    return (2 * EARTH_KM) * squared.sqrt_().div_(2.0).clamp_(max=1.0).asin_().float()


class _Gather(torch.autograd.Function):
    """table (n, heads)[buckets (…)] -> (heads, …), with a backward by counting, since scattering rows is slow on a CPU."""

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
    """Biases (heads, …) of a table (n_buckets, heads) for buckets (…)."""
    return _Gather.apply(table, buckets)


@dataclass(frozen=True, eq=False)
class Window:
    """Rows (queries) and the columns (keys) they may see, with the buckets of every pair.

    `order` (R, C), `hidden` (R, C) or (B, 1, R, C) True where a row may not look; `time` and `distance` (B, R, C) or None.
    """

    rows: slice
    columns: slice
    order: Tensor
    hidden: Tensor
    time: Tensor | None
    distance: Tensor | None


@dataclass(frozen=True, eq=False)
class Shared:
    """Buckets (U, V) of the pairs that occur in a batch, each computed once, and which of those stand at rows and columns (B, T)."""

    buckets: Tensor
    rows: Tensor
    columns: Tensor

    def between(self, rows: slice, columns: slice) -> Tensor:
        """(B, R, C)."""
        at = self.rows[:, rows, None] * self.buckets.shape[1] + self.columns[:, None, columns]
        return self.buckets.view(-1).index_select(0, at.view(-1)).view(at.shape)


def _distinct(values: Tensor) -> tuple[Tensor, Tensor]:
    """The different values (U, …) of (B, T) or (B, T, 2) and which stand where (B, T); NaN is one value."""
    flat = values.double().contiguous().numpy()
    found, at = np.unique(flat.view(np.complex128)[..., 0] if values.ndim == 3 else flat, return_inverse=True)
    different = torch.from_numpy(found.view(np.float64).reshape(-1, *values.shape[2:]))
    return different, torch.from_numpy(at.reshape(values.shape[:2]))


def _shared(rows: Tensor | None, columns: Tensor | None, buckets: Callable[[Tensor, Tensor], Tensor]) -> Shared | None:
    """What rows (B, T) or (B, T, 2) and columns have in pairs, where that pays: many parts of one history have few, strangers have many."""
    if rows is None or columns is None or len(rows) < MANY_PARTS or rows.device.type != "cpu" or torch.is_grad_enabled():
        return None
    (asking, row_at), (asked, column_at) = _distinct(rows), _distinct(columns)
    if 4 * len(asking) * len(asked) > row_at.numel() * row_at.shape[1]:
        return None
    return Shared(buckets(asking, asked).int(), row_at.int(), column_at.int())


@dataclass(frozen=True, eq=False)
class Context:
    """What is known beside the items: `seconds` (B, T) of each token and `asked` (B, T) of the request made there,
    `places` (B, T, 2) of each token and `here` (B, T, 2) of the request; None where the model does not look. float64, so that
    a gap falls into the same bucket whatever it is computed with. `padding` (B, T) marks what stands left of short histories."""

    seconds: Tensor | None = None
    asked: Tensor | None = None
    places: Tensor | None = None
    here: Tensor | None = None
    padding: Tensor | None = None

    def last(self, count: int) -> "Context":
        """That of the last tokens."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        return Context(**{name: None if values is None else values[:, -count:] for name, values in parts.items()})

    @cached_property
    def _times(self) -> Shared | None:
        return _shared(self.asked, self.seconds, lambda asked, seconds: time_buckets((asked[:, None] - seconds).float()))

    @cached_property
    def _distances(self) -> Shared | None:
        return _shared(self.here, self.places, lambda here, there: distance_buckets(kilometres_between(here, there)))

    def windows(self, first: int, length: int, max_length: int, device: torch.device) -> Iterator[Window]:
        """Windows over the rows from `first` to `length`: one when that is short, else blocks of rows with a band of columns."""
        size = length if length <= 2 * max_length else max_length
        for start in range(first, length, size):
            rows, columns = slice(start, min(start + size, length)), slice(max(0, start - max_length + 1), min(start + size, length))
            gap = torch.arange(rows.start, rows.stop, device=device)[:, None] - torch.arange(columns.start, columns.stop, device=device)
            time = distance = None
            if self._times is not None:
                time = self._times.between(rows, columns)
            elif self.seconds is not None and self.asked is not None:
                time = time_buckets((self.asked[:, rows, None] - self.seconds[:, None, columns]).float())
            if self._distances is not None:
                distance = self._distances.between(rows, columns)
            elif self.places is not None and self.here is not None:
                distance = distance_buckets(kilometres_between(self.here[:, rows], self.places[:, columns]))
            hidden = (gap < 0) | (gap >= max_length)
            if self.padding is not None:  # padding on the left still sees itself, so that no row of the softmax is empty
                hidden = hidden | (self.padding[:, None, None, columns] & (gap != 0))
            yield Window(rows, columns, gap.clamp(0, max_length - 1), hidden, time, distance)


@dataclass(eq=False)
class AttentionTrace:
    """What a network shows of itself when asked: attention weights and the terms of their logits, a layer at a time."""

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
        """The parts of the logits beside content, each broadcastable to (B, heads, R, C)."""
        parts = {"order": gather_bias(self.order, window.order)}
        if self.time is not None and window.time is not None:
            parts["time"] = gather_bias(self.time, window.time).transpose(0, 1)
        if self.distance is not None and window.distance is not None:
            parts["distance"] = gather_bias(self.distance, window.distance).transpose(0, 1)
        return parts

    def forward(self, x: Tensor, windows: list[Window], seen: list[dict[str, Tensor]] | None = None, offset: int = 0) -> Tensor:
        """x (B, T, D), the first of it at position `offset`, to (B, rows of the windows, D). Weights and logit terms go to `seen`."""
        batch, length, size = x.shape
        queries, keys, values = self.project(x).view(batch, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        mixed = []
        for window in windows:
            rows, columns = (slice(each.start - offset, each.stop - offset) for each in (window.rows, window.columns))
            asking, asked, told = queries[:, :, rows], keys[:, :, columns], values[:, :, columns]
            if seen is None and not torch.is_grad_enabled():  # nobody looks at the weights: the fused kernel never holds them
                biases = self.biases(window)
                order = biases.pop("order").masked_fill(window.hidden, -torch.inf)
                mask = sum(biases.values(), order).expand(batch, self.heads, -1, -1)
                mixed.append(functional.scaled_dot_product_attention(asking, asked, told, attn_mask=mask))
                continue
            terms = {"content": (asking * asking.shape[-1] ** -0.5) @ asked.transpose(-1, -2), **self.biases(window)}
            order, rest = terms["order"].masked_fill(window.hidden, -torch.inf), [terms[name] for name in terms if name != "order"]
            weights = torch.softmax(sum(rest, order), -1)
            if seen is not None:
                seen.append({"weights": weights, **terms})
            mixed.append(fast_dropout(weights, self.dropout, self.training) @ told)
        heads = mixed[0] if len(mixed) == 1 else torch.cat(mixed, 2)
        return self.out(heads.transpose(1, 2).reshape(batch, -1, size))


class Block(nn.Module):
    """x + gate(x) · attention(norm x), then x + gate(x) · SwiGLU(norm x)."""

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

    def forward(self, x: Tensor, windows: list[Window], seen: list[dict[str, Tensor]] | None = None, offset: int = 0) -> Tensor:
        attended = self.attention(self.attention_norm(x), windows, seen, offset)
        x = x[:, windows[0].rows.start - offset :]
        return self.mixed(x + torch.sigmoid(self.attention_gate(x)) * fast_dropout(attended, self.dropout, self.training))

    def mixed(self, x: Tensor) -> Tensor:
        """The second half, token by token, of any shape (…, D)."""
        value, gate = self.mix_in(self.mix_norm(x)).chunk(2, -1)
        return x + torch.sigmoid(self.mix_gate(x)) * fast_dropout(self.mix_out(functional.silu(gate) * value), self.dropout, self.training)


def through_blocks(
    blocks: nn.ModuleList, x: Tensor, context: Context, max_length: int, last: int | None = None, looks: AttentionTrace | None = None
) -> Tensor:
    """x (B, T, D) through the blocks, to (B, T, D), or (B, last, D) of the last positions; the attention of every block goes to `looks`."""
    length, offset, windows, made = x.shape[1], 0, [], None
    for number, block in enumerate(blocks, start=1):
        # asked for the last positions, a block computes only the rows that the blocks after it look at
        first = 0 if last is None else max(0, length - last - (len(blocks) - number) * (max_length - 1))
        if first != made:
            windows, made = list(context.windows(first, length, max_length, x.device)), first
        seen: list[dict[str, Tensor]] | None = None if looks is None else []
        x, offset = block(x, windows, seen, offset), first
        if looks is not None and seen:
            looks.layers.append(seen[0])
    return x
