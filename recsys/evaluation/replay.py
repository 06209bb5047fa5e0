"""Replay of a user's timeline under one model: the top-k list at every step, and the rank of the next item.

Step N is after the first N events. Nothing later is used at step N, except the time of event N, which is the time of the request.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from recsys.core import PAD, TOP_K, FallsBack, History, Recommender, Request, Trace, Traces, Vocabulary, request_at, top_k
from recsys.core.errors import DataError
from recsys.core.split import SPLIT_NAMES
from recsys.core.translation import _
from recsys.evaluation import check_scores, compute_ranks, compute_rows_per_chunk

CHUNK_STEPS = 256
"""Steps scored at a time: enough for vectorised models, few enough for their scores to stay in the cache of the processor."""


@dataclass(frozen=True, eq=False)
class Replay:
    """One user's timeline of T events replayed under one model; arrays of T + 1 have an entry for step T, whose next event is unknown.

    `item_ids` (T,) of the events. `ranks` (T + 1,) exact rank of the item of event N at step N, NaN at the end; an item that the model
    does not know ranks last (n_items). `top_items` (T + 1, k) ids, best first, '' where there are fewer candidates, with
    `top_scores` (T + 1, k) float32. `splits` (T,) is the split of each event for the checkpoint (train, validation, test), '' if not
    given. `fallbacks` (T + 1,) are English reasons or None, to be translated where they are shown. `interest` (T + 1, D) are the model's
    states, None for models without states; `gates` are its mixing weights by name, (T + 1,) each. `unknown` counts events of items that
    the model does not know.
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
        """Steps whose next item is not in the top 10, in order; a step without a next item is not a miss."""
        return np.flatnonzero(self.ranks > TOP_K)


@dataclass(frozen=True, eq=False)
class StepAttention:
    """Attention of a model at one step, over the last n known events in the receptive field of two blocks (399 at max_length 200).

    `steps` (n + 1,) are the indices of the events of rows and columns, −1 for the start token. `weights` (blocks, heads, n + 1, n + 1);
    the last row is the attention at this step, exact for up to two blocks. `terms` maps the terms of the logits to arrays of the same
    shape. If the history was cut, the first rows attend to fewer events than at their own steps. With `own` the last block is the
    pointer to the user's own events, from which items are copied.
    """

    step: int
    steps: np.ndarray
    weights: np.ndarray
    terms: dict[str, np.ndarray]
    own: bool = False


def replay_history(model: Recommender, history: History, repeats: bool, k: int = TOP_K, labels: np.ndarray | None = None) -> Replay:
    """Score every step of a history, equal to scoring step by step: one pass for causal models, batches for the others.

    Without `repeats`, items seen before are not candidates. `labels` (T,) are split labels of the events.
    """
    if k < 1:
        raise DataError(_("k is {k}; request at least one item, for example 10", k=k))
    if labels is not None and len(labels) != len(history):
        raise DataError(
            _(
                "{labels} split labels do not match a history of {events} events; give one label per event",
                labels=len(labels),
                events=len(history),
            )
        )
    began = time.perf_counter()
    length, vocabulary = len(history), cast(Vocabulary, getattr(model, "vocabulary", None) or Vocabulary(model.item_ids))
    codes = vocabulary.encode(history.items)
    k = min(k, len(vocabulary))
    ranks = np.full(length + 1, np.nan)
    top, top_scores = np.empty((length + 1, k), dtype=np.int64), np.empty((length + 1, k), dtype=np.float32)
    trace = model.trace(history) if isinstance(model, Traces) else None
    excluded_from = _find_exclusions(codes, vocabulary.encode(history.dislikes), len(vocabulary), repeats)
    fallbacks: list[str | None] = []
    falling_back = model if isinstance(model, FallsBack) else None  # asked once: the check of a protocol takes microseconds
    rows = min(compute_rows_per_chunk(len(vocabulary)), CHUNK_STEPS)
    for steps, requests in _requests(history, codes, rows, traced=trace is not None):
        scores = check_scores(model, model.score(requests) if trace is None else cast(Any, model).score_trace(trace, steps))
        if (excluded_from <= steps[-1]).any():
            np.putmask(scores, excluded_from <= steps[:, None], -np.inf)
        fallbacks += falling_back.fallbacks(requests) if falling_back else [None] * len(steps)
        top[steps] = top_k(scores, k)
        top_scores[steps] = np.take_along_axis(scores, top[steps], axis=1)
        with_next = steps[steps < length]
        targets = codes[with_next]
        known_ranks = compute_ranks(scores[: len(with_next)], np.maximum(targets - 1, 0))
        ranks[with_next] = np.where(targets == PAD, len(vocabulary), known_ranks)
    return Replay(
        user_id=history.user_id,
        length=length,
        item_ids=history.items,
        ranks=ranks,
        top_items=np.where(top_scores > -np.inf, vocabulary.item_ids[top], ""),
        top_scores=top_scores,
        splits=np.full(length, "", dtype=object) if labels is None else np.array(SPLIT_NAMES, dtype=object)[labels],
        fallbacks=tuple(fallbacks),
        interest=trace.states if trace is not None and trace.states.shape[1] else None,
        gates={} if trace is None else trace.gates,
        unknown=int((codes == PAD).sum()),
        seconds=time.perf_counter() - began,
    )


def compute_step_attention(model: Recommender, history: History, step: int) -> StepAttention:
    """Return the attention at a step; items that the model does not know are left out, as the model does."""
    return compute_request_attention(model, request_at(history, step))


def compute_request_attention(model: Recommender, request: Request) -> StepAttention:
    """Return the attention for a request; items that the model does not know are left out, as the model does."""
    if not isinstance(model, Traces):
        raise DataError(_("the model {model} has no attention; choose one that has, for example sasrec", model=type(model).__name__))
    step, field = len(request.history), 2 * getattr(getattr(model, "config", None), "max_length", 200) - 1
    known = np.flatnonzero(Vocabulary(model.item_ids).encode(request.history.items) != PAD)[-field:]
    history = request.history.without(np.setdiff1d(np.arange(step), known))
    trace: Trace = model.trace(history, replace(request, history=history, candidates=None), attention=True)
    if trace.attention is None:
        raise DataError(_("the model {model} has no attention; choose one that has, for example sasrec", model=type(model).__name__))
    return StepAttention(step, np.concatenate([[-1], known]), trace.attention, trace.terms or {}, trace.copies is not None)


def _requests(history: History, codes: np.ndarray, rows: int, traced: bool) -> Iterator[tuple[np.ndarray, list[Request]]]:
    """Yield chunks of consecutive steps and their requests.

    Models ignore unknown items. Unless they trace the history as it is, these are left out here, once: a model that looks for the last
    known event would otherwise search them at every step.
    """
    unknown = codes == PAD
    cleaned = history.without(np.flatnonzero(unknown)) if unknown.any() and not traced else None
    known_before = np.concatenate([[0], np.cumsum(~unknown)])
    for start in range(0, len(history) + 1, rows):
        steps = np.arange(start, min(start + rows, len(history) + 1))
        requests = [request_at(history, int(step)) for step in steps]
        if cleaned is not None:
            requests = [replace(request, history=cleaned.until(known_before[step])) for step, request in zip(steps, requests, strict=True)]
        yield steps, requests


def _find_exclusions(codes: np.ndarray, disliked: np.ndarray, n_items: int, repeats: bool) -> np.ndarray:
    """Return the step (n_items,) from which each item is not a candidate: 0 for dislikes, without `repeats` the one after its first event."""
    steps = np.full(n_items + 1, len(codes) + 1)
    if not repeats:
        items, firsts = np.unique(codes, return_index=True)
        steps[items] = firsts + 1
    steps[disliked] = 0
    return steps[1:]
