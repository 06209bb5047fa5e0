"""Selecting an item: from the list of titles, or by a search in free text."""

import streamlit as st

from pages import cache
from pages.explore.items.item_spaces import ItemSpace
from pages.ui import item_picker
from recsys.core import Dataset
from recsys.core.translation import _

RESULTS = 12


def draw_item_picker(dataset: Dataset) -> int:
    """Draw the field with the selected item and return the item's position; the most popular one at first."""
    selected = st.session_state.get(_state_key(dataset))
    offered = item_picker.offer_items(dataset, f"item_search_{dataset.name}")
    options = offered if selected in offered or selected is None else [selected, *offered]
    if not options:
        st.caption(_("No title contains this text. The most popular item is shown."))
        return _position(dataset, cache.items_by_popularity(dataset)[0])
    item = st.selectbox(
        _("Item"),
        options,
        key=_state_key(dataset),
        format_func=dataset.title_of,
        persist_state="session",
    )
    return _position(dataset, item)


def select_item(dataset: Dataset, item: str) -> None:
    """Make an item the selected one; to be called in a callback."""
    st.session_state[_state_key(dataset)] = item


def draw_text_search(dataset: Dataset, space: ItemSpace) -> None:
    """Draw a search for items by their texts, the nearest first; a click on a result selects it."""
    query = st.text_input(
        _("Search by description"), key="item_words", placeholder=_("somewhere to dance late"), max_chars=400, persist_state="session"
    )
    if not query or not query.strip():
        st.caption(
            _("Encoded by all-MiniLM-L6-v2, a sentence encoder for English: it finds similar descriptions even if the words differ.")
        )
        return
    from recsys.analysis.embeddings import find_neighbours

    positions, _cosines = find_neighbours(space.vectors, cache.query_vector(query.strip()), RESULTS)
    items = [str(dataset.item_ids[at]) for at in positions]
    key = f"item_found_{dataset.name}"
    st.pills(
        _("Nearest to this description"),
        items,
        key=key,
        format_func=dataset.title_of,
        on_change=_select_result,
        args=(dataset, key),
    )


def _select_result(dataset: Dataset, key: str) -> None:
    if st.session_state[key]:
        select_item(dataset, st.session_state[key])


def _state_key(dataset: Dataset) -> str:
    return f"item_{dataset.name}"


def _position(dataset: Dataset, item: str) -> int:
    return int(dataset.vocabulary.encode([item])[0]) - 1
