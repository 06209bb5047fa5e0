"""A store, checkpoints of tiny models, and people who answer their lists."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.accounts.account import Account, open_local_account, save_account
from recsys.core import Dataset, recommend, request_at
from recsys.core.split import split_interactions
from recsys.database.engine import Store, open_store
from recsys.feedback.recording import Impression, record_feedback, record_impression
from recsys.training.checkpoints import get_checkpoint_folder, load_checkpoint, save_checkpoint
from recsys.training.new_card import make_card


@pytest.fixture
def home_store() -> Store:
    """The store in RECSYS_HOME, which every test has of its own."""
    return open_store()


@pytest.fixture
def owner(home_store: Store) -> Account:
    return open_local_account(home_store)


@pytest.fixture
def save_trained(trained: Callable[..., Any]) -> Callable[..., Path]:
    """save_trained(model, dataset): a model of the session, saved as the checkpoint of that name."""

    def save(model: str, dataset: Dataset) -> Path:
        made, split = trained(model, dataset), split_interactions(dataset, "last-out")
        card = make_card(model, model, dataset, split, made.config, None, seed=1)
        save_checkpoint(get_checkpoint_folder(dataset.name, model), made, card)
        return get_checkpoint_folder(dataset.name, model)

    return save


def show(store: Store, account: Account, dataset: Dataset, checkpoint: str, user: str, items: list[str], **other: Any) -> str:
    """Record a list with scores that fall with the rank, and return its id."""
    scores = [float(len(items) - at) for at in range(len(items))]
    made = Impression(dataset.name, dataset.fingerprint, checkpoint, "weights", user, other.pop("step", 3), items, scores, **other)
    return record_impression(store, account, made)


def answer_lists(
    store: Store, dataset: Dataset, checkpoint: str, wanted: Iterable[str], accounts: int = 6, lists: int = 3, action: str = "like"
) -> list[Account]:
    """Show lists of a checkpoint to people who like some items and dislike the others, whatever their history is."""
    wanted, rng = set(wanted), np.random.default_rng(0)
    model = load_checkpoint(get_checkpoint_folder(dataset.name, checkpoint)).model
    people = [save_account(store, "test", f"person {number}", f"person {number}", "", "editor") for number in range(accounts)]
    for person in people:
        for user in rng.choice(dataset.user_ids, size=lists, replace=False):
            step = len(dataset.history(user)) - 1
            items = [each.item_id for each in recommend(model, request_at(dataset.history(user), step), 8, dataset.repeats)]
            impression = show(store, person, dataset, checkpoint, user, items, step=step)
            for item in items:
                record_feedback(store, person, impression, item, action if item in wanted else "dislike")
    return people
