"""Picking items by their titles, in catalogues of any size."""

import streamlit as st

from pages import cache
from recsys.core import Dataset
from recsys.core.formatting import format_number
from recsys.core.translation import _

OFFERED = 4_000  # titles sent to the browser; a larger catalogue has to be searched first


def offer_items(dataset: Dataset, key: str) -> list[str]:
    """Return item ids to choose from, most popular first; in a large catalogue, those that match a search field drawn here."""
    ids = cache.items_by_popularity(dataset)
    if len(ids) <= OFFERED:
        return ids
    typed = st.text_input(
        _("Part of a title"),
        key=key,
        placeholder=_("search {count} items", count=format_number(len(ids))),
        type="search",
        persist_state="session",
    )
    return search_titles(dataset, typed or "", OFFERED)


def search_titles(dataset: Dataset, part: str, count: int) -> list[str]:
    """Return items whose title contains a text, in any case, most popular first."""
    folded, found = part.strip().casefold(), []
    for item in cache.items_by_popularity(dataset):
        if folded in dataset.title_of(item).casefold():
            found.append(item)
            if len(found) == count:
                break
    return found
