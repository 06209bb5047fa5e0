"""Spaces that items stand in: a model's own vectors, or those of their texts. What is near what, and a flat picture of it all."""

from dataclasses import dataclass
from typing import Any

import numpy as np

NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class Plane:
    """The two directions in which vectors differ most (principal components).

    `points` (n, 2) float32, NaN for items without a vector. `shares` (2,) of the whole variance along each.
    """

    points: np.ndarray
    shares: np.ndarray


def model_vectors(model: Any) -> np.ndarray | None:
    """(n_items, D) float32 vectors that a model compares its states with; None for a model that has none."""
    if not hasattr(model, "item_vectors"):
        return None
    return np.asarray(model.item_vectors().detach().float().cpu().numpy())


def project_to_plane(vectors: np.ndarray) -> Plane:
    """The flat picture of vectors (n, D); rows of zeros are items nothing is known of, and stand nowhere."""
    known = np.abs(vectors).max(axis=1, initial=0) > NOTHING
    points = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    if known.sum() < 3 or vectors.shape[1] < 2:
        return Plane(points, np.zeros(2))
    centred = vectors[known].astype(np.float64)
    centred -= centred.mean(axis=0)
    # Of the D × D covariance and not of the vectors themselves: the same directions in a tenth of the time.
    _, variances, directions = np.linalg.svd(centred.T @ centred, hermitian=True)
    axes = directions[:2] * np.sign(directions[np.arange(2), np.abs(directions[:2]).argmax(axis=1)])[:, None]
    points[known] = centred @ axes.T
    return Plane(points, variances[:2] / max(float(variances.sum()), NOTHING))


def nearest_neighbours(vectors: np.ndarray, towards: np.ndarray, k: int, without: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Positions (≤ k,) of the vectors (n, D) nearest to one (D,) by cosine, nearest first, and their cosines.

    Rows of zeros and the position `without` are never among them.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ towards / np.maximum(lengths * np.linalg.norm(towards), NOTHING)
    usable = lengths > NOTHING
    if without is not None:
        usable[without] = False
    best = np.argsort(-np.where(usable, cosines, -np.inf), kind="stable")[: min(k, int(usable.sum()))]
    return best, cosines[best].astype(np.float32)
