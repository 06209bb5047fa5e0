"""Two LSTMs: a plain language model over items, and temporal modelling with features of a language model.

`LstmLm` reads item ids only. `LlmLstm` reads each event as words: the item's text, the behaviour's name, the time in words ("Saturday
evening") and the event's own words, where it has any, are encoded by the sentence encoder, mapped and added up. It predicts the next
item by the softmax over item vectors, and the next behaviour by one sigmoid a behaviour. Deviation from the article: the parts of an
event are encoded one by one and not as one sentence, since items × behaviours × times are too many sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, Request
from recsys.core.split import Split
from recsys.models.base.causal import CausalModel, Hidden, SequenceConfig
from recsys.models.base.sequences import HOURS, Stream, Tokens, training_stream
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import fast_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.layers.prediction_heads import BehaviourHead, behaviours_to_predict, read_names

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS = ("late at night", "early in the morning", "in the morning", "at noon", "in the afternoon", "in the evening", "late in the evening")
PART_STARTS = (0, 5, 9, 12, 14, 18, 22)
"""The hour at which each part of the day begins."""


def run_lstm(lstm: nn.LSTM, x: Tensor) -> Tensor:
    """Outputs (B, T, D), in float32 whatever the surroundings."""
    with torch.autocast(x.device.type, enabled=False):
        return lstm(x.float())[0]


def last_of(values: Tensor, codes: Tensor) -> Tensor:
    """The last token (B, 1, …) of right-padded values (B, T, …)."""
    ends = (codes != PAD).sum(1) - 1
    return values[torch.arange(len(values), device=values.device), ends][:, None]


@dataclass(frozen=True)
class LstmLmConfig(SequenceConfig):
    """`n_blocks` is the number of layers."""

    n_blocks: int = 1
    batch_tokens: int = 3000
    learning_rate: float = 0.003


class LstmLm(CausalModel):
    """An LSTM language model whose words are items (arXiv 1511.06939, with the full softmax). It reads the whole history."""

    Config = LstmLmConfig
    pads_left = False

    def __init__(self, item_ids: np.ndarray, config: LstmLmConfig):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size)
        self.lstm = nn.LSTM(size, size, config.n_blocks, batch_first=True)
        self.norm = nn.LayerNorm(size)

    def forward(self, tokens: Tokens, last_only: bool = False, looks: AttentionTrace | None = None) -> Hidden:
        codes = self._on_device(tokens.codes)
        x = fast_dropout(self.embedding(codes), self.config.dropout, self.training)
        states = fast_dropout(self.norm(run_lstm(self.lstm, x)), self.config.dropout, self.training)
        return Hidden(last_of(states, codes) if last_only else states)


@dataclass(frozen=True)
class LlmLstmConfig(LstmLmConfig):
    """`text` says how item vectors come from text (see `items.py`)."""

    text: str = "delta"


class LlmLstm(CausalModel):
    """Told the time of the request in words. It reads the whole history."""

    Config = LlmLstmConfig
    pads_left = False
    listens = True
    when_text: Tensor
    behaviour_text: Tensor

    def __init__(self, item_ids: np.ndarray, config: LlmLstmConfig, behaviour_names: Sequence[str] = (), width: int = 384):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        self.register_buffer("when_text", torch.zeros(len(DAYS) * len(PARTS) + 1, width))
        self.register_buffer("behaviour_text", torch.zeros(len(behaviour_names) + 1, width))
        self.happened, self.asked = nn.Linear(width, size, bias=False), nn.Linear(width, size, bias=False)
        self.did = nn.Linear(width, size, bias=False)
        self.lstm = nn.LSTM(size, size, config.n_blocks, batch_first=True)
        self.norm, self.asked_out = nn.LayerNorm(size), nn.Linear(width, size, bias=False)
        self.behaviour = BehaviourHead(behaviour_names, size)

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: Any, seed: int) -> Self:
        torch.manual_seed(seed)
        model = cls(dataset.item_ids, config, behaviours_to_predict(dataset))
        model.read(dataset, split)
        return model

    def read(self, dataset: Dataset, split: Split) -> None:
        super().read(dataset, split)
        from recsys.text import TextEncoder

        words = [f"{day} {part}" for day in DAYS for part in PARTS]
        vectors = torch.from_numpy(TextEncoder().encode([*words, *self.behaviour_names]))
        self.when_text[1:] = vectors[: len(words)] - vectors[: len(words)].mean(0)
        self.behaviour_text[1:] = vectors[len(words) :]

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        return cls(item_ids, config, read_names(arrays["behaviour.spelled"]), arrays["when_text"].shape[1]).loaded(arrays)

    @property
    def behaviour_names(self) -> tuple[str, ...]:
        return self.behaviour.names

    def training_data(self, dataset: Dataset, split: Split) -> Stream:
        return training_stream(dataset, split, self.behaviour_names)

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Cross-entropy of the next items and of the next behaviours, summed."""
        targets = self._on_device(tokens.targets)
        wanted = targets != PAD
        states = self(tokens).states[wanted].float()
        items = full_softmax_loss(states, self.item_vectors().float(), targets[wanted] - 1, precision)
        return items + self.behaviour.loss(states, self._on_device(tokens.next_behaviours)[wanted]), len(states)

    def forward(self, tokens: Tokens, last_only: bool = False, looks: AttentionTrace | None = None) -> Hidden:
        codes, hours = self._on_device(tokens.codes), self._on_device(tokens.hours)
        asked = self.when_text[when_codes(hours)]
        happened = torch.cat([torch.zeros_like(asked[:, :1]), asked[:, :-1]], 1)  # an event happens when it is asked for
        x = self.embedding(codes) + self.happened(happened) + self.asked(asked)
        x = x + self.did(self.behaviour_text[self._on_device(tokens.behaviours)])
        if self.said is not None:
            x = x + self.said(tokens)
        x = fast_dropout(x, self.config.dropout, self.training)
        states = self.norm(run_lstm(self.lstm, x)) + self.asked_out(asked)
        states = fast_dropout(states, self.config.dropout, self.training)
        return Hidden(last_of(states, codes) if last_only else states)

    @torch.inference_mode()
    def behaviours(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_behaviours) float32 probabilities."""
        found = np.empty((len(requests), len(self.behaviour_names)), dtype=np.float32)
        for rows, tokens in self._last_batches(self._stream(requests)):
            found[rows] = torch.sigmoid(self.behaviour(self(tokens, last_only=True).states[:, 0])).cpu().numpy()
        return found


def when_codes(hours: Tensor) -> Tensor:
    """Codes of times in words for hours of the week (…), 1 to 168; 0 stays 0, for unknown."""
    starts = torch.tensor(PART_STARTS, device=hours.device)
    part = torch.searchsorted(starts, ((hours - 1) % 24).contiguous(), right=True) - 1
    return torch.where(hours > 0, 1 + ((hours - 1) % HOURS) // 24 * len(PARTS) + part, 0)
