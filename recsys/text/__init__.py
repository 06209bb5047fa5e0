"""Text embeddings: a sentence encoder with a cache on disk, and the texts of items and histories."""

from recsys.text.dataset_texts import fit_whitening, history_text, item_texts, item_vectors, whiten
from recsys.text.encoder import PINNED, TextEncoder

__all__ = [
    "PINNED",
    "TextEncoder",
    "fit_whitening",
    "history_text",
    "item_texts",
    "item_vectors",
    "whiten",
]
