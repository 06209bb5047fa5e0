"""What a sequence model may predict beside the next item: its rating, and what kind of thing the person will do."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset
from recsys.core.split import TRAIN, Split


class RatingHead(nn.Module):
    """Mean + the item's bias + a product of state and item, learnt by squared error on the rating of the event that came next."""

    middle: Tensor

    def __init__(self, n_items: int, size: int):
        super().__init__()
        self.register_buffer("middle", torch.zeros(2))  # mean and spread of the training ratings; no spread, no ratings
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.taste = nn.Linear(size, size)

    def read(self, dataset: Dataset, split: Split) -> None:
        ratings = np.empty(0) if dataset.ratings is None else dataset.ratings[split.labels == TRAIN]
        ratings = ratings[np.isfinite(ratings)]
        if len(ratings):
            self.middle.copy_(torch.tensor([ratings.mean(), ratings.std()], dtype=torch.float32))

    @property
    def knows(self) -> bool:
        return bool(self.middle[1] > 0)

    def forward(self, states: Tensor, items: Tensor) -> Tensor:
        """(n, n_items) ratings expected, for states (n, D) and items (n_items, D)."""
        return self.middle[0] + self.middle[1] * (self.bias + self.taste(states) @ items.T * items.shape[1] ** -0.5)

    def loss(self, states: Tensor, items: Tensor, codes: Tensor, ratings: Tensor) -> Tensor:
        """Summed squared error in units of the spread; items by codes (n,), where ratings (n,) are known."""
        there = ratings.isfinite() & (codes != PAD)
        if not self.knows or not bool(there.any()):
            return states.new_zeros(())
        at = codes[there] - 1
        found = self.bias[at] + (self.taste(states[there]) * items[at]).sum(-1) * items.shape[1] ** -0.5
        return functional.mse_loss(found, (ratings[there].float() - self.middle[0]) / self.middle[1], reduction="sum")


class BehaviourHead(nn.Module):
    """One sigmoid a behaviour of the data; of the next event exactly one is true."""

    spelled: Tensor

    def __init__(self, names: Sequence[str], size: int):
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("spelled", torch.from_numpy(spelled(names)))
        self.out = nn.Linear(size, len(self.names)) if self.names else None

    def forward(self, states: Tensor) -> Tensor:
        """(n, n_behaviours) logits."""
        return states.new_zeros(len(states), 0) if self.out is None else self.out(states)

    def loss(self, states: Tensor, codes: Tensor) -> Tensor:
        """Summed over events, for codes (n,) from 1; 0 says nothing."""
        there = codes > 0
        if self.out is None or not bool(there.any()):
            return states.new_zeros(())
        truth = functional.one_hot(codes[there] - 1, len(self.names)).float()
        return functional.binary_cross_entropy_with_logits(self.out(states[there]).float(), truth, reduction="sum")


def behaviours_to_predict(dataset: Dataset) -> tuple[str, ...]:
    """The kinds of behaviour in the data; none where all events are of one kind, since then there is nothing to predict."""
    if "behaviour" not in dataset.interactions:
        return ()
    names = tuple(str(each) for each in dataset.interactions["behaviour"].cat.categories)
    return names if len(names) > 1 else ()


def spelled(names: Sequence[str]) -> np.ndarray:
    """Names as bytes, so that they travel with the weights."""
    return np.frombuffer("\x1f".join(names).encode(), dtype=np.uint8).copy()


def read_names(letters: np.ndarray) -> tuple[str, ...]:
    """The inverse of `spelled`."""
    text = bytes(letters).decode()
    return tuple(text.split("\x1f")) if text else ()
