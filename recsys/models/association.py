"""Association model for real-time personalisation: a running mean of the user's items, item texts, and a learnt association of both.

score(u, i) = <u, i> + MLP([u, i, u·i]). u is updated with every event, u ← λ u + (1 − λ) e, mixed over a few learnt decay rates λ,
so that a like of the session changes the next list at once; likes count as the latest events (`core.append_likes`). `refit`
continues training on collected likes and dislikes and returns a new model. Ratings are predicted where the dataset has them.

Trained by a softmax over the target and random items, since an MLP over every pair is too much for one step; scoring covers all
items.
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
from recsys.core.translation import _
from recsys.models.base.causal import CausalModel, Hidden, SequenceConfig
from recsys.models.base.sequences import Tokens
from recsys.models.base.settings import check_at_least
from recsys.models.layers.attention import AttentionTrace
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.prediction_heads import RatingHead

DECAY_RATES = (0.0, 0.7, 0.95, 0.995)
"""Initial decay rates: the last event alone, a handful of events, a few dozen, all events."""

REFIT_BATCH, REFIT_PULL = 256, 10.0
"""Feedback per step of a refit, and the weight of the penalty for moving away from the trained parameters."""


class Feedback(NamedTuple):
    """Feedback on one recommendation: the request it answered, the item, whether the user liked it, and its weight in a refit."""

    request: Request
    item_id: str
    liked: bool
    weight: float = 1.0


@dataclass(frozen=True)
class AssociationConfig(SequenceConfig):
    """`hidden_size` of the MLP, `n_negatives` random items per batch; `text` is one of `item_vectors.TEXT_USES`."""

    hidden_size: int = 16
    n_negatives: int = 256
    text: str = "delta"
    batch_tokens: int = 4000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(1, self, "hidden_size", "n_negatives")


class Association(CausalModel):
    """User vector, item vectors and their association; reads the last `max_length` events."""

    Config = AssociationConfig

    def __init__(self, item_ids: np.ndarray, config: AssociationConfig):
        super().__init__(item_ids, config)
        size, hidden = config.embedding_size, config.hidden_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        rates = torch.tensor(DECAY_RATES).clamp(0.01, 0.999)
        self.rates = nn.Parameter(torch.log(rates / (1 - rates)))
        self.person = nn.Linear(len(DECAY_RATES) * size, size)
        self.of_person, self.of_item = nn.Linear(size, hidden), nn.Linear(size, hidden, bias=False)
        self.of_both = nn.Parameter(torch.randn(hidden, size) * size**-0.5)
        self.out = nn.Parameter(torch.randn(hidden) * hidden**-0.5)
        self.bias = nn.Parameter(torch.zeros(len(item_ids)))
        self.rating = RatingHead(len(item_ids), size)

    def read(self, dataset: Dataset, split: Split) -> None:
        super().read(dataset, split)
        self.rating.read(dataset, split)

    @property
    def receptive_field(self) -> int:
        return int(self.config.max_length)

    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        return Hidden(self.person(self._means(tokens, last_only)))

    def _means(self, tokens: Tokens, last_only: bool) -> Tensor:
        """Return decayed means (B, R, rates · D) of the events so far."""
        codes = self._on_device(tokens.codes)
        vectors = apply_dropout(self.embedding(codes), self.config.dropout, self.training)
        length, limit = codes.shape[1], self.config.max_length
        rates = torch.sigmoid(self.rates)
        rows = torch.arange(length - 1 if last_only else 0, length, device=codes.device)
        ages = rows[:, None] - torch.arange(length, device=codes.device)
        decay = torch.where((ages >= 0) & (ages < limit), rates[:, None, None] ** ages.clamp(0, limit), 0.0)  # (rates, R, T)
        decay = decay[None] * (codes != PAD)[:, None, None, :]
        means = (decay / decay.sum(-1, keepdim=True).clamp_min(1e-6)) @ vectors[:, None]  # (B, rates, R, D)
        return means.transpose(1, 2).flatten(2)

    def associate(self, users: Tensor, items: Tensor) -> Tensor:
        """Return association scores (n, n_items) of users (n, D) and items (n_items, D)."""
        both = torch.einsum("nd,hd,md->nmh", users, self.of_both, items)
        hidden = functional.relu(both + self.of_person(users)[:, None] + self.of_item(items)[None])
        return users @ items.T + hidden @ self.out

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Return the summed cross-entropy over the target and random items plus squared error of ratings, and the number of targets."""
        targets = self._on_device(tokens.targets)
        is_target = targets != PAD
        states, codes, items = self(tokens).states[is_target].float(), targets[is_target], self.item_vectors().float()
        drawn = torch.randperm(len(items), device=codes.device)[: self.config.n_negatives]
        others = self.associate(states, items[drawn]) + self.bias[drawn]
        others = others.masked_fill(drawn[None, :] == (codes - 1)[:, None], -torch.inf)
        # Scale the random items to the size of the catalogue, so that the loss estimates the full softmax.
        others = others + float(np.log(max(len(items) - 1, 1) / len(drawn)))
        own = self._pairs(states, items[codes - 1]) + self.bias[codes - 1]
        loss = (torch.logsumexp(torch.cat([own[:, None], others], 1), 1) - own).sum()
        return loss + self.rating.loss(states, items, codes, self._on_device(tokens.next_ratings)[is_target]), len(states)

    def _pairs(self, users: Tensor, items: Tensor) -> Tensor:
        """Return association scores (n,) of users (n, D) with the item (n, D) of each row."""
        hidden = functional.relu((users * items) @ self.of_both.T + self.of_person(users) + self.of_item(items))
        return (users * items).sum(-1) + hidden @ self.out

    def score_items(self, hidden: Hidden, items: Tensor) -> Tensor:
        return self._scores(hidden.states[:, 0].float(), items)

    def score_item(self, hidden: Hidden, items: Tensor, column: int) -> Tensor:
        return self.associate(hidden.states[:, 0].float(), items[[column]]) + self.bias[column]

    @torch.inference_mode()
    def score_trace(self, trace: Trace, steps: np.ndarray) -> np.ndarray:
        return self._scores(self._on_device(trace.states[steps]), self.item_vectors().float()).cpu().numpy()

    def _scores(self, users: Tensor, items: Tensor) -> Tensor:
        size = max(1, 4_000_000 // (len(items) * self.config.hidden_size))
        return torch.cat([self.associate(each, items) for each in users.split(size)]) + self.bias

    def ratings(self, requests: Sequence[Request]) -> np.ndarray:
        """Return expected ratings (len(requests), n_items) float32; NaN where the training data had none."""
        return self.expected_ratings(requests, self.rating)

    def refit(self, feedback: Iterable[Feedback], epochs: int = 10, learning_rate: float = 0.002, seed: int = 0) -> Self:
        """Return a new model trained on likes and dislikes as well; this one does not change.

        With p the softmax over all items, the loss is −log p of a like and −log(1 − p) of a dislike: the same as in training, so that
        a refit does not follow the feedback at the expense of the ranking. Only the association is refitted, not the item texts or the
        decay rates, and a penalty keeps the parameters close to the trained ones, so that little feedback does not undo much training.
        """
        known = [each for each in feedback if self.vocabulary.encode([each.item_id])[0] != PAD]
        if not known:
            raise DataError(_("there is no feedback on items that this model knows; collect likes and dislikes first"))
        torch.manual_seed(seed)
        model = deepcopy(self).eval()
        of_person, of_item = model.of_person.parameters(), model.of_item.parameters()
        parameters = [model.of_both, model.out, model.bias, *of_person, *of_item, *model.person.parameters()]
        before = [each.detach().clone() for each in parameters]
        means = self._means_of([each.request for each in known])
        codes = self._on_device(self.vocabulary.encode([each.item_id for each in known])) - 1
        liked, items = self._on_device(np.array([each.liked for each in known])), self.item_vectors().detach().float()
        weights = self._on_device(np.array([each.weight for each in known], dtype=np.float32))
        optimizer = torch.optim.Adam(parameters, lr=learning_rate)
        for _epoch in range(epochs):
            for rows in torch.randperm(len(known)).split(REFIT_BATCH):
                logits = model.associate(model.person(means[rows]), items) + model.bias
                logs = torch.log_softmax(logits, 1)[torch.arange(len(rows)), codes[rows]]
                others = torch.log1p(-logs.exp().clamp_max(0.999))
                penalty = REFIT_PULL * sum(((each - old) ** 2).sum() for each, old in zip(parameters, before, strict=True)) / len(known)
                (penalty - (weights[rows] * torch.where(liked[rows], logs, others)).mean()).backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
        return model

    @torch.inference_mode()
    def _means_of(self, requests: Sequence[Request]) -> Tensor:
        """Return means (len(requests), rates · D) of requests; a request that occurs several times is encoded once."""
        positions: dict[int, int] = {}
        rows_of_requests = [positions.setdefault(id(each), len(positions)) for each in requests]
        distinct = list({id(each): each for each in requests}.values())
        means = torch.empty(len(distinct), self.person.in_features, device=self.bias.device)
        for rows, tokens in self._last_batches(self._stream(distinct)):
            means[torch.from_numpy(rows.copy())] = self._means(tokens, last_only=True)[:, 0].float()
        return means[rows_of_requests].clone()
