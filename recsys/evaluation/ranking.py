"""How well a model ranks what really came next: ranks first, metrics as functions of ranks, intervals over users.

Every ranking is over the whole catalogue. Items seen before are no candidates unless people return (`dataset.repeats`).
A number means nothing without its protocol, so an `Evaluation` carries protocol, split and what the model was told.
"""

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from recsys.core import PAD, TOP_K, Dataset, Recommender, top_k
from recsys.core.errors import DataError, unknown
from recsys.core.split import TRAIN, Protocol, Split
from recsys.evaluation.bootstrap import DRAWS, LIMITS, bootstrap_interval, bootstrap_means, resampled_means
from recsys.evaluation.cases import Cases, scored
from recsys.evaluation.metrics import ranks_of, values_of
from recsys.evaluation.prediction_errors import predictions_of
from recsys.evaluation.slices import Slice, slices_of
from recsys.models import MODELS


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The ranks of all cases of one split, and what follows from them.

    `ranks`, `rows`, `user_codes` and each of `others` are (cases,); `rows` are rows of `dataset.interactions`, ascending; `others`
    are the values behind means that do not follow from ranks. `intervals` holds 95 % bootstrap intervals over users; coverage@10
    has none, being no mean over users. `slices` are the cold starts, None where there is no such case.
    `left_out` counts users the protocol cannot judge. `aware` is what of the request the model was told and the data has.
    """

    model: str
    aware: tuple[str, ...]
    protocol: Protocol
    split: str
    cases: int
    users: int
    items: int
    left_out: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    ranks: np.ndarray
    rows: np.ndarray
    user_codes: np.ndarray
    seconds: float
    others: dict[str, np.ndarray] = field(default_factory=dict)
    slices: dict[str, Slice | None] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, cases: Cases, split: Split, which: str, **found: Any) -> "Evaluation":
        """Of a line of MODELS on these cases; `found` are the fields that follow from neither."""
        return cls(
            model=name,
            aware=aware_of(name, cases.dataset),
            protocol=split.protocol,
            split=which,
            cases=len(cases.rows),
            users=len(np.unique(cases.user_codes)),
            left_out=split.left_out,
            rows=cases.rows,
            user_codes=cases.user_codes,
            **found,
        )

    def values(self, metric: str) -> np.ndarray:
        """(cases,) what each case adds to the mean of a metric."""
        columns = {**values_of(self.ranks), **self.others}
        if metric not in columns:
            raise unknown("metric with a value a case", metric, columns)
        return columns[metric]


class PairedDifference(NamedTuple):
    """Mean of a metric under the first model minus under the second, its 95 % interval and two-sided p."""

    difference: float
    low: float
    high: float
    p: float


def evaluate_model(
    model: Recommender, dataset: Dataset, split: Split, which: str = "validation", seed: int = 0, brief: bool = False
) -> Evaluation:
    """Rank every event of a split given the history before it; the model is told what `request_at` says.

    Memory is bounded: scores are held for about 64 MB of rows × items at a time. `brief` leaves out slices and what the model
    predicts besides items, which choosing an epoch does not need.
    """
    name = name_of(model)
    if name in MODELS and MODELS[name].candidates_only:
        raise DataError(f"the model '{name}' only orders a short list of candidates; it cannot be judged on the whole catalogue")
    cases = Cases.of(dataset, split, which)
    began = time.perf_counter()
    ranks, others, coverage = _judged(model, cases, split)
    columns = {**values_of(ranks), **others}
    metrics = {key: float(np.nanmean(values)) for key, values in columns.items()} | {f"coverage@{TOP_K}": coverage}
    intervals = {key: bootstrap_interval(each) for key, each in resampled_means(columns, cases.user_codes, seed).items()}
    predicted, predicted_intervals = ({}, {}) if brief else predictions_of(model, cases, split, seed)
    return Evaluation.of(
        name,
        cases,
        split,
        which,
        items=len(model.item_ids),
        metrics=metrics | predicted,
        intervals=intervals | predicted_intervals,
        ranks=ranks,
        others=others,
        slices={} if brief else slices_of(ranks, cases, split, seed),
        seconds=time.perf_counter() - began,
    )


def _judged(model: Any, cases: Cases, split: Split) -> tuple[np.ndarray, dict[str, np.ndarray], float]:
    """Ranks (cases,), novelty and, where items have categories, diversity of each list of ten, and the share of items ever shown."""
    dataset, count = cases.dataset, len(cases.rows)
    ranks, novelties, diversities = np.empty(count), np.empty(count), np.empty(count)
    shown = np.zeros(len(dataset.item_ids) + 1, dtype=bool)
    information, kinds = self_information(dataset, split), _kinds(dataset)
    to_dataset = dataset.vocabulary.encode(model.item_ids)
    for chosen, scores, targets in scored(model, cases, whole=split.protocol == "temporal"):
        ranks[chosen] = np.where(targets == PAD, scores.shape[1], ranks_of(scores, np.maximum(targets - 1, 0)))
        top = top_k(scores, TOP_K)
        listed = np.take_along_axis(scores, top, axis=1) > -np.inf
        codes = to_dataset[top]
        shown[codes[listed]] = True
        novelties[chosen] = np.where(listed, information[codes], 0).sum(axis=1) / np.maximum(listed.sum(axis=1), 1)
        if kinds is not None:
            diversities[chosen] = _diversity(kinds[codes], listed)
    others = {f"novelty@{TOP_K}": novelties}
    if kinds is not None and np.isfinite(diversities).any():
        others[f"diversity@{TOP_K}"] = diversities
    return ranks, others, float(shown[1:].mean())


def compare_paired(
    a: Evaluation, b: Evaluation, metric: str = f"ndcg@{TOP_K}", seed: int = 0, slice: str | None = None
) -> PairedDifference:
    """Does `a` beat `b`? Bootstrap over users of the case-by-case difference; both must have judged the same events.

    With `slice` only its cases are compared; an empty one is an error.
    """
    if (a.protocol, a.split) != (b.protocol, b.split) or not np.array_equal(a.rows, b.rows):
        raise DataError(
            f"cannot compare {a.model} ({a.protocol} {a.split}) with {b.model} ({b.protocol} {b.split}): evaluate both on the same cases"
        )
    difference, user_codes = a.values(metric) - b.values(metric), a.user_codes
    if slice is not None:
        part = a.slices.get(slice)
        if part is None:
            raise DataError(f"there is no case of '{slice}' among the {a.protocol} {a.split} events to compare {a.model} and {b.model} on")
        difference, user_codes = difference[part.chosen], user_codes[part.chosen]
    draws = bootstrap_means(difference[:, None], user_codes, seed)[:, 0]
    low, high = np.quantile(draws, LIMITS)
    p = 2 * min(np.mean(draws <= 0), np.mean(draws >= 0))
    return PairedDifference(float(difference.mean()), float(low), float(high), float(np.clip(p, 1 / DRAWS, 1)))


def name_of(model: Any) -> str:
    """The line of MODELS a model was made from: of its class, and with the longest preset its config agrees with."""
    fitting = [
        name
        for name, spec in MODELS.items()
        if (spec.module, spec.class_name) == (type(model).__module__, type(model).__name__)
        and all(getattr(model.config, setting) == value for setting, value in spec.preset)
    ]
    return max(fitting, key=lambda name: len(MODELS[name].preset), default=type(model).__name__)


def aware_of(name: str, dataset: Dataset) -> tuple[str, ...]:
    """What of the request a model is told and the data has."""
    return tuple(each for each in MODELS[name].aware if each in dataset.has) if name in MODELS else ()


def self_information(dataset: Dataset, split: Split) -> np.ndarray:
    """Bits (n_items + 1,) by code: −log2 of an item's share of the training events, with one event added to every item."""
    counts = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=len(dataset.item_ids) + 1) + 1.0
    return -np.log2(counts / counts[1:].sum())


def _kinds(dataset: Dataset) -> np.ndarray | None:
    """(n_items + 1,) a number for the category of each item, by code, another for every item without one; None without categories."""
    if "category" not in dataset.has:
        return None
    kinds = dataset.items["category"].astype("category").cat.codes.to_numpy().astype(np.int64)
    unknown_kinds = kinds < 0
    kinds[unknown_kinds] = kinds.max() + 1 + np.arange(unknown_kinds.sum())
    return np.concatenate([[-1], kinds])


def _diversity(kinds: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """(n,) share of the pairs in a list (n, k) that are of two categories; NaN for a list of fewer than two."""
    pairs = listed[:, :, None] & listed[:, None, :]
    differ = pairs & (kinds[:, :, None] != kinds[:, None, :])
    length = listed.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return differ.sum(axis=(1, 2)) / (length * (length - 1.0))
