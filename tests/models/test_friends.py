"""Items of friends, compared with counting by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset, Request, empty_history
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, split_interactions
from recsys.models import MODELS
from recsys.models.friends import Friends

EVENTS = [("ann", "a"), ("ann", "b"), ("ann", "a"), *[("bob", item) for item in "bbcad"], *[("cid", item) for item in "ccdab"]]
FRIENDS = [("ann", "bob"), ("ann", "bob"), ("ann", "nobody"), ("ann", "ann"), ("bob", "ann"), ("bob", "cid")]


def fit(dataset: Dataset, **settings: float) -> Friends:
    return Friends.fit(dataset, split_interactions(dataset, "last-out"), MODELS["friends"].config(**settings))


def test_shares_of_friends_and_of_all_users(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(EVENTS, friends=FRIENDS)
    model = fit(dataset, popularity=0.5)
    train = dataset.interactions[split_interactions(dataset, "last-out").labels == TRAIN]
    sets = {user: set(part["item_id"]) for user, part in train.groupby("user_id", observed=True)}
    friends = {"ann": ["bob"], "bob": ["ann", "cid"], "cid": []}
    for user, theirs in friends.items():
        taken = [item for friend in theirs for item in sets[friend]]
        everybody = [item for each in sets.values() for item in each]
        wanted = [taken.count(item) / max(len(taken), 1) + 0.5 * everybody.count(item) / len(everybody) for item in dataset.item_ids]
        np.testing.assert_allclose(model.score([Request(empty_history(user))])[0], wanted, rtol=1e-6)


def test_users_without_friends_get_a_fallback(make_dataset: Callable[..., Dataset]) -> None:
    model = fit(make_dataset(EVENTS, friends=FRIENDS))
    assert model.fallback(Request(empty_history("ann"))) is None
    for stranger in ("cid", "zoe", None):
        assert "most popular" in str(model.fallback(Request(empty_history(stranger))))
    np.testing.assert_array_equal(*model.score([Request(empty_history("cid")), Request(empty_history())]))


def test_near_things_first(make_dataset: Callable[..., Dataset]) -> None:
    places = pd.DataFrame({"latitude": [40.0, 40.0, 40.0, 40.0], "longitude": [10.0, 10.01, 10.02, 10.3]}, index=list("abcd"))
    model = fit(make_dataset(EVENTS, friends=FRIENDS, items=places), kilometres=1.0)
    far = model.score([Request(empty_history("ann"))])[0]
    here = model.score([Request(empty_history("ann"), place=(40.0, 10.02))])[0]
    kilometres = np.array([0.02, 0.01, 0.0, 0.28]) * 111.195 * np.cos(np.deg2rad(40))
    np.testing.assert_allclose(here, far * (np.exp(-kilometres) + 1e-6), rtol=1e-3)


def test_data_without_friends(order_only: Dataset) -> None:
    with pytest.raises(DataError, match="needs friends of users"):
        fit(order_only)
