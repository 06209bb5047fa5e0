"""Replays as Parquet, read back by pandas."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.evaluation.replay import replay_history
from recsys.evaluation.replay_table import pack_replay


@pytest.mark.parametrize("steps", [None, range(2, 5)])
def test_every_step_is_a_row(steps: range | None, tiny: Dataset, trained: Callable[..., Any]) -> None:
    history = tiny.history("u03")
    labels = np.arange(len(history)) % 3
    replay = replay_history(trained("markov", tiny), history, tiny.repeats, labels=labels, steps=steps)
    table = pd.read_parquet(io.BytesIO(pack_replay(replay, tiny)))
    shown = range(len(history) + 1) if steps is None else steps
    assert table["step"].tolist() == list(shown)
    events = [step for step in shown if step < len(history)]
    assert table["item_id"].tolist()[: len(events)] == history.items[events].tolist()
    assert table["title"].tolist()[: len(events)] == tiny.titles_of(history.items[events].tolist())
    assert table["split"].tolist()[: len(events)] == [("train", "validation", "test")[step % 3] for step in events]
    np.testing.assert_array_equal(table["rank"].to_numpy(), replay.ranks)
    seconds = table["time"].dt.tz_convert("UTC").astype("int64").to_numpy()[: len(events)] / 1000
    np.testing.assert_allclose(seconds, history.times[events])
    for row, (items, scores) in enumerate(zip(table["top_items"], table["top_scores"], strict=True)):
        assert items.tolist() == replay.top_items[row].tolist()
        np.testing.assert_array_equal(scores, replay.top_scores[row])
    last = table.iloc[-1]
    assert pd.isna(last["item_id"]) == (steps is None) and pd.isna(last["time"]) == (steps is None)


def test_data_without_times_and_short_lists(order_only: Dataset, trained: Callable[..., Any]) -> None:
    history = order_only.history("u11")  # has had every item at the end, so that nothing is left to recommend
    replay = replay_history(trained("popularity", order_only), history, order_only.repeats)
    table = pd.read_parquet(io.BytesIO(pack_replay(replay, order_only)))
    assert "time" not in table
    assert [len(items) for items in table["top_items"]] == [min(10, 15 - step) for step in range(16)]
    assert table["split"].isna().all()
