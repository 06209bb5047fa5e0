"""Fine-tuning of the sentence encoder's last layers by low-rank changes to frozen weights (LoRA, arXiv 2106.09685)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS = 2
RANK = 8
WIDTH, INNER = 384, 1536
"""Sizes of the pinned encoder; a checkpoint is restored without the encoder."""
ADAPTED_MAPS = {
    "attention.self.query": (WIDTH, WIDTH),
    "attention.self.key": (WIDTH, WIDTH),
    "attention.self.value": (WIDTH, WIDTH),
    "attention.output.dense": (WIDTH, WIDTH),
    "intermediate.dense": (WIDTH, INNER),
    "output.dense": (INNER, WIDTH),
}
"""Input and output sizes of the linear maps of a layer that are adapted."""
TEXTS_PER_STEP = 32
"""Texts encoded again in a training step."""


class LoraEncoder(nn.Module):
    """Encoder of texts to whitened vectors, with learnt low-rank changes to its last LAYERS; before training it equals `text.whiten`.

    The output of the frozen lower layers is computed once for each text, in `read`. The encoder itself is not part of the model or
    its checkpoint: a restored model has the learnt changes but no texts, and cannot encode again (`ready`).
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        shapes = [shape for _ in range(LAYERS) for shape in ADAPTED_MAPS.values()]
        self.down = nn.ParameterList([nn.Parameter(torch.randn(RANK, inputs) * inputs**-0.5) for inputs, _ in shapes])
        self.up = nn.ParameterList([nn.Parameter(torch.zeros(outputs, RANK)) for _, outputs in shapes])
        self._centre, self._directions = torch.zeros(WIDTH), torch.zeros(WIDTH, size)
        self._below: list[Tensor] = []
        self._rows_with_text = torch.empty(0, dtype=torch.int64)
        self._layers: list[nn.Module] = []  # in a list, so that they are not registered as parameters
        self._drawn: tuple[list[int], Tensor, Tensor] | None = None

    @property
    def ready(self) -> bool:
        """Whether texts were read, so that they can be encoded again."""
        return len(self._rows_with_text) > 0

    def read(self, texts: Sequence[str]) -> None:
        """Encode the texts by the frozen layers; empty texts have no vector."""
        from recsys.text import TextEncoder, fit_whitening

        encoder = TextEncoder()
        self._below, self._layers = encoder.split_layers(texts, LAYERS)
        self._rows_with_text = torch.tensor([row for row, text in enumerate(texts) if text.strip()], dtype=torch.int64)
        centre, directions = fit_whitening(encoder.encode(texts), self._directions.shape[1])
        self._centre, self._directions = torch.from_numpy(centre).float(), torch.from_numpy(directions).float()

    def forward(self, rows: Tensor) -> Tensor:
        """Return vectors (k, size) of the texts in these rows (k,), which must not be empty."""
        device = self.up[0].device
        below = [self._below[row] for row in rows.tolist()]
        x = nn.utils.rnn.pad_sequence(below, batch_first=True).to(device).float()
        is_token = torch.arange(x.shape[1], device=device) < torch.tensor([len(each) for each in below], device=device)[:, None]
        hidden = torch.zeros(is_token.shape, device=device).masked_fill(~is_token, torch.finfo(torch.float32).min)[:, None, None]
        changes = zip(self.down, self.up, strict=True)
        for layer in self._layers:
            x = torch.func.functional_call(layer.to(device), dict(_changed(layer, changes)), (x,), {"attention_mask": hidden})
        vectors = functional.normalize((x * is_token[..., None]).sum(1) / is_token.sum(1, keepdim=True), dim=-1)
        return functional.normalize((vectors - self._centre.to(device)) @ self._directions.to(device), dim=-1)

    def encode_sample(self) -> tuple[Tensor, Tensor]:
        """Return up to TEXTS_PER_STEP random rows (k,) and their vectors (k, size); the same until a parameter changes."""
        state = [parameter._version for parameter in self.parameters()]
        if self._drawn is None or self._drawn[0] != state:
            rows = self._rows_with_text[torch.randperm(len(self._rows_with_text))[:TEXTS_PER_STEP]]
            self._drawn = state, rows.to(self.up[0].device), self(rows)
        return self._drawn[1:]

    @torch.no_grad()
    def encode_all(self) -> tuple[Tensor, Tensor]:
        """Return all rows with a text, and their vectors."""
        self._drawn = None
        return self._rows_with_text.to(self.up[0].device), torch.cat([self(rows) for rows in self._rows_with_text.split(TEXTS_PER_STEP)])


def _changed(layer: nn.Module, changes: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights of a layer with the next changes added."""
    for name, (down, up) in zip(ADAPTED_MAPS, changes, strict=False):
        yield f"{name}.weight", layer.get_parameter(f"{name}.weight") + up @ down
