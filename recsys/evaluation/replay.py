"""Replay of a user's timeline under one model: the top-k list at every step, and the rank of the next item.

Step N is after the first N events. Nothing later is used at step N, except the time of event N, which is the time of the request.
Where event N is predicted at once with earlier ones (`History.groups`), those are not used either.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np

from recsys.core import PAD, TOP_K, FallsBack, History, HoldsLists, Recommender, Request, Trace, Traces, Vocabulary, request_at, top_k
from recsys.core.errors import DataError
from recsys.core.split import SPLIT_NAMES
from recsys.core.translation import _
from recsys.evaluation import check_scores, compute_rows_per_chunk, rank_items

CHUNK_STEPS = 256
"""Steps scored at a time: enough for vectorised models, few enough for their scores to stay in the cache of the processor."""
PASS_STEPS = 4_096
"""Steps of one pass of a model that sees a limited number of latest events, so that the memory of a replay does not grow with its length."""


@dataclass(frozen=True, eq=False)
class Replay:
    """Steps of one user's timeline of T events replayed under one model: all T + 1 of them, or a part that starts at step `first`.

    The arrays have an entry for each of the S steps replayed, index 0 being step `first`; step T has no next event. `item_ids` of the
    events that came next (S,), or (S - 1,) where step T is included. `ranks` (S,) exact rank of the item of event N at step N, NaN at
    step T; an item that the model does not know ranks last (n_items), one outside a finished list infinity, and NaN where there is no list. `top_items` (S, k) ids, best first, '' where there are fewer
    candidates, with `top_scores` (S, k) float32. `splits`, as long as `item_ids`, is the split of each event for the checkpoint (train,
    validation, test), '' if not given. `fallbacks` (S,) are English reasons or None, to be translated where they are shown. `interest`
    (S, D) are the model's states, None for models without states; `gates` are its mixing weights by name, (S,) each. `unknown` counts
    events of the whole timeline whose item the model does not know.
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
    first: int = 0

    @property
    def steps(self) -> range:
        """The steps replayed."""
        return range(self.first, self.first + len(self.ranks))

    @property
    def is_whole(self) -> bool:
        """Whether every step of the timeline is replayed."""
        return len(self.ranks) == self.length + 1

    @property
    def misses(self) -> np.ndarray:
        """Steps replayed whose next item is not in the top 10, in order; a step without a next item is not a miss."""
        return self.first + np.flatnonzero(self.ranks > TOP_K)


@dataclass(frozen=True, eq=False)
class StepAttention:
    """Attention of a model at one step, over the last n known events in the receptive field of two blocks (399 at max_length 200).

    `steps` (n + 1,) are the indices of the events of rows and columns, −1 for the start token. `weights` (blocks, heads, n + 1, n + 1);
    the row `query`, by default the last, is the attention at this step, exact for up to two blocks. `terms` maps the terms of the logits to arrays of the same
    shape. If the history was cut, the first rows attend to fewer events than at their own steps. With `own` the last block is the
    pointer to the user's own events, from which items are copied.
    """

    step: int
    steps: np.ndarray
    weights: np.ndarray
    terms: dict[str, np.ndarray]
    own: bool = False
    query: int = -1


def replay_history(
    model: Recommender,
    history: History,
    repeats: bool,
    k: int = TOP_K,
    labels: np.ndarray | None = None,
    steps: range | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Replay:
    """Score every step of a history, or the given consecutive `steps`, equal to scoring step by step: long passes for causal models.

    Without `repeats`, items seen before are not candidates. `labels` (T,) are split labels of the events. The steps of a part are equal
    to the bit to those of the whole. `report` is called with the numbers of steps done and to do; an error raised there ends the replay.
    """
    began = time.perf_counter()
    steps = _check(history, k, labels, steps)
    length, vocabulary = len(history), cast(Vocabulary, getattr(model, "vocabulary", None) or Vocabulary(model.item_ids))
    codes = vocabulary.encode(history.items)
    k = min(k, len(vocabulary))
    known = history.count_known(np.arange(length + 1))
    parts: list[_Chunk] = []
    excluded_from = _find_exclusions(codes, vocabulary.encode(history.dislikes), len(vocabulary), repeats)
    falling_back = model if isinstance(model, FallsBack) else None  # asked once: the check of a protocol takes microseconds
    for chunk, requests, scores, states, gates in _score_chunks(model, history, codes, known, steps, len(vocabulary)):
        scores = check_scores(model, scores)
        if (excluded_from <= chunk[-1]).any():
            np.putmask(scores, excluded_from <= known[chunk][:, None], -np.inf)
        best = top_k(scores, k)
        with_next = chunk[chunk < length]
        targets = codes[with_next]
        ranks = np.full(len(chunk), np.nan)
        ranks[: len(with_next)] = rank_items(model, scores[: len(with_next)], targets)
        if isinstance(model, HoldsLists):
            ranks[~model.has_lists(requests)] = np.nan
        reasons = falling_back.fallbacks(requests) if falling_back else [None] * len(chunk)
        parts.append(_Chunk(ranks, best, np.take_along_axis(scores, best, axis=1), reasons, states, gates))
        if report is not None:
            report(min(int(chunk[-1]) + 1, steps.stop) - steps.start, len(steps))
    extra = steps.start % _rows_per_chunk(len(vocabulary))
    inside = slice(extra, extra + len(steps))
    top_scores = np.concatenate([part.top_scores for part in parts])[inside]
    names = np.array(SPLIT_NAMES, dtype=object)
    nexts = slice(steps.start, min(steps.stop, length))
    states = None if parts[0].states is None else np.concatenate([cast(np.ndarray, part.states) for part in parts])[inside]
    return Replay(
        user_id=history.user_id,
        length=length,
        item_ids=history.items[nexts],
        ranks=np.concatenate([part.ranks for part in parts])[inside],
        top_items=np.where(top_scores > -np.inf, vocabulary.item_ids[np.concatenate([part.top for part in parts])[inside]], ""),
        top_scores=top_scores,
        splits=np.full(nexts.stop - nexts.start, "", dtype=object) if labels is None else names[labels[nexts]],
        fallbacks=tuple([reason for part in parts for reason in part.fallbacks][inside]),
        interest=states,
        gates={name: np.concatenate([part.gates[name] for part in parts])[inside] for name in parts[0].gates},
        unknown=int((codes == PAD).sum()),
        seconds=time.perf_counter() - began,
        first=steps.start,
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
    return StepAttention(step, np.concatenate([[-1], known]), trace.attention, trace.terms or {}, trace.copies is not None, trace.query)


class _Chunk(NamedTuple):
    """Results of a chunk of consecutive steps; `top` are positions of items."""

    ranks: np.ndarray
    top: np.ndarray
    top_scores: np.ndarray
    fallbacks: Sequence[str | None]
    states: np.ndarray | None
    gates: dict[str, np.ndarray]


def _check(history: History, k: int, labels: np.ndarray | None, steps: range | None) -> range:
    """Return the steps to replay; errors for what does not fit the history."""
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
    steps = range(len(history) + 1) if steps is None else steps
    if steps.step != 1 or not len(steps) or steps.start < 0 or steps.stop > len(history) + 1:
        raise DataError(
            _(
                "steps {first} to {last} are not a part of this history; give consecutive steps from 0 to {length}",
                first=steps.start,
                last=steps.stop - 1,
                length=len(history),
            )
        )
    return steps


def _rows_per_chunk(n_items: int) -> int:
    return min(compute_rows_per_chunk(n_items), CHUNK_STEPS)


def _floor(step: int, size: int) -> int:
    return step // size * size


def _score_chunks(
    model: Recommender, history: History, codes: np.ndarray, known: np.ndarray, steps: range, n_items: int
) -> Iterator[tuple[np.ndarray, list[Request], np.ndarray, np.ndarray | None, dict[str, np.ndarray]]]:
    """Yield chunks of consecutive steps, their requests and scores, and the states and gates of a model that traces.

    `known` (T + 1,) are the numbers of events that may be known at each step. Chunks and passes begin at fixed steps, whatever the part, since the last bit of a product of matrices depends on their shape.
    """
    length, rows = len(history), _rows_per_chunk(n_items)
    if not isinstance(model, Traces):
        for chunk, requests in _requests(history, codes, range(_floor(steps.start, rows), length + 1), rows):
            if chunk[0] >= steps.stop:
                return
            yield chunk, requests, model.score(requests), None, {}
        return
    reach = getattr(model, "receptive_field", None)
    size = length + 1 if reach is None else max(_floor(PASS_STEPS, rows), rows)
    for start in range(_floor(steps.start, size), steps.stop, size):
        stop = min(start + size, length + 1)
        before = 0 if reach is None else max(0, int(known[start]) - reach)
        trace = model.trace(*_cut(history, before, stop))
        chunks = range(max(start, _floor(steps.start, rows)), stop)
        for chunk, requests in _requests(history, codes, chunks, rows):
            if chunk[0] >= steps.stop:
                return
            inside = known[chunk] - before
            gates = {name: gate[inside] for name, gate in trace.gates.items()}
            yield chunk, requests, model.score_trace(trace, inside), trace.states[inside] if trace.states.shape[1] else None, gates


def _cut(history: History, first: int, stop: int) -> tuple[History, Request | None]:
    """Return the events that steps before `stop` may use, from the one at `first` on, and the request of the last of these steps."""
    if first == 0 and stop > len(history):
        return history, None
    last = request_at(history, stop - 1)
    return last.history.since(first), replace(last, history=last.history.since(first))


def _requests(history: History, codes: np.ndarray, steps: range, rows: int) -> Iterator[tuple[np.ndarray, list[Request]]]:
    """Yield chunks of consecutive steps and their requests.

    Models ignore unknown items. These are left out here, once: a model that looks for the last known event would otherwise search them
    at every step.
    """
    unknown = codes == PAD
    cleaned = history.without(np.flatnonzero(unknown)) if unknown.any() else None
    known_before = np.concatenate([[0], np.cumsum(~unknown)])
    for start in range(steps.start, steps.stop, rows):
        chunk = np.arange(start, min(start + rows, steps.stop))
        requests = [request_at(history, int(step)) for step in chunk]
        if cleaned is not None:
            requests = [replace(request, history=cleaned.until(known_before[len(request.history)])) for request in requests]
        yield chunk, requests


def _find_exclusions(codes: np.ndarray, disliked: np.ndarray, n_items: int, repeats: bool) -> np.ndarray:
    """Return the step (n_items,) from which each item is not a candidate: 0 for dislikes, without `repeats` the one after its first event."""
    steps = np.full(n_items + 1, len(codes) + 1)
    if not repeats:
        items, firsts = np.unique(codes, return_index=True)
        steps[items] = firsts + 1
    steps[disliked] = 0
    return steps[1:]
