"""What usually follows: a chain of counted transitions, backing off to popularity (an n-gram model over items)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys.core import PAD, Dataset, Request, Vocabulary
from recsys.errors import DataError
from recsys.models.events import read, shares, train_counts
from recsys.split import TRAIN, Split


@dataclass(frozen=True)
class MarkovConfig:
    """`backoff`: how many imagined events of the shorter context stand beside the counted ones. `order`: 1 or 2 last events."""

    order: int = 1
    backoff: float = 1.0

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise DataError(f"setting order={self.order} must be 1 or 2: the number of last events looked at")
        if not self.backoff > 0:
            raise DataError(f"setting backoff={self.backoff} must be above 0, for example backoff={MarkovConfig.backoff}")


class Markov:
    """p(next | last) from training transitions between one person's events in a row, all behaviours alike, times unread.

    With c counted transitions after a context, p = (counts + backoff · p of the shorter context) / (c + backoff): Dirichlet
    smoothing (MacKay & Peto 1995). The contexts are the last two events (order 2), the last event, none.
    """

    Config = MarkovConfig

    def __init__(self, item_ids: np.ndarray, config: MarkovConfig, arrays: dict[str, np.ndarray]):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self._arrays = arrays
        self._shares = shares(arrays["counts"])
        self._follow = _matrix(arrays, "follow", len(item_ids))
        self._follow_pair = _matrix(arrays, "follow_pair", len(item_ids)) if config.order == 2 else None

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: MarkovConfig, seed: int = 0) -> "Markov":
        """Count transitions between training events. `seed` changes nothing."""
        rows = np.flatnonzero(split.labels == TRAIN)
        users = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        items = dataset.item_codes[rows] - 1
        n_items = len(dataset.item_ids)
        arrays = {"counts": train_counts(dataset, split)}
        follows = users[1:] == users[:-1]
        arrays |= _counted("follow", items[:-1][follows], items[1:][follows], n_items, n_items)
        if config.order == 2:
            both = users[2:] == users[:-2]
            pairs, numbers = np.unique((items[:-2] * n_items + items[1:-1])[both], return_inverse=True)
            arrays |= {"pairs": pairs, **_counted("follow_pair", numbers, items[2:][both], len(pairs), n_items)}
        return cls(dataset.item_ids, config, arrays)

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: MarkovConfig, arrays: dict[str, np.ndarray]) -> "Markov":
        return cls(item_ids, config, arrays)

    def arrays(self) -> dict[str, np.ndarray]:
        return dict(self._arrays)

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Probabilities of the next item (requests, n_items)."""
        events = read(requests, self.vocabulary)
        last, before = events.last(), events.last(2)
        scores = np.tile(self._shares, (len(requests), 1))
        self._learn(scores, self._follow, last - 1, last != PAD)
        if self._follow_pair is not None:
            pairs = (before - 1) * len(self.vocabulary) + last - 1
            at = np.minimum(np.searchsorted(self._arrays["pairs"], pairs), max(len(self._arrays["pairs"]) - 1, 0))
            seen = (before != PAD) & (self._arrays["pairs"][at] == pairs) if len(self._arrays["pairs"]) else np.zeros(len(at), dtype=bool)
            self._learn(scores, self._follow_pair, at, seen)
        return self.vocabulary.mask(scores.astype(np.float32), requests)

    def fallback(self, request: Request) -> str | None:
        last = int(read([request], self.vocabulary).last()[0])
        if last == PAD:
            return "no history yet: most popular items"
        if self._follow.indptr[last] == self._follow.indptr[last - 1]:
            return "nothing was ever seen to follow the last item: most popular items"
        return None

    def _learn(self, scores: np.ndarray, counts: sparse.csr_matrix, contexts: np.ndarray, there: np.ndarray) -> None:
        """Put the counts of each row's context on top of the shorter context's probabilities, in place."""
        rows = np.flatnonzero(there)
        counted = counts[contexts[rows]].toarray()
        backoff = self.config.backoff
        scores[rows] = (counted + backoff * scores[rows]) / (counted.sum(axis=1, keepdims=True) + backoff)


def _counted(name: str, contexts: np.ndarray, nexts: np.ndarray, n_contexts: int, n_items: int) -> dict[str, np.ndarray]:
    counts = sparse.csr_matrix((np.ones(len(nexts), dtype=np.int32), (contexts, nexts)), shape=(n_contexts, n_items))
    counts.sum_duplicates()
    return {f"{name}.data": counts.data, f"{name}.indices": counts.indices, f"{name}.indptr": counts.indptr}


def _matrix(arrays: dict[str, np.ndarray], name: str, n_items: int) -> sparse.csr_matrix:
    data, indices, indptr = (arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    return sparse.csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, n_items))
