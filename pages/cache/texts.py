"""Words as vectors, and vectors as a flat picture."""

import numpy as np
import streamlit as st

from pages.cache.decorator import cached
from recsys.analysis.embeddings import Plane, project_to_plane
from recsys.core import Dataset


@cached(4, "Reading what is written about the items …")
def texts_as_vectors(dataset: Dataset, encoder: str = "") -> np.ndarray:
    """(n_items, D) unit vectors of what is written about the items, by the pinned encoder or another; zeros where nothing is."""
    from recsys.text import TextEncoder, item_vectors

    return item_vectors(dataset, TextEncoder(encoder or None))


@st.cache_data(max_entries=256, show_spinner="Reading your words …")
def words_as_vector(words: str, encoder: str = "") -> np.ndarray:
    """(D,) the unit vector of a text; zeros for one without words."""
    from recsys.text import TextEncoder

    return TextEncoder(encoder or None).encode([words])[0]


@cached(8)
def plane(key: str, _vectors: np.ndarray) -> Plane:
    """The flat picture of vectors that this key names."""
    return project_to_plane(_vectors)
