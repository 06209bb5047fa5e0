"""Datasets, their users and their items."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from pages.cache.decorator import cached
from recsys.analysis.dataset_stats import DatasetStats, summarize_dataset
from recsys.analysis.demo_stories import Story, read_stories
from recsys.analysis.interest_profile import InterestProfile, profile_interest
from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.core.translation import N_
from recsys.figures.palette import Palette, category_colours
from recsys.figures.palette import category_order as order_of

if TYPE_CHECKING:
    from recsys.datasets import DatasetCard


def dataset_titles() -> dict[str, str]:
    """Return name and title of every dataset this session can open: the shipped one, prepared ones, its own uploads."""
    return {card.name: card.title for card in dataset_cards() if card.prepared} | {name: each.title for name, each in uploads().items()}


def dataset_cards() -> list["DatasetCard"]:
    """Return the card of every known dataset: the demo first, then prepared ones, then those that could be prepared."""
    from recsys.datasets import list_datasets

    return sorted(list_datasets(), key=lambda card: (card.name != "demo-city", not card.prepared))


def stories(name: str) -> list[Story]:
    """Return the stories stored beside a dataset; reading them imports no model."""
    from recsys.datasets import prepared_folder
    from recsys.datasets.prepared import read_card

    folder = prepared_folder(name)
    return [] if folder is None else read_stories(folder, read_card(folder).fingerprint or "")


def uploads() -> dict[str, Dataset]:
    """Return the datasets uploaded in this session, by name; no other session sees them."""
    return st.session_state.setdefault("uploads", {})


def dataset(name: str) -> Dataset:
    """Open a dataset by name; an upload of this session goes before a prepared one."""
    return uploads()[name] if name in uploads() else shared_dataset(name)


def shared_dataset(name: str) -> Dataset:
    """Open a dataset that all sessions see."""
    from recsys.datasets.registry import find_card

    card = find_card(name)
    return _dataset(name, (card.fingerprint if card else None) or "")


@cached(4, N_("Opening the dataset …"))
def _dataset(name: str, fingerprint: str) -> Dataset:
    from recsys.datasets import open_dataset

    return open_dataset(name)


@cached(16, N_("Counting events …"))
def dataset_stats(dataset: Dataset) -> DatasetStats:
    """Return the statistics of a dataset."""
    return summarize_dataset(dataset)


@cached(8)
def labels(dataset: Dataset, protocol: str) -> np.ndarray:
    """Return the split of every event under a protocol, (n_interactions,): train, validation or test."""
    return split_interactions(dataset, protocol).labels


@cached(4)
def user_index(dataset: Dataset) -> pd.Index:
    """Return all user ids as an index."""
    return pd.Index(dataset.user_ids)


@cached(16)
def most_active_users(dataset: Dataset, count: int) -> list[str]:
    """Return the users with the most events, ties in the order of the dataset."""
    return [str(each) for each in dataset.user_ids[np.argsort(-np.diff(dataset.user_starts), kind="stable")[:count]]]


def has_user(dataset: Dataset, user: str) -> bool:
    """Return whether the dataset has this user id."""
    return user in user_index(dataset)


def count_user_events(dataset: Dataset, user: str) -> int:
    """Return the number of a user's events."""
    rows = dataset.rows(user)
    return rows.stop - rows.start


def user_after(dataset: Dataset, user: str) -> str:
    """Return the next user in the order of the dataset, the first after the last."""
    ids = user_index(dataset)
    return str(ids[(ids.get_loc(user) + 1) % len(ids)])


def search_users(dataset: Dataset, part: str, count: int) -> list[str]:
    """Return user ids that contain a text, in any case; those that start with it first."""
    ids = user_index(dataset)
    folded = part.strip().casefold()
    inside = [str(each) for each in ids[ids.str.casefold().str.contains(folded, regex=False)]] if folded else []
    return sorted(inside, key=lambda each: not each.casefold().startswith(folded))[:count]


@cached(16)
def star_values(dataset: Dataset) -> np.ndarray | None:
    """Return the ratings (5,) that one to five stars mean, None where the data has no scale of ratings."""
    from recsys.feedback.stars import find_star_values

    return find_star_values(dataset.ratings)


@cached(64)
def interest_profile(dataset: Dataset, user: str) -> InterestProfile | None:
    """Return the long-term and recent interest profile of one user at every step."""
    return profile_interest(dataset, user, category_order(dataset))


@cached(4)
def items_by_popularity(dataset: Dataset) -> list[str]:
    """Return every item id, the most popular first."""
    return [str(each) for each in dataset.item_ids[np.argsort(-_events_of_items(dataset), kind="stable")]]


@cached(16)
def category_order(dataset: Dataset) -> list[str]:
    """Return the dataset's categories in the order that assigns their colours."""
    return order_of(dataset.items["category"], _events_of_items(dataset)) if "category" in dataset.items else []


@cached(16)
def has_image_addresses(dataset: Dataset) -> bool:
    """Return whether any item has an https address of a picture."""
    from recsys.item_images import is_secure_address

    return bool(dataset.items["image"].map(is_secure_address).any())


def category_tints(dataset: Dataset, colours: Palette) -> dict[str, str]:
    """Return the colour of every category."""
    return category_colours(category_order(dataset), colours)


def _events_of_items(dataset: Dataset) -> np.ndarray:
    return np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
