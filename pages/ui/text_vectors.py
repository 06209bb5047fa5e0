"""The offer to encode the texts of a dataset's items, which text search and drift in text embeddings need."""

import streamlit as st

from pages.ui import charts
from recsys.core import Dataset
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.models import WORDS


def has_item_texts(dataset: Dataset) -> bool:
    """Return whether the items have any text."""
    return bool(set(WORDS) & set(dataset.has))


def are_texts_encoded(dataset: Dataset) -> bool:
    """Return whether the texts are encoded already, in this session or on this disk."""
    from recsys.text import TextEncoder, item_texts

    key = f"words_read_{dataset.fingerprint}"
    if not st.session_state.get(key):
        st.session_state[key] = TextEncoder().are_cached(item_texts(dataset))
    return bool(st.session_state[key])


def offer_encoding(dataset: Dataset) -> bool:
    """Return whether the texts are encoded; where they are not, draw a button for it, since an encoder takes a while."""
    from recsys.text import TextEncoder, item_texts

    if are_texts_encoded(dataset):
        return True
    encoder, texts = TextEncoder(), item_texts(dataset)
    st.caption(_("The texts of the items are not encoded yet. This takes a few seconds for every thousand texts, once."))
    if st.button(_("Encode the texts of the items"), key="read_words"):
        opening = st.spinner(_("Loading the encoder …"))
        with opening, charts.progress(None, _describe_progress) as report:
            encoder.encode(texts, report)
        st.rerun()  # without the button
    return False


def _describe_progress(done: int, total: int) -> str:
    return _("Encoding, {done} of {total} texts", done=format_number(done), total=format_number(total))
