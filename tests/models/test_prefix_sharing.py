"""Parts of a history scored together, their beginnings shared, as each would be scored alone."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recsys.core import Dataset, Request
from recsys.core.split import split_interactions
from recsys.models import MODELS
from recsys.models.layers.prefix_sharing import find_shared_prefixes


@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 6))))
def test_states_are_the_same_exactly_where_everything_before_is(there: np.ndarray) -> None:
    states, rows, tokens = find_shared_prefixes(there)
    number: dict[tuple[int, bytes], int] = {}
    for row, token in zip(*np.nonzero(there), strict=True):
        key = (int(token), there[row, :token].tobytes())
        assert number.setdefault(key, int(states[row, token])) == states[row, token]
    assert sorted(number.values()) == list(range(len(rows)))
    assert (states[~there] == -1).all()
    assert list(states[rows, tokens]) == list(range(len(rows)))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("sasrec", {}),
        ("sasrec", {"n_heads": 2}),
        ("sasrec", {"max_length": 12}),
        ("sasrec", {"max_length": 5}),
        ("sasrec", {"n_blocks": 1}),
        ("sasrec-text", {}),
    ],
)
def test_parts_are_scored_as_alone(name: str, settings: dict[str, Any], tiny: Dataset) -> None:
    spec = MODELS[name]
    config = spec.config(**{"embedding_size": 8, "max_length": 24, **settings})
    model = spec.load().build(tiny, split_interactions(tiny, "last-out"), config, seed=1).eval()
    with torch.no_grad():
        for each in model.parameters():
            each.add_(0.3 * torch.randn_like(each))
    request = Request(tiny.history("u03"))
    random = np.random.default_rng(0)
    length = len(request.history)
    keep = random.random((300, length)) < random.random((300, 1))
    keep[0], keep[1] = True, False
    alone = model.score([Request(request.history.without(np.flatnonzero(~row))) for row in keep])
    np.testing.assert_allclose(model.score_subsets(request, keep), alone, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.score_subsets(request, keep, column=4)[:, 0], alone[:, 4], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.score_subsets(request, keep[7:8]), alone[7:8], rtol=1e-4, atol=1e-5)
    assert np.ptp(alone[:, 4]) > 0.1


def test_no_subsets_no_scores(tiny: Dataset) -> None:
    spec = MODELS["sasrec"]
    model = spec.load().build(tiny, split_interactions(tiny, "last-out"), spec.config(embedding_size=8, max_length=24), seed=1).eval()
    assert model.score_subsets(Request(tiny.history("u03")), np.empty((0, len(tiny.history("u03"))), dtype=bool)).shape == (0, 15)
