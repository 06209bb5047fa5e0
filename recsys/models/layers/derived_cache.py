"""Cache of a tensor derived from parameters, computed again only after a parameter changed."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class DerivedCache:
    """One tensor derived from others and kept between requests: mapping the texts of all items costs more than ranking them once.

    Nothing is cached while gradients are recorded, since they flow through the computation.
    """

    def __init__(self) -> None:
        self._cached: tuple[Any, Tensor | None] = (None, None)

    def __call__(self, sources: Iterable[Tensor], compute: Callable[[], Tensor]) -> Tensor:
        if torch.is_grad_enabled():
            return compute()
        state = [(each.data_ptr(), each._version) for each in sources]
        before, value = self._cached  # one assignment each way, since threads share a model
        if value is None or before != state:
            value = compute()
            self._cached = (state, value)
        return value
