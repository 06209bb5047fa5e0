"""How well a model ranks what really came next: ranks first, metrics as functions of ranks, intervals over users.

Every ranking is over the whole catalogue. Items seen before are no candidates unless people return (`dataset.repeats`).
A number means nothing without its protocol, so an `Evaluation` carries protocol, split and what the model was told.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from recsys.core import PAD, Dataset, History, Recommender, Request, Traces, request_at, top_k
from recsys.errors import DataError, RecsysError, unknown
from recsys.models import MODELS
from recsys.split import SPLIT_NAMES, TRAIN, Protocol, Split

K = 10
CHUNK_BYTES = 64_000_000
CHUNK_REQUESTS = 512
DRAWS = 1_000


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The ranks of all cases of one split, and what follows from them.

    `ranks`, `novelties`, `rows` and `user_codes` are (cases,); `rows` are rows of `dataset.interactions`, ascending.
    `intervals` holds 95 % bootstrap intervals over users; coverage@10 has none, being no mean over users.
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
    novelties: np.ndarray
    rows: np.ndarray
    user_codes: np.ndarray
    seconds: float

    def values(self, metric: str) -> np.ndarray:
        """(cases,) what each case adds to the mean of a metric."""
        columns = {**values_of(self.ranks), f"novelty@{K}": self.novelties}
        if metric not in columns:
            raise unknown("metric with a value a case", metric, columns)
        return columns[metric]


class Paired(NamedTuple):
    """Mean of a metric under the first model minus under the second, its 95 % interval and two-sided p."""

    difference: float
    low: float
    high: float
    p: float


def ranks_of(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Exact rank (n,) float64 of position `targets[i]` in `scores[i]`: 1 + items scored higher + half of those tied with it."""
    own = scores[np.arange(len(targets)), targets][:, None]
    higher = np.count_nonzero(scores > own, axis=1)
    tied = np.count_nonzero(scores == own, axis=1) - 1
    return 1 + higher + tied / 2


def scores_of(model: Any, raw: np.ndarray) -> np.ndarray:
    """A model's scores as float32 that may be written to, or an error if some are not numbers."""
    scores = np.array(raw, dtype=np.float32)
    if np.isnan(scores).any():
        raise RecsysError(f"the model {type(model).__name__} gave scores that are not numbers; train it with a lower learning rate")
    return scores


def values_of(ranks: np.ndarray, k: int = K) -> dict[str, np.ndarray]:
    """What every case adds to each metric, (n,) each. One item is right in each case, so recall is the hit rate."""
    hit = (ranks <= k).astype(np.float64)
    precision = hit / k
    return {
        "hr@1": (ranks <= 1).astype(np.float64),
        f"hr@{k}": hit,
        f"ndcg@{k}": hit / np.log2(1 + ranks),
        "mrr": 1 / ranks,
        f"precision@{k}": precision,
        f"recall@{k}": hit,
        f"f1@{k}": 2 * precision * hit / np.maximum(precision + hit, 1e-12),
    }


def metrics_of(ranks: np.ndarray, k: int = K) -> dict[str, float]:
    """The means of `values_of`; NaN where there is no case."""
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in values_of(ranks, k).items()}


def evaluate(model: Recommender, dataset: Dataset, split: Split, which: str = "validation", seed: int = 0) -> Evaluation:
    """Rank every event of a split given the history before it; the model is told what `request_at` says.

    Memory is bounded: scores are held for about 64 MB of rows × items at a time.
    """
    if which not in SPLIT_NAMES:
        raise unknown("split", which, SPLIT_NAMES)
    cases = _Cases.of(dataset, np.flatnonzero(split.labels == SPLIT_NAMES.index(which)))
    count = len(cases.rows)
    if not count:
        raise DataError(
            f"dataset '{dataset.name}' has no {which} events under {split.protocol}; last-out takes a user with at least three "
            "events, temporal takes times that differ"
        )
    began = time.perf_counter()
    ranks, novelties = np.empty(count), np.empty(count)
    shown = np.zeros(len(dataset.item_ids) + 1, dtype=bool)
    information = self_information(dataset, split)
    to_dataset = dataset.vocabulary.encode(model.item_ids)
    for chosen, scores, targets in _scored(model, cases, whole=split.protocol == "temporal"):
        ranks[chosen] = np.where(targets == PAD, scores.shape[1], ranks_of(scores, np.maximum(targets - 1, 0)))
        top = top_k(scores, K)
        listed = np.take_along_axis(scores, top, axis=1) > -np.inf
        codes = to_dataset[top]
        shown[codes[listed]] = True
        novelties[chosen] = np.where(listed, information[codes], 0).sum(axis=1) / np.maximum(listed.sum(axis=1), 1)
    columns = {**values_of(ranks), f"novelty@{K}": novelties}
    means = {name: float(values.mean()) for name, values in columns.items()}
    name = name_of(model)
    return Evaluation(
        model=name,
        aware=tuple(each for each in MODELS[name].aware if each in dataset.has) if name in MODELS else (),
        protocol=split.protocol,
        split=which,
        cases=count,
        users=len(np.unique(cases.user_codes)),
        items=len(model.item_ids),
        left_out=split.left_out,
        metrics={**means, f"coverage@{K}": float(shown[1:].mean())},
        intervals=_intervals(columns, cases.user_codes, seed),
        ranks=ranks,
        novelties=novelties,
        rows=cases.rows,
        user_codes=cases.user_codes,
        seconds=time.perf_counter() - began,
    )


def paired(a: Evaluation, b: Evaluation, metric: str = f"ndcg@{K}", seed: int = 0) -> Paired:
    """Does `a` beat `b`? Bootstrap over users of the case-by-case difference; both must have judged the same events."""
    if (a.protocol, a.split) != (b.protocol, b.split) or not np.array_equal(a.rows, b.rows):
        raise DataError(
            f"cannot compare {a.model} ({a.protocol} {a.split}) with {b.model} ({b.protocol} {b.split}): evaluate both on the same cases"
        )
    difference = a.values(metric) - b.values(metric)
    draws = _bootstrap(difference[:, None], a.user_codes, seed)[:, 0]
    low, high = np.quantile(draws, (0.025, 0.975))
    p = 2 * min(np.mean(draws <= 0), np.mean(draws >= 0))
    return Paired(float(difference.mean()), float(low), float(high), float(np.clip(p, 1 / DRAWS, 1)))


def name_of(model: Any) -> str:
    """The line of MODELS a model was made from: of its class, and with the longest preset its config agrees with."""
    fitting = [
        name
        for name, spec in MODELS.items()
        if (spec.module, spec.class_name) == (type(model).__module__, type(model).__name__)
        and all(getattr(model.config, setting) == value for setting, value in spec.preset)
    ]
    return max(fitting, key=lambda name: len(MODELS[name].preset), default=type(model).__name__)


def self_information(dataset: Dataset, split: Split) -> np.ndarray:
    """Bits (n_items + 1,) by code: −log2 of an item's share of the training events, with one event added to every item."""
    counts = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=len(dataset.item_ids) + 1) + 1.0
    return -np.log2(counts / counts[1:].sum())


@dataclass(frozen=True, eq=False)
class _Cases:
    """The events to judge: (cases,) rows of the interactions, codes of their users, and steps in those users' histories."""

    dataset: Dataset
    rows: np.ndarray
    user_codes: np.ndarray
    steps: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset, rows: np.ndarray) -> "_Cases":
        user_codes = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        return cls(dataset, rows, user_codes, rows - dataset.user_starts[user_codes])

    def requests(self, cases: np.ndarray) -> list[Request]:
        """The requests of some cases; each user's history is built once."""
        histories = {code: self.history(code) for code in np.unique(self.user_codes[cases])}
        return [request_at(histories[self.user_codes[case]], int(self.steps[case])) for case in cases]

    def history(self, user_code: int) -> History:
        return self.dataset.history(str(self.dataset.user_ids[user_code]))


def _scored(model: Any, cases: _Cases, whole: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Numbers of cases, their candidate scores, and codes of their targets in the model's vocabulary, a chunk at a time.

    `whole` asks for one pass over each user's history where the model can: worth it when many of its steps are wanted.
    """
    dataset, codes = cases.dataset, model.vocabulary.encode(cases.dataset.item_ids)[cases.dataset.item_codes - 1]
    size = max(1, CHUNK_BYTES // (4 * len(model.item_ids)))
    chunks = _by_trace(model, cases, size) if whole and isinstance(model, Traces) else _by_request(model, cases, size)
    for chosen, raw in chunks:
        scores = scores_of(model, raw)
        if not dataset.repeats:
            for scored, row, step in zip(scores, cases.rows[chosen], cases.steps[chosen], strict=True):
                seen = codes[row - step : row]
                scored[seen[seen != PAD] - 1] = -np.inf
        yield chosen, scores, codes[cases.rows[chosen]]


def _by_request(model: Any, cases: _Cases, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores of requests, histories of like length together so that little is padded."""
    by_length = np.argsort(cases.steps, kind="stable")
    size = min(size, CHUNK_REQUESTS)
    for start in range(0, len(by_length), size):
        chosen = by_length[start : start + size]
        yield chosen, model.score(cases.requests(chosen))


def _by_trace(model: Any, cases: _Cases, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores at every event wanted, by one pass over each user's history."""
    for code, group in groupby(range(len(cases.rows)), key=lambda case: cases.user_codes[case]):
        chosen = np.array(list(group))
        steps = cases.steps[chosen]
        # What follows the last event wanted is cut off: it is not needed, and nothing later can leak in.
        trace = model.trace(cases.history(code).until(int(steps[-1]) + 1))
        for start in range(0, len(steps), size):
            yield chosen[start : start + size], model.score_trace(trace, steps[start : start + size])


def _intervals(columns: dict[str, np.ndarray], user_codes: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    draws = _bootstrap(np.column_stack(list(columns.values())), user_codes, seed)
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(columns)}


def _bootstrap(values: np.ndarray, user_codes: np.ndarray, seed: int) -> np.ndarray:
    """Means (DRAWS, columns) over the cases of users drawn with replacement; values is (cases, columns)."""
    users, of_case = np.unique(user_codes, return_inverse=True)
    sums = np.column_stack([np.bincount(of_case, weights=column) for column in [*values.T, np.ones(len(values))]])
    random = np.random.default_rng(seed)
    draws = np.empty((DRAWS, sums.shape[1]))
    for i in range(DRAWS):
        draws[i] = np.bincount(random.integers(len(users), size=len(users)), minlength=len(users)) @ sums
    return draws[:, :-1] / draws[:, -1:]
