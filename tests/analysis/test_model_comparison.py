"""Comparison of top-k lists and of the ranks of the next item under several models."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recsys.analysis.model_comparison import compare_replays, compute_rank_moves, list_top_items
from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.evaluation.replay import replay_history


def test_rank_moves_are_places_gained_against_the_first_list() -> None:
    assert compute_rank_moves(["a", "b", "c"], ["c", "b", "x"]) == [2, 0, None]


def test_tied_models_are_all_best_and_unseen_events_are_counted_apart(tiny: Dataset, trained: Callable[..., Any]) -> None:
    history = tiny.history("u03")
    labels = np.zeros(len(history), dtype=np.int8)
    labels[-1] = 2
    runs = [replay_history(trained(name, tiny), history, True, labels=labels) for name in ("markov", "markov", "popularity")]
    found = compare_replays(runs)
    assert (found.best[0] == found.best[1]).all() and found.best.any(axis=0).all()
    assert found.ranks.shape == (3, len(history)) and found.unseen.sum() == 1
    for step in range(len(history)):
        assert found.best[2, step] == (runs[2].ranks[step] <= runs[0].ranks[step])
    assert found.count_best()[0] == found.best[0].sum() and found.count_best(unseen=True)[0] == found.best[0, -1]
    assert list_top_items(runs[0], 2) == [item for item in runs[0].top_items[2] if item]


def test_replays_of_different_timelines_are_refused(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("markov", tiny)
    with pytest.raises(DataError, match="same user"):
        compare_replays([replay_history(model, tiny.history("u03").until(step), True) for step in (2, 3)])
