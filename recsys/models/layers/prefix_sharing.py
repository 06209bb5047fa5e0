"""Many parts of one history through two blocks at once: beginnings that parts share are computed once.

The state of a token depends on the tokens kept before it and on nothing else, so that parts with the same beginning share its
states. Without time and distance the first block's products of queries and keys are those of pairs of events, whatever is left
out between them; only the order bias changes. And of the second block only the last token's row is needed. Half of what the plain
way computes, and nothing padded.
"""

from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from recsys.models.layers.attention import Block

AT_ONCE = 4_096
"""States that go through a block at a time: as many as the processor's cache holds."""
PAIRS = 8_000_000
"""Pairs of tokens laid out at a time."""


def last_states(blocks: nn.ModuleList, x: Tensor, keep: np.ndarray) -> Tensor:
    """(n, D) what two blocks make of the last token of each part of x (T, D), whose first token belongs to every part.

    `keep` (n, T - 1) says which of the others do.
    """
    first, second = (cast(Block, block) for block in blocks)
    there = np.concatenate([np.ones((len(keep), 1), dtype=bool), keep], axis=1)
    size, begun = max(1, PAIRS // there.shape[1] ** 2), _First(first, x)
    return torch.cat([_second(second, begun, there[start : start + size]) for start in range(0, len(there), size)])


def shared_beginnings(there: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States (n, T) int64 of the tokens of each part, −1 where one is left out; the same number means the same token after the same ones.

    And of each state a part that it occurs in, and its token.
    """
    states, rows, tokens, count = np.full(there.shape, -1, dtype=np.int64), [], [], 0
    before = np.full(len(there), -1)  # the state of the last token kept so far, which says all that came before
    for token in range(there.shape[1]):
        kept = np.flatnonzero(there[:, token])
        occurs = np.zeros(count + 1, dtype=bool)
        occurs[before[kept]] = True  # the last place stands for nothing before
        number = (np.cumsum(occurs) - 1)[before[kept]]
        one = np.empty(int(occurs.sum()), dtype=np.int64)
        one[number] = kept
        states[kept, token] = before[kept] = count + number
        rows.append(one)
        tokens.append(np.full(len(one), token))
        count += len(one)
    return states, np.concatenate(rows), np.concatenate(tokens)


class _First:
    """The first block, over states; what belongs to tokens alone is computed once."""

    def __init__(self, block: Block, x: Tensor):
        attention = block.attention
        length, size = x.shape
        queries, keys, values = attention.project(block.attention_norm(x)).view(length, 3, attention.heads, -1).permute(1, 2, 0, 3)
        self.block, self.x, self.size = block, x, size
        self.content = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)  # (heads, T, T)
        self.values = values
        self.gates = torch.sigmoid(block.attention_gate(x))

    def __call__(self, there: np.ndarray, rows: np.ndarray, tokens: np.ndarray) -> Tensor:
        """(states, D) for states that occur in parts `rows` of `there` (n, T) at `tokens`, which are in order."""
        counts, order = np.cumsum(there, axis=1), self.block.attention.order.T.contiguous()
        most, attended, starts = order.shape[1], [], np.searchsorted(tokens, np.arange(there.shape[1] + 1))
        for token, (start, stop) in enumerate(pairwise(starts)):
            row, upto = rows[start:stop], token + 1
            gap = torch.from_numpy(np.maximum(counts[row, token, None] - counts[row, :upto], 0)).to(self.x.device)
            hidden = torch.from_numpy(~there[row, :upto]).to(self.x.device) | (gap >= most)
            logits = (order[:, gap.clamp_max(most - 1)] + self.content[:, token, None, :upto]).masked_fill_(hidden, -torch.inf)
            attended.append((torch.softmax(logits, -1) @ self.values[:, :upto]).transpose(0, 1).reshape(len(row), self.size))
        at = torch.from_numpy(tokens).to(self.x.device)
        around = zip(torch.cat(attended).split(AT_ONCE), at.split(AT_ONCE), strict=True)
        return torch.cat([self.block.mixed(self.x[own] + self.gates[own] * self.block.attention.out(each)) for each, own in around])


def _second(block: Block, first: _First, there: np.ndarray) -> Tensor:
    """(n, D) for the last tokens of parts `there` (n, T); keys and values are folded into the one query and its answer."""
    attention, heads = block.attention, block.attention.heads
    states, rows, tokens = shared_beginnings(there)
    y = first(there, rows, tokens)
    normed = block.attention_norm(y)
    ends = there.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
    gap = torch.from_numpy(np.maximum(there.sum(axis=1, keepdims=True) - np.cumsum(there, axis=1), 0)).to(y.device)
    order = attention.order[gap.clamp_max(len(attention.order) - 1)]
    hidden = torch.from_numpy(states < 0).to(y.device) | (gap >= len(attention.order))
    weights = attention.project.weight.view(3, heads, -1, y.shape[1])
    bias = attention.project.bias.view(3, heads, -1)
    mixed = []
    size = max(1, AT_ONCE // there.shape[1])
    for start in range(0, len(there), size):
        part = np.arange(start, min(start + size, len(there)))  # no tensor: one of one number would index an array as that number
        own = torch.from_numpy(states[part, ends[part]])
        around = normed[torch.from_numpy(np.maximum(states[part], 0))]  # (n, T, D)
        query = torch.einsum("nd,hed->nhe", normed[own], weights[0]) + bias[0]
        asking = torch.einsum("nhe,hed->nhd", query * query.shape[-1] ** -0.5, weights[1])
        logits = torch.einsum("nhd,ntd->nht", asking, around) + order[part].transpose(1, 2)
        looks = torch.softmax(logits.masked_fill(hidden[part][:, None], -torch.inf), -1)
        told = torch.einsum("nhd,hed->nhe", looks @ around, weights[2]) + bias[2]
        attended = attention.out(told.reshape(len(part), -1))
        mixed.append(block.mixed(y[own] + torch.sigmoid(block.attention_gate(y[own])) * attended))
    return torch.cat(mixed)
