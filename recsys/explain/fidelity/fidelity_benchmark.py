"""Fidelity over many people: what each method is worth on a model and its data, beside random orders of the same events.

One case a person: the first recommendation at one of their events of the split, so that a bootstrap over cases is one over people.
Where the data says what caused an event, as the simulated city does, also how often a method names that cause first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from recsys.core import TOP_K, Dataset, Recommender, Request, Vocabulary, candidate_scores, top_k
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.evaluation import Cases
from recsys.evaluation.bootstrap import bootstrap_interval, resampled_means
from recsys.explain import METHODS, Game
from recsys.explain.fidelity.deletion import HIGHER_IS_BETTER, Fidelity, event_weights, measure_fidelity

RANDOM, LATEST = "random", "latest"
BUDGET = 1_024
ORDERS = 6
LEAST = 4  # events, below which any order is as good as another
TRIED = 6  # events looked at for each planted cause wanted: the model must have listed what came next

Report = Callable[[int, int], None]
Part = TypeVar("Part")


@dataclass(frozen=True)
class Measured:
    """A mean over cases with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FidelityBenchmark:
    """`metrics` maps methods, random among them, to the metrics of `fidelity.py`; `over_random` to how much better than random
    they are, case by case, so that above 0 is better whatever the metric. `agreement` is with Shapley values (Spearman)."""

    cases: int
    split: str
    metrics: dict[str, dict[str, Measured]]
    over_random: dict[str, dict[str, Measured]]
    agreement: dict[str, Measured]


@dataclass(frozen=True)
class CauseRecovery:
    """How often a method's first event is the one that caused what came next; `latest` always names the latest event, `random` any.

    `causes` counts the cases by kind of cause, and `by_cause` holds the shares of each kind.
    """

    cases: int
    causes: dict[str, int]
    methods: dict[str, Measured]
    by_cause: dict[str, dict[str, Measured]]


def run_fidelity_benchmark(
    model: Recommender, dataset: Dataset, split: Split, aware: Sequence[str], count: int = 100, which: str = "validation",
    budget: int = BUDGET, seed: int = 0, report: Report | None = None,
) -> FidelityBenchmark:  # fmt: skip
    """Judge every method that is offered on the first recommendation of `count` people."""
    found = []
    for request in _said(some_requests(dataset, split, which, count, seed), report, count):
        best = first_listed(model, request, dataset.repeats)
        if best is not None:
            game = Game(model, request, best, aware=aware, repeats=dataset.repeats)
            explanations = {name: each.explain(game, budget, seed) for name, each in METHODS.items() if each.why_not(model, game) is None}
            found.append(measure_fidelity(game, explanations, TOP_K, ORDERS, seed=seed))
    if not found:
        raise DataError(f"dataset '{dataset.name}' has no {which} event with at least {LEAST} events before it; nothing can be judged")
    return FidelityBenchmark(len(found), which, *_summed(found, seed))


def measure_cause_recovery(
    model: Recommender, dataset: Dataset, split: Split, causes: pd.DataFrame, aware: Sequence[str], count: int = 100,
    budget: int = BUDGET, seed: int = 0, report: Report | None = None,
) -> CauseRecovery:  # fmt: skip
    """Explain what really came next, where its cause is known and the model listed it, among events that it did not learn from.

    `causes` is in the order of the interactions, with cause and because_of (−1 where no event is named).
    """
    hits: dict[str, list[float]] = {}
    kinds: list[str] = []
    for request, item, because, kind in _said(_caused(model, dataset, split, causes, count, seed), report, count):
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
        _measured({name: np.array(each) for name, each in hits.items()}, seed),
        {kind: _measured({name: np.array(each)[rows] for name, each in hits.items()}, seed) for kind, rows in of_kind.items()},
    )


def some_requests(dataset: Dataset, split: Split, which: str, count: int, seed: int) -> Iterator[Request]:
    """At one event of the split for each of at most `count` people, with at least `LEAST` events before it."""
    cases, random = Cases.of(dataset, split, which), np.random.default_rng(seed)
    order = random.permutation(np.flatnonzero(cases.steps >= LEAST))
    _, firsts = np.unique(cases.user_codes[order], return_index=True)
    for case in order[np.sort(firsts)][:count]:
        yield cases.requests(np.array([case]))[0]


def _caused(
    model: Recommender, dataset: Dataset, split: Split, causes: pd.DataFrame, count: int, seed: int
) -> Iterator[tuple[Request, str, int, str]]:
    """Requests, what came next, the step that caused it and the kind of cause."""
    random, found = np.random.default_rng(seed), 0
    because = causes["because_of"].to_numpy()
    parts = [Cases.of(dataset, split, which) for which in ("validation", "test")]
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


def first_listed(model: Recommender, request: Request, repeats: bool) -> str | None:
    """The first recommendation, None where there is none."""
    return next(iter(_list(model, request, repeats)), None)


def _summed(
    found: Sequence[Fidelity], seed: int
) -> tuple[dict[str, dict[str, Measured]], dict[str, dict[str, Measured]], dict[str, Measured]]:
    names = list(dict.fromkeys(name for each in found for name in each.curves))
    random = {metric: np.array([each.chance(metric).mean() for each in found]) for metric in HIGHER_IS_BETTER}
    metrics, over = {RANDOM: _measured(random, seed)}, {}
    agreement: dict[str, Measured] = {}
    for name in names:
        own = {
            metric: np.array([each.curves[name].metrics[metric] if name in each.curves else np.nan for each in found]) for metric in random
        }
        metrics[name] = _measured(own, seed)
        better = {metric: (own[metric] - random[metric]) * (1 if HIGHER_IS_BETTER[metric] else -1) for metric in random}
        over[name] = _measured(better, seed)
        if name != "shapley" and "shapley" in names:
            pairs = [_pair(each, "shapley", name) for each in found]
            agreement |= _measured({name: np.array(pairs)}, seed)
    return metrics, over, agreement


def _pair(found: Fidelity, one: str, other: str) -> float:
    names = list(found.curves)
    return float(found.agreement[names.index(one), names.index(other)]) if one in names and other in names else np.nan


def _measured(columns: Mapping[str, np.ndarray], seed: int) -> dict[str, Measured]:
    """Means with intervals; a column without a number has none."""
    draws = resampled_means(columns, np.arange(len(next(iter(columns.values())))), seed)
    means = {name: float(np.nanmean(values)) if np.isfinite(values).any() else float("nan") for name, values in columns.items()}
    return {name: Measured(means[name], *bootstrap_interval(draws[name])) for name in columns}


def _said(parts: Iterator[Part], report: Report | None, count: int) -> Iterator[Part]:
    for done, part in enumerate(parts, start=1):
        if report is not None:
            report(done, count)
        yield part
