"""How a model is built: its parts as a tree, and how many numbers each holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ModelPart:
    """One part of a model and the parts within it.

    `path` names it from the model down, "" for the model itself; `kind` is the class of a module, and the shape of an array.
    `size` counts the numbers in it and all its parts, `learnt` those of them that training changed; the others are fixed, such
    as vectors of texts.
    """

    path: str
    kind: str
    size: int
    learnt: int
    parts: tuple["ModelPart", ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def walk(self) -> Iterator["ModelPart"]:
        """This part, and then all within it, each before its own parts."""
        yield self
        for part in self.parts:
            yield from part.walk()


def summarize_model(model: Any) -> ModelPart:
    """The module tree of a torch model down to its parameters; for counted models their arrays, by the dots in their names."""
    arrays: Mapping[str, np.ndarray] = model.arrays()
    torch = hasattr(model, "named_parameters")
    learnt = {name for name, _ in model.named_parameters()} if torch else set(arrays)
    kinds = {name: type(module).__name__ for name, module in model.named_modules()} if torch else {"": type(model).__name__}
    return _part("", arrays, learnt, kinds)


def _part(path: str, arrays: Mapping[str, np.ndarray], learnt: set[str], kinds: Mapping[str, str]) -> ModelPart:
    if path in arrays:
        values = arrays[path]
        return ModelPart(
            path, " × ".join(f"{side:,}" for side in values.shape) or "one number", values.size, values.size * (path in learnt)
        )
    start = f"{path}." if path else ""
    names = dict.fromkeys(start + name[len(start) :].partition(".")[0] for name in arrays if name.startswith(start))
    parts = tuple(_part(name, arrays, learnt, kinds) for name in names)
    return ModelPart(path, kinds.get(path, ""), sum(part.size for part in parts), sum(part.learnt for part in parts), parts)
