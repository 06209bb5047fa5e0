"""Check that the second input of an ONNX graph is the length of a history, and not a user, an hour or another feature."""

import re
from typing import TYPE_CHECKING

import numpy as np

from recsys.core.errors import CheckpointError
from recsys.core.translation import _

if TYPE_CHECKING:
    from recsys.model_import.onnx_checks import Graph

_NAMES = re.compile(r"len|count|size|num_?(events|items)", re.IGNORECASE)
_LENGTH, _SHORTER = 6, 3


def check_lengths(graph: "Graph", n_items: int, fixed: int) -> None:
    """Raise a CheckpointError if a graph has a second input that neither its name nor runs of the graph show to be lengths.

    Events beyond the length, after the history or before it, must not change the scores. `fixed` is the length of every history, 0 for any.
    """
    inputs = graph.session.get_inputs()
    if len(inputs) < 2 or _NAMES.search(inputs[1].name):
        return
    width = fixed or _LENGTH
    shorter = min(_SHORTER, width - 1)
    codes = np.random.default_rng(0).integers(1, n_items + 1, (4, width))
    after, before = codes.copy(), codes.copy()
    after[:, shorter:] = after[:, shorter:] % n_items + 1
    before[:, : width - shorter] = before[:, : width - shorter] % n_items + 1
    lengths = np.full(len(codes), shorter)
    scores = graph.run(codes, lengths)
    if not any(np.allclose(scores, graph.run(each, lengths), rtol=1e-4, atol=1e-4) for each in (after, before)):
        raise CheckpointError(
            _(
                "the second input of {file}, {name}, is not the number of events: the scores depend on events beyond it; export the network with the history as its only input, name the input lengths if it is their number, or call the network from Python code",
                file=graph.file,
                name=inputs[1].name,
            )
        )
