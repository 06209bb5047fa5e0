"""Counted models refuse arrays that do not fit their items, before an index goes astray."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset
from recsys.core.errors import CheckpointError
from recsys.training import checkpoints, loop

PLAIN = ("popularity", "popularity-recent", "popularity-nearby", "frequency", "markov", "item-knn")
INDICES = (("markov", "follow.indices"), ("item-knn", "similar.indices"), ("popularity-recent", "event_items"), ("markov", "follow.indptr"))


def restored(model: Any, name: str, values: np.ndarray) -> Any:
    return type(model).restore(model.item_ids, model.config, {**model.arrays(), name: values})


@pytest.mark.parametrize("name", PLAIN)
def test_arrays_of_a_wrong_length_are_named(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    for key, values in model.arrays().items():
        for wrong in (values[:-1], values[:0], np.concatenate([values, values[:1]])):
            with pytest.raises(ValueError, match=f"'({key}|event_times|{key.split('.')[0]}.*)'"):
                restored(model, key, wrong)


@pytest.mark.parametrize(("name", "key"), INDICES)
@pytest.mark.parametrize("beyond", [-1, 10**6, 1.5])
def test_indices_beyond_the_items_are_named(name: str, key: str, beyond: float, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    values = model.arrays()[key].astype(type(beyond))
    values[len(values) // 2] = beyond
    with pytest.raises(ValueError, match=f"'{key}' points outside of 0 to"):
        restored(model, key, values)


def test_a_checkpoint_says_which_array_does_not_fit(tiny: Dataset, tmp_path: Path) -> None:
    *_, last = loop.train_model("markov", tiny, device="cpu", folder=tmp_path / "good")
    loaded = checkpoints.load_checkpoint(last.checkpoint)
    arrays = {**loaded.model.arrays(), "counts": np.ones(3)}
    checkpoints.save_checkpoint(tmp_path / "bad", SimpleNamespace(item_ids=tiny.item_ids, arrays=lambda: arrays), loaded.card)
    with pytest.raises(CheckpointError, match=r"bad is damaged .'counts' has shape"):
        checkpoints.load_checkpoint(tmp_path / "bad")
