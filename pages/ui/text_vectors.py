"""Offering to encode the texts of a dataset's items, which text search and text drift need."""

import streamlit as st

from pages.ui import charts
from recsys.core import Dataset
from recsys.models import WORDS


def has_item_texts(dataset: Dataset) -> bool:
    """Whether anything is written about the items."""
    return bool(set(WORDS) & set(dataset.has))


def are_texts_encoded(dataset: Dataset) -> bool:
    """Whether the words are read already, in this session or on this disk."""
    from recsys.text import TextEncoder, item_texts

    key = f"words_read_{dataset.fingerprint}"
    if not st.session_state.get(key):
        st.session_state[key] = TextEncoder().knows(item_texts(dataset))
    return bool(st.session_state[key])


def offer_encoding(dataset: Dataset) -> bool:
    """Whether the words are read. At first a button offers it, since an encoder takes a while to load and to read a catalogue."""
    from recsys.text import TextEncoder, item_texts

    if are_texts_encoded(dataset):
        return True
    encoder, texts = TextEncoder(), item_texts(dataset)
    st.caption("What is written about the items has not been read yet. It takes a few seconds for every thousand, once.")
    if st.button("Read what is written about the items", key="read_words"):
        opening = st.spinner("Opening the encoder …")
        with opening, charts.progress(None, lambda done, total: f"Reading: {done:,} of {total:,} texts") as report:
            encoder.encode(texts, report)
        st.rerun()  # without the button
    return False
