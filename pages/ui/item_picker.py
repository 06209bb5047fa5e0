"""Picking items by their titles, in catalogues of any size."""

import streamlit as st

from pages import cache
from pages.ui.errors import escape_markdown
from recsys.core import Dataset

OFFERED = 4_000  # titles sent to the browser; beyond that a search goes first


def offered(dataset: Dataset, key: str) -> list[str]:
    """Item ids to choose from, the busiest first; in a large catalogue those whose title holds what is typed into a field above."""
    ids = cache.items_by_popularity(dataset)
    if len(ids) <= OFFERED:
        return ids
    typed = st.text_input("Part of a title", key=key, placeholder=f"search among {len(ids):,}", type="search", persist_state="session")
    return matches(dataset, typed or "", OFFERED)


def matches(dataset: Dataset, part: str, count: int) -> list[str]:
    """Items whose title holds this text, whatever its case, the busiest first."""
    folded, found = part.strip().casefold(), []
    for item in cache.items_by_popularity(dataset):
        if folded in dataset.title_of(item).casefold():
            found.append(item)
            if len(found) == count:
                break
    return found


def by_title(dataset: Dataset, item: str) -> str:
    return escape_markdown(dataset.title_of(item))
