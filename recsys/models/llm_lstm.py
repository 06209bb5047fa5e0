"""LLM-LSTM: events encoded as text by the sentence encoder, and an LSTM over them that predicts the next item and behaviour.

Each event is the sum of the mapped text vectors of its item, its behaviour, its time in words ("Saturday in the evening") and its
own text, where it has one. The next item is predicted by a softmax over item vectors, the next behaviour by one sigmoid per
behaviour. Deviation from the article: the parts of an event are encoded separately and not as one sentence, since items ×
behaviours × times are too many sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, Request
from recsys.core.split import Split
from recsys.models.base.causal import CausalModel, Hidden
from recsys.models.base.sequences import HOURS_PER_WEEK, Stream, Tokens, build_training_stream
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.layers.lstm import LstmConfig, run_lstm, select_last_token
from recsys.models.layers.prediction_heads import BehaviourHead, decode_names, list_behaviours

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_PARTS = (
    "late at night",
    "early in the morning",
    "in the morning",
    "at noon",
    "in the afternoon",
    "in the evening",
    "late in the evening",
)
DAY_PART_STARTS = (0, 5, 9, 12, 14, 18, 22)
"""First hour of each part of the day."""


@dataclass(frozen=True)
class LlmLstmConfig(LstmConfig):
    """`text` is one of `item_vectors.TEXT_USES`."""

    text: str = "delta"


class LlmLstm(CausalModel):
    """LSTM over text embeddings of events; uses the time of the request and reads the whole history."""

    Config = LlmLstmConfig
    pads_left = False
    reads_event_text = True
    when_text: Tensor
    behaviour_text: Tensor

    def __init__(self, item_ids: np.ndarray, config: LlmLstmConfig, behaviour_names: Sequence[str] = (), width: int = 384):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        self.register_buffer("when_text", torch.zeros(len(DAYS) * len(DAY_PARTS) + 1, width))
        self.register_buffer("behaviour_text", torch.zeros(len(behaviour_names) + 1, width))
        self.happened, self.asked = nn.Linear(width, size, bias=False), nn.Linear(width, size, bias=False)
        self.did = nn.Linear(width, size, bias=False)
        self.lstm = nn.LSTM(size, size, config.n_blocks, batch_first=True)
        self.norm, self.asked_out = nn.LayerNorm(size), nn.Linear(width, size, bias=False)
        self.behaviour = BehaviourHead(behaviour_names, size)

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: Any, seed: int) -> Self:
        """Return an untrained model over the whole catalogue and the behaviours of the dataset."""
        torch.manual_seed(seed)
        model = cls(dataset.item_ids, config, list_behaviours(dataset))
        model.read(dataset, split)
        return model

    def read(self, dataset: Dataset, split: Split) -> None:
        super().read(dataset, split)
        from recsys.text import TextEncoder

        times = [f"{day} {part}" for day in DAYS for part in DAY_PARTS]
        vectors = torch.from_numpy(TextEncoder().encode([*times, *self.behaviour_names]))
        self.when_text[1:] = vectors[: len(times)] - vectors[: len(times)].mean(0)
        self.behaviour_text[1:] = vectors[len(times) :]

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: Any, arrays: dict[str, np.ndarray]) -> Self:
        return cls(item_ids, config, decode_names(arrays["behaviour.spelled"]), arrays["when_text"].shape[1]).load_arrays(arrays)

    @property
    def behaviour_names(self) -> tuple[str, ...]:
        return self.behaviour.names

    def training_data(self, dataset: Dataset, split: Split) -> Stream:
        """Return the tokens of all training events with their behaviours."""
        return build_training_stream(dataset, split, self.behaviour_names)

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Return the summed cross-entropy of the next items and the next behaviours, and the number of targets."""
        targets = self._on_device(tokens.targets)
        is_target = targets != PAD
        states = self(tokens).states[is_target].float()
        items = full_softmax_loss(states, self.item_vectors().float(), targets[is_target] - 1, precision)
        return items + self.behaviour.loss(states, self._on_device(tokens.next_behaviours)[is_target]), len(states)

    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        codes, hours = self._on_device(tokens.codes), self._on_device(tokens.hours)
        requested = self.when_text[encode_times_of_day(hours)]
        happened = torch.cat([torch.zeros_like(requested[:, :1]), requested[:, :-1]], 1)  # an event happens at the time of its request
        x = self.embedding(codes) + self.happened(happened) + self.asked(requested)
        x = x + self.did(self.behaviour_text[self._on_device(tokens.behaviours)])
        if self.said is not None:
            x = x + self.said(tokens)
        x = apply_dropout(x, self.config.dropout, self.training)
        states = self.norm(run_lstm(self.lstm, x)) + self.asked_out(requested)
        states = apply_dropout(states, self.config.dropout, self.training)
        return Hidden(select_last_token(states, codes) if last_only else states)

    @torch.inference_mode()
    def behaviours(self, requests: Sequence[Request]) -> np.ndarray:
        """Return probabilities (len(requests), n_behaviours) float32."""
        probabilities = np.empty((len(requests), len(self.behaviour_names)), dtype=np.float32)
        for rows, tokens in self._last_batches(self._stream(requests)):
            probabilities[rows] = torch.sigmoid(self.behaviour(self(tokens, last_only=True).states[:, 0])).cpu().numpy()
        return probabilities


def encode_times_of_day(hours: Tensor) -> Tensor:
    """Return codes of weekday and part of the day for hours of the week (…), 1 to 168; 0, unknown, stays 0."""
    starts = torch.tensor(DAY_PART_STARTS, device=hours.device)
    part = torch.searchsorted(starts, ((hours - 1) % 24).contiguous(), right=True) - 1
    return torch.where(hours > 0, 1 + ((hours - 1) % HOURS_PER_WEEK) // 24 * len(DAY_PARTS) + part, 0)
