"""Scoring of many subsets of one history by two attention blocks, with shared prefixes computed once.

The state of a token depends only on the tokens kept before it, so that subsets with the same prefix share its states. Without time
and distance biases, the first block's products of queries and keys depend only on the two events, whatever is left out between
them; only the order bias changes. Of the second block only the last token's row is needed. This takes half the computation of
encoding every subset, and no padding.
"""

from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from recsys.models.layers.attention import Block

STATES_PER_CHUNK = 4_096
"""States per chunk: as many as fit into the processor's cache."""
PAIRS_PER_CHUNK = 8_000_000
"""Pairs of tokens per chunk."""


def compute_last_states(blocks: nn.ModuleList, x: Tensor, keep: np.ndarray) -> Tensor:
    """Return the states (n, D) after two blocks of the last token of each subset of x (T, D).

    The first token belongs to every subset; `keep` (n, T - 1) selects the others.
    """
    first, second = (cast(Block, block) for block in blocks)
    is_kept = np.concatenate([np.ones((len(keep), 1), dtype=bool), keep], axis=1)
    size, first_block = max(1, PAIRS_PER_CHUNK // is_kept.shape[1] ** 2), _First(first, x)
    return torch.cat([_second(second, first_block, is_kept[start : start + size]) for start in range(0, len(is_kept), size)])


def find_shared_prefixes(is_kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return state numbers (n, T) int64 of the tokens of each subset, −1 where one is left out, and of each state a subset and its token.

    Equal numbers mean the same token after the same prefix.
    """
    states, rows, tokens, count = np.full(is_kept.shape, -1, dtype=np.int64), [], [], 0
    before = np.full(len(is_kept), -1)  # the state of the last token kept so far, which identifies the prefix
    for token in range(is_kept.shape[1]):
        kept = np.flatnonzero(is_kept[:, token])
        occurs = np.zeros(count + 1, dtype=bool)
        occurs[before[kept]] = True  # the last entry stands for an empty prefix
        number = (np.cumsum(occurs) - 1)[before[kept]]
        one = np.empty(int(occurs.sum()), dtype=np.int64)
        one[number] = kept
        states[kept, token] = before[kept] = count + number
        rows.append(one)
        tokens.append(np.full(len(one), token))
        count += len(one)
    return states, np.concatenate(rows), np.concatenate(tokens)


class _First:
    """The first block over states; what depends on tokens alone is computed once."""

    def __init__(self, block: Block, x: Tensor):
        attention = block.attention
        length, size = x.shape
        queries, keys, values = attention.project(block.attention_norm(x)).view(length, 3, attention.heads, -1).permute(1, 2, 0, 3)
        self.block, self.x, self.size = block, x, size
        self.content = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)  # (heads, T, T)
        self.values = values
        self.gates = torch.sigmoid(block.attention_gate(x))

    def __call__(self, is_kept: np.ndarray, rows: np.ndarray, tokens: np.ndarray) -> Tensor:
        """Return (states, D) for states that occur in subsets `rows` of `is_kept` (n, T) at `tokens`, which are in order."""
        counts, order = np.cumsum(is_kept, axis=1), self.block.attention.order.T.contiguous()
        most, attended, starts = order.shape[1], [], np.searchsorted(tokens, np.arange(is_kept.shape[1] + 1))
        for token, (start, stop) in enumerate(pairwise(starts)):
            row, upto = rows[start:stop], token + 1
            gap = torch.from_numpy(np.maximum(counts[row, token, None] - counts[row, :upto], 0)).to(self.x.device)
            hidden = torch.from_numpy(~is_kept[row, :upto]).to(self.x.device) | (gap >= most)
            logits = (order[:, gap.clamp_max(most - 1)] + self.content[:, token, None, :upto]).masked_fill_(hidden, -torch.inf)
            attended.append((torch.softmax(logits, -1) @ self.values[:, :upto]).transpose(0, 1).reshape(len(row), self.size))
        at = torch.from_numpy(tokens).to(self.x.device)
        around = zip(torch.cat(attended).split(STATES_PER_CHUNK), at.split(STATES_PER_CHUNK), strict=True)
        return torch.cat([self.block.feed_forward(self.x[own] + self.gates[own] * self.block.attention.out(each)) for each, own in around])


def _second(block: Block, first: _First, is_kept: np.ndarray) -> Tensor:
    """Return (n, D) for the last tokens of subsets `is_kept` (n, T); keys and values are folded into the single query and its output."""
    attention, heads = block.attention, block.attention.heads
    states, rows, tokens = find_shared_prefixes(is_kept)
    y = first(is_kept, rows, tokens)
    normed = block.attention_norm(y)
    ends = is_kept.shape[1] - 1 - np.argmax(is_kept[:, ::-1], axis=1)
    gap = torch.from_numpy(np.maximum(is_kept.sum(axis=1, keepdims=True) - np.cumsum(is_kept, axis=1), 0)).to(y.device)
    order = attention.order[gap.clamp_max(len(attention.order) - 1)]
    hidden = torch.from_numpy(states < 0).to(y.device) | (gap >= len(attention.order))
    weights = attention.project.weight.view(3, heads, -1, y.shape[1])
    bias = attention.project.bias.view(3, heads, -1)
    mixed = []
    size = max(1, STATES_PER_CHUNK // is_kept.shape[1])
    for start in range(0, len(is_kept), size):
        part = np.arange(start, min(start + size, len(is_kept)))  # not a tensor: a tensor of one number would index an array as a scalar
        own = torch.from_numpy(states[part, ends[part]])
        around = normed[torch.from_numpy(np.maximum(states[part], 0))]  # (n, T, D)
        query = torch.einsum("nd,hed->nhe", normed[own], weights[0]) + bias[0]
        folded = torch.einsum("nhe,hed->nhd", query * query.shape[-1] ** -0.5, weights[1])
        logits = torch.einsum("nhd,ntd->nht", folded, around) + order[part].transpose(1, 2)
        attention_weights = torch.softmax(logits.masked_fill(hidden[part][:, None], -torch.inf), -1)
        values = torch.einsum("nhd,hed->nhe", attention_weights @ around, weights[2]) + bias[2]
        attended = attention.out(values.reshape(len(part), -1))
        mixed.append(block.feed_forward(y[own] + torch.sigmoid(block.attention_gate(y[own])) * attended))
    return torch.cat(mixed)
