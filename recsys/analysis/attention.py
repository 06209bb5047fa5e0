"""Attention at one step: the weights of past events under several views, and the terms of the logits that decide them.

Attention weights are not an explanation of the model's answer: that takes running the model without the event.
"""

from dataclasses import dataclass

import numpy as np

from recsys.core import History, request_at
from recsys.core.errors import unknown
from recsys.core.geography import kilometres
from recsys.core.translation import _
from recsys.evaluation.replay import StepAttention

ROLLOUT, MEAN, OWN = "rollout", "mean", "own events"


@dataclass(frozen=True, eq=False)
class AttentionSummary:
    """The attention from one step under one view, events in the order of the timeline.

    `events` (n,) are indices into the history; `weights` (n,) and `start` sum to 1, `start` being the weight of the token before
    the first event. `hours` (n,) from each event to the request and `kilometres` (n,) from the last known place to each event are
    NaN where unknown, None for data that has none.
    """

    step: int
    view: str
    events: np.ndarray
    weights: np.ndarray
    start: float
    hours: np.ndarray | None
    kilometres: np.ndarray | None

    def heaviest(self, count: int) -> np.ndarray:
        """Return the positions of the events with most weight, most first, the later of equals first."""
        return np.lexsort((-self.events, -self.weights))[:count]

    def half(self) -> int:
        """Return the smallest number of events that hold half of the weight of all events."""
        ordered = np.sort(self.weights)[::-1].cumsum()
        return int(np.searchsorted(ordered, ordered[-1] / 2) + 1) if len(ordered) else 0


def list_views(attention: StepAttention) -> list[str]:
    """Return the names of the views: rollout, mean, each block, and each head where a block has several."""
    heads = attention.weights.shape[1]
    names = [ROLLOUT, MEAN]
    for block in list_blocks(attention):
        names.append(block)
        names += [f"{block}, head {head}" for head in range(1, heads + 1) if heads > 1 and block != OWN]
    return names


def list_blocks(attention: StepAttention) -> list[str]:
    """Return the names of the blocks, the first one first; a pointer to the user's own events has a name of its own."""
    names = [f"block {block}" for block in range(1, len(attention.weights) + 1)]
    return [*names[:-1], OWN] if attention.own else names


def describe_view(view: str) -> str:
    """Return the name of a view or block in the reader's language."""
    block, _comma, head = view.partition(", head ")
    number = block.removeprefix("block ")
    if number != block:
        return _("Block {number}, head {head}", number=number, head=head) if head else _("Block {number}", number=number)
    if head:
        return _("{block}, head {head}", block=describe_view(block), head=head)
    return {ROLLOUT: _("Attention rollout"), MEAN: _("Mean of all heads"), OWN: _("Pointer to own events")}.get(block, block)


def compute_view(attention: StepAttention, view: str) -> np.ndarray:
    """Return the weights (n + 1, n + 1) of a view; rows sum to 1."""
    weights = attention.weights
    if view not in list_views(attention):
        raise unknown("attention view", view, list_views(attention))
    if view == ROLLOUT:
        return compute_rollout(weights)
    if view == MEAN:
        return np.asarray(weights.mean(axis=(0, 1)))
    block, _comma, head = view.partition(", head ")
    chosen = weights[list_blocks(attention).index(block)]
    return np.asarray(chosen[int(head) - 1] if head else chosen.mean(axis=0))


def compute_rollout(weights: np.ndarray) -> np.ndarray:
    """Return attention rollout: attention followed through all blocks to the events (Abnar & Zuidema, arXiv 2005.00928).

    `weights` (blocks, heads, n, n), first block first. In each block half of the weight stays, for the residual connection, and
    half moves by the mean of the heads. As in the paper, the learned gates of the blocks are ignored.
    """
    mixed = np.eye(weights.shape[-1])
    for block in weights.astype(np.float64):
        mixed = (0.5 * block.mean(axis=0) + 0.5 * np.eye(weights.shape[-1])) @ mixed
    return mixed


def measure_logit_shares(attention: StepAttention) -> dict[str, np.ndarray]:
    """Return how much each term of the logits decides the attention from this step: (blocks, heads) by term, summing to 1.

    A term's spread is its standard deviation over the visible events: what is added to all of them alike does not move the
    attention. A share is that spread over the sum of all terms' spreads; where nothing varies, all shares are 0.
    """
    seen = attention.weights[:, :, attention.query] > 0
    spreads = {}
    for name, terms in attention.terms.items():
        last = np.where(seen, terms[:, :, attention.query], np.nan).astype(np.float64)
        spreads[name] = np.nan_to_num(np.nanstd(last, axis=-1))
    total = sum(spreads.values(), start=np.zeros(seen.shape[:2]))
    return {name: np.divide(spread, total, out=np.zeros_like(total), where=total > 0) for name, spread in spreads.items()}


def summarize_attention(attention: StepAttention, history: History, view: str = ROLLOUT) -> AttentionSummary:
    """Return the row of a view that decides the list, with the gaps in time and space between the request and each event."""
    row = compute_view(attention, view)[attention.query].astype(np.float64)
    events = attention.steps[1:]
    request = request_at(history, attention.step)
    return AttentionSummary(
        step=attention.step,
        view=view,
        events=events,
        weights=row[1:],
        start=float(row[0]),
        hours=_hours(history, events, attention.step, request.time),
        kilometres=_kilometres(history, events, attention.step),
    )


def _hours(history: History, events: np.ndarray, step: int, time: float | None) -> np.ndarray | None:
    if history.times is None:
        return None
    now = time if time is not None else history.times[step - 1] if step else np.nan
    return np.asarray((now - history.times[events]) / 3600.0)


def _kilometres(history: History, events: np.ndarray, step: int) -> np.ndarray | None:
    if history.places is None:
        return None
    here = history.places[step - 1 : step] if step else np.full((1, 2), np.nan)
    return kilometres(here, history.places[events])[0]
