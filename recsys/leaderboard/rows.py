"""The lines of a leaderboard, and which of them may stand in one table."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from recsys.core import Dataset
from recsys.evaluation import Evaluation, Slice, aware_of
from recsys.models import MODELS
from recsys.training.checkpoints import Card


@dataclass(frozen=True)
class LeaderboardRow:
    """One line of the leaderboard. `aware` is what of the request the model is told; `request_ms` None until measured.

    `name` is the checkpoint's, `model` the line of MODELS. `slices` are the cold starts, None for one without a case, empty until
    measured.
    """

    name: str
    model: str
    title: str
    protocol: str
    split: str
    aware: tuple[str, ...]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    parameters: int
    train_seconds: float
    request_ms: float | None = None
    slices: dict[str, Slice | None] = field(default_factory=dict)
    created: str = ""


def leaderboard_row(card: Card, dataset: Dataset) -> LeaderboardRow:
    """What a checkpoint's card says: the validation figures it was saved with."""
    spec = MODELS[card.model]
    return LeaderboardRow(
        name=card.name,
        model=card.model,
        title=spec.title if card.name == card.model else card.name,
        protocol=card.protocol,
        split="validation",
        aware=aware_of(card.model, dataset),
        metrics={name: value for name, value in card.validation.items() if isinstance(value, (int, float))},
        intervals={name: (float(low), float(high)) for name, (low, high) in card.intervals.items()},
        parameters=card.parameters,
        train_seconds=card.seconds,
        created=card.created,
    )


def measured_row(line: LeaderboardRow, found: Evaluation, request_ms: float) -> LeaderboardRow:
    """The same line with figures of an evaluation."""
    return replace(line, split=found.split, metrics=found.metrics, intervals=found.intervals, slices=found.slices, request_ms=request_ms)


def comparable_groups(lines: Iterable[LeaderboardRow], metric: str) -> dict[tuple[str, str], list[LeaderboardRow]]:
    """Lines that may stand in one table, by (protocol, split), best first; a model without the metric comes last."""
    tables: dict[tuple[str, str], list[LeaderboardRow]] = {}
    for line in lines:
        tables.setdefault((line.protocol, line.split), []).append(line)
    for table in tables.values():
        table.sort(key=lambda line: -line.metrics.get(metric, -np.inf))
    return dict(sorted(tables.items()))
