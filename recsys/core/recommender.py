"""The protocol of a model, the optional protocols of its abilities, and the top-k list made of its scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from recsys.core.errors import DataError, RecsysError
from recsys.core.history import Event, History, Request
from recsys.core.translation import N_, _
from recsys.core.vocabulary import PAD, Vocabulary

TOP_K = 10
"""Length of a top-k list: a next item within it is a hit, one outside it a miss."""
MOST_TIED = 4
"""Multiple of k up to which all candidates for a list are sorted; where more are tied at its end, only the first k of these are."""


class Recommender(Protocol):
    """A trained model that scores many requests at once. Scoring reads no files and changes nothing."""

    @property
    def item_ids(self) -> np.ndarray:
        """(n_items,) the item ids of the columns of `score`."""
        ...

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32, higher is better, −inf for items that are not candidates of their request.

        Unknown items in a history are ignored, an empty history is legal, unknown candidates raise UnknownNameError.
        """
        ...


@dataclass(frozen=True, eq=False)
class Trace:
    """Intermediate results of a causal model over one history; index 0 is the start, index N the state after N events.

    `states` (T + 1, D). `attention` (layers, heads, T + 1, T + 1), rows attend to columns and sum to 1. `terms` maps the
    additive parts of the attention's logits (content, order, time, distance) to arrays of the same shape. Both are None
    unless requested. `gates` maps the components that a model weighs against the others ("long-term", "own history") to their
    weights (T + 1,). `copies` (T + 1, C) are the scores copied directly to the items with `copied_codes` (T + 1, C). `query` is the row
    of `attention` that decides the list: the last one, or 0 where a mask token takes the place of the start token.
    """

    states: np.ndarray
    attention: np.ndarray | None = None
    terms: dict[str, np.ndarray] | None = None
    gates: dict[str, np.ndarray] = field(default_factory=dict)
    copies: np.ndarray | None = None
    copied_codes: np.ndarray | None = None
    query: int = -1


@runtime_checkable
class Traces(Protocol):
    """A causal model: one pass over a history gives the state at every step."""

    def trace(self, history: History, final: Request | None = None, attention: bool = False) -> Trace:
        """Return the states at every step of `history`. Step N uses the time of event N; `final` sets the context of the last step."""
        ...

    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        """Return the scores (len(steps), n_items) float32 of all items at steps of a trace."""
        ...


@runtime_checkable
class ShowsAttention(Protocol):
    """A causal model with attention over single events, which some of its settings switch off."""

    @property
    def shows_attention(self) -> bool:
        """True if a trace contains attention when it is requested."""
        ...


@runtime_checkable
class ScoresSubsets(Protocol):
    """A model that scores many subsets of one history at once, without a History object for each."""

    def score_subsets(self, request: Request, keep: np.ndarray, instead: str | None = None, column: int | None = None) -> np.ndarray:
        """Return the scores (n, n_items) float32 of `request` given only the events in each row of `keep` (n, T) bool.

        With `column`, only the scores (n, 1) of that item are returned. With `instead`, the other events stay in the history, but with
        that item. The model must know the item of every event.
        """
        ...


@runtime_checkable
class ExplainsItself(Protocol):
    """A model whose scores are sums over the events of the history, each decaying with the number of later events."""

    def parts(self, request: Request, column: int) -> tuple[np.ndarray, float]:
        """Return the contribution (T,) of each event to an item's score if it were the latest event, and the factor by which one later event decays it."""
        ...


@runtime_checkable
class HoldsLists(Protocol):
    """A model of finished top-k lists: an item outside a list has the score −inf and the rank infinity, since it has none."""

    @property
    def depth(self) -> int:
        """Number of items of the longest list."""
        ...

    def has_lists(self, requests: Sequence[Request]) -> np.ndarray:
        """Return (len(requests),) bool: whether there is a list for the user of the request at its step."""
        ...


@runtime_checkable
class HasFixedScores(Protocol):
    """A model whose scores may not follow from the events of a history, such as one with finished lists or a stored vector for each user."""

    @property
    def fixed_because(self) -> str | None:
        """Return the English reason why the scores do not change with the events, None if they do."""
        ...


@runtime_checkable
class FallsBack(Protocol):
    """A model that can report when its list is a fallback that does not depend on the history."""

    def fallback(self, request: Request) -> str | None:
        """Return a short reason such as "no history yet: most popular items" if the list is a fallback, else None."""
        ...

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        """Return the reason or None for each of many requests, such as all steps of a replay."""
        ...


@runtime_checkable
class PredictsRatings(Protocol):
    """A model that predicts the rating a user would give."""

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the expected rating (len(requests), n_items) float32 of every item, on the scale of the data."""
        ...


@runtime_checkable
class PredictsBehaviours(Protocol):
    """A model that predicts the next behaviour of a user, such as buy, search or click, whatever the item."""

    @property
    def behaviour_names(self) -> tuple[str, ...]:
        """Names of the columns of `behaviours`, as in the data."""
        ...

    def behaviours(self, requests: Sequence[Request]) -> np.ndarray:
        """Return probabilities (len(requests), n_behaviours) float32, one sigmoid each: they need not sum to 1."""
        ...


class Recommendation(NamedTuple):
    """One entry of a top-k list. `rank` starts at 1."""

    item_id: str
    score: float
    rank: int


def shows_attention(model: object) -> bool:
    """Return whether a model, with its settings, has attention over single events."""
    return isinstance(model, ShowsAttention) and model.shows_attention


def find_fixed_reason(model: object) -> str | None:
    """Return the English reason why a model's scores do not change with the events of a history, None if they do."""
    return model.fixed_because if isinstance(model, HasFixedScores) else None


def find_unexplained_reason(model: object) -> str | None:
    """Return the English reason why a model cannot be explained: its scores are fixed, or it scores no items outside its lists."""
    return find_fixed_reason(model) or (
        N_("it returns lists without scores for all other items") if isinstance(model, HoldsLists) else None
    )


def encode_seen_items(vocabulary: Vocabulary, history: History) -> np.ndarray:
    """Return the codes of the items in a history that the vocabulary knows."""
    codes = vocabulary.encode(history.items)
    return codes[codes != PAD]


def append_likes(request: Request) -> Request:
    """Return the request with this session's likes as the latest events of its history, at the time and place of the request."""
    history = request.history
    last = history.times[-1] if history.times is not None and len(history) else np.nan
    time = float(last) if request.time is None else request.time
    for item_id in history.likes:
        history = history.then(
            Event(item_id, time, np.nan if request.utc_offset is None else request.utc_offset, request.place or (np.nan, np.nan))
        )
    return replace(request, history=history)


def candidate_scores(model: Recommender, requests: Sequence[Request], vocabulary: Vocabulary, repeats: bool) -> np.ndarray:
    """Return the model's scores, with −inf for disliked items and, unless `repeats`, for items seen before.

    The likes of the session count as the latest events, for every model alike. Scores that are NaN are a RecsysError.
    """
    requests = [append_likes(each) if each.history.likes else each for each in requests]
    scores = np.asarray(model.score(requests), dtype=np.float32)
    if np.isnan(scores).any():
        raise RecsysError(
            _("the model {model} gave scores that are not numbers; train it again with a lower learning rate", model=type(model).__name__)
        )
    for row, request in zip(scores, requests, strict=True):
        if not repeats:
            row[encode_seen_items(vocabulary, request.history) - 1] = -np.inf
        if request.history.dislikes:
            codes = vocabulary.encode(request.history.dislikes)
            row[codes[codes != PAD] - 1] = -np.inf
    return scores


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the positions (n, ≤ k) of the best scores in each row, best first, ties by position; scores of −inf are not removed."""
    k = min(k, scores.shape[1])
    if k == 0:
        return np.empty((len(scores), 0), dtype=np.int64)
    # A partial sort selects the k best, and only those are sorted. Of scores tied at the edge the lower positions are taken.
    edge = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    inside = scores >= edge[:, None]
    for row in np.flatnonzero(np.count_nonzero(inside, axis=1) > MOST_TIED * k):
        tied = np.flatnonzero(scores[row] == edge[row])
        inside[row, tied[k:]] = False
    rows, columns = np.divmod(np.flatnonzero(inside), scores.shape[1])  # much faster than numpy's search in two dimensions
    order = np.lexsort((-scores[rows, columns], rows))  # stable, so that ties stay in the order of their positions
    starts = np.searchsorted(rows, np.arange(len(scores)))
    best: np.ndarray = columns[order[starts[:, None] + np.arange(k)]]
    return best


def recommend(model: Recommender, request: Request, k: int = TOP_K, repeats: bool = True) -> list[Recommendation]:
    """Return the k best items for a request, best first; fewer if there are fewer candidates."""
    if k < 1:
        raise DataError(_("k is {k}; request at least one item, for example 10", k=k))
    vocabulary = getattr(model, "vocabulary", None) or Vocabulary(model.item_ids)
    scores = candidate_scores(model, [request], vocabulary, repeats)
    best = [position for position in top_k(scores, k)[0] if scores[0, position] > -np.inf]
    return [Recommendation(str(vocabulary.item_ids[i]), float(scores[0, i]), rank) for rank, i in enumerate(best, start=1)]
