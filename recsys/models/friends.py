"""What a person's friends take, near the request where places are known: something to say before a person has done anything."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from recsys.core import Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, Split
from recsys.models.base.count_based import CountBased, of_matrix, person_code
from recsys.models.base.event_arrays import read, shares, train_people
from recsys.models.base.linear import took
from recsys.models.base.settings import check_above_zero
from recsys.models.popularity import item_places, nearness


@dataclass(frozen=True)
class FriendsConfig:
    """`popularity` is everybody's weight beside the friends' 1; `kilometres`: an item that far off counts 1/e."""

    popularity: float = 0.3
    kilometres: float = 0.5

    def __post_init__(self) -> None:
        check_above_zero(self, "popularity", "kilometres")


class Friends(CountBased):
    """Shares of how many friends took an item, and of how many people did. The history matters only for its last place.

    What a friend took often counts no more than what they took once: .092 against .083 (roots of counts) and .082 (counts) in
    NDCG@10 on the validation events of demo-city with at most five events before, 87 of them.
    """

    Config = FriendsConfig

    def __init__(self, item_ids: np.ndarray, config: FriendsConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = shares(arrays["counts"])
        strangers = np.append(arrays["friends.indptr"], len(arrays["friends.indices"]))  # one more row, without friends
        parts = (arrays["friends.data"], arrays["friends.indices"], strangers)
        self._friends = sparse.csr_matrix(parts, shape=(len(arrays["people"]) + 1, len(item_ids)))
        self._rows = {int(person): row for row, person in enumerate(arrays["people"])}

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: FriendsConfig, seed: int = 0) -> "Friends":
        """Count what friends took in the training events. `seed` changes nothing."""
        if dataset.friends is None:
            raise DataError(f"friends needs to know who is whose friend, and dataset '{dataset.name}' does not say; take popularity")
        places = item_places(dataset, split.labels == TRAIN)
        theirs = _known(dataset) @ took(dataset, split)
        arrays = {
            "counts": train_people(dataset, split),
            "people": np.array([person_code(user_id) for user_id in dataset.user_ids], dtype=np.uint64),
            "places": np.full((len(dataset.item_ids), 2), np.nan) if places is None else places,
        }
        return cls(dataset.item_ids, config, arrays | of_matrix("friends", theirs.astype(np.float32).tocsr()))

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Shares of friends and of everybody, less with distance (requests, n_items)."""
        theirs = self._friends[[self._row(each) for each in requests]].toarray()
        theirs = theirs / np.maximum(theirs.sum(axis=1, keepdims=True), 1)
        near = nearness(read(requests, self.vocabulary).request_places(), self._arrays["places"], self.config.kilometres)
        scores = (theirs + self.config.popularity * self._shares) * near
        return self.vocabulary.mask(scores.astype(np.float32), requests)

    def fallback(self, request: Request) -> str | None:
        return None if self._friends[self._row(request)].nnz else "no friends known: most popular items"

    def _row(self, request: Request) -> int:
        user = request.history.user_id
        return len(self._rows) if user is None else self._rows.get(person_code(user), len(self._rows))


def _known(dataset: Dataset) -> sparse.csr_matrix:
    """Who calls whom a friend, (n_users, n_users) of ones; people without an event are left out."""
    assert dataset.friends is not None
    known = pd.Index(dataset.user_ids)
    one, other = (known.get_indexer(dataset.friends[name].astype(str)) for name in ("user_id", "friend_id"))
    both = (one >= 0) & (other >= 0) & (one != other)
    matrix = sparse.csr_matrix((np.ones(both.sum(), dtype=np.float32), (one[both], other[both])), shape=(len(dataset.user_ids),) * 2)
    matrix.data[:] = 1
    return matrix
