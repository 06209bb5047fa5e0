"""Seeds of ten in which a weakness planted in SASRec on demo-city is found; reference: nine.

For a category, a time of day and a district of at least 60 cases, drawn by the seed, noise is added to the scores; other cases keep
theirs. Said on standard error: each planted combination, findings in 20 runs with the ranks permuted among the cases, in which there is
nothing to find, and the seconds of a search on demo-city and, where it is prepared, on foursquare.
"""

import time
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from recsys.api import load
from recsys.cli.console import say
from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.split import default_protocol, split_interactions
from recsys.datasets import open_dataset
from recsys.evaluation import Cases, Evaluation, evaluate_model, rank_items
from recsys.evaluation.cases import score_cases
from recsys.failures.attributes import Attribute, find_attributes
from recsys.failures.combinations import Conditions, mark_cases
from recsys.failures.findings import find_weak_combinations
from recsys.models import MODELS
from tests.bench._timing import measured

PLANTED, SEEDS, LEAST_CASES, NOISE = ("category", "hour", "district"), 10, 60, 4.0
NULL_RUNS = 20


def measure() -> dict[str, Any]:
    data = open_dataset("demo-city")
    loaded = load("sasrec", data)
    split = split_interactions(data, loaded.card.protocol)
    evaluation = evaluate_model(loaded.model, data, split, brief=True)
    attributes = find_attributes(evaluation, data, split)
    cases = Cases.from_split(data, split, "validation")
    scores, targets = np.empty((len(cases.rows), len(loaded.model.item_ids)), dtype=np.float32), np.empty(len(cases.rows), dtype=np.int64)
    for chosen, own, codes in score_cases(loaded.model, cases, whole=True):
        scores[chosen], targets[chosen] = own, codes

    def plant(is_weak: np.ndarray, random: np.random.Generator) -> Evaluation:
        noised = scores[is_weak]
        spread = np.nanstd(np.where(np.isfinite(noised), noised, np.nan), axis=1, keepdims=True)
        ranks = evaluation.ranks.copy()
        ranks[is_weak] = rank_items(loaded.model, noised + NOISE * spread * random.normal(size=noised.shape), targets[is_weak])
        return replace(evaluation, ranks=ranks)

    choices, found = _list_combinations(attributes), 0
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        conditions = choices[random.integers(len(choices))]
        is_weak = mark_cases(attributes, conditions)
        weakened = plant(is_weak, random)
        findings = find_weak_combinations(weakened, attributes, seed=seed).findings
        is_found = conditions in {each.conditions for each in findings}
        found += is_found
        means = (float(each.values("ndcg@10")[is_weak].mean()) for each in (evaluation, weakened))
        say(
            "seed {}: {}, {} cases, ndcg@10 {:.3f} became {:.3f}: {}, {} findings in all".format(
                seed,
                " and ".join(value for _name, value in conditions),
                is_weak.sum(),
                *means,
                "found" if is_found else "not found",
                len(findings),
            )
        )
    _measure_nothing_planted(evaluation, attributes)
    _time_search("demo-city", evaluation, attributes)
    _time_foursquare()
    return measured(found, f"of {SEEDS} seeds", 9)


def _list_combinations(attributes: tuple[Attribute, ...]) -> list[Conditions]:
    """Return what can be planted, in the order of the attributes."""
    names = [each for each in attributes if each.name in PLANTED]
    every = (tuple(zip((each.name for each in names), values, strict=True)) for values in product(*(each.values for each in names)))
    return [conditions for conditions in every if mark_cases(attributes, conditions).sum() >= LEAST_CASES]


def _measure_nothing_planted(evaluation: Evaluation, attributes: tuple[Attribute, ...]) -> None:
    count = 0
    for seed in range(NULL_RUNS):
        shuffled = replace(evaluation, ranks=np.random.default_rng(seed).permutation(evaluation.ranks))
        count += len(find_weak_combinations(shuffled, attributes, seed=seed).findings)
    say(f"nothing planted: {count} findings in {NULL_RUNS} runs")


def _time_search(name: str, evaluation: Evaluation, attributes: tuple[Attribute, ...]) -> None:
    began = time.perf_counter()
    result = find_weak_combinations(evaluation, attributes)
    taken = time.perf_counter() - began
    say(f"{name}: {evaluation.cases:,} cases, {result.looked_at:,} combinations in {taken:.2f} s, {len(result.findings)} findings")


def _time_foursquare() -> None:
    try:
        data = open_dataset("foursquare")
    except DataError as error:
        say(f"foursquare was not searched: {error}")
        return
    split = split_interactions(data, default_protocol(data))
    evaluation = _evaluate_markov(data)
    _time_search("foursquare", evaluation, find_attributes(evaluation, data, split))


def _evaluate_markov(data: Dataset) -> Evaluation:
    split, markov = split_interactions(data, default_protocol(data)), MODELS["markov"].load()
    return evaluate_model(markov.fit(data, split, markov.Config()), data, split, brief=True)
