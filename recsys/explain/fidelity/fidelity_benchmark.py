"""Benchmark of explanation methods over many users: fidelity against random orders, and recovery of known causes.

One case per user: the top recommendation at one event of the split, so that a bootstrap over cases is one over users. Where the data
knows the cause of an event, as the simulated city does, also how often a method ranks that cause first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from recsys.core import TOP_K, Dataset, Recommender, Request, Vocabulary, candidate_scores, top_k
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.core.translation import _
from recsys.evaluation import Cases
from recsys.evaluation.bootstrap import bootstrap_columns, bootstrap_interval
from recsys.explain import METHODS, Game
from recsys.explain.fidelity.deletion import HIGHER_IS_BETTER, Fidelity, event_weights, measure_fidelity

RANDOM, LATEST = "random", "latest"
BUDGET = 1_024
ORDERS = 6
LEAST = 4  # events, below which any order is as good as another
TRIED = 6  # events tried for each case with a known cause, since the model must have listed the next item

ReportProgress = Callable[[int, int], None]
Part = TypeVar("Part")


@dataclass(frozen=True)
class Estimate:
    """A mean over cases with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FidelityBenchmark:
    """Mean fidelity of each method.

    `metrics` maps methods, including random orders, to the metrics of deletion.py; `over_random` to their mean improvement over random
    orders of the same case, above 0 where better whatever the metric. `agreement` is Spearman's correlation with Shapley values.
    """

    cases: int
    split: str
    metrics: dict[str, dict[str, Estimate]]
    over_random: dict[str, dict[str, Estimate]]
    agreement: dict[str, Estimate]


@dataclass(frozen=True)
class CauseRecovery:
    """Shares of cases in which a method's strongest event is the cause of the next item; `latest` and `random` are baselines.

    `causes` counts the cases by kind of cause, and `by_cause` holds the shares of each kind.
    """

    cases: int
    causes: dict[str, int]
    methods: dict[str, Estimate]
    by_cause: dict[str, dict[str, Estimate]]


def run_fidelity_benchmark(
    model: Recommender, dataset: Dataset, split: Split, aware: Sequence[str], count: int = 100, which: str = "validation",
    budget: int = BUDGET, seed: int = 0, report: ReportProgress | None = None,
) -> FidelityBenchmark:  # fmt: skip
    """Measure the fidelity of every offered method on the top recommendation of `count` users."""
    found = []
    for request in _with_progress(sample_requests(dataset, split, which, count, seed), report, count):
        best = top_recommendation(model, request, dataset.repeats)
        if best is not None:
            game = Game(model, request, best, aware=aware, repeats=dataset.repeats)
            explanations = {name: each.explain(game, budget, seed) for name, each in METHODS.items() if each.why_not(model, game) is None}
            found.append(measure_fidelity(game, explanations, TOP_K, ORDERS, seed=seed))
    if not found:
        raise DataError(
            _(
                "dataset '{dataset}' has no {split} event with at least {least} events before it; choose another split or a larger dataset",
                dataset=dataset.name,
                split=which,
                least=LEAST,
            )
        )
    return FidelityBenchmark(len(found), which, *_summarize(found, seed))


def measure_cause_recovery(
    model: Recommender, dataset: Dataset, split: Split, causes: pd.DataFrame, aware: Sequence[str], count: int = 100,
    budget: int = BUDGET, seed: int = 0, report: ReportProgress | None = None,
) -> CauseRecovery:  # fmt: skip
    """Explain the next item where its cause is known and the model listed it, on validation and test events.

    `causes` is in the order of the interactions, with cause and because_of (−1 where no event is named).
    """
    hits: dict[str, list[float]] = {}
    kinds: list[str] = []
    for request, item, because, kind in _with_progress(_requests_with_cause(model, dataset, split, causes, count, seed), report, count):
        game = Game(model, request, item, aware=aware, repeats=dataset.repeats)
        steps = game.steps
        for name, method in METHODS.items():
            if method.why_not(model, game) is None:
                weights = event_weights(method.explain(game, budget, seed), steps.tolist())
                hits.setdefault(name, []).append(float(steps[np.lexsort((-steps, -weights))[0]] == because))
        hits.setdefault(LATEST, []).append(float(steps[-1] == because))
        hits.setdefault(RANDOM, []).append(1 / len(steps))
        kinds.append(kind)
    if not kinds:
        return CauseRecovery(0, {}, {}, {})
    names = sorted(set(kinds))
    of_kind = {name: np.array(kinds) == name for name in names}
    return CauseRecovery(
        len(kinds),
        {name: int(rows.sum()) for name, rows in of_kind.items()},
        _estimates({name: np.array(each) for name, each in hits.items()}, seed),
        {kind: _estimates({name: np.array(each)[rows] for name, each in hits.items()}, seed) for kind, rows in of_kind.items()},
    )


def sample_requests(dataset: Dataset, split: Split, which: str, count: int, seed: int) -> Iterator[Request]:
    """Yield a request at one event of the split for each of at most `count` users, with at least `LEAST` events before it."""
    cases, random = Cases.from_split(dataset, split, which), np.random.default_rng(seed)
    order = random.permutation(np.flatnonzero(cases.steps >= LEAST))
    _codes, firsts = np.unique(cases.user_codes[order], return_index=True)
    for case in order[np.sort(firsts)][:count]:
        yield cases.requests(np.array([case]))[0]


def _requests_with_cause(
    model: Recommender, dataset: Dataset, split: Split, causes: pd.DataFrame, count: int, seed: int
) -> Iterator[tuple[Request, str, int, str]]:
    """Yield requests, the next item, the step that caused it, and the kind of cause."""
    random, found = np.random.default_rng(seed), 0
    because = causes["because_of"].to_numpy()
    parts = [Cases.from_split(dataset, split, which) for which in ("validation", "test")]
    events = [(part, case) for part in parts for case in np.flatnonzero((because[part.rows] >= 0) & (part.steps >= LEAST))]
    for at in random.permutation(len(events))[: TRIED * count]:
        part, case = events[at]
        row, request = int(part.rows[case]), part.requests(np.array([case]))[0]
        item = str(dataset.item_ids[dataset.item_codes[row] - 1])
        if item in _list(model, request, dataset.repeats):
            yield request, item, int(because[row]), str(causes["cause"].iloc[row])
            found += 1
            if found == count:
                return


def _list(model: Recommender, request: Request, repeats: bool) -> list[str]:
    scores = candidate_scores(model, [request], getattr(model, "vocabulary", None) or Vocabulary(model.item_ids), repeats)
    return [str(model.item_ids[at]) for at in top_k(scores, TOP_K)[0] if scores[0, at] > -np.inf]


def top_recommendation(model: Recommender, request: Request, repeats: bool) -> str | None:
    """Return the first recommendation, None where there is none."""
    return next(iter(_list(model, request, repeats)), None)


def _summarize(
    found: Sequence[Fidelity], seed: int
) -> tuple[dict[str, dict[str, Estimate]], dict[str, dict[str, Estimate]], dict[str, Estimate]]:
    names = list(dict.fromkeys(name for each in found for name in each.curves))
    random = {metric: np.array([each.chance(metric).mean() for each in found]) for metric in HIGHER_IS_BETTER}
    metrics, over = {RANDOM: _estimates(random, seed)}, {}
    agreement: dict[str, Estimate] = {}
    for name in names:
        own = {
            metric: np.array([each.curves[name].metrics[metric] if name in each.curves else np.nan for each in found]) for metric in random
        }
        metrics[name] = _estimates(own, seed)
        better = {metric: (own[metric] - random[metric]) * (1 if HIGHER_IS_BETTER[metric] else -1) for metric in random}
        over[name] = _estimates(better, seed)
        if name != "shapley" and "shapley" in names:
            pairs = [_agreement(each, "shapley", name) for each in found]
            agreement |= _estimates({name: np.array(pairs)}, seed)
    return metrics, over, agreement


def _agreement(found: Fidelity, one: str, other: str) -> float:
    names = list(found.curves)
    return float(found.agreement[names.index(one), names.index(other)]) if one in names and other in names else np.nan


def _estimates(columns: Mapping[str, np.ndarray], seed: int) -> dict[str, Estimate]:
    """Return means with intervals; NaN for a column without a number."""
    draws = bootstrap_columns(columns, np.arange(len(next(iter(columns.values())))), seed)
    means = {name: float(np.nanmean(values)) if np.isfinite(values).any() else float("nan") for name, values in columns.items()}
    return {name: Estimate(means[name], *bootstrap_interval(draws[name])) for name in columns}


def _with_progress(parts: Iterator[Part], report: ReportProgress | None, count: int) -> Iterator[Part]:
    for done, part in enumerate(parts, start=1):
        if report is not None:
            report(done, count)
        yield part
