"""Prediction heads beside the next item: its rating, and the next behaviour."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset
from recsys.core.split import TRAIN, Split


class RatingHead(nn.Module):
    """Rating prediction: mean + item bias + a product of state and item, trained by squared error on the rating of the next event."""

    middle: Tensor

    def __init__(self, n_items: int, size: int):
        super().__init__()
        self.register_buffer("middle", torch.zeros(2))  # mean and standard deviation of the training ratings, 0 without ratings
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.taste = nn.Linear(size, size)

    def read(self, dataset: Dataset, split: Split) -> None:
        """Read the mean and the standard deviation of the training ratings."""
        ratings = np.empty(0) if dataset.ratings is None else dataset.ratings[split.labels == TRAIN]
        ratings = ratings[np.isfinite(ratings)]
        if len(ratings):
            self.middle.copy_(torch.tensor([ratings.mean(), ratings.std()], dtype=torch.float32))

    @property
    def has_ratings(self) -> bool:
        """Whether the training events had ratings to learn from."""
        return bool(self.middle[1] > 0)

    def forward(self, states: Tensor, items: Tensor) -> Tensor:
        """Return expected ratings (n, n_items) for states (n, D) and items (n_items, D)."""
        return self.middle[0] + self.middle[1] * (self.bias + self.taste(states) @ items.T * items.shape[1] ** -0.5)

    def loss(self, states: Tensor, items: Tensor, codes: Tensor, ratings: Tensor) -> Tensor:
        """Return the summed squared error in units of the standard deviation, for item codes (n,) where ratings (n,) are known."""
        is_known = ratings.isfinite() & (codes != PAD)
        if not self.has_ratings or not bool(is_known.any()):
            return states.new_zeros(())
        at = codes[is_known] - 1
        expected = self.bias[at] + (self.taste(states[is_known]) * items[at]).sum(-1) * items.shape[1] ** -0.5
        return functional.mse_loss(expected, (ratings[is_known].float() - self.middle[0]) / self.middle[1], reduction="sum")


class BehaviourHead(nn.Module):
    """Behaviour prediction: one sigmoid per behaviour of the dataset, of which the next event has exactly one."""

    spelled: Tensor

    def __init__(self, names: Sequence[str], size: int):
        super().__init__()
        self.names = tuple(names)
        self.register_buffer("spelled", torch.from_numpy(encode_names(names)))
        self.out = nn.Linear(size, len(self.names)) if self.names else None

    def forward(self, states: Tensor) -> Tensor:
        """Return logits (n, n_behaviours)."""
        return states.new_zeros(len(states), 0) if self.out is None else self.out(states)

    def loss(self, states: Tensor, codes: Tensor) -> Tensor:
        """Return the loss summed over events with codes (n,) from 1; events with code 0 are ignored."""
        is_known = codes > 0
        if self.out is None or not bool(is_known.any()):
            return states.new_zeros(())
        truth = functional.one_hot(codes[is_known] - 1, len(self.names)).float()
        return functional.binary_cross_entropy_with_logits(self.out(states[is_known]).float(), truth, reduction="sum")


def list_behaviours(dataset: Dataset) -> tuple[str, ...]:
    """Return the behaviours of the dataset; none where all events have the same, since then there is nothing to predict."""
    if "behaviour" not in dataset.interactions:
        return ()
    names = tuple(str(each) for each in dataset.interactions["behaviour"].cat.categories)
    return names if len(names) > 1 else ()


def encode_names(names: Sequence[str]) -> np.ndarray:
    """Return names as bytes, so that they are stored with the weights."""
    return np.frombuffer("\x1f".join(names).encode(), dtype=np.uint8).copy()


def decode_names(letters: np.ndarray) -> tuple[str, ...]:
    """Return the names in these bytes: the inverse of `encode_names`."""
    text = bytes(letters).decode()
    return tuple(text.split("\x1f")) if text else ()
