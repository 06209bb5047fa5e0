"""The `failures` command: slices of the cases in which a model is worse than in the rest, or than another model."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, EvaluatedSplit, Json, show, table
from recsys.cli.evaluation_notes import list_lines, lists_as_json, note_lines, order_as_json
from recsys.cli.evaluation_slices import check_split
from recsys.cli.stored_evaluation import find_evaluation
from recsys.core.errors import unknown

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.evaluation import Evaluation
    from recsys.failures.comparison import Comparison
    from recsys.failures.slice_report import AnySlice, SliceReport
    from recsys.training.checkpoints import LoadedCheckpoint

MOST_LINES = 30
HEAD = ("slice", "cases", "users", "mean", "from", "to (95 %)", "difference", "from", "to (95 %)", "q", "misses, %")
HEAD_OF_TWO = ("slice", "cases", "users", "other", "this", "difference", "from", "to (95 %)", "q", "won", "lost", "tied")
COUNT = "{count} slices by {attributes} attributes were looked at: {worse} are worse than {rest} and {better} better (q < {level})"


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    against: Annotated[str | None, typer.Option(metavar="OTHER", help="Another checkpoint or version to compare with.")] = None,
    split: EvaluatedSplit = "validation",
    metric: Annotated[str, typer.Option(help="A metric with a value for every case, such as ndcg@10, hr@10 or mrr.")] = "ndcg@10",
    seed: Annotated[int, typer.Option(min=0, help="The seed of the bootstrap.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find out where a model fails: a metric in every slice of the cases, against the rest of them, or against another model.

    Slices are by the user's activity, the item's popularity, hour, category and whatever else the data has. Reliable losses come first.
    """
    check_split(split)
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.evaluation import CASE_METRICS
    from recsys.failures.attributes import find_attributes
    from recsys.failures.comparison import compare_slices
    from recsys.failures.slice_report import measure_attributes

    if metric not in CASE_METRICS:
        raise unknown("metric with a value per case", metric, CASE_METRICS)
    data = datasets.open_dataset(dataset)
    loaded = [load(name, data, device) for name in (checkpoint, against) if name is not None]
    evaluations = [find_evaluation(each, data, split, metric) for each in loaded]
    attributes = find_attributes(evaluations[0], data, split_interactions(data, loaded[0].card.protocol))
    if against is not None:
        compared = compare_slices(evaluations[1], evaluations[0], attributes, metric)
        show(_as_json(loaded, evaluations[0], data, compared), as_json, *_comparison_lines(loaded, evaluations[0], data, compared))
        return
    report = measure_attributes(evaluations[0], attributes, metric, seed)
    show(_as_json(loaded, evaluations[0], data, report), as_json, *_report_lines(loaded, evaluations[0], data, report))


def _as_json(
    loaded: "list[LoadedCheckpoint]", evaluation: "Evaluation", data: "Dataset", found: "SliceReport | Comparison"
) -> dict[str, Any]:
    from recsys.failures.comparison import Comparison
    from recsys.failures.slice_report import RELIABLE, order_by_loss
    from recsys.failures.wording import title_slice

    if isinstance(found, Comparison):
        overall = found.overall._asdict()
        about: dict[str, Any] = {
            "against": loaded[1].card.name,
            "overall": {key: overall[key] for key in overall if key not in ("attribute", "value")},
        }
    else:
        about = {"mean": found.mean, "cases": found.cases, "users": found.users, "seed": found.seed}
    return {
        "checkpoint": loaded[0].card.name,
        "model": loaded[0].card.model,
        "dataset": data.name,
        "protocol": evaluation.protocol,
        "split": evaluation.split,
        "metric": found.metric,
        **about,
        "attributes": [each.name for each in found.attributes],
        "slices": [
            {"title": title_slice(each.attribute, each.value), **each._asdict(), "reliable": each.q < RELIABLE}
            for each in order_by_loss(found.slices)
        ],
        **lists_as_json(evaluation),
        **order_as_json(data),
    }


def _report_lines(loaded: "list[LoadedCheckpoint]", evaluation: "Evaluation", data: "Dataset", report: "SliceReport") -> list[str]:
    rows = [
        (each.mean, each.low, each.high, each.difference, each.difference_low, each.difference_high, each.q, 100 * each.miss_share)
        for each in report.slices
    ]
    return [
        f"{loaded[0].card.name} on {data.name}, {evaluation.protocol}, {evaluation.split}, seed {report.seed}: "
        f"{report.metric} {report.mean:.4f} in {report.cases:,} cases of {report.users:,} users",
        *_table_lines(report, HEAD, rows, "the rest"),
        "intervals: 95 %, bootstrap over users; q: false-discovery rate over all slices (Benjamini-Hochberg); misses: share of all ranks above 10",
        *list_lines(evaluation),
        *note_lines(data, has_one_user=report.users == 1),
    ]


def _comparison_lines(loaded: "list[LoadedCheckpoint]", evaluation: "Evaluation", data: "Dataset", compared: "Comparison") -> list[str]:
    this, other = (each.card.name for each in loaded)
    overall = compared.overall
    rows = [
        (each.mean_a, each.mean_b, each.difference, each.low, each.high, each.q, each.won, each.lost, each.tied) for each in compared.slices
    ]
    return [
        f"{this} against {other} on {data.name}, {evaluation.protocol}, {evaluation.split}: {compared.metric} {overall.mean_b:.4f} "
        f"against {overall.mean_a:.4f} in {overall.cases:,} cases of {overall.users:,} users",
        f"{this} won {overall.won:,} cases, lost {overall.lost:,} and tied {overall.tied:,}, by the rank of the item that came next",
        *_table_lines(compared, HEAD_OF_TWO, rows, other),
        "intervals: 95 %, over users, of the difference of each case; q: false-discovery rate over all slices (Benjamini-Hochberg)",
        *list_lines(evaluation),
        *note_lines(data, has_one_user=overall.users == 1),
    ]


def _table_lines(found: "SliceReport | Comparison", head: tuple[str, ...], rows: Sequence[tuple[float, ...]], rest: str) -> list[str]:
    """Return the number of slices that were looked at, and a table of them: all that are reliably worse, and some of the others."""
    from recsys.failures.slice_report import RELIABLE, order_by_loss
    from recsys.failures.wording import title_slice

    if not found.slices:
        return ["no attribute differs between the cases"]
    slices: Sequence[AnySlice] = found.slices
    of_slice = {(each.attribute, each.value): row for each, row in zip(slices, rows, strict=True)}
    ordered = order_by_loss(slices)
    worse, better = (sum(each.q < RELIABLE and sign * each.difference > 0 for each in ordered) for sign in (-1, 1))
    shown = ordered[: max(MOST_LINES, worse)]
    cells = [
        (title_slice(each.attribute, each.value), each.cases, each.users, *map(_known, of_slice[each.attribute, each.value]))
        for each in shown
    ]
    count = COUNT.format(count=len(ordered), attributes=len(found.attributes), worse=worse, better=better, rest=rest, level=RELIABLE)
    left = [f"and {len(ordered) - len(shown)} more; --json has them all"] if len(ordered) > len(shown) else []
    return [count, table(head, cells), *left]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
