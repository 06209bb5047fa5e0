"""The `evaluate` command: ranking metrics of one checkpoint."""

from typing import TYPE_CHECKING

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, EvaluatedSplit, Json, say, show, table
from recsys.cli.evaluation_notes import list_lines, lists_as_json, note_lines, order_as_json
from recsys.cli.evaluation_slices import check_split, slices_as_json

if TYPE_CHECKING:
    from recsys.evaluation import ColdStartSlice

COLD_STARTS = {"new_users": "users with at most five earlier events", "rare_items": "items with at most five training events"}


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    split: EvaluatedSplit = "validation",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure how well a model ranks the next item.

    Every event of the split is ranked over all items, under the protocol that the checkpoint was trained with.
    """
    check_split(split)
    from recsys import datasets, evaluation
    from recsys.core.split import split_interactions

    data = datasets.open_dataset(dataset)
    loaded = load(checkpoint, data, device)
    found = evaluation.evaluate_model(loaded.model, data, split_interactions(data, loaded.card.protocol), split)
    say(f"ranked {found.cases:,} cases in {found.seconds:.1f} s")
    result = {
        "model": loaded.card.model,
        "dataset": data.name,
        "protocol": found.protocol,
        "split": found.split,
        "aware": found.aware,
        "cases": found.cases,
        "items": found.items,
        **lists_as_json(found),
        "metrics": found.metrics,
        "intervals": found.intervals,
        "slices": slices_as_json(found.slices),
        **order_as_json(data),
    }
    rows = [(name, value, *found.intervals.get(name, (None, None))) for name, value in found.metrics.items()]
    head = f"{loaded.card.model} on {data.name}, {found.protocol}, {found.split}: {found.cases:,} cases of {found.users:,} users, {found.items:,} items"
    context = f"uses {' and '.join(found.aware)}" if found.aware else "uses neither time nor place"
    seen = "seen items stay candidates" if data.repeats else "seen items are not candidates"
    columns = ("metric", "mean", "from", "to (95 %)")
    show(
        result,
        as_json,
        head,
        f"{context}; {seen}; {found.excluded_users:,} users left out",
        table(columns, rows),
        *_cold_start_lines(found.slices),
        *list_lines(found),
        *note_lines(data, has_one_user=found.users == 1),
    )


def _cold_start_lines(slices: "dict[str, ColdStartSlice | None]") -> list[str]:
    """Return one line for each cold-start slice, also for one without a case."""
    lines = []
    for name, part in slices.items():
        if part is None:
            lines.append(f"{COLD_STARTS[name]}: no cases")
        else:
            interval = " ({:.4f} to {:.4f})".format(*part.intervals["ndcg@10"]) if part.intervals else ""
            lines.append(f"{COLD_STARTS[name]}: {part.cases:,} cases, ndcg@10 {part.metrics['ndcg@10']:.4f}{interval}")
    return lines
