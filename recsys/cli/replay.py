"""The `replay` command: the rank of the next item at every step of a user's timeline."""

from recsys.cli.console import CheckpointName, DatasetName, Device, Json, UserId, show, table
from recsys.cli.opening import open_checkpoint


def run(checkpoint: CheckpointName, dataset: DatasetName, user: UserId, device: Device = "auto", as_json: Json = False) -> None:
    """Rank the next item at every step of a user's timeline.

    Each rank is exact, over all items, and uses only the events before that step.
    """
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.evaluation.replay import replay_history

    data = datasets.open_dataset(dataset)
    history = data.history(user)
    loaded = open_checkpoint(checkpoint, data, device)
    labels = split_interactions(data, loaded.card.protocol).labels[data.rows(user)]
    timeline = replay_history(loaded.model, history, data.repeats, labels=labels)
    result = {"user": user, "ranks": timeline.ranks, "splits": timeline.splits, "seconds": timeline.seconds}
    rows = [
        (step, data.title_of(str(item)), split_name, float(rank))
        for step, (item, split_name, rank) in enumerate(zip(timeline.item_ids, timeline.splits, timeline.ranks, strict=False))
    ]
    show(result, as_json, table(("step", "next item", "split", "rank"), rows), f"{len(rows)} events in {timeline.seconds:.3f} s")
