"""The form for a new user: items picked by title, and a sentence that stands for the items nearest to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import item_picker
from pages.ui.errors import escape_markdown
from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.translation import _, ngettext
from recsys.models import WORDS

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry

NEAREST = 5  # items nearest to a sentence that stand for it
DEFAULT_ENCODER = ""


@dataclass(frozen=True)
class NewUser:
    """Items picked, in the order of picking, and a sentence with the items nearest to it and their cosines."""

    picked: tuple[str, ...]
    sentence: str
    nearest: tuple[str, ...] = ()
    cosines: tuple[float, ...] = ()


def draw_form(here: Cursor, found: Mapping[str, "CheckpointEntry"]) -> NewUser:
    """Draw the widgets: items by title, and a sentence where the items have texts."""
    dataset = here.dataset
    offered = item_picker.offer_items(dataset, f"newcomer_search_{dataset.name}")
    key = f"newcomer_{dataset.name}"
    earlier = [item for item in st.session_state.get(key, []) if item not in set(offered)]
    picked = st.multiselect(
        _("History of the new user"), [*earlier, *offered], key=key, format_func=dataset.title_of,
        placeholder=_("search by title"), persist_state="session",
    )  # fmt: skip
    encoders = list_encoders(dataset, found)
    if not encoders:
        st.caption(_("The items of this dataset have no texts, so a sentence cannot be matched to them. Pick items instead."))
        return NewUser(tuple(picked), "")
    sentence = st.text_input(
        _("Interests in a sentence"),
        key="newcomer_words",
        placeholder=_("quiet places to read and good coffee"),
        max_chars=400,
        persist_state="session",
    )
    encoder = encoders[0]
    if len(encoders) > 1:
        key = f"newcomer_encoder_{dataset.name}"
        encoder = st.selectbox(_("Text encoder"), encoders, key=key, format_func=_encoder_label)
    return _match_sentence(dataset, tuple(picked), (sentence or "").strip(), encoder)


def list_encoders(dataset: Dataset, found: Mapping[str, "CheckpointEntry"]) -> list[str]:
    """Return the default encoder and those that checkpoints of this dataset were trained with; empty for items without texts."""
    if not set(WORDS) & set(dataset.has):
        return []
    return list(dict.fromkeys([DEFAULT_ENCODER, *(str(each.card.config.get("encoder", "")) for each in found.values())]))


def _encoder_label(encoder: str) -> str:
    return encoder or _("{encoder} (for English)", encoder="all-MiniLM-L6-v2")


def _match_sentence(dataset: Dataset, picked: tuple[str, ...], sentence: str, encoder: str) -> NewUser:
    """Find the items nearest to the sentence; draw a message instead where the encoder is missing."""
    name = escape_markdown(_encoder_label(encoder))
    if not sentence:
        st.caption(
            ngettext(
                "{encoder} encodes the sentence, and the {count} item with the most similar text is used as the history.",
                "{encoder} encodes the sentence, and the {count} items with the most similar texts are used as the history.",
                NEAREST,
                encoder=name,
            )
        )
        return NewUser(picked, "")
    try:
        vectors, query = cache.item_text_vectors(dataset, encoder), cache.query_vector(sentence, encoder)
    except DataError as error:
        st.info(escape_markdown(error))
        return NewUser(picked, "")
    from recsys.analysis.embeddings import find_neighbours

    positions, cosines = find_neighbours(vectors, query, NEAREST)
    st.caption(_("Encoded by {encoder}.", encoder=name))
    if not encoder and not sentence.isascii():
        st.caption(_("This encoder was trained on English; in other languages its matches are unreliable."))
    nearest = tuple(str(dataset.item_ids[at]) for at in positions)
    return NewUser(picked, sentence, nearest, tuple(float(each) for each in cosines))
