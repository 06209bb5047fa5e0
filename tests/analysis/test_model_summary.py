"""Parts of a model and their sizes, against its arrays and modules."""

from collections.abc import Callable
from typing import Any

import pytest

from recsys.analysis.model_summary import summarize_model
from recsys.core import Dataset
from recsys.models import MODELS


@pytest.mark.parametrize("name", ["markov", "sasrec", "spatiotemporal", "fusion-rrf"])
def test_parts_add_up_to_all_arrays(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    found = summarize_model(model)
    assert found.size == sum(values.size for values in model.arrays().values())
    for part in found.walk():
        assert not part.parts or part.size == sum(each.size for each in part.parts)
        assert 0 <= part.trainable <= part.size
    if MODELS[name].gradient:
        assert found.trainable == sum(values.numel() for values in model.parameters())


def test_the_tree_is_that_of_the_modules(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("spatiotemporal", tiny)
    found = summarize_model(model)
    modules = {name for name, module in model.named_modules() if name and any(True for _ in module.parameters())}
    paths = {part.path: part for part in found.walk()}
    assert modules <= set(paths)
    assert all(paths[name].kind == type(module).__name__ for name, module in model.named_modules() if name in modules)
    assert any(part.size and not part.trainable for part in found.walk())  # texts and places are fixed
