"""What a dataset says in words, and those words as vectors."""

import re

import numpy as np
import pandas as pd

from recsys.core import PAD, Dataset, History
from recsys.text.encoder import Report, TextEncoder

COLUMNS = ("title", "category", "group", "district", "text")
"""Where words may stand in an item table, in the order in which they are read."""

NOTHING = 1e-6
"""Share of the largest variance below which a direction holds only rounding."""


def item_texts(dataset: Dataset) -> list[str]:
    """One text an item (n_items): its title, category, district and text as sentences, nothing said twice; "" where none is known."""
    silent = [""] * len(dataset.item_ids)
    columns = [[_words(value) for value in dataset.items[name]] if name in dataset.items else silent for name in COLUMNS]
    return [_sentences(*parts) for parts in zip(*columns)]


def item_vectors(dataset: Dataset, encoder: TextEncoder | None = None, progress: Report | None = None) -> np.ndarray:
    """(n_items, D) float32 unit vectors of the items' texts, by the pinned encoder unless another is given; zeros without words."""
    return (encoder or TextEncoder()).encode(item_texts(dataset), progress)


def history_text(dataset: Dataset, history: History, last: int = 20) -> str:
    """The last events of a history in words, the newest first, since encoders cut off what is long.

    Each event is its title, what it is, what was done and said: "Forno Gallo (bakery, visit); Maffei Pool (swimming pool, search, warm pool)".
    """
    categories = dataset.items.get("category")
    behaviours, texts = history.behaviours, history.texts
    codes = dataset.vocabulary.encode(history.items)
    events = []
    for event in np.flatnonzero(codes != PAD)[::-1][:last]:
        title = dataset.title_of(history.items[event])
        category = "" if categories is None else _words(categories.iloc[codes[event] - 1])
        behaviour = "" if behaviours is None else _words(behaviours[event])
        said = "" if texts is None else _words(texts[event])
        more = [each for each in (category, behaviour, said) if each and each.lower() not in title.lower()]
        events.append(f"{title} ({', '.join(more)})" if more else title)
    return "; ".join(events)


def whiten(vectors: np.ndarray, size: int) -> np.ndarray:
    """(n, size) float32 unit vectors: centred, turned to their `size` main directions, each of variance one (arXiv 2402.10602).

    Raw sentence vectors all point nearly the same way (mean cosine above .8 there); these use the whole space. Directions beyond
    the rank are zeros, and so are the rows of items without words, which take no part in the mean.
    """
    centre, directions = fit_whitening(vectors, size)
    white = (vectors.astype(np.float64) - centre) @ directions * _told(vectors)[:, None]
    return (white / np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def fit_whitening(vectors: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre (D,) and directions (D, size) that whiten; signs are fixed: the largest entry of each direction is positive."""
    told = _told(vectors)
    found = np.zeros((vectors.shape[1], size))
    if told.sum() < 2:
        return np.zeros(vectors.shape[1]), found
    centred = vectors[told].astype(np.float64)
    centre = centred.mean(axis=0)
    centred -= centre
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, directions = variances[::-1][:size], directions[:, ::-1][:, :size]
    keep = variances > NOTHING * max(float(variances[0]), 1e-12)
    variances, directions = variances[keep], directions[:, keep]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(variances))])
    found[:, : len(variances)] = directions / np.sqrt(variances)
    return centre, found


def _told(vectors: np.ndarray) -> np.ndarray:
    """(n,) bool: who has words."""
    return np.abs(vectors).max(axis=1, initial=0) > 0


def _words(value: object) -> str:
    return (
        "" if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NA else re.sub(r"\s+", " ", str(value)).strip()
    )


def _sentences(title: str, *more: str) -> str:
    """Title and further words as sentences, leaving out what a later one says again."""
    kept = [part for at, part in enumerate(more) if part and not any(_says(other, part) for other in more[at + 1 :])]
    return " ".join(part if part[-1] in ".!?。！？" else f"{part}." for part in (title, *kept) if part)


def _says(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None
