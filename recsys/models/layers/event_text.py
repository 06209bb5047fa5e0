"""Texts of events, such as search queries, as a part of their tokens."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import Dataset
from recsys.models.base.sequences import Tokens

WIDTH = 384
"""Size of the vectors of the pinned text encoder."""


class EventText(nn.Module):
    """Encoder of event texts: the same encoder and whitening as for item texts, then a learnt map; a model adds the result to its tokens."""

    centre: Tensor
    directions: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("centre", torch.zeros(WIDTH))
        self.register_buffer("directions", torch.zeros(WIDTH, size))
        self.map = nn.Linear(size, size, bias=False)
        self._known: tuple[tuple[str, ...], Tensor] = ((), torch.zeros(1, size))

    def read(self, dataset: Dataset) -> None:
        """Fit the whitening on the texts of the dataset's items."""
        from recsys.text import fit_whitening, item_vectors

        centre, directions = fit_whitening(item_vectors(dataset), self.directions.shape[1])
        self.centre.copy_(torch.from_numpy(centre))
        self.directions.copy_(torch.from_numpy(directions))

    def forward(self, tokens: Tokens) -> Tensor:
        """Return vectors (B, T, D); zeros for tokens without a text."""
        return self.map(self._vectors(tokens.words)[torch.from_numpy(tokens.texts).to(self.centre.device)])

    def _vectors(self, words: tuple[str, ...]) -> Tensor:
        """Return vectors (1 + n, D) by code; the last ones are cached, since the batches of a training run share their texts."""
        known, vectors = self._known  # one assignment each way, since threads share a model
        if known is not words and known != words:
            from recsys.text import TextEncoder

            encoded = torch.from_numpy(TextEncoder().encode(words)).to(self.centre.device)
            white = functional.normalize((encoded - self.centre) @ self.directions, dim=-1)
            vectors = functional.pad(white, (0, 0, 1, 0))
            self._known = words, vectors
        return vectors.to(self.centre.device)
