"""Cross-entropy over every item without ever holding every logit."""

from typing import Any

import torch
from torch import Tensor

CHUNK = 256
"""Targets handled at a time: their logits over some thousand items stay in the processor's cache."""


class _FullSoftmax(torch.autograd.Function):
    """Sum over targets of -log softmax(states · itemsᵀ)[target], gradients computed chunk by chunk on the way forward.

    The logits of 8,000 targets over 3,416 items are 109 MB, read and written several times by the plain composition; here
    a chunk's logits are made, turned into probabilities in place, used for both gradients and overwritten by the next.
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
            chunk, wanted = states_in[part], targets[part]
            row = rows[: len(chunk)]
            probabilities = torch.mm(chunk, columns, out=buffer[: len(chunk)])
            torch.softmax(probabilities, 1, out=probabilities)
            # float32's smallest normal number: a target the model holds impossible costs 87 nats, not infinity
            logs = probabilities[row, wanted].float().clamp_min(1.2e-38).log()
            if credits is not None and log_share is not None and log_rest is not None:
                own = log_share[part] + logs
                logs = torch.logaddexp(own, log_rest[part])
                credits[part] = (own - logs).exp()
                probabilities *= credits[part, None].to(precision)
                probabilities[row, wanted] -= credits[part].to(precision)
            else:
                probabilities[row, wanted] -= 1.0
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
    """Summed cross-entropy of `targets` (n,) int64, rows of `items` (n_items, D), given `states` (n, D). Call backward once.

    With `precision` bfloat16 the three matrix products run in it, several times as fast where the processor has tiles for it.
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
    """Summed −log(share · softmax(states · itemsᵀ)[target] + rest): the softmax is one part of a mixture of distributions.

    `log_share` (n,) is the weight of the softmax, `log_rest` (n,) what the other parts give the target; both float32, both learn.
    `weights` (n,) say what each target counts.
    """
    return _FullSoftmax.apply(states, items, targets, precision, log_share, log_rest, weights)
