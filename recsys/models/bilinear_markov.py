"""Markov chain with learnt transitions: p(next | last) = softmax over items of ⟨θ, x_next x_lastᵀ⟩.

With θ of low rank this is a product of two vectors per item, one as the last and one as the next item, trained by cross-entropy
over all items: the sequential part of FPMC (Rendle et al. 2010) with a full softmax. Transitions never observed have individual
probabilities, unlike in the counted `markov`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, Request, Vocabulary
from recsys.core.split import Split
from recsys.core.translation import N_
from recsys.models.base.event_arrays import collect_events
from recsys.models.base.sequences import Stream, build_training_stream
from recsys.models.base.settings import GradientConfig
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.losses import full_softmax_loss

REQUESTS_PER_BATCH = 512


@dataclass(frozen=True)
class BilinearMarkovConfig(GradientConfig):
    """`embedding_size` is the rank of θ; `batch_tokens` is the number of transitions per step."""

    learning_rate: float = 5e-3
    batch_tokens: int = 4000
    epochs: int = 40
    patience: int = 5


class BilinearMarkov(nn.Module):
    """Two vectors and a bias per item; the start of a history is one more item that only comes last.

    Validation NDCG@10 on demo-city, ml-100k and foursquare: .396, .093, .306 (counted: .393, .075, .297). Dropout .5 gives .394
    and .095, weight decay .3 .395 and .097 on the first two, in up to twice the epochs.
    """

    Config = BilinearMarkovConfig

    def __init__(self, item_ids: np.ndarray, config: BilinearMarkovConfig):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        n_items = len(item_ids)
        self.last = nn.Embedding(n_items + 2, config.embedding_size, padding_idx=PAD)  # with the start token at the end
        self.next = nn.Parameter(torch.empty(n_items, config.embedding_size))
        self.common = nn.Parameter(torch.zeros(n_items, 1))
        nn.init.normal_(self.last.weight, std=0.1)
        nn.init.normal_(self.next, std=0.1)

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: BilinearMarkovConfig, seed: int) -> "BilinearMarkov":
        """Return an untrained model with parameters drawn from the seed."""
        del split  # the vocabulary is the whole catalogue
        torch.manual_seed(seed)
        return cls(dataset.item_ids, config)

    @staticmethod
    def training_data(dataset: Dataset, split: Split) -> Stream:
        """Return the tokens of all training events."""
        return build_training_stream(dataset, split)

    def batches(self, data: Stream, rng: np.random.Generator) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield one epoch of (batch number, number of batches, batch); a batch holds pairs (n, 2) of the codes of last and next items."""
        pairs = np.column_stack([data.codes, data.targets])[data.targets != PAD]
        pairs = pairs[rng.permutation(len(pairs))]
        count = -(-len(pairs) // self.config.batch_tokens)
        for number, batch in enumerate(np.array_split(pairs, max(count, 1))):
            yield number, max(count, 1), batch

    def loss(self, batch: np.ndarray, precision: torch.dtype) -> tuple[Tensor, int]:
        """Return the summed cross-entropy of the next items, and their number."""
        pairs = torch.from_numpy(batch).to(self.next.device)
        return full_softmax_loss(self._states(pairs[:, 0]), self._items(), pairs[:, 1] - 1, precision), len(pairs)

    def _states(self, codes: Tensor) -> Tensor:
        """Return (n, D + 1): the vectors of the last items, and a one that is multiplied with the item bias."""
        vectors = apply_dropout(self.last(codes), self.config.dropout, self.training)
        return torch.cat([vectors, vectors.new_ones(len(codes), 1)], dim=1)

    def item_vectors(self) -> Tensor:
        """Return the vectors (n_items, D) of items as the next item, to compare with those of the last."""
        return self.next

    def _items(self) -> Tensor:
        return torch.cat([self.next, self.common], dim=1)

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def request_batches(self, requests: Sequence[Request]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return rows of requests and the codes of their last items in batches, for `score_batch`."""
        last = collect_events(requests, self.vocabulary, within=1).last_codes()
        codes = np.where(last == PAD, len(self.vocabulary) + 1, last)
        return [(rows, codes[rows]) for rows in np.array_split(np.arange(len(codes)), max(1, -(-len(codes) // REQUESTS_PER_BATCH)))]

    def score_batch(self, codes: np.ndarray) -> Tensor:
        """Return logits (B, n_items) after the last items, from which gradients flow back to the parameters."""
        return (self._states(torch.from_numpy(codes).to(self.next.device)) @ self._items().T).float()

    @torch.inference_mode()
    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return logits of the next item (requests, n_items)."""
        scores = np.empty((len(requests), len(self.vocabulary)), dtype=np.float32)
        for rows, codes in self.request_batches(requests):
            scores[rows] = self.score_batch(codes).cpu().numpy()
        return self.vocabulary.mask(scores, requests)

    def fallback(self, request: Request) -> str | None:
        return self.fallbacks([request])[0]

    def fallbacks(self, requests: Sequence[Request]) -> list[str | None]:
        known = collect_events(requests, self.vocabulary, within=1).lengths
        return [None if count else N_("no history yet: usual first items") for count in known]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all parameters by name."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: BilinearMarkovConfig, arrays: dict[str, np.ndarray]) -> "BilinearMarkov":
        """Return the model of these arrays, ready to score: the inverse of `arrays`."""
        model = cls(item_ids, config)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
        return model.eval()
