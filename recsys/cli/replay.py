"""The `replay` command: the rank of the next item at every step of a user's timeline."""

import math
from pathlib import Path
from typing import Annotated

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, Json, UserId, say, show, table
from recsys.core.errors import DataError


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    out: Annotated[Path | None, typer.Option(metavar="FILE.parquet", help="Write the lists and ranks of all steps to this file.")] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Rank the next item at every step of a user's timeline.

    Each rank is exact, over all items, and uses only the events before that step.
    """
    import numpy as np

    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.evaluation.replay import replay_history
    from recsys.storage.atomic_files import open_file_atomically

    if out is not None and out.suffix != ".parquet":
        raise DataError(f"{out} is not Parquet by its name; name it for example replay.parquet")
    data = datasets.open_dataset(dataset)
    history = data.history(user)
    loaded = load(checkpoint, data, device)
    labels = split_interactions(data, loaded.card.protocol).labels[data.rows(user)]
    timeline = replay_history(loaded.model, history, data.repeats, labels=labels)
    if out is not None:
        from recsys.evaluation.replay_table import write_replay

        with open_file_atomically(out) as work:
            write_replay(timeline, data, work)
        say(f"wrote {out}: {len(timeline.ranks)} steps")
    result = {"user": user, "ranks": timeline.ranks, "splits": timeline.splits, "seconds": timeline.seconds}
    if np.isinf(timeline.ranks).any():  # JSON has no infinity
        result["not_listed"] = np.flatnonzero(np.isinf(timeline.ranks))
    rows = [
        (step, data.title_of(str(item)), split_name, _describe_rank(float(rank)))
        for step, (item, split_name, rank) in enumerate(zip(timeline.item_ids, timeline.splits, timeline.ranks, strict=False))
    ]
    show(result, as_json, table(("step", "next item", "split", "rank"), rows), f"{len(rows)} events in {timeline.seconds:.3f} s")


def _describe_rank(rank: float) -> float | str | None:
    """Return a rank for the table: None where the model has no list at that step, words where the list does not contain the item."""
    return None if math.isnan(rank) else "not listed" if math.isinf(rank) else rank
