"""What a model is, what it may be able to do besides, and how its scores become a list."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from recsys.core.errors import DataError, RecsysError
from recsys.core.history import Event, History, Request
from recsys.core.vocabulary import PAD, Vocabulary

TOP_K = 10
"""Length of a top-k list: a next item within it is a hit, one outside it a miss."""


class Recommender(Protocol):
    """A trained model. Scores many requests at once; never reads files, never changes when asked."""

    @property
    def item_ids(self) -> np.ndarray:
        """(n_items,) the ids behind the columns of `score`."""
        ...

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32, higher is better, −inf for items that are no candidates of their request.

        Unknown items in a history are ignored, an empty history is legal, unknown candidates raise UnknownNameError.
        """
        ...


@dataclass(frozen=True, eq=False)
class Trace:
    """What a causal model computed on its way through one history; index 0 is the start, index N the state after N events.

    `states` (T + 1, D). `attention` (layers, heads, T + 1, T + 1), rows attend to columns and sum to 1. `terms` maps the
    additive parts of the attention's logits (content, order, time, distance) to arrays of the same shape. Both are None
    unless asked for. `gates` maps what a model weighs against the rest ("long-term", "own history") to shares (T + 1,).
    `copies` (T + 1, C) is the part of the list that comes straight from the items with `copied_codes` (T + 1, C).
    """

    states: np.ndarray
    attention: np.ndarray | None = None
    terms: dict[str, np.ndarray] | None = None
    gates: dict[str, np.ndarray] = field(default_factory=dict)
    copies: np.ndarray | None = None
    copied_codes: np.ndarray | None = None


@runtime_checkable
class Traces(Protocol):
    """A causal model: one pass over a history gives the state at every step."""

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """States at every step of `history`; step N is told the time of event N. `final` sets the context of the last step."""
        ...

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """(len(steps), n_items) float32 scores over all items at steps of a trace."""
        ...


@runtime_checkable
class ShowsAttention(Protocol):
    """A causal model that attends to single events, or may: some settings switch that part off."""

    @property
    def shows_attention(self) -> bool:
        """Whether a trace has the attention when asked for it."""
        ...


@runtime_checkable
class ScoresSubsets(Protocol):
    """A model that scores many parts of one history at once, without a History object for each."""

    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        """(n, n_items) float32 for bool `keep` (n, T): the scores of `request` had only those events happened; (n, 1) of one `column`.

        With `instead`, the other events happened with that item. Every event's item is known to the model.
        """
        ...


@runtime_checkable
class ExplainsItself(Protocol):
    """A model whose scores are sums over the events of the history, each fading with the events after it."""

    def parts(self, request: Request, column: int) -> tuple[np.ndarray, float]:
        """What each event (T,) adds to the score of an item when it is the last one, and what is left of that one event later."""
        ...


@runtime_checkable
class FallsBack(Protocol):
    """A model that can say when its list does not come from the history."""

    def fallback(self, request: Request) -> str | None:
        """A short reason ("no history yet: most popular items") when the list is not the model's own, else None."""
        ...


@runtime_checkable
class PredictsRatings(Protocol):
    """A model that says what rating a person would give."""

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32, the rating expected for every item of `item_ids`, on the scale of the data."""
        ...


@runtime_checkable
class PredictsBehaviours(Protocol):
    """A model that says what a person will do next, whatever the item: buy, search, click."""

    @property
    def behaviour_names(self) -> tuple[str, ...]:
        """What the columns of `behaviours` are called, as in the data."""
        ...

    def behaviours(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_behaviours) float32 probabilities, one sigmoid each: they need not sum to 1."""
        ...


class Recommended(NamedTuple):
    """One line of a list. `rank` starts at 1."""

    item_id: str
    score: float
    rank: int


def shows_attention(model: object) -> bool:
    """Whether a model, with its settings, can say which events it attends to."""
    return isinstance(model, ShowsAttention) and model.shows_attention


def seen_codes(vocabulary: Vocabulary, history: History) -> np.ndarray:
    """Codes of the known items in a history."""
    codes = vocabulary.encode(history.items)
    return codes[codes != PAD]


def heard(request: Request) -> Request:
    """The request with this session's likes as the latest events of its history, at the time and place asked for."""
    history = request.history
    last = history.times[-1] if history.times is not None and len(history) else np.nan
    time = float(last) if request.time is None else request.time
    for item_id in history.likes:
        history = history.then(
            Event(item_id, time, np.nan if request.utc_offset is None else request.utc_offset, request.place or (np.nan, np.nan))
        )
    return replace(request, history=history)


def candidate_scores(model: Recommender, requests: Sequence[Request], vocabulary: Vocabulary, repeats: bool) -> np.ndarray:
    """The model's scores with −inf on what may not be shown: items seen before (unless people return) and dislikes.

    Likes count as the latest events, for every model alike.
    """
    requests = [heard(each) if each.history.likes else each for each in requests]
    scores = np.asarray(model.score(requests), dtype=np.float32)
    if np.isnan(scores).any():
        raise RecsysError(f"the model {type(model).__name__} gave scores that are not numbers; train it again with a lower learning rate")
    for row, request in zip(scores, requests, strict=True):
        if not repeats:
            row[seen_codes(vocabulary, request.history) - 1] = -np.inf
        if request.history.dislikes:
            codes = vocabulary.encode(request.history.dislikes)
            row[codes[codes != PAD] - 1] = -np.inf
    return scores


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Positions (n, ≤ k) of the best scores in each row, best first, ties by position; −inf is never cut off here."""
    k = min(k, scores.shape[1])
    if k == 0:
        return np.empty((len(scores), 0), dtype=np.int64)
    # A partial top-k decides who is in; only those k are sorted. Ties at the edge fall to the lower position.
    edge = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    best = np.empty((len(scores), k), dtype=np.int64)
    for row, (values, least) in enumerate(zip(scores, edge, strict=True)):
        inside = np.flatnonzero(values >= least)
        best[row] = inside[np.argsort(-values[inside], kind="stable")[:k]]
    return best


def recommend(model: Recommender, request: Request, k: int = TOP_K, repeats: bool = True) -> list[Recommended]:
    """The k best items for a request, best first; fewer when there are fewer candidates."""
    if k < 1:
        raise DataError(f"k is {k}; ask for at least one item")
    vocabulary = getattr(model, "vocabulary", None) or Vocabulary(model.item_ids)
    scores = candidate_scores(model, [request], vocabulary, repeats)
    best = [position for position in top_k(scores, k)[0] if scores[0, position] > -np.inf]
    return [Recommended(str(vocabulary.item_ids[i]), float(scores[0, i]), rank) for rank, i in enumerate(best, start=1)]
