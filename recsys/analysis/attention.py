"""How the attention at one step reads: which past events a model looks at, and what decides it.

Attention says where a model looks. It is no explanation of what it answers: that takes running the model without the event.
"""

from dataclasses import dataclass

import numpy as np

from recsys.core import History, request_at
from recsys.core.errors import unknown
from recsys.core.geography import kilometres
from recsys.evaluation.replay import Attention

ROLLOUT, MEAN, OWN = "rollout", "mean", "own events"


@dataclass(frozen=True, eq=False)
class AttentionSummary:
    """The look from one step under one view, events in the order of the timeline.

    `events` (n,) indices into the history, `weights` (n,) and `start` sum to 1; `start` is what falls on the token before the
    first event. `hours` (n,) from each event to the request and `kilometres` (n,) from the last known place to each event are
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
        """Positions of the events with most weight, most first, the later of equals first."""
        return np.lexsort((-self.events, -self.weights))[:count]

    def half(self) -> int:
        """How many events it takes to hold half of what falls on events."""
        ordered = np.sort(self.weights)[::-1].cumsum()
        return int(np.searchsorted(ordered, ordered[-1] / 2) + 1) if len(ordered) else 0


def views(attention: Attention) -> list[str]:
    """Names of the ways to look at it: rollout, mean, each block, and each head where a block has several."""
    heads = attention.weights.shape[1]
    names = [ROLLOUT, MEAN]
    for block in blocks(attention):
        names.append(block)
        names += [f"{block}, head {head}" for head in range(1, heads + 1) if heads > 1 and block != OWN]
    return names


def blocks(attention: Attention) -> list[str]:
    """Names of the blocks, the first one first; a pointer to the person's own events is named as what it is."""
    names = [f"block {block}" for block in range(1, len(attention.weights) + 1)]
    return [*names[:-1], OWN] if attention.own else names


def matrix(attention: Attention, view: str) -> np.ndarray:
    """Weights (n + 1, n + 1) of a view; rows sum to 1."""
    weights = attention.weights
    if view not in views(attention):
        raise unknown("view of the attention", view, views(attention))
    if view == ROLLOUT:
        return rollout(weights)
    if view == MEAN:
        return np.asarray(weights.mean(axis=(0, 1)))
    block, _, head = view.partition(", head ")
    chosen = weights[blocks(attention).index(block)]
    return np.asarray(chosen[int(head) - 1] if head else chosen.mean(axis=0))


def rollout(weights: np.ndarray) -> np.ndarray:
    """Attention followed down through all blocks to the events themselves (Abnar & Zuidema, arXiv 2005.00928).

    `weights` (blocks, heads, n, n), first block first. In each block half stays where it is, for the residual connection,
    and half moves as the mean of the heads says. Our blocks' learned gates are not looked at, as in the paper.
    """
    mixed = np.eye(weights.shape[-1])
    for block in weights.astype(np.float64):
        mixed = (0.5 * block.mean(axis=0) + 0.5 * np.eye(weights.shape[-1])) @ mixed
    return mixed


def shares(attention: Attention) -> dict[str, np.ndarray]:
    """How much each part of the logits decides the look from this step: (blocks, heads) a part, summing to 1 over the parts.

    A part's spread is its standard deviation across the events that can be seen: what is added to all of them alike moves
    no attention. A share is that spread over the sum of the parts' spreads; where nothing spreads, all are 0.
    """
    seen = attention.weights[:, :, -1] > 0
    spreads = {}
    for name, terms in attention.terms.items():
        last = np.where(seen, terms[:, :, -1], np.nan).astype(np.float64)
        spreads[name] = np.nan_to_num(np.nanstd(last, axis=-1))
    total = sum(spreads.values(), start=np.zeros(seen.shape[:2]))
    return {name: np.divide(spread, total, out=np.zeros_like(total), where=total > 0) for name, spread in spreads.items()}


def summarize_attention(attention: Attention, history: History, view: str = ROLLOUT) -> AttentionSummary:
    """The last row of a view, with the gaps in time and space between the request and each event."""
    row = matrix(attention, view)[-1].astype(np.float64)
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
    asked = time if time is not None else history.times[step - 1] if step else np.nan
    return np.asarray((asked - history.times[events]) / 3600.0)


def _kilometres(history: History, events: np.ndarray, step: int) -> np.ndarray | None:
    if history.places is None:
        return None
    here = history.places[step - 1 : step] if step else np.full((1, 2), np.nan)
    return kilometres(here, history.places[events])[0]
