"""Words as vectors: a sentence encoder with a cache on disk, and what a dataset says of its items and of a history in words."""

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
