"""A Markov chain whose transitions are learnt and not counted: p(next | last) = softmax over items of ⟨θ, x_next x_lastᵀ⟩.

With θ of low rank this is a product of two vectors an item, one for having been last, one for coming next, trained by
cross-entropy over every item: the sequential half of FPMC (Rendle et al. 2010) with the loss of today. Two items never seen in a
row have a probability of their own, which the counted `markov` cannot give.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recsys.core import PAD, Dataset, Request, Vocabulary
from recsys.core.split import Split
from recsys.models.base.event_arrays import last_codes, read
from recsys.models.base.sequences import Stream, training_stream
from recsys.models.base.settings import GradientConfig
from recsys.models.layers.dropout import fast_dropout
from recsys.models.layers.losses import full_softmax_loss


@dataclass(frozen=True)
class BilinearMarkovConfig(GradientConfig):
    """`embedding_size` is the rank of θ; `batch_tokens` pairs go into one step."""

    learning_rate: float = 5e-3
    batch_tokens: int = 4000
    epochs: int = 40
    patience: int = 5


class BilinearMarkov(nn.Module):
    """Keeps two vectors an item and how common each is; the start of a history is one more item that only goes before.

    Validation NDCG@10 on demo-city, ml-100k and foursquare: .396, .093, .306 (counted: .393, .075, .297). Dropout .5 gives .394
    and .095, weight decay .3 .395 and .097 on the first two, in up to twice the epochs.
    """

    Config = BilinearMarkovConfig

    def __init__(self, item_ids: np.ndarray, config: BilinearMarkovConfig):
        super().__init__()
        self.config = config
        self.vocabulary = Vocabulary(item_ids)
        n_items = len(item_ids)
        self.last = nn.Embedding(n_items + 2, config.embedding_size, padding_idx=PAD)  # and the start, last
        self.next = nn.Parameter(torch.empty(n_items, config.embedding_size))
        self.common = nn.Parameter(torch.zeros(n_items, 1))
        nn.init.normal_(self.last.weight, std=0.1)
        nn.init.normal_(self.next, std=0.1)

    @classmethod
    def build(cls, dataset: Dataset, split: Split, config: BilinearMarkovConfig, seed: int) -> "BilinearMarkov":
        """A fresh model; the seed sets its parameters."""
        del split  # the vocabulary is the whole catalogue
        torch.manual_seed(seed)
        return cls(dataset.item_ids, config)

    @staticmethod
    def training_data(dataset: Dataset, split: Split) -> Stream:
        return training_stream(dataset, split)

    def batches(self, data: Stream, rng: np.random.Generator) -> Iterator[tuple[int, int, np.ndarray]]:
        """One epoch of (number, of how many, batch), a batch being pairs (n, 2) of codes, what was last and what came next."""
        pairs = np.column_stack([data.codes, data.targets])[rng.permutation(len(data.codes))]
        count = -(-len(pairs) // self.config.batch_tokens)
        for number, batch in enumerate(np.array_split(pairs, max(count, 1))):
            yield number, max(count, 1), batch

    def loss(self, batch: np.ndarray, precision: torch.dtype) -> tuple[Tensor, int]:
        """Summed cross-entropy of what came next, and how many there are."""
        pairs = torch.from_numpy(batch).to(self.next.device)
        return full_softmax_loss(self._states(pairs[:, 0]), self._items(), pairs[:, 1] - 1, precision), len(pairs)

    def _states(self, codes: Tensor) -> Tensor:
        """(n, D + 1): the vector of what was last, and a one that meets how common an item is."""
        vectors = fast_dropout(self.last(codes), self.config.dropout, self.training)
        return torch.cat([vectors, vectors.new_ones(len(codes), 1)], dim=1)

    def item_vectors(self) -> Tensor:
        """(n_items, D) of an item as what comes next, to compare with the vector of what was last."""
        return self.next

    def _items(self) -> Tensor:
        return torch.cat([self.next, self.common], dim=1)

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    @torch.inference_mode()
    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Logits of the next item (requests, n_items)."""
        last = read(requests, self.vocabulary).last()
        codes = torch.from_numpy(np.where(last == PAD, len(self.vocabulary) + 1, last)).to(self.next.device)
        scores = (self._states(codes) @ self._items().T).float().cpu().numpy()
        return self.vocabulary.mask(scores, requests)

    def fallback(self, request: Request) -> str | None:
        return None if len(last_codes(request.history, self.vocabulary)) else "no history yet: what people usually start with"

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything learnt, by parameter name."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: BilinearMarkovConfig, arrays: dict[str, np.ndarray]) -> "BilinearMarkov":
        """The inverse of `arrays`, ready to score."""
        model = cls(item_ids, config)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
        return model.eval()
