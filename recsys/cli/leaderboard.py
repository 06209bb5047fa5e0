"""leaderboard: every model of a dataset, trained where it is not, measured where it was not."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import DatasetName, Device, Json, say, show, table
from recsys.cli.train import Pace, progress_line
from recsys.core.errors import DataError, RecsysError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recsys.core import Dataset
    from recsys.evaluation import Slice
    from recsys.leaderboard import LeaderboardRow, Measuring, Skipped, Training

HEAD = ("model", "told", "HR@10", "NDCG@10", "from", "to (95 %)", "new people", "rare items", "parameters", "trained, s", "request, ms")


def leaderboard(
    dataset: DatasetName,
    protocol: Annotated[str | None, typer.Option(help="last-out or temporal; the dataset's own when left out.")] = None,
    split: Annotated[str, typer.Option(help="validation or test; look at test once, when all choices are made.")] = "validation",
    only: Annotated[str | None, typer.Option(metavar="MODEL,…", help="Just these models.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop the training of each model after this long, and keep its best so far.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Every model on one dataset, in one table.

    Trains what is missing, measures what was not, and keeps both: a second call answers at once, and a stopped one goes on.
    """
    if split not in ("validation", "test"):
        raise unknown("split", split, ("validation", "test"))
    if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
        raise DataError(f"--minutes is {minutes:g}; give a number above 0, for example 5")
    names = [name.strip() for name in only.split(",")] if only is not None else []
    from recsys import datasets
    from recsys.core.split import default_protocol
    from recsys.leaderboard import run_leaderboard

    data = datasets.open_dataset(dataset)
    protocol = protocol or default_protocol(data)
    lines, skipped = _follow(run_leaderboard(data, protocol, split, names, minutes, device))
    lines.sort(key=lambda line: -line.metrics["ndcg@10"])
    result = {
        "dataset": data.name,
        "protocol": protocol,
        "split": split,
        "rows": [_row(line) for line in lines],
        "skipped": [{"model": each.model, "why": each.why} for each in skipped],
    }
    show(result, as_json, *_lines(data, protocol, split, lines, skipped))


def _follow(steps: "Iterable[Training | Measuring | LeaderboardRow | Skipped]") -> "tuple[list[LeaderboardRow], list[Skipped]]":
    """Say what goes on; the lines and the models without one."""
    from recsys.leaderboard import Measuring, Skipped, Training

    lines, skipped, pace = [], [], Pace()
    try:
        for step in steps:
            match step:
                case Training(model, progress):
                    if pace.due(progress):
                        say(f"{model}: {progress_line(progress)}")
                case Measuring(model):
                    say(f"{model}: measuring")
                case Skipped(model, why):
                    say(f"{model}: left out, {why}")
                    skipped.append(step)
                case _:
                    lines.append(step)
    except KeyboardInterrupt:
        raise RecsysError("interrupted; the same command goes on where it was") from None
    return lines, skipped


def _row(line: "LeaderboardRow") -> dict[str, Any]:
    return {
        "model": line.model,
        "aware": line.aware,
        "metrics": line.metrics,
        "intervals": line.intervals,
        "slices": plain_slices(line.slices),
        "parameters": line.parameters,
        "train_seconds": line.train_seconds,
        "request_ms": line.request_ms,
    }


def plain_slices(slices: "dict[str, Slice | None]") -> dict[str, Any]:
    """Slices as JSON holds them: their figures without the cases behind them, null for a slice without a case."""
    keys = ("cases", "users", "metrics", "intervals")
    return {name: None if part is None else {key: getattr(part, key) for key in keys} for name, part in slices.items()}


def _lines(data: "Dataset", protocol: str, split: str, lines: "list[LeaderboardRow]", skipped: "list[Skipped]") -> list[str]:
    rows = []
    for line in lines:
        cold = [None if part is None else part.metrics["ndcg@10"] for part in line.slices.values()]
        low, high = line.intervals["ndcg@10"]
        told = " and ".join(line.aware) or "–"
        figures = (line.metrics["hr@10"], line.metrics["ndcg@10"], low, high, *cold)
        rows.append((line.model, told, *figures, line.parameters, line.train_seconds, line.request_ms))
    seen = "items seen before stay candidates" if data.repeats else "items seen before are no candidates"
    head = f"{data.name}, {protocol}, {split}, {len(data.item_ids):,} items; {seen}"
    note = "new people and rare items: NDCG@10 where at most five events are known of the person, or were there to learn the item from"
    return [head, table(HEAD, rows), note, *(f"left out: {each.model}: {each.why}" for each in skipped)]
