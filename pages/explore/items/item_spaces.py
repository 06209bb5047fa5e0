"""The embedding spaces of a dataset's items: that of the cursor's model and that of the item texts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui.checkpoint_titles import matching_checkpoints, name_checkpoints
from pages.ui.errors import escape_markdown
from pages.ui.text_vectors import has_item_texts, offer_encoding
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.models import KNOWN_MODELS, find_model_spec

if TYPE_CHECKING:
    from recsys.analysis.embeddings import Plane

MODEL, TEXT = "model", "text"
NEIGHBOURS = 10
OFFERED_MODELS = 4


@dataclass(frozen=True, eq=False)
class ItemSpace:
    """Embeddings (n_items, D) of a dataset's items; `key` names them in the cache."""

    key: str
    vectors: np.ndarray

    @property
    def plane(self) -> "Plane":
        return cache.plane(self.key, self.vectors)

    def find_neighbours(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of an item's nearest neighbours and their cosines; empty for an item without an embedding."""
        from recsys.analysis.embeddings import find_neighbours

        if not np.abs(self.vectors[item]).any():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        return find_neighbours(self.vectors, self.vectors[item], NEIGHBOURS, without=item)


def find_spaces(here: Cursor) -> dict[str, ItemSpace]:
    """Return the spaces that exist, by MODEL and TEXT. Where item texts are not encoded yet, draws the offer to encode them."""
    spaces: dict[str, ItemSpace] = {}
    trained = matching_checkpoints(here)
    if here.model in trained:
        vectors = cache.model_space(here.dataset, here.model, here.device)
        if vectors is not None:
            spaces[MODEL] = ItemSpace(f"{here.dataset.fingerprint} {here.model} {trained[here.model].card.seal}", vectors)
    if has_item_texts(here.dataset):
        try:
            if offer_encoding(here.dataset):
                spaces[TEXT] = ItemSpace(f"{here.dataset.fingerprint} texts", cache.item_text_vectors(here.dataset))
        except DataError as error:
            st.info(escape_markdown(error))
    return spaces


def offer_models(here: Cursor) -> None:
    """Explain that the cursor's model has no item embeddings, and offer the trained models that have them."""
    trained = matching_checkpoints(here)
    titles = name_checkpoints(trained)
    title = titles.get(here.model, KNOWN_MODELS[here.model].title if here.model in KNOWN_MODELS else here.model)
    st.caption(_("“{model}” has no item embeddings, so there is no map of them.", model=escape_markdown(title)))
    able = [name for name, found in trained.items() if hasattr(find_model_spec(found.card.model).load(), "item_vectors")]
    if not able:
        st.caption(_("Train a transformer or an LSTM on the Checkpoints page to see one."))
        return
    st.caption(_("These trained models have item embeddings:"))
    with st.container(horizontal=True, gap="small"):
        for name in able[:OFFERED_MODELS]:
            st.button(escape_markdown(titles[name]), key=f"map_{name}", on_click=cursor.move_cursor, kwargs={"model": name})
