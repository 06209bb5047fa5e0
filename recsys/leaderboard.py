"""Where every checkpoint of a dataset stands: its figures, under which protocol, what it is told, its size and speed."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recsys.checkpoints import Card
from recsys.core import Dataset, request_at, top_k
from recsys.evaluation import Evaluation
from recsys.models import MODELS

ROUNDS = 15
LENGTH = 200


@dataclass(frozen=True)
class Standing:
    """One line of the leaderboard. `aware` is what of the request the model is told; `request_ms` None until measured."""

    name: str
    title: str
    protocol: str
    split: str
    aware: tuple[str, ...]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    parameters: int
    training_seconds: float
    request_ms: float | None = None
    created: str = ""


def standing(card: Card, dataset: Dataset) -> Standing:
    """What a checkpoint's card says: the validation figures it was saved with."""
    spec = MODELS[card.model]
    return Standing(
        name=card.name,
        title=spec.title if card.name == card.model else card.name,
        protocol=card.protocol,
        split="validation",
        aware=tuple(each for each in spec.aware if each in dataset.has),
        metrics={name: value for name, value in card.validation.items() if isinstance(value, (int, float))},
        intervals={name: (float(low), float(high)) for name, (low, high) in card.intervals.items()},
        parameters=card.parameters,
        training_seconds=card.seconds,
        created=card.created,
    )


def measured(line: Standing, found: Evaluation, request_ms: float) -> Standing:
    """The same line with figures measured now."""
    return replace(line, split=found.split, metrics=found.metrics, intervals=found.intervals, request_ms=request_ms)


def groups(lines: Iterable[Standing], metric: str) -> dict[tuple[str, str], list[Standing]]:
    """Lines that may stand in one table, by (protocol, split), best first; a model without the metric comes last."""
    tables: dict[tuple[str, str], list[Standing]] = {}
    for line in lines:
        tables.setdefault((line.protocol, line.split), []).append(line)
    for table in tables.values():
        table.sort(key=lambda line: -line.metrics.get(metric, -np.inf))
    return dict(sorted(tables.items()))


def request_milliseconds(model: Any, dataset: Dataset) -> float:
    """Median time of one request, list included, over histories of the busiest people, at most 200 events long."""
    busiest = np.argsort(-np.diff(dataset.user_starts), kind="stable")[:ROUNDS]
    seconds = []
    for code in busiest:
        history = dataset.history(str(dataset.user_ids[code]))
        request = request_at(history, min(len(history), LENGTH))
        model.score([request])  # the first call of a shape pays for what later ones find ready
        began = time.perf_counter()
        top_k(np.asarray(model.score([request])), 10)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds) * 1000)
