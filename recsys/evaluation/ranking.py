"""Evaluation of rankings: exact ranks of the next items, metrics computed from them, and intervals over users.

Every ranking covers the whole catalogue. Items seen before are not candidates unless the dataset has repeated items
(`dataset.repeats`). An `Evaluation` records the protocol, the split and the context that the model uses, since metrics of
different ones cannot be compared.
"""

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from recsys.core import TOP_K, Dataset, HoldsLists, Recommender, top_k
from recsys.core.errors import DataError, unknown
from recsys.core.split import TRAIN, Protocol, Split
from recsys.core.translation import _
from recsys.evaluation.bootstrap import DRAWS, LIMITS, bootstrap_intervals, bootstrap_means, has_intervals
from recsys.evaluation.cases import Cases, score_cases
from recsys.evaluation.cold_start_slices import ColdStartSlice, evaluate_cold_start
from recsys.evaluation.metrics import compute_case_metrics, rank_items
from recsys.evaluation.prediction_errors import evaluate_predictions
from recsys.models import KNOWN_MODELS

CASE_METRICS = (*compute_case_metrics(np.empty(0)), f"novelty@{TOP_K}", f"diversity@{TOP_K}")
"""Metrics with a value for every case; diversity only where items have categories."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Ranks of all cases of one split, and the metrics computed from them.

    `ranks`, `rows`, `user_codes` and each of `other_values` are (cases,); `rows` are rows of `dataset.interactions`, ascending;
    `other_values` are the case values of metrics that are not functions of ranks. `intervals` are 95 % bootstrap intervals over users;
    coverage@10 has none, since it is not a mean over users, and nothing has if all cases are of one user. `slices` are cold-start slices, None for one without cases.
    `excluded_users` counts users with too few events for the protocol. `aware` lists which of time and place of the request the model
    uses and the dataset has. For a model of finished lists (`HoldsLists`), `depth` is the length of the longest one and `listed_cases`
    the number of cases whose user has a list at that step; the others are misses. Both are None for other models.
    """

    model: str
    aware: tuple[str, ...]
    protocol: Protocol
    split: str
    cases: int
    users: int
    items: int
    excluded_users: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    ranks: np.ndarray
    rows: np.ndarray
    user_codes: np.ndarray
    seconds: float
    other_values: dict[str, np.ndarray] = field(default_factory=dict)
    slices: dict[str, ColdStartSlice | None] = field(default_factory=dict)
    depth: int | None = None
    listed_cases: int | None = None

    @classmethod
    def from_cases(cls, name: str, cases: Cases, split: Split, which: str, **measured: Any) -> "Evaluation":
        """Return the evaluation of a model of KNOWN_MODELS on these cases; `measured` are the fields that depend on its scores."""
        return cls(
            model=name,
            aware=find_used_context(name, cases.dataset),
            protocol=split.protocol,
            split=which,
            cases=len(cases.rows),
            users=len(np.unique(cases.user_codes)),
            excluded_users=split.left_out,
            rows=cases.rows,
            user_codes=cases.user_codes,
            **measured,
        )

    def values(self, metric: str) -> np.ndarray:
        """Return the value (cases,) of a metric for every case."""
        columns = {**compute_case_metrics(self.ranks), **self.other_values}
        if metric not in columns:
            raise unknown("metric with a value per case", metric, columns)
        return columns[metric]


class PairedDifference(NamedTuple):
    """Mean of a metric under the first model minus that under the second, with its 95 % interval and two-sided p-value.

    These are NaN if all cases are of one user.
    """

    difference: float
    low: float
    high: float
    p: float


def evaluate_model(
    model: Recommender, dataset: Dataset, split: Split, which: str = "validation", seed: int = 0, brief: bool = False
) -> Evaluation:
    """Rank the item of every event of a split, given the history before it and the context of `request_at`.

    Memory is bounded: about 64 MB of scores are held at a time. `brief` leaves out slices and prediction errors, which are not needed
    to choose an epoch.
    """
    name = identify_model(model)
    if name in KNOWN_MODELS and KNOWN_MODELS[name].candidates_only:
        raise DataError(
            _(
                "the model '{model}' only ranks a short list of candidates and cannot be evaluated on the whole catalogue; choose another model",
                model=name,
            )
        )
    cases = Cases.from_split(dataset, split, which)
    began = time.perf_counter()
    ranks, other_values, coverage = _rank_cases(model, cases, split)
    columns = {**compute_case_metrics(ranks), **other_values}
    metrics = {key: float(np.nanmean(values)) for key, values in columns.items()} | {f"coverage@{TOP_K}": coverage}
    intervals = bootstrap_intervals(columns, cases.user_codes, seed)
    predicted, predicted_intervals = ({}, {}) if brief else evaluate_predictions(model, cases, split, seed)
    return Evaluation.from_cases(
        name,
        cases,
        split,
        which,
        items=len(model.item_ids),
        metrics=metrics | predicted,
        intervals=intervals | predicted_intervals,
        ranks=ranks,
        other_values=other_values,
        slices={} if brief else evaluate_cold_start(ranks, cases, split, seed),
        **_count_lists(model, cases),
        seconds=time.perf_counter() - began,
    )


def _count_lists(model: Any, cases: Cases) -> dict[str, int]:
    """Return the fields of an Evaluation that only a model of finished lists has."""
    if not isinstance(model, HoldsLists):
        return {}
    return {"depth": model.depth, "listed_cases": int(model.has_lists(cases.requests(np.arange(len(cases.rows)))).sum())}


def _rank_cases(model: Any, cases: Cases, split: Split) -> tuple[np.ndarray, dict[str, np.ndarray], float]:
    """Return ranks (cases,), novelty and, where items have categories, diversity of each top-10 list, and the share of items recommended."""
    dataset, count = cases.dataset, len(cases.rows)
    ranks, novelties, diversities = np.empty(count), np.empty(count), np.empty(count)
    is_recommended = np.zeros(len(dataset.item_ids) + 1, dtype=bool)
    information, categories = compute_self_information(dataset, split), encode_categories(dataset)
    to_dataset = dataset.vocabulary.encode(model.item_ids)
    for chosen, scores, targets in score_cases(model, cases, whole=split.protocol == "temporal"):
        ranks[chosen] = rank_items(model, scores, targets)
        top = top_k(scores, TOP_K)
        listed = np.take_along_axis(scores, top, axis=1) > -np.inf
        codes = to_dataset[top]
        is_recommended[codes[listed]] = True
        with np.errstate(invalid="ignore"):  # an empty list has no novelty
            novelties[chosen] = np.where(listed, information[codes], 0).sum(axis=1) / listed.sum(axis=1)
        if categories is not None:
            diversities[chosen] = compute_diversity(categories[codes], listed)
    other_values = {f"novelty@{TOP_K}": novelties} if np.isfinite(novelties).any() else {}
    if categories is not None and np.isfinite(diversities).any():
        other_values[f"diversity@{TOP_K}"] = diversities
    return ranks, other_values, float(is_recommended[1:].mean())


def check_same_cases(a: Evaluation, b: Evaluation) -> None:
    """Raise a DataError with the reason unless two evaluations have the same cases."""
    if (a.protocol, a.split) != (b.protocol, b.split) or not np.array_equal(a.rows, b.rows):
        raise DataError(
            _(
                "cannot compare {a} ({a_protocol} {a_split}) with {b} ({b_protocol} {b_split}); evaluate both on the same events",
                a=a.model,
                a_protocol=a.protocol,
                a_split=a.split,
                b=b.model,
                b_protocol=b.protocol,
                b_split=b.split,
            )
        )


def compare_paired(
    a: Evaluation, b: Evaluation, metric: str = f"ndcg@{TOP_K}", seed: int = 0, slice: str | None = None
) -> PairedDifference:
    """Compare `a` with `b` by a bootstrap over users of the difference per case; both must have the same cases.

    With `slice` only its cases are compared; an empty slice is an error.
    """
    check_same_cases(a, b)
    difference, user_codes = a.values(metric) - b.values(metric), a.user_codes
    if slice is not None:
        part = a.slices.get(slice)
        if part is None:
            raise DataError(
                _(
                    "slice '{slice}' has no cases among the {protocol} {split} events, so {a} and {b} cannot be compared on it; choose all cases",
                    slice=slice,
                    protocol=a.protocol,
                    split=a.split,
                    a=a.model,
                    b=b.model,
                )
            )
        difference, user_codes = difference[part.case_indices], user_codes[part.case_indices]
    if not has_intervals(user_codes):
        return PairedDifference(float(difference.mean()), np.nan, np.nan, np.nan)
    draws = bootstrap_means(difference[:, None], user_codes, seed)[:, 0]
    low, high = np.quantile(draws, LIMITS)
    p = 2 * min(np.mean(draws <= 0), np.mean(draws >= 0))
    return PairedDifference(float(difference.mean()), float(low), float(high), float(np.clip(p, 1 / DRAWS, 1)))


def identify_model(model: Any) -> str:
    """Return the name in KNOWN_MODELS of a model: that of its class with the longest preset that its config has."""
    fitting = [
        name
        for name, spec in KNOWN_MODELS.items()
        if (spec.module, spec.class_name) == (type(model).__module__, type(model).__name__)
        and all(getattr(model.config, setting) == value for setting, value in spec.preset)
    ]
    return max(fitting, key=lambda name: len(KNOWN_MODELS[name].preset), default=type(model).__name__)


def find_used_context(name: str, dataset: Dataset) -> tuple[str, ...]:
    """Return which of time and place of the request a model uses and the dataset has."""
    return tuple(each for each in KNOWN_MODELS[name].aware if each in dataset.has) if name in KNOWN_MODELS else ()


def compute_self_information(dataset: Dataset, split: Split) -> np.ndarray:
    """Return bits (n_items + 1,) by code: −log2 of an item's share of the training events, with one event added to every item."""
    counts = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=len(dataset.item_ids) + 1) + 1.0
    return -np.log2(counts / counts[1:].sum())


def encode_categories(dataset: Dataset) -> np.ndarray | None:
    """Return numbers (n_items + 1,) of the items' categories by code, a distinct one for each item without; None without categories."""
    if "category" not in dataset.has:
        return None
    categories = dataset.items["category"].astype("category").cat.codes.to_numpy().astype(np.int64)
    is_unknown = categories < 0
    categories[is_unknown] = categories.max() + 1 + np.arange(is_unknown.sum())
    return np.concatenate([[-1], categories])


def compute_diversity(categories: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return the share (n,) of pairs of two categories in each list (n, k); NaN for lists of fewer than two items."""
    pairs = listed[:, :, None] & listed[:, None, :]
    differ = pairs & (categories[:, :, None] != categories[:, None, :])
    length = listed.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return differ.sum(axis=(1, 2)) / (length * (length - 1.0))
