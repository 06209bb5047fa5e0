"""The `failures` command: slices of the cases in which a model is worse than in the rest."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, EvaluatedSplit, Json, say, show, table
from recsys.cli.evaluation_notes import list_lines, lists_as_json, note_lines, order_as_json
from recsys.cli.evaluation_slices import check_split
from recsys.core.errors import unknown

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.evaluation import Evaluation
    from recsys.failures.slice_report import Slice, SliceReport
    from recsys.training.checkpoints import LoadedCheckpoint

MOST_LINES = 30
HEAD = ("slice", "cases", "users", "mean", "from", "to (95 %)", "difference", "from", "to (95 %)", "q", "misses, %")


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    split: EvaluatedSplit = "validation",
    metric: Annotated[str, typer.Option(help="A metric with a value for every case, such as ndcg@10, hr@10 or mrr.")] = "ndcg@10",
    seed: Annotated[int, typer.Option(min=0, help="The seed of the bootstrap.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find out where a model fails: a metric in every slice of the cases, against the rest of them.

    Slices are by the user's activity, the item's popularity, hour, category and whatever else the data has. Reliable losses come first.
    """
    check_split(split)
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.evaluation import CASE_METRICS
    from recsys.failures.slice_report import measure_slices

    if metric not in CASE_METRICS:
        raise unknown("metric with a value per case", metric, CASE_METRICS)
    data = datasets.open_dataset(dataset)
    loaded = load(checkpoint, data, device)
    evaluation = _evaluate(loaded, data, split, metric)
    report = measure_slices(evaluation, data, split_interactions(data, loaded.card.protocol), metric, seed)
    show(_as_json(loaded, data, evaluation, report), as_json, *_lines(loaded, data, evaluation, report))


def _evaluate(loaded: "LoadedCheckpoint", data: "Dataset", which: str, metric: str) -> "Evaluation":
    """Return the stored evaluation of a checkpoint, or evaluate it where there is none with this metric of every case."""
    from recsys.core.split import split_interactions
    from recsys.evaluation import compute_case_metrics
    from recsys.leaderboard import find_measurement, measure_checkpoint, save_measurement

    split = split_interactions(data, loaded.card.protocol)
    found = find_measurement(loaded.card, data, split, which)
    if found is None or metric in found.evaluation.metrics.keys() - compute_case_metrics(found.evaluation.ranks).keys():
        found = measure_checkpoint(loaded.model, data, split, which)
        say(f"ranked {found.evaluation.cases:,} cases in {found.evaluation.seconds:.1f} s")
        found.evaluation.values(metric)  # an error before anything is stored
        save_measurement(loaded.card, data, found)
    return found.evaluation


def _as_json(loaded: "LoadedCheckpoint", data: "Dataset", evaluation: "Evaluation", report: "SliceReport") -> dict[str, Any]:
    from recsys.failures.slice_report import order_by_loss
    from recsys.failures.wording import title_slice

    return {
        "checkpoint": loaded.card.name,
        "model": loaded.card.model,
        "dataset": data.name,
        "protocol": evaluation.protocol,
        "split": evaluation.split,
        "metric": report.metric,
        "mean": report.mean,
        "cases": report.cases,
        "users": report.users,
        "seed": report.seed,
        "attributes": [each.name for each in report.attributes],
        "slices": [
            {"title": title_slice(each.attribute, each.value), **each._asdict(), "reliable": each.is_reliable}
            for each in order_by_loss(report.slices)
        ],
        **lists_as_json(evaluation),
        **order_as_json(data),
    }


def _lines(loaded: "LoadedCheckpoint", data: "Dataset", evaluation: "Evaluation", report: "SliceReport") -> list[str]:
    from recsys.failures.slice_report import RELIABLE, order_by_loss

    ordered = order_by_loss(report.slices)
    worse, better = (sum(each.is_reliable and sign * each.difference > 0 for each in ordered) for sign in (-1, 1))
    shown = ordered[: max(MOST_LINES, worse)]
    protocol = f"{loaded.card.name} on {data.name}, {evaluation.protocol}, {evaluation.split}, seed {report.seed}"
    left = [f"and {len(ordered) - len(shown)} more; --json has them all"] if len(ordered) > len(shown) else []
    return [
        f"{protocol}: {report.metric} {report.mean:.4f} in {report.cases:,} cases of {report.users:,} users",
        f"{len(ordered)} slices by {len(report.attributes)} attributes were looked at: {worse} are worse than the rest and {better} better (q < {RELIABLE})",
        table(HEAD, [_row(each) for each in shown]) if shown else "no attribute differs between the cases",
        *left,
        "intervals: 95 %, bootstrap over users; q: false-discovery rate over all slices (Benjamini-Hochberg); misses: share of all cases with a rank above 10",
        *list_lines(evaluation),
        *note_lines(data, has_one_user=report.users == 1),
    ]


def _row(each: "Slice") -> tuple[Any, ...]:
    from recsys.failures.wording import title_slice

    numbers = (each.mean, each.low, each.high, each.difference, each.difference_low, each.difference_high, each.q, 100 * each.miss_share)
    return (title_slice(each.attribute, each.value), each.cases, each.users, *(None if math.isnan(each) else each for each in numbers))
