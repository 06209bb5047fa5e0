"""Item embeddings: learnt, from item texts, or both."""

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset
from recsys.core.errors import DataError
from recsys.core.formatting import join_words
from recsys.core.split import TRAIN, Split
from recsys.core.translation import _
from recsys.models.layers.derived_cache import DerivedCache
from recsys.models.layers.lora import LoraEncoder

TEXT_USES = ("none", "start", "frozen", "delta", "tuned")
"""Uses of text: none, as initial values of learnt vectors, alone, with a learnt difference added, or with that and a fine-tuned encoder."""


class ItemVectors(nn.Embedding):
    """Embeddings of items and of the start token, tied between input and output.

    Texts are whitened to D (arXiv 2402.10602) and mapped by one learnt linear layer. The difference starts at 0 and stays 0 for
    items without training events, so that cold items keep the embedding of their text (arXiv 2507.19473).

    With a fine-tuned encoder, the texts of some items, drawn at random, are encoded again in each training step, and all texts when
    the model is switched to evaluation.
    """

    text: Tensor
    known: Tensor

    def __init__(self, n_items: int, size: int, text: str = "none"):
        if text not in TEXT_USES:
            raise DataError(
                _(
                    "setting text={value} is not one of {choices}; choose one of them",
                    value=text,
                    choices=join_words(TEXT_USES, "or"),
                )
            )
        super().__init__(n_items + 2, size, padding_idx=PAD)  # the start token is the last
        self.use = text
        self._table = DerivedCache()
        if text in ("frozen", "delta", "tuned"):
            self.register_buffer("text", torch.zeros(n_items, size))
            self.register_buffer("known", torch.ones(n_items, 1))
            self.map = nn.Linear(size, size)
        self.tuned = LoraEncoder(size) if text == "tuned" else None

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=0.02)

    def read(self, dataset: Dataset, split: Split) -> None:
        """Encode the texts of the dataset's items, and mark the items that have training events."""
        if self.use == "none":
            return
        from recsys.text import item_texts, item_vectors, whiten

        vectors = torch.from_numpy(whiten(item_vectors(dataset), self.embedding_dim))
        with torch.no_grad():
            if self.use == "start":
                self.weight[1:-1] = vectors * (0.02 * self.embedding_dim**0.5)  # of the same length as random ones
                return
            self.weight[1:-1] = 0.0
            self.text.copy_(vectors)
            if self.use == "frozen":
                self.known.zero_()
            else:
                learnt = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=self.num_embeddings)[1:-1] > 0
                self.known.copy_(torch.from_numpy(learnt[:, None].astype(np.float32)))
        if self.tuned is not None:
            self.tuned.read(item_texts(dataset))

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; a fine-tuned encoder encodes all texts again before evaluation."""
        if self.tuned is not None and self.tuned.ready and self.training and not mode:
            self.text.index_copy_(0, *self.tuned.encode_all())
        return super().train(mode)

    def vectors(self) -> Tensor:
        """Return the vectors (n_items, D) of all items."""
        learnt = self.weight[1:-1]
        return self.map(self._read_text()) + learnt * self.known if hasattr(self, "map") else learnt

    def _read_text(self) -> Tensor:
        if self.tuned is None or not self.tuned.ready or not self.training or not torch.is_grad_enabled():
            return self.text
        text = self.text.index_copy(0, *self.tuned.encode_sample())
        self.text = text.detach()
        return text

    def forward(self, codes: Tensor, table: Tensor | None = None) -> Tensor:
        """Return vectors (…, D) of codes (…), where 0 is padding and n_items + 1 the start token; from `table` if one is given."""
        if table is None:
            if not hasattr(self, "map"):
                return super().forward(codes)
            table = self._table(self.sources(), lambda: self.table(self.vectors()))
        return functional.embedding(codes, table, padding_idx=PAD)

    def table(self, vectors: Tensor) -> Tensor:
        """Return the lookup table (n_items + 2, D) by code: item vectors (n_items, D) between those of padding and the start token."""
        return torch.cat([self.weight[:1], vectors, self.weight[-1:]])

    def sources(self) -> list[Tensor]:
        """Return the parameters and buffers that the vectors depend on."""
        return [*self.parameters(), *self.buffers()]
