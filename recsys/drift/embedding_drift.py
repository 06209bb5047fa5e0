"""Drift in embedding space: trajectory of interest, distance of recent from long-term interest, and support for change points.

Categories are either equal or different. Vectors have distances: every event is the text embedding of its item, or the state of a
model after it. The mean of the latest vectors is the recent interest, the mean of all vectors before is the long-term interest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from recsys.analysis.embeddings import EPSILON, project_to_plane
from recsys.drift.detection.config import DETECTION
from recsys.drift.detection.event_features import DAY, UserEvents, View

WINDOW = 20  # latest events that make the recent interest
STEPS = 240  # most points of a curve
SHUFFLES, DRAWS = 199, 40
DIRECTIONS = 16  # principal components in which vectors are compared
ALPHA = 0.03
NEAR_DAYS, NEAR_STEPS = 60.0, 20


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A user's interest in the first two principal components of the vectors of the user's events.

    `path` (T, 2) is the mean of the latest 20 vectors after each event, NaN before the first known one. `shares` (2,) are the explained
    shares of variance. `names` and `marks` (n, 2) are the most frequent kinds of items and their means.
    """

    path: np.ndarray
    shares: np.ndarray
    names: tuple[str, ...]
    marks: np.ndarray


@dataclass(frozen=True, eq=False)
class InterestGap:
    """Distances of recent from long-term interest: `steps` (n,) are numbers of events, `distances` (n,) from 0 to 1.

    `expected` (n,) are the mean distances for the same weeks in random order.
    """

    steps: np.ndarray
    distances: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class ChangeSupport:
    """Support for a change point from vectors: their own best split of the same events, and its p-value.

    `step` is the first event after that split; `agrees` says that the split is significant and near the date of the change point.
    """

    step: int
    p_value: float
    agrees: bool


@dataclass(frozen=True, eq=False)
class EmbeddingDrift:
    """Drift of one user in one embedding space: trajectory, distance from long-term interest, and support for each lasting change, in order."""

    trajectory: Trajectory | None
    gap: InterestGap
    supports: tuple[ChangeSupport | None, ...]


def measure_embedding_drift(vectors: np.ndarray, events: UserEvents, lasting: Sequence[int], states: bool = False) -> EmbeddingDrift:
    """Measure the drift of a user's vectors (T, D), one row per event; `lasting` are the steps of the lasting changes, in order.

    `states` says that the vectors are states of a model. These move with the number of events alone, which is not a change of interest.
    """
    edges, detrended = [0, *lasting, len(events)], _detrend(vectors) if states else vectors
    supports = tuple(measure_change_support(detrended, events, *edges[at : at + 3]) for at in range(len(lasting)))
    return EmbeddingDrift(project_trajectory(vectors, events.views["category"]), measure_vector_gap(vectors, events), supports)


def _detrend(states: np.ndarray) -> np.ndarray:
    """Remove from states the trend with the logarithm of the number of events; zeros for the first 20, which are unstable."""
    number = np.arange(1, len(states) + 1)
    trend = np.column_stack([np.ones(len(states)), np.log(number)])
    rest = states - trend @ np.linalg.lstsq(trend, states.astype(np.float64), rcond=None)[0]
    return np.asarray(np.where(number[:, None] > WINDOW, rest, 0.0))


def project_trajectory(vectors: np.ndarray, kinds: View, most: int = 8) -> Trajectory | None:
    """Project vectors (T, D), zeros where unknown, to two dimensions; None with fewer than three. `kinds` are the kinds of the events."""
    flat = project_to_plane(vectors)
    known = np.isfinite(flat.points).all(axis=1)
    if known.sum() < 3:
        return None
    path = _recent(np.where(known[:, None], flat.points, 0.0).astype(np.float64), known)
    counts = np.bincount(kinds.codes[known & (kinds.codes >= 0)], minlength=len(kinds.levels))
    often = [at for at in np.argsort(-counts, kind="stable")[:most] if counts[at] >= 2]
    marks = [flat.points[known & (kinds.codes == at)].mean(axis=0) for at in often]
    return Trajectory(path, flat.shares, tuple(kinds.levels[at] for at in often), np.reshape(marks, (-1, 2)))


def measure_vector_gap(vectors: np.ndarray, events: UserEvents, seed: int = 0) -> InterestGap:
    """Measure 1 − the cosine of recent and long-term mean vectors."""
    known = np.abs(vectors).max(axis=1, initial=0) > EPSILON
    return _gap(vectors, known, _cosine_distances, events, seed)


def _cosine_distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray(1 - (ones * others).sum(axis=1) / np.maximum(lengths, EPSILON))


def measure_share_gap(events: UserEvents, view: str = "category", seed: int = 0) -> InterestGap:
    """Measure the Jensen-Shannon divergence of recent and long-term shares of a view."""
    codes = events.views[view].codes
    used, code = np.unique(codes, return_inverse=True)
    taken = np.eye(len(used))[code][:, used >= 0]
    return _gap(taken, codes >= 0, _jensen_shannon_divergences, events, seed)


def _jensen_shannon_divergences(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return (n,) Jensen-Shannon divergences in bits of the rows, by their entropies."""
    middles = entr((ones + others) / 2).sum(axis=1)
    return np.asarray(np.clip(middles - (entr(ones) + entr(others)).sum(axis=1) / 2, 0, None) / np.log(2))


def measure_change_support(
    vectors: np.ndarray, events: UserEvents, start: int, step: int, stop: int, seed: int = 0
) -> ChangeSupport | None:
    """Measure the support of vectors (T, D) for the change at `step` among events `start` to `stop` − 1; None where too few are known.

    The split whose two means differ most, weighted as in the variance between groups, is compared with the best split of every
    permutation of the same weeks, so that the p-value allows for the search.
    """
    known = np.flatnonzero(np.abs(vectors).max(axis=1, initial=0) > EPSILON)
    known = known[(known >= start) & (known < stop)]
    blocks, block = np.unique(events.blocks[known], return_inverse=True)
    if len(blocks) < 4:
        return None
    sums = np.zeros((len(blocks), DIRECTIONS))
    flat = _leading(vectors[known].astype(np.float64))
    np.add.at(sums[:, : flat.shape[1]], block, flat)
    sizes = np.bincount(block)
    rng = np.random.default_rng(seed)
    orders = np.array([np.arange(len(blocks)), *(rng.permutation(len(blocks)) for _ in range(SHUFFLES))])
    before = sizes[orders].cumsum(axis=1)[:, :-1]
    fair = (before >= DETECTION.min_events) & (len(known) - before >= DETECTION.min_events)
    if not fair[0].any():
        return None
    # The vectors are centred, so that the sum after is minus the sum before.
    strength = (sums[orders].cumsum(axis=1)[:, :-1] ** 2).sum(axis=2) * len(known) / (before * (len(known) - before))
    best = np.where(fair, strength, -1.0).max(axis=1)
    split = int(np.where(fair, strength, -1.0)[0].argmax())
    found = int(known[np.searchsorted(block, split + 1)])
    p_value = (1 + int((best[1:] >= best[0]).sum())) / len(best)
    away = abs(found - step) / NEAR_STEPS if events.times is None else abs(events.times[found] - events.times[step]) / DAY / NEAR_DAYS
    return ChangeSupport(found, p_value, bool(p_value <= ALPHA and away <= 1))


def _leading(vectors: np.ndarray) -> np.ndarray:
    """Return (n, ≤ DIRECTIONS) centred vectors in their leading principal components."""
    centred = vectors - vectors.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ directions[:, variances.argsort()[::-1][:DIRECTIONS]])


def _gap(
    vectors: np.ndarray, known: np.ndarray, distance: Callable[[np.ndarray, np.ndarray], np.ndarray], events: UserEvents, seed: int
) -> InterestGap:
    """Return distances of recent from long-term means, and the same for blocks of time in random order."""
    vectors, blocks = vectors[known].astype(np.float64), events.blocks[known]
    numbers = np.flatnonzero(known) + 1
    at = np.unique(np.linspace(2 * WINDOW, len(vectors), STEPS).astype(int)) if len(vectors) > 2 * WINDOW else np.empty(0, dtype=int)
    rng, curves = np.random.default_rng(seed), []
    for draw in range(DRAWS + 1):
        order = np.arange(len(vectors)) if not draw else np.argsort(rng.permutation(int(events.blocks[-1]) + 1)[blocks], kind="stable")
        sums = np.vstack([np.zeros(vectors.shape[1]), vectors[order].cumsum(axis=0)])
        curves.append(distance((sums[at] - sums[at - WINDOW]) / WINDOW, sums[at] / at[:, None]))
    return InterestGap(numbers[at - 1], curves[0], np.mean(curves[1:], axis=0))


def _recent(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return (T, 2) means of the latest WINDOW known points, NaN before the first."""
    sums = np.vstack([np.zeros(2), points.cumsum(axis=0)])
    counts = np.concatenate([[0], known.cumsum()])
    first = np.searchsorted(counts, np.maximum(counts[1:] - WINDOW, 0), side="right") - 1
    held = counts[1:] - counts[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((sums[1:] - sums[first]) / held[:, None])
