"""Rows of a leaderboard, and groups of rows that can be compared."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from recsys.core import Dataset
from recsys.evaluation import ColdStartSlice, Evaluation, find_used_context
from recsys.models import find_model_spec
from recsys.training.checkpoints import CheckpointCard


@dataclass(frozen=True)
class LeaderboardRow:
    """One row of the leaderboard.

    `name` is the name of the checkpoint, `model` that in MODELS; `aware` lists which of time and place of the request the model uses.
    `request_ms` is None and `slices` are empty until measured; a slice is None if it has no cases. Of finished lists, `depth` is the
    length of the longest one, and `listed` the number of cases with a list and of all cases.
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
    slices: dict[str, ColdStartSlice | None] = field(default_factory=dict)
    created: str = ""
    depth: int | None = None
    listed: tuple[int, int] | None = None


def build_leaderboard_row(card: CheckpointCard, dataset: Dataset) -> LeaderboardRow:
    """Return the row of a checkpoint with the validation metrics on its card."""
    spec = find_model_spec(card.model)
    return LeaderboardRow(
        name=card.name,
        model=card.model,
        title=spec.title if card.name == card.model else card.name,
        protocol=card.protocol,
        split="validation",
        aware=find_used_context(card.model, dataset),
        metrics={name: value for name, value in card.validation.items() if isinstance(value, (int, float))},
        intervals={name: (float(low), float(high)) for name, (low, high) in card.intervals.items()},
        parameters=card.parameters,
        train_seconds=card.seconds,
        created=card.created,
        depth=card.source.get("depth"),
        listed=(card.source["listed_cases"], card.source["cases"]) if "listed_cases" in card.source else None,
    )


def add_measurement(row: LeaderboardRow, evaluation: Evaluation, request_ms: float) -> LeaderboardRow:
    """Return the row with the metrics of an evaluation."""
    return replace(
        row,
        split=evaluation.split,
        metrics=evaluation.metrics,
        intervals=evaluation.intervals,
        slices=evaluation.slices,
        request_ms=request_ms,
        depth=evaluation.depth,
        listed=None if evaluation.listed_cases is None else (evaluation.listed_cases, evaluation.cases),
    )


def group_comparable_rows(rows: Iterable[LeaderboardRow], metric: str) -> dict[tuple[str, str], list[LeaderboardRow]]:
    """Return rows that can be compared, by (protocol, split), best first; models without the metric come last."""
    tables: dict[tuple[str, str], list[LeaderboardRow]] = {}
    for row in rows:
        tables.setdefault((row.protocol, row.split), []).append(row)
    for table in tables.values():
        table.sort(key=lambda row: -row.metrics.get(metric, -np.inf))
    return dict(sorted(tables.items()))
