"""What follows from a model's parameters alone is made once, and again only after they changed."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class DerivedCache:
    """One tensor that is made of others, kept from request to request: mapping the texts of every item costs more than one list does.

    Nothing is kept while gradients are wanted, which flow through the making.
    """

    def __init__(self) -> None:
        self._made: tuple[Any, Tensor | None] = (None, None)

    def __call__(self, sources: Iterable[Tensor], make: Callable[[], Tensor]) -> Tensor:
        if torch.is_grad_enabled():
            return make()
        state = [(each.data_ptr(), each._version) for each in sources]
        before, value = self._made  # read and written whole, since threads share a model
        if value is None or before != state:
            value = make()
            self._made = (state, value)
        return value
