"""Cross-entropy over all items without storing all logits."""

from typing import Any

import torch
from torch import Tensor

CHUNK = 256
"""Targets per chunk: their logits over a few thousand items fit into the processor's cache."""


class _FullSoftmax(torch.autograd.Function):
    """Sum over targets of -log softmax(states · itemsᵀ)[target], with gradients computed chunk by chunk in the forward pass.

    The logits of 8,000 targets over 3,416 items take 109 MB, read and written several times by composed operations; here the
    logits of a chunk are turned into probabilities in place, used for both gradients and overwritten by the next chunk.
    The same idea as in Cut Your Losses (arXiv 2411.09009) and Liger kernels, in plain PyTorch.
    """

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        items: Tensor,
        targets: Tensor,
        precision: torch.dtype,
        log_share: Tensor | None,
        log_rest: Tensor | None,
        weights: Tensor | None,
    ) -> Tensor:
        states_in, items_in = states.to(precision), items.to(precision)
        columns = items_in.T.contiguous()
        state_gradients = torch.empty_like(states_in)
        item_gradients = torch.zeros_like(items)
        loss = torch.zeros((), device=states.device)
        buffer = states_in.new_empty((min(CHUNK, len(states)), len(items)))
        rows = torch.arange(CHUNK, device=states.device)
        credits = torch.empty(len(states), device=states.device) if log_share is not None else None
        for start in range(0, len(states), CHUNK):
            part = slice(start, start + CHUNK)
            chunk, columns_of_targets = states_in[part], targets[part]
            row = rows[: len(chunk)]
            probabilities = torch.mm(chunk, columns, out=buffer[: len(chunk)])
            torch.softmax(probabilities, 1, out=probabilities)
            # the smallest normal float32: a target with probability 0 costs 87 nats, not infinity
            logs = probabilities[row, columns_of_targets].float().clamp_min(1.2e-38).log()
            if credits is not None and log_share is not None and log_rest is not None:
                own = log_share[part] + logs
                logs = torch.logaddexp(own, log_rest[part])
                credits[part] = (own - logs).exp()
                probabilities *= credits[part, None].to(precision)
                probabilities[row, columns_of_targets] -= credits[part].to(precision)
            else:
                probabilities[row, columns_of_targets] -= 1.0
            if weights is not None:
                probabilities *= weights[part, None].to(precision)
                logs = logs * weights[part]
            loss -= logs.sum()
            torch.mm(probabilities, items_in, out=state_gradients[part])
            item_gradients += torch.mm(probabilities.T, chunk)
        ctx.save_for_backward(state_gradients.to(states.dtype), item_gradients, credits, weights)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        state_gradients, item_gradients, credits, weights = ctx.saved_tensors
        by = gradients[0]
        each = by if weights is None else by * weights
        shares = (None, None) if credits is None else (-each * credits, each * (credits - 1.0))
        return state_gradients.mul_(by.to(state_gradients.dtype)), item_gradients.mul_(by), None, None, *shares, None


def full_softmax_loss(states: Tensor, items: Tensor, targets: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
    """Return the summed cross-entropy of `targets` (n,) int64, rows of `items` (n_items, D), given `states` (n, D). Call backward once.

    With `precision` bfloat16 the three matrix products run in it, several times faster on processors with matrix units for it.
    """
    return _FullSoftmax.apply(states, items, targets, precision, None, None, None)


def mixed_softmax_loss(
    states: Tensor,
    items: Tensor,
    targets: Tensor,
    log_share: Tensor,
    log_rest: Tensor,
    weights: Tensor,
    precision: torch.dtype = torch.float32,
) -> Tensor:
    """Return the summed −log(share · softmax(states · itemsᵀ)[target] + rest), the loss of a mixture with the softmax as one component.

    `log_share` (n,) is the log weight of the softmax, `log_rest` (n,) the log probability of the target under the other components;
    both are float32 and receive gradients. `weights` (n,) are the weights of the targets.
    """
    return _FullSoftmax.apply(states, items, targets, precision, log_share, log_rest, weights)
