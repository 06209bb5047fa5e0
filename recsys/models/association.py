"""Real-time personalisation: a person is a running mean of what they took, an item is its text, an association model joins them.

score(u, i) = <u, i> + MLP([u, i, u·i]). u is updated event by event, u ← λ u + (1 − λ) e, with a few learnt fading rates λ mixed,
so that a like of this session moves the next list at once; likes stand at the end of the history (`core.heard`). `refit` goes
on learning from collected likes and dislikes and returns a new model. Ratings are predicted where the data has them.

Trained by softmax over the target and items drawn at random, since an MLP over every pair is too much for a step; scoring
goes over all items.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset, Request, Trace
from recsys.core.errors import DataError
from recsys.core.split import Split
from recsys.models.base.causal import CausalModel, Hidden, SequenceConfig
from recsys.models.base.sequences import Tokens
from recsys.models.base.settings import check_at_least
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import fast_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.prediction_heads import RatingHead

RATES = (0.0, 0.7, 0.95, 0.995)
"""The fading rates that training starts from: the last event alone, a handful, a few dozen, everything."""


ANSWERS, PULL = 256, 10.0
"""Answers in one step of a refit, and how hard it is pulled towards what it was."""


class Feedback(NamedTuple):
    """One answer to a recommendation: what was known when it was shown, the item, and whether it was liked."""

    request: Request
    item_id: str
    liked: bool


@dataclass(frozen=True)
class AssociationConfig(SequenceConfig):
    """`hidden_size` of the MLP, `n_negatives` items drawn a batch. `text` as in `items.py`; none where the data has no words."""

    hidden_size: int = 16
    n_negatives: int = 256
    text: str = "delta"
    batch_tokens: int = 4000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "hidden_size", "n_negatives")


class Association(CausalModel):
    """It reads the last `max_length` events."""

    Config = AssociationConfig

    def __init__(self, item_ids: np.ndarray, config: AssociationConfig):
        super().__init__(item_ids, config)
        size, hidden = config.embedding_size, config.hidden_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        rates = torch.tensor(RATES).clamp(0.01, 0.999)
        self.rates = nn.Parameter(torch.log(rates / (1 - rates)))
        self.person = nn.Linear(len(RATES) * size, size)
        self.of_person, self.of_item = nn.Linear(size, hidden), nn.Linear(size, hidden, bias=False)
        self.of_both = nn.Parameter(torch.randn(hidden, size) * size**-0.5)
        self.out = nn.Parameter(torch.randn(hidden) * hidden**-0.5)
        self.bias = nn.Parameter(torch.zeros(len(item_ids)))
        self.rating = RatingHead(len(item_ids), size)

    def read(self, dataset: Dataset, split: Split) -> None:
        super().read(dataset, split)
        self.rating.read(dataset, split)

    @property
    def reach(self) -> int:
        return int(self.config.max_length)

    def forward(self, tokens: Tokens, last_only: bool = False, looks: AttentionTrace | None = None) -> Hidden:
        return Hidden(self.person(self._means(tokens, last_only)))

    def _means(self, tokens: Tokens, last_only: bool) -> Tensor:
        """(B, R, rates · D): faded means of the events so far."""
        codes = self._on_device(tokens.codes)
        vectors = fast_dropout(self.embedding(codes), self.config.dropout, self.training)
        length, most = codes.shape[1], self.config.max_length
        rates = torch.sigmoid(self.rates)
        rows = torch.arange(length - 1 if last_only else 0, length, device=codes.device)
        ages = rows[:, None] - torch.arange(length, device=codes.device)
        fading = torch.where((ages >= 0) & (ages < most), rates[:, None, None] ** ages.clamp(0, most), 0.0)  # (rates, R, T)
        fading = fading[None] * (codes != PAD)[:, None, None, :]
        means = (fading / fading.sum(-1, keepdim=True).clamp_min(1e-6)) @ vectors[:, None]  # (B, rates, R, D)
        return means.transpose(1, 2).flatten(2)

    def associate(self, people: Tensor, items: Tensor) -> Tensor:
        """(n, n_items) strengths of people (n, D) and items (n_items, D)."""
        both = torch.einsum("nd,hd,md->nmh", people, self.of_both, items)
        hidden = functional.relu(both + self.of_person(people)[:, None] + self.of_item(items)[None])
        return people @ items.T + hidden @ self.out

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Cross-entropy among the targets' own and the drawn items, and squared error of ratings, summed."""
        targets = self._on_device(tokens.targets)
        wanted = targets != PAD
        states, codes, items = self(tokens).states[wanted].float(), targets[wanted], self.item_vectors().float()
        drawn = torch.randperm(len(items), device=codes.device)[: self.config.n_negatives]
        others = self.associate(states, items[drawn]) + self.bias[drawn]
        others = others.masked_fill(drawn[None, :] == (codes - 1)[:, None], -torch.inf)
        # Each drawn item stands for as many as were not drawn, so that the target is weighed against the whole catalogue.
        others = others + float(np.log(max(len(items) - 1, 1) / len(drawn)))
        own = self._pairs(states, items[codes - 1]) + self.bias[codes - 1]
        loss = (torch.logsumexp(torch.cat([own[:, None], others], 1), 1) - own).sum()
        return loss + self.rating.loss(states, items, codes, self._on_device(tokens.next_ratings)[wanted]), len(states)

    def _pairs(self, people: Tensor, items: Tensor) -> Tensor:
        """(n,) strengths of people (n, D) each with the item (n, D) of its row."""
        hidden = functional.relu((people * items) @ self.of_both.T + self.of_person(people) + self.of_item(items))
        return (people * items).sum(-1) + hidden @ self.out

    def scores(self, hidden: Hidden, items: Tensor) -> Tensor:
        return self._scores(hidden.states[:, 0].float(), items)

    def scores_of(self, hidden: Hidden, items: Tensor, column: int) -> Tensor:
        return self.associate(hidden.states[:, 0].float(), items[[column]]) + self.bias[column]

    @torch.inference_mode()
    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        return self._scores(self._on_device(trace.states[steps]), self.item_vectors().float()).cpu().numpy()

    def _scores(self, people: Tensor, items: Tensor) -> Tensor:
        size = max(1, 4_000_000 // (len(items) * self.config.hidden_size))
        return torch.cat([self.associate(each, items) for each in people.split(size)]) + self.bias

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        """(len(requests), n_items) float32 ratings expected; NaN where the training data had none."""
        return self.expected_ratings(requests, self.rating)

    def refit(self, feedback: Iterable[Feedback], epochs: int = 5, learning_rate: float = 0.0005, seed: int = 0) -> Self:
        """A new model that has also learnt from likes and dislikes; this one stays as it is.

        With p the softmax over all items, a like costs −log p and a dislike −log(1 − p): what training minimises, so that a refit
        cannot serve the feedback and spoil the ranking. Only the association is refitted, not the items' texts nor the rates of
        fading, and a pull towards what it was keeps a little feedback from undoing much training.
        """
        answers = [each for each in feedback if self.vocabulary.encode([each.item_id])[0] != PAD]
        if not answers:
            raise DataError("there is no feedback on items this model knows; collect likes and dislikes first")
        torch.manual_seed(seed)
        model = deepcopy(self).eval()
        of_person, of_item = model.of_person.parameters(), model.of_item.parameters()
        learns = [model.of_both, model.out, model.bias, *of_person, *of_item, *model.person.parameters()]
        before = [each.detach().clone() for each in learns]
        means = self._means_of([each.request for each in answers])
        codes = self._on_device(self.vocabulary.encode([each.item_id for each in answers])) - 1
        liked, items = self._on_device(np.array([each.liked for each in answers])), self.item_vectors().detach().float()
        optimizer = torch.optim.Adam(learns, lr=learning_rate)
        for _ in range(epochs):
            for rows in torch.randperm(len(answers)).split(ANSWERS):
                logits = model.associate(model.person(means[rows]), items) + model.bias
                logs = torch.log_softmax(logits, 1)[torch.arange(len(rows)), codes[rows]]
                others = torch.log1p(-logs.exp().clamp_max(0.999))
                pull = PULL * sum(((each - was) ** 2).sum() for each, was in zip(learns, before, strict=True)) / len(answers)
                (pull - torch.where(liked[rows], logs, others).mean()).backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
        return model

    @torch.inference_mode()
    def _means_of(self, requests: Sequence[Request]) -> Tensor:
        """(len(requests), rates · D) means of requests; those of one list are read once."""
        places: dict[int, int] = {}
        row = [places.setdefault(id(each), len(places)) for each in requests]
        distinct = list({id(each): each for each in requests}.values())
        means = torch.empty(len(distinct), self.person.in_features, device=self.bias.device)
        for rows, tokens in self._last_batches(self._stream(distinct)):
            means[torch.from_numpy(rows.copy())] = self._means(tokens, last_only=True)[:, 0].float()
        return means[row].clone()
