"""Settings of sizes that do not fit into memory: refused with an estimate before anything of that size is made."""

import numpy as np
import pytest
import torch

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.models import MODELS
from recsys.training.loop import train_model
from recsys.training.memory import BYTES, BYTES_PER_PARAMETER, estimate_training_memory
from tests.conftest import small

GRADIENT = [name for name, spec in MODELS.items() if spec.gradient]
SIZES = {"n_blocks": 10**6, "embedding_size": 10**8, "max_length": 10**12, "batch_tokens": 10**15}


@pytest.mark.parametrize("setting", ["n_blocks", "embedding_size"])
@pytest.mark.parametrize("model", ["sasrec", "lstm-lm", "long-short", "association", "spatiotemporal"])
def test_refused_with_the_estimate_and_the_limit(model: str, setting: str, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    build = MODELS[model].load().__init__
    monkeypatch.setattr(MODELS[model].load(), "__init__", lambda self, items, config: (made.append(config), build(self, items, config))[1])
    with pytest.raises(
        DataError, match=r"with these settings would take about [\d,]+\.\d GB of memory, and [\d,]+\.\d GB are free; use smaller"
    ):
        next(train_model(model, tiny, settings={setting: SIZES[setting]}))
    assert all(getattr(config, "n_blocks", 1) <= 2 for config in made), "a network of a million blocks takes minutes even without memory"


@pytest.mark.parametrize("blocks", [1, 2, 5])
@pytest.mark.parametrize("model", GRADIENT)
def test_the_estimate_counts_the_parameters_of_the_network(model: str, blocks: int, tiny: Dataset) -> None:
    settings = small(model) | ({"n_blocks": blocks} if "n_blocks" in MODELS[model].load().Config.__dataclass_fields__ else {})
    config = MODELS[model].config(**settings)
    network = MODELS[model].load()(tiny.item_ids, config)
    exact = BYTES_PER_PARAMETER * sum(each.numel() for each in network.parameters())
    estimate = estimate_training_memory(MODELS[model], tiny, config)
    assert exact < estimate < exact + BYTES * 10_000 * 64 * blocks


def test_the_estimate_covers_what_a_batch_really_keeps(order_only: Dataset) -> None:
    """Bytes of the tensors that autograd saves for the backward pass, counted by its own hooks."""
    from recsys.core.split import split_interactions

    config = MODELS["sasrec"].config(embedding_size=64, n_blocks=4, batch_tokens=4000)
    split = split_interactions(order_only, "last-out")
    network = MODELS["sasrec"].load().build(order_only, split, config, 1)
    _number, _of, tokens = next(network.batches(network.training_data(order_only, split), np.random.default_rng(0)))
    saved: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.loss(tokens, torch.float32)
    assert sum(saved.values()) < estimate_training_memory(MODELS["sasrec"], order_only, config)
