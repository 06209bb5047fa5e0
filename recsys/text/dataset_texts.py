"""Texts of a dataset's items and histories, their embeddings, and whitening."""

import re

import numpy as np
import pandas as pd

from recsys.core import PAD, Dataset, History
from recsys.core.formatting import format_number
from recsys.core.memory import check_fits
from recsys.core.translation import _
from recsys.text.encoder import Report, TextEncoder

COLUMNS = ("title", "category", "group", "district", "text")
"""Columns of an item table that form the text of an item, in this order."""

MIN_VARIANCE_SHARE = 1e-6
"""Share of the largest variance below which a direction contains only rounding errors."""


def item_texts(dataset: Dataset) -> list[str]:
    """Return one text per item (n_items): title, category, district and text as sentences without repetitions; "" where all are missing."""
    missing = [""] * len(dataset.item_ids)
    columns = [[_words(value) for value in dataset.items[name]] if name in dataset.items else missing for name in COLUMNS]
    return [_sentences(*parts) for parts in zip(*columns)]


def item_vectors(dataset: Dataset, encoder: TextEncoder | None = None, progress: Report | None = None) -> np.ndarray:
    """Return unit vectors (n_items, D) float32 of the items' texts, by the pinned encoder unless another is given; zeros for empty texts."""
    return (encoder or TextEncoder()).encode(item_texts(dataset), progress)


def history_text(dataset: Dataset, history: History, last: int = 20) -> str:
    """Return the last events of a history as text, the latest first, because encoders truncate long texts.

    Each event has title, category, behaviour and its own text: "Forno Gallo (bakery, visit); Maffei Pool (swimming pool, search, warm pool)".
    """
    categories = dataset.items.get("category")
    behaviours, texts = history.behaviours, history.texts
    codes = dataset.vocabulary.encode(history.items)
    events = []
    for event in np.flatnonzero(codes != PAD)[::-1][:last]:
        title = dataset.title_of(history.items[event])
        category = "" if categories is None else _words(categories.iloc[codes[event] - 1])
        behaviour = "" if behaviours is None else _words(behaviours[event])
        text = "" if texts is None else _words(texts[event])
        more = [each for each in (category, behaviour, text) if each and each.lower() not in title.lower()]
        events.append(f"{title} ({', '.join(more)})" if more else title)
    return "; ".join(events)


def whiten(vectors: np.ndarray, size: int) -> np.ndarray:
    """Return unit vectors (n, size) float32: centred, projected on the `size` main directions, with variance one (arXiv 2402.10602).

    Raw sentence vectors all have nearly the same direction (mean cosine above .8 in that paper); whitened ones use the whole space.
    Directions beyond the rank are zeros, and so are the rows of items without text, which are left out of the mean.
    """
    check_fits(
        _("text vectors of size {size}", size=format_number(size)),
        8.0 * (2 * len(vectors) + vectors.shape[1]) * size,
        _("use a smaller one, for example size=128"),
    )
    centre, directions = fit_whitening(vectors, size)
    white = (vectors.astype(np.float64) - centre) @ directions * _has_text(vectors)[:, None]
    return (white / np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def fit_whitening(vectors: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre (D,) and directions (D, size) of whitening; signs are fixed: the largest entry of each direction is positive."""
    has_text = _has_text(vectors)
    found = np.zeros((vectors.shape[1], size))
    if has_text.sum() < 2:
        return np.zeros(vectors.shape[1]), found
    centred = vectors[has_text].astype(np.float64)
    centre = centred.mean(axis=0)
    centred -= centre
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, directions = variances[::-1][:size], directions[:, ::-1][:, :size]
    keep = variances > MIN_VARIANCE_SHARE * max(float(variances[0]), 1e-12)
    variances, directions = variances[keep], directions[:, keep]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(variances))])
    found[:, : len(variances)] = directions / np.sqrt(variances)
    return centre, found


def _has_text(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) bool: whether a row is the vector of a text that is not empty."""
    return np.abs(vectors).max(axis=1, initial=0) > 0


def _words(value: object) -> str:
    return (
        "" if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NA else re.sub(r"\s+", " ", str(value)).strip()
    )


def _sentences(title: str, *more: str) -> str:
    """Join title and further parts as sentences, without parts that a later one repeats."""
    distinct = [part for at, part in enumerate(more) if part and not any(_contains(other, part) for other in more[at + 1 :])]
    return " ".join(part if part[-1] in ".!?。！？" else f"{part}." for part in (title, *distinct) if part)


def _contains(text: str, words: str) -> bool:
    """Return whether a text contains these whole words, in any case."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None
