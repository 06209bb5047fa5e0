"""Items of the user's friends, near the request where places are known; works for users without a history."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from recsys.core import Dataset, Request
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, Split
from recsys.core.translation import N_, _
from recsys.models.base.count_based import CountBased, hash_user_id, hash_user_ids, matrix_to_arrays
from recsys.models.base.event_arrays import build_interaction_matrix, count_training_users, find_request_places, normalize_counts
from recsys.models.base.places import compute_nearness, locate_items
from recsys.models.base.settings import check_positive


@dataclass(frozen=True)
class FriendsConfig:
    """`popularity` is the weight of popularity beside the friends' 1; `kilometres`: the weight of an item at that distance is 1/e."""

    popularity: float = 0.3
    kilometres: float = 0.5

    def __post_init__(self) -> None:
        check_positive(self, "popularity", "kilometres")


class Friends(CountBased):
    """Shares of friends and of all users who chose an item. Only the last place of the history is used.

    An item that a friend chose often counts as once: .092 against .083 (roots of counts) and .082 (counts) in
    NDCG@10 on the validation events of demo-city with at most five events before, 87 of them.
    """

    Config = FriendsConfig

    def __init__(self, item_ids: np.ndarray, config: FriendsConfig, arrays: dict[str, np.ndarray]):
        super().__init__(item_ids, config, arrays)
        self._shares = normalize_counts(arrays["counts"])
        indptr = np.append(arrays["friends.indptr"], len(arrays["friends.indices"]))  # one more row, for users without friends
        parts = (arrays["friends.data"], arrays["friends.indices"], indptr)
        self._friends = sparse.csr_matrix(parts, shape=(len(arrays["people"]) + 1, len(item_ids)))
        self._rows = {int(user): row for row, user in enumerate(arrays["people"])}

    @classmethod
    def fit(cls, dataset: Dataset, split: Split, config: FriendsConfig, seed: int = 0) -> "Friends":
        """Count the items of friends in the training events. `seed` has no effect."""
        if dataset.friends is None:
            raise DataError(
                _(
                    "the model 'friends' needs friends of users, and dataset '{dataset}' has none; use popularity instead",
                    dataset=dataset.name,
                )
            )
        places = locate_items(dataset, split.labels == TRAIN)
        friends = _friend_matrix(dataset) @ build_interaction_matrix(dataset, split)
        arrays = {
            "counts": count_training_users(dataset, split),
            "people": hash_user_ids(dataset.user_ids),
            "places": np.full((len(dataset.item_ids), 2), np.nan) if places is None else places,
        }
        return cls(dataset.item_ids, config, arrays | matrix_to_arrays("friends", friends.astype(np.float32).tocsr()))

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return shares of friends and of all users, decreasing with distance (requests, n_items)."""
        shares = self._friends[[self._row(each) for each in requests]].toarray()
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
        near = compute_nearness(find_request_places(requests, self.vocabulary), self._arrays["places"], self.config.kilometres)
        scores = (shares + self.config.popularity * self._shares) * near
        return self.vocabulary.mask(scores.astype(np.float32), requests)

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = np.diff(self._friends.indptr)[[self._row(each) for each in requests]] if requests else ()
        return [None if count else N_("no friends known: most popular items") for count in known]

    def _row(self, request: Request) -> int:
        user = request.history.user_id
        return len(self._rows) if user is None else self._rows.get(hash_user_id(user), len(self._rows))


def _friend_matrix(dataset: Dataset) -> sparse.csr_matrix:
    """Return the binary matrix (n_users, n_users) of friends; users without an event are left out."""
    assert dataset.friends is not None
    users = pd.Index(dataset.user_ids)
    one, other = (users.get_indexer(dataset.friends[name].astype(str)) for name in ("user_id", "friend_id"))
    both = (one >= 0) & (other >= 0) & (one != other)
    matrix = sparse.csr_matrix((np.ones(both.sum(), dtype=np.float32), (one[both], other[both])), shape=(len(dataset.user_ids),) * 2)
    matrix.data[:] = 1
    return matrix
