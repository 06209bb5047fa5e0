"""Drift of a whole population: shares by period, distances of each period from the first, and gains and losses of shares."""

from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.translation import N_, _
from recsys.drift.detection.feature_space import FeatureSpace

PERIODS, LEAST_DAYS = 12, 7.0
DRAWS = 200
LIMITS = (0.025, 0.975)
FLOOR = 1e-4  # of a share, so that the stability index of a new level stays finite
DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Population:
    """Events of all users by period and level of one view (category or area).

    `edges` (P + 1,) seconds UTC, `counts` (P,) events, `names` (K,), `shares` (P, K). `stability` (P, 3) is the population stability
    index of each period against the first, with the 95 % band by bootstrap over users; `divergence` (P, 3) the Jensen-Shannon
    divergence; both are 0 for the first. `gains` (K, 3) is by how much each share is greater in the last third than in the first.
    """

    view: str
    edges: np.ndarray
    counts: np.ndarray
    names: tuple[str, ...]
    shares: np.ndarray
    stability: np.ndarray
    divergence: np.ndarray
    gains: np.ndarray


def summarize_population(dataset: Dataset, feature_space: FeatureSpace, view: str, seed: int = 0) -> Population:
    """Count the events of all users by period and level; a DataError for data without times."""
    if dataset.times is None or not np.isfinite(dataset.times).any():
        raise DataError(
            _(
                "dataset '{dataset}' has no times, so events of different users cannot be compared by period; import a column of times",
                dataset=dataset.name,
            )
        )
    levels, names = _levels(dataset, feature_space, view)
    known = np.isfinite(dataset.times) & (levels >= 0)
    if not known.any():
        message = N_("dataset '{dataset}' has no known category; import a column of categories")
        if view == "area":
            message = N_("dataset '{dataset}' has no known area; import columns of latitude and longitude")
        raise DataError(_(message, dataset=dataset.name))
    first, last = dataset.times[known].min(), dataset.times[known].max()
    periods = int(np.clip((last - first) / (LEAST_DAYS * DAY), 1, PERIODS))
    edges = np.linspace(first, last, periods + 1)
    period = np.clip(np.searchsorted(edges, dataset.times[known], side="right") - 1, 0, periods - 1)
    users = np.repeat(np.arange(len(dataset.user_ids)), np.diff(dataset.user_starts))[known]
    table = np.zeros((len(dataset.user_ids), periods * len(names)), dtype=np.float32)
    np.add.at(table, (users, period * len(names) + levels[known]), 1)
    weights = np.random.default_rng(seed).multinomial(len(table), np.full(len(table), 1 / len(table)), size=DRAWS).astype(np.float32)
    drawn = (np.vstack([np.ones((1, len(table)), np.float32), weights]) @ table).reshape(DRAWS + 1, periods, len(names))
    shares = drawn / np.maximum(drawn.sum(axis=2, keepdims=True), 1)
    third = max(periods // 3, 1)
    early, late = drawn[:, :third].sum(axis=1), drawn[:, -third:].sum(axis=1)
    gains = late / np.maximum(late.sum(axis=1, keepdims=True), 1) - early / np.maximum(early.sum(axis=1, keepdims=True), 1)
    return Population(
        view, edges, drawn[0].sum(axis=1).astype(np.int64), names, shares[0], _with_interval(_stability(shares)), _with_interval(_divergence(shares)), _with_interval(gains)
    )  # fmt: skip


def _levels(dataset: Dataset, feature_space: FeatureSpace, view: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if view == "category" or dataset.places is None:
        return feature_space.kinds[dataset.item_codes - 1], feature_space.kind_names
    return feature_space.areas_of(dataset.places), feature_space.area_names


def _stability(shares: np.ndarray) -> np.ndarray:
    """Return (draws, P) sums of (share − first) · log(share / first), the symmetric Kullback-Leibler divergence."""
    floored = np.maximum(shares, FLOOR)
    first = floored[:, :1]
    return np.asarray(((floored - first) * np.log(floored / first)).sum(axis=2))


def _divergence(shares: np.ndarray) -> np.ndarray:
    middle = (shares + shares[:, :1]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            np.where(each > 0, each * np.log2(each / middle), 0).sum(axis=2)
            for each in (shares, np.broadcast_to(shares[:, :1], shares.shape))
        ]
    return np.asarray(sum(parts) / 2)


def _with_interval(drawn: np.ndarray) -> np.ndarray:
    """Return (n, 3) the value itself and the bias-corrected limits of the bootstrap draws.

    A draw repeats some users, which by itself makes periods differ: the mean excess of the draws over the value is subtracted.
    """
    real = drawn[0]
    low, high = np.quantile(drawn[1:], LIMITS, axis=0) - (drawn[1:].mean(axis=0) - real)
    return np.column_stack([real, low, high])
