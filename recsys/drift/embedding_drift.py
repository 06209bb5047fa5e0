"""Interest as a point that wanders: in the space of the items' words, or of a model's own states. How far, where to, and when it jumped.

Counting knows a café from a bar and nothing between them. Here every event is a vector: what is written about its item, or the state
the model was in after it. The mean of the latest ones is where interest is now, the mean of all before is where it has been.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from recsys.analysis.embeddings import NOTHING, project_to_plane
from recsys.drift.detection.config import DETECTION
from recsys.drift.detection.event_features import DAY, UserEvents, View

WINDOW = 20  # latest events that are interest now
STEPS = 240  # at most so many points of a curve
SHUFFLES, DRAWS = 199, 40
DIRECTIONS = 16  # in which vectors are compared, those with most variance
ALPHA = 0.03
NEAR_DAYS, NEAR_STEPS = 60.0, 20


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Interest in the two directions in which the events' vectors differ most (principal components of this person's events).

    `path` (T, 2) is the mean of the latest 20 vectors after each event, NaN before the first that is known. `shares` (2,) is how much
    of the variance of the vectors each direction holds. `names` and `marks` (n, 2) are the commonest kinds of items and their means.
    """

    path: np.ndarray
    shares: np.ndarray
    names: tuple[str, ...]
    marks: np.ndarray


@dataclass(frozen=True, eq=False)
class InterestGap:
    """How far recent interest is from all before: `steps` (n,) are numbers of events, `apart` (n,) distances from 0 to 1.

    `usual` (n,) is what the same weeks give in shuffled order, on average.
    """

    steps: np.ndarray
    apart: np.ndarray
    usual: np.ndarray


@dataclass(frozen=True)
class ChangeSupport:
    """What one more view says of a change: its own best split of the same stretch of life, where it is, and how likely by chance.

    `step` is the first event after that split; `agrees` when it is hardly chance and near the date that counting gave.
    """

    step: int
    p_value: float
    agrees: bool


@dataclass(frozen=True, eq=False)
class EmbeddingDrift:
    """One more view of a person: the way, how far from before, and what it says of each lasting change, in order."""

    way: Trajectory | None
    gap: InterestGap
    witnesses: tuple[ChangeSupport | None, ...]


def measure_embedding_drift(vectors: np.ndarray, events: UserEvents, lasting: Sequence[int], states: bool = False) -> EmbeddingDrift:
    """See a person in vectors (T, D), a row an event; `lasting` are the steps of the changes that counting found, in order.

    `states` says that the vectors are a model's: these move with the number of events alone, and that is no change of interest.
    """
    edges, asked = [0, *lasting, len(events)], _settled(vectors) if states else vectors
    witnesses = tuple(measure_change_support(asked, events, *edges[at : at + 3]) for at in range(len(lasting)))
    return EmbeddingDrift(project_trajectory(vectors, events.views["category"]), gap_of_vectors(vectors, events), witnesses)


def _settled(states: np.ndarray) -> np.ndarray:
    """States without what goes with the logarithm of the number of events, and zeros for the first 20, while a model finds its feet."""
    number = np.arange(1, len(states) + 1)
    trend = np.column_stack([np.ones(len(states)), np.log(number)])
    rest = states - trend @ np.linalg.lstsq(trend, states.astype(np.float64), rcond=None)[0]
    return np.asarray(np.where(number[:, None] > WINDOW, rest, 0.0))


def project_trajectory(vectors: np.ndarray, kinds: View, most: int = 8) -> Trajectory | None:
    """The way through vectors (T, D), zeros where nothing is known; None with fewer than three. `kinds` names what the events were."""
    flat = project_to_plane(vectors)
    known = np.isfinite(flat.points).all(axis=1)
    if known.sum() < 3:
        return None
    path = _recent(np.where(known[:, None], flat.points, 0.0).astype(np.float64), known)
    counts = np.bincount(kinds.codes[known & (kinds.codes >= 0)], minlength=len(kinds.levels))
    often = [at for at in np.argsort(-counts, kind="stable")[:most] if counts[at] >= 2]
    marks = [flat.points[known & (kinds.codes == at)].mean(axis=0) for at in often]
    return Trajectory(path, flat.shares, tuple(kinds.levels[at] for at in often), np.reshape(marks, (-1, 2)))


def gap_of_vectors(vectors: np.ndarray, events: UserEvents, seed: int = 0) -> InterestGap:
    """1 − the cosine of recent and long-term mean vectors."""
    known = np.abs(vectors).max(axis=1, initial=0) > NOTHING
    return _gap(vectors, known, _angles, events, seed)


def _angles(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray(1 - (ones * others).sum(axis=1) / np.maximum(lengths, NOTHING))


def gap_of_counts(events: UserEvents, view: str = "category", seed: int = 0) -> InterestGap:
    """The Jensen-Shannon divergence of recent and long-term shares."""
    codes = events.views[view].codes
    used, code = np.unique(codes, return_inverse=True)
    taken = np.eye(len(used))[code][:, used >= 0]
    return _gap(taken, codes >= 0, _divergences, events, seed)


def _divergences(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) Jensen-Shannon divergences in bits of the rows, by their entropies."""
    middles = entr((ones + others) / 2).sum(axis=1)
    return np.asarray(np.clip(middles - (entr(ones) + entr(others)).sum(axis=1) / 2, 0, None) / np.log(2))


def measure_change_support(
    vectors: np.ndarray, events: UserEvents, start: int, step: int, stop: int, seed: int = 0
) -> ChangeSupport | None:
    """Ask vectors (T, D) about the change at `step` between events `start` and `stop` − 1; None where too little is known.

    The split whose two means differ most, weighted as in the variance between groups, is compared with the best split of every shuffle
    of the same weeks: so the p-value is that of a search, and not of a date that another view chose.
    """
    known = np.flatnonzero(np.abs(vectors).max(axis=1, initial=0) > NOTHING)
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
    """(n, ≤ DIRECTIONS) centred vectors in the directions with most variance."""
    centred = vectors - vectors.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ directions[:, variances.argsort()[::-1][:DIRECTIONS]])


def _gap(
    vectors: np.ndarray, known: np.ndarray, apart: Callable[[np.ndarray, np.ndarray], np.ndarray], events: UserEvents, seed: int
) -> InterestGap:
    """Distances of recent means from long-term ones, and the same with blocks of time in shuffled order."""
    vectors, blocks = vectors[known].astype(np.float64), events.blocks[known]
    numbers = np.flatnonzero(known) + 1
    at = np.unique(np.linspace(2 * WINDOW, len(vectors), STEPS).astype(int)) if len(vectors) > 2 * WINDOW else np.empty(0, dtype=int)
    rng, curves = np.random.default_rng(seed), []
    for draw in range(DRAWS + 1):
        order = np.arange(len(vectors)) if not draw else np.argsort(rng.permutation(int(events.blocks[-1]) + 1)[blocks], kind="stable")
        sums = np.vstack([np.zeros(vectors.shape[1]), vectors[order].cumsum(axis=0)])
        curves.append(apart((sums[at] - sums[at - WINDOW]) / WINDOW, sums[at] / at[:, None]))
    return InterestGap(numbers[at - 1], curves[0], np.mean(curves[1:], axis=0))


def _recent(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(T, 2) means of the latest WINDOW known points, NaN before the first."""
    sums = np.vstack([np.zeros(2), points.cumsum(axis=0)])
    counts = np.concatenate([[0], known.cumsum()])
    first = np.searchsorted(counts, np.maximum(counts[1:] - WINDOW, 0), side="right") - 1
    held = counts[1:] - counts[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((sums[1:] - sums[first]) / held[:, None])
