"""Words as vectors: a sentence encoder with a cache on disk, and what a dataset says of its items and of a history in words."""

from recsys.text.encoder import PINNED, TextEncoder
from recsys.text.words import history_text, item_texts, item_vectors, whitened, whitening

__all__ = ["PINNED", "TextEncoder", "history_text", "item_texts", "item_vectors", "whitened", "whitening"]
