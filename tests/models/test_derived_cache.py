"""Tensors cached from parameters are computed again when the parameters change."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch

from recsys.core import Dataset, request_at


@pytest.mark.parametrize("name", ["sasrec-text", "spatiotemporal", "llm-lstm", "sasrec"])
def test_scores_follow_the_parameters(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model, requests = deepcopy(trained(name, tiny)), [request_at(tiny.history("u01"), 4)]
    before = model.score(requests)
    np.testing.assert_array_equal(model.score(requests), before)
    for parameter in dict.fromkeys(model.item_sources()):
        if not parameter.is_floating_point() or not parameter.numel():
            continue
        was = parameter.detach().clone()
        with torch.no_grad():
            parameter.mul_(1.5).add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
        changed = model.score(requests)
        fresh = type(model).restore(model.item_ids, model.config, model.arrays())
        np.testing.assert_array_equal(changed, fresh.score(requests))
        assert not np.array_equal(changed, before)
        with torch.no_grad():
            parameter.copy_(was)
        np.testing.assert_allclose(model.score(requests), before, rtol=1e-6)


def test_a_step_of_training_is_not_missed(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = deepcopy(trained("spatiotemporal", tiny)).eval()
    requests = [request_at(tiny.history("u01"), 4)]
    model.score(requests)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    sum(each.square().sum() for each in model.parameters()).backward()
    optimizer.step()
    fresh = type(model).restore(model.item_ids, model.config, model.arrays())
    np.testing.assert_array_equal(model.score(requests), fresh.score(requests))


def test_gradients_flow_after_a_list_was_made(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = deepcopy(trained("sasrec-text", tiny)).eval()
    model.score([request_at(tiny.history("u01"), 4)])
    vectors = model.embedding(torch.tensor([[1, 2]]))
    vectors.sum().backward()
    assert model.embedding.map.weight.grad is not None
