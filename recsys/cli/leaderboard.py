"""The `leaderboard` command: every model of a dataset in one table."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import DatasetName, Device, EvaluatedSplit, Json, ProtocolName, say, show, table
from recsys.cli.evaluation_notes import note_lines, order_as_json
from recsys.cli.evaluation_slices import check_split, slices_as_json
from recsys.cli.training_progress import ProgressPace, check_minutes, progress_line
from recsys.core.errors import RecsysError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recsys.core import Dataset
    from recsys.leaderboard import LeaderboardRow, MeasurementStarted, ModelSkipped, TrainingProgress

HEAD = ("model", "uses", "HR@10", "NDCG@10", "from", "to (95 %)", "new users", "rare items", "parameters", "training, s", "request, ms")


def run(
    dataset: DatasetName,
    protocol: ProtocolName = None,
    split: EvaluatedSplit = "validation",
    only: Annotated[str | None, typer.Option(metavar="MODEL,…", help="Only these models.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop the training of each model after this many minutes and keep its best epoch so far.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Compare every model on one dataset in one table.

    Trains and evaluates the models that have no result yet and stores the results: a second call answers at once, and an interrupted
    one continues where it stopped.
    """
    check_split(split)
    check_minutes(minutes)
    names = [name.strip() for name in only.split(",")] if only is not None else []
    from recsys import datasets
    from recsys.core.split import default_protocol
    from recsys.leaderboard import run_leaderboard

    data = datasets.open_dataset(dataset)
    protocol = protocol or default_protocol(data)
    rows, skipped = _collect(run_leaderboard(data, protocol, split, names, minutes, device))
    rows.sort(key=lambda row: -row.metrics["ndcg@10"])
    result = {
        "dataset": data.name,
        "protocol": protocol,
        "split": split,
        "rows": [_row_as_json(row) for row in rows],
        "skipped": [{"model": each.model, "why": each.reason} for each in skipped],
        **order_as_json(data),
    }
    show(result, as_json, *_lines(data, protocol, split, rows, skipped))


def _collect(
    steps: "Iterable[TrainingProgress | MeasurementStarted | LeaderboardRow | ModelSkipped]",
) -> "tuple[list[LeaderboardRow], list[ModelSkipped]]":
    """Print progress; return the rows, and the models without one."""
    from recsys.leaderboard import MeasurementStarted, ModelSkipped, TrainingProgress

    rows, skipped, pace = [], [], ProgressPace()
    try:
        for step in steps:
            match step:
                case TrainingProgress(model, progress):
                    if pace.is_due(progress):
                        say(f"{model}: {progress_line(progress)}")
                case MeasurementStarted(model):
                    say(f"{model}: evaluating")
                case ModelSkipped(model, why):
                    say(f"{model}: left out, {why}")
                    skipped.append(step)
                case _:
                    rows.append(step)
    except KeyboardInterrupt:
        raise RecsysError("interrupted; the same command continues where it stopped") from None
    return rows, skipped


def _row_as_json(row: "LeaderboardRow") -> dict[str, Any]:
    return {
        "model": row.model,
        "aware": row.aware,
        "metrics": row.metrics,
        "intervals": row.intervals,
        "slices": slices_as_json(row.slices),
        "parameters": row.parameters,
        "train_seconds": row.train_seconds,
        "request_ms": row.request_ms,
    }


def _lines(data: "Dataset", protocol: str, split: str, rows: "list[LeaderboardRow]", skipped: "list[ModelSkipped]") -> list[str]:
    cells = []
    for row in rows:
        cold_starts = [None if part is None else part.metrics["ndcg@10"] for part in row.slices.values()]
        low, high = row.intervals.get("ndcg@10", (None, None))
        metrics = (row.metrics["hr@10"], row.metrics["ndcg@10"], low, high, *cold_starts)
        cells.append((row.model, " and ".join(row.aware) or "–", *metrics, row.parameters, row.train_seconds, row.request_ms))
    seen = "seen items stay candidates" if data.repeats else "seen items are not candidates"
    head = f"{data.name}, {protocol}, {split}, {len(data.item_ids):,} items; {seen}"
    note = "new users and rare items: NDCG@10 of the cases whose user has at most five earlier events, or whose item at most five training events"
    has_one_user = any("ndcg@10" not in row.intervals for row in rows)
    return [
        head,
        table(HEAD, cells),
        note,
        *note_lines(data, has_one_user),
        *(f"left out: {each.model}: {each.reason}" for each in skipped),
    ]
