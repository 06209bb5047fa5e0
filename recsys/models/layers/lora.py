"""A sentence encoder whose last layers learn beside a model: low-rank changes to frozen weights (LoRA, arXiv 2106.09685)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS = 2
RANK = 8
WIDTH, INNER = 384, 1536
"""Of the pinned encoder; a checkpoint is restored without it."""
CHANGED = {
    "attention.self.query": (WIDTH, WIDTH),
    "attention.self.key": (WIDTH, WIDTH),
    "attention.self.value": (WIDTH, WIDTH),
    "attention.output.dense": (WIDTH, WIDTH),
    "intermediate.dense": (WIDTH, INNER),
    "output.dense": (INNER, WIDTH),
}
"""Inputs and outputs of the maps of a layer that learn."""
AT_ONCE = 32
"""Texts encoded anew in a training step."""


class LoraEncoder(nn.Module):
    """Whitened vectors of texts by the pinned encoder, its last LAYERS changed by what is learnt; as `text.whitened` has them at first.

    What the layers below make of each text is computed once, in `read`. The encoder itself is no part of the model and of no
    checkpoint: a model that was restored has what was learnt and no texts, and cannot go on encoding (`ready`).
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        shapes = [shape for _ in range(LAYERS) for shape in CHANGED.values()]
        self.down = nn.ParameterList([nn.Parameter(torch.randn(RANK, inputs) * inputs**-0.5) for inputs, _ in shapes])
        self.up = nn.ParameterList([nn.Parameter(torch.zeros(outputs, RANK)) for _, outputs in shapes])
        self._centre, self._directions = torch.zeros(WIDTH), torch.zeros(WIDTH, size)
        self._below: list[Tensor] = []
        self._told = torch.empty(0, dtype=torch.int64)
        self._layers: list[nn.Module] = []  # a list hides them from the parameters
        self._drawn: tuple[list[int], Tensor, Tensor] | None = None

    @property
    def ready(self) -> bool:
        return len(self._told) > 0

    def read(self, texts: Sequence[str]) -> None:
        """Take the texts; empty ones have no vector."""
        from recsys.text import TextEncoder, fit_whitening

        encoder = TextEncoder()
        self._below, self._layers = encoder.below(texts, LAYERS)
        self._told = torch.tensor([row for row, text in enumerate(texts) if text.strip()], dtype=torch.int64)
        centre, directions = fit_whitening(encoder.encode(texts), self._directions.shape[1])
        self._centre, self._directions = torch.from_numpy(centre).float(), torch.from_numpy(directions).float()

    def forward(self, rows: Tensor) -> Tensor:
        """(k, size) of these texts (k,), which are not empty."""
        device = self.up[0].device
        below = [self._below[row] for row in rows.tolist()]
        x = nn.utils.rnn.pad_sequence(below, batch_first=True).to(device).float()
        there = torch.arange(x.shape[1], device=device) < torch.tensor([len(each) for each in below], device=device)[:, None]
        hidden = torch.zeros(there.shape, device=device).masked_fill(~there, torch.finfo(torch.float32).min)[:, None, None]
        changes = zip(self.down, self.up, strict=True)
        for layer in self._layers:
            x = torch.func.functional_call(layer.to(device), dict(_changed(layer, changes)), (x,), {"attention_mask": hidden})
        vectors = functional.normalize((x * there[..., None]).sum(1) / there.sum(1, keepdim=True), dim=-1)
        return functional.normalize((vectors - self._centre.to(device)) @ self._directions.to(device), dim=-1)

    def some(self) -> tuple[Tensor, Tensor]:
        """Up to AT_ONCE rows (k,) drawn at random and their vectors (k, size); the same until a parameter moves."""
        state = [parameter._version for parameter in self.parameters()]
        if self._drawn is None or self._drawn[0] != state:
            rows = self._told[torch.randperm(len(self._told))[:AT_ONCE]]
            self._drawn = state, rows.to(self.up[0].device), self(rows)
        return self._drawn[1:]

    @torch.no_grad()
    def all(self) -> tuple[Tensor, Tensor]:
        """All rows that have words, and their vectors."""
        self._drawn = None
        return self._told.to(self.up[0].device), torch.cat([self(rows) for rows in self._told.split(AT_ONCE)])


def _changed(layer: nn.Module, changes: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """The weights of a layer with the next of the changes."""
    for name, (down, up) in zip(CHANGED, changes, strict=False):
        yield f"{name}.weight", layer.get_parameter(f"{name}.weight") + up @ down
