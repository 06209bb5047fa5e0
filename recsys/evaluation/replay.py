"""A whole timeline under one model: at every step what it would have recommended then, and how it ranked what came next.

Step N is after the first N events. Nothing later than step N is used there, except that the model is told when event N happens.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from recsys.core import PAD, TOP_K, FallsBack, History, Recommender, Request, Trace, Traces, Vocabulary, request_at, top_k
from recsys.core.errors import DataError
from recsys.core.split import SPLIT_NAMES
from recsys.evaluation import ranks_of, rows_at_once, scores_of

CHUNK_EVENTS = 1_000_000


@dataclass(frozen=True, eq=False)
class Replay:
    """Every step of a history of T events; arrays of T + 1 have an entry for step T, where the next event is not known.

    `item_ids` (T,) what happened. `ranks` (T + 1,) exact rank of event N at step N, NaN at the end; an item that the model
    does not know ranks last (n_items). `top_items` (T + 1, k) ids, best first, '' where there are fewer candidates, with
    `top_scores` (T + 1, k) float32. `splits` (T,) says of each event whether the checkpoint learnt from it (train), was chosen
    by it (validation) or never saw it (test), '' where nobody said. `fallbacks` (T + 1,) reasons or None. `interest`
    (T + 1, D) are the model's states, None for models that have none, `gates` what it weighs, by name (T + 1,). `unknown` counts the events of unknown items.
    """

    user_id: str | None
    length: int
    item_ids: np.ndarray
    ranks: np.ndarray
    top_items: np.ndarray
    top_scores: np.ndarray
    splits: np.ndarray
    fallbacks: tuple[str | None, ...]
    interest: np.ndarray | None
    gates: dict[str, np.ndarray]
    unknown: int
    seconds: float

    @property
    def misses(self) -> np.ndarray:
        """Steps, in order, whose next item is not within the first TOP_K; a step without a next item is not a miss."""
        return np.flatnonzero(self.ranks > TOP_K)


@dataclass(frozen=True, eq=False)
class Attention:
    """Where a model looks at one step, over the last n known events that two blocks reach (399 at max_length 200).

    `steps` (n + 1,) indices of the events behind the rows and columns, −1 for the start before them. `weights` (blocks, heads,
    n + 1, n + 1); the last row is the look from this step, exact for up to two blocks. `terms` maps the parts of the logits to
    arrays of the same shape. Where the history was cut, the first rows see less than they did at their own steps. `own` says that
    the last block is no block but the pointer to the person's own events, from which a part of the list is copied.
    """

    step: int
    steps: np.ndarray
    weights: np.ndarray
    terms: dict[str, np.ndarray]
    own: bool = False


def replay_history(model: Recommender, history: History, repeats: bool, k: int = TOP_K, labels: np.ndarray | None = None) -> Replay:
    """Score every step of a history, exactly as asking step by step would: one pass for causal models, batches for the others.

    `repeats` False takes items seen before from the candidates. `labels` (T,) are split labels of the events.
    """
    if k < 1:
        raise DataError(f"k is {k}; ask for at least one item")
    if labels is not None and len(labels) != len(history):
        raise DataError(f"{len(labels)} split labels do not fit a history of {len(history)} events")
    began = time.perf_counter()
    length, vocabulary = len(history), cast(Vocabulary, getattr(model, "vocabulary", None) or Vocabulary(model.item_ids))
    codes = vocabulary.encode(history.items)
    k = min(k, len(vocabulary))
    ranks = np.full(length + 1, np.nan)
    top, top_scores = np.empty((length + 1, k), dtype=np.int64), np.empty((length + 1, k), dtype=np.float32)
    trace = model.trace(history) if isinstance(model, Traces) else None
    for steps, scores in _scores(model, history, trace):
        _hide(scores, steps, codes, vocabulary.encode(history.dislikes), repeats)
        top[steps] = top_k(scores, k)
        top_scores[steps] = np.take_along_axis(scores, top[steps], axis=1)
        judged = steps[steps < length]
        targets = codes[judged]
        known = ranks_of(scores[: len(judged)], np.maximum(targets - 1, 0))
        ranks[judged] = np.where(targets == PAD, len(vocabulary), known)
    return Replay(
        user_id=history.user_id,
        length=length,
        item_ids=history.items,
        ranks=ranks,
        top_items=np.where(top_scores > -np.inf, vocabulary.item_ids[top], ""),
        top_scores=top_scores,
        splits=np.full(length, "", dtype=object) if labels is None else np.array(SPLIT_NAMES, dtype=object)[labels],
        fallbacks=_fallbacks(model, history),
        interest=trace.states if trace is not None and trace.states.shape[1] else None,
        gates={} if trace is None else trace.gates,
        unknown=int((codes == PAD).sum()),
        seconds=time.perf_counter() - began,
    )


def attention_at_step(model: Recommender, history: History, step: int) -> Attention:
    """What the model looks at when asked at a step; unknown items are left out, as the model does."""
    return attention_to_request(model, request_at(history, step))


def attention_to_request(model: Recommender, request: Request) -> Attention:
    """What the model looks at when asked this."""
    if not isinstance(model, Traces):
        raise DataError(f"the model {type(model).__name__} has no attention to look at; take sasrec")
    step, reach = len(request.history), 2 * getattr(getattr(model, "config", None), "max_length", 200) - 1
    known = np.flatnonzero(Vocabulary(model.item_ids).encode(request.history.items) != PAD)[-reach:]
    seen = request.history.without(np.setdiff1d(np.arange(step), known))
    trace: Trace = model.trace(seen, replace(request, history=seen, candidates=None), attention=True)
    if trace.attention is None:
        raise DataError(f"the model {type(model).__name__} has no attention to look at; take sasrec")
    return Attention(step, np.concatenate([[-1], known]), trace.attention, trace.terms or {}, trace.copies is not None)


def _scores(model: Recommender, history: History, trace: Trace | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Steps and their scores, which may be written to, a chunk of consecutive steps at a time."""
    rows = rows_at_once(len(model.item_ids))
    if trace is None:
        rows = max(1, min(rows, CHUNK_EVENTS // max(len(history), 1)))
    for start in range(0, len(history) + 1, rows):
        steps = np.arange(start, min(start + rows, len(history) + 1))
        if trace is None:
            scores = model.score([request_at(history, int(step)) for step in steps])
        else:
            scores = cast(Any, model).score_trace(trace, steps)
        yield steps, scores_of(model, scores)


def _hide(scores: np.ndarray, steps: np.ndarray, codes: np.ndarray, disliked: np.ndarray, repeats: bool) -> None:
    """−inf on what may not be shown at each step, in place: dislikes and, unless people return, items seen before it."""
    scores[:, disliked[disliked != PAD] - 1] = -np.inf
    if not repeats:
        items, firsts = np.unique(codes, return_index=True)
        firsts, items = firsts[items != PAD], items[items != PAD]
        rows, columns = np.nonzero(firsts[None, :] < steps[:, None])
        scores[rows, items[columns] - 1] = -np.inf


def _fallbacks(model: Recommender, history: History) -> tuple[str | None, ...]:
    if not isinstance(model, FallsBack):
        return (None,) * (len(history) + 1)
    return tuple(model.fallback(request_at(history, step)) for step in range(len(history) + 1))
