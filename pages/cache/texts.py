"""Text embeddings, and embeddings projected to a plane."""

import numpy as np
import streamlit as st

from pages.cache.decorator import SpinnerText, cached
from recsys.analysis.embeddings import Plane, project_to_plane
from recsys.core import Dataset
from recsys.core.translation import N_


@cached(4, N_("Encoding the texts of the items …"))
def item_text_vectors(dataset: Dataset, encoder: str = "") -> np.ndarray:
    """Return unit vectors of the items' texts (n_items, D) by the pinned encoder or another; zeros for an item without text."""
    from recsys.text import TextEncoder, item_vectors

    return item_vectors(dataset, TextEncoder(encoder or None))


@st.cache_data(max_entries=256, show_spinner=SpinnerText(N_("Encoding the query …")))
def query_vector(words: str, encoder: str = "") -> np.ndarray:
    """Return the unit vector of a text (D,); zeros for one without words."""
    from recsys.text import TextEncoder

    return TextEncoder(encoder or None).encode([words])[0]


@cached(8)
def plane(key: str, _vectors: np.ndarray) -> Plane:
    """Return the projection to a plane of the vectors that this key names."""
    return project_to_plane(_vectors)
