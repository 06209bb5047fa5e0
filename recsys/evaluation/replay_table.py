"""A replay as a table, for files that other tools read."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.core import Dataset
from recsys.evaluation.replay import Replay

if TYPE_CHECKING:
    import pyarrow as pa


def make_replay_table(replay: Replay, dataset: Dataset) -> "pa.Table":
    """Return one row for each step replayed: the event that came next with its rank and split, and the list with its scores.

    `rank` is null where the model has no list, and infinity for an item outside a finished list. The last step of a timeline has no next
    event: its item, title, time, rank and split are null. `time` is UTC, null where it is not known; the column is missing where the
    dataset has no times.
    """
    import pyarrow as pa

    count, events = len(replay.ranks), len(replay.item_ids)
    tail = [None] * (count - events)
    items = [str(item) for item in replay.item_ids]
    lists = [[str(item) for item in row if item] for row in replay.top_items]
    columns = {
        "step": pa.array(list(replay.steps), pa.int64()),
        "item_id": pa.array([*items, *tail], pa.string()),
        "title": pa.array([*dataset.titles_of(items), *tail], pa.string()),
        "rank": pa.array(replay.ranks, pa.float64(), from_pandas=True),
        "split": pa.array([*(str(each) or None for each in replay.splits), *tail], pa.string()),
        "top_items": pa.array(lists, pa.list_(pa.string())),
        "top_scores": pa.array(
            [scores[: len(row)].tolist() for scores, row in zip(replay.top_scores, lists, strict=True)], pa.list_(pa.float32())
        ),
        "fallback": pa.array(list(replay.fallbacks), pa.string()),
    }
    if dataset.times is not None:
        seconds = dataset.times[dataset.rows(str(replay.user_id))][replay.first : replay.first + events]
        stamps = np.append(np.round(seconds * 1000), np.full(len(tail), np.nan))
        columns["time"] = pa.array(stamps, pa.float64(), from_pandas=True).cast(pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
    about = {"dataset": dataset.name, "dataset_fingerprint": dataset.fingerprint, "user": str(replay.user_id)}
    return pa.table(columns).replace_schema_metadata(about)


def write_replay(replay: Replay, dataset: Dataset, path: Path) -> None:
    """Write a replay as a Parquet file."""
    path.write_bytes(pack_replay(replay, dataset))


def pack_replay(replay: Replay, dataset: Dataset) -> bytes:
    """Return a replay as the bytes of a Parquet file."""
    from pyarrow import BufferOutputStream, parquet

    sink = BufferOutputStream()
    parquet.write_table(make_replay_table(replay, dataset), sink)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed
