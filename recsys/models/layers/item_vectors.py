"""Where the vectors of items come from: learnt, or from what is written about the items, or both."""

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, Split
from recsys.models.layers.derived_cache import DerivedCache
from recsys.models.layers.lora import LoraEncoder

TEXT_USES = ("none", "start", "frozen", "delta", "tuned")
"""How text is used: not at all, as the first values of learnt vectors, alone, with a learnt difference beside it, or with that and an
encoder whose last layers learn."""


class ItemVectors(nn.Embedding):
    """Vectors of items, and of the token before the first event: the same for what goes in and what comes out.

    Text comes whitened to D (arXiv 2402.10602) and goes through one learnt linear map. The difference starts at 0 and stays 0
    for items without training events, which keeps cold items where their text puts them (arXiv 2507.19473).

    Tuned text is encoded anew for some items each training step, drawn at random, and for all of them when training pauses.
    """

    text: Tensor
    known: Tensor

    def __init__(self, n_items: int, size: int, text: str = "none"):
        if text not in TEXT_USES:
            raise DataError(f"setting text={text} is none of {', '.join(TEXT_USES)}")
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
        """Take the text of the dataset's items and, from its training events, which items the model will get to know."""
        if self.use == "none":
            return
        from recsys.text import item_texts, item_vectors, whiten

        vectors = torch.from_numpy(whiten(item_vectors(dataset), self.embedding_dim))
        with torch.no_grad():
            if self.use == "start":
                self.weight[1:-1] = vectors * (0.02 * self.embedding_dim**0.5)  # as long as random ones
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
        """Where the encoder learns, its texts are up to date when training pauses."""
        if self.tuned is not None and self.tuned.ready and self.training and not mode:
            self.text.index_copy_(0, *self.tuned.all())
        return super().train(mode)

    def vectors(self) -> Tensor:
        """(n_items, D)"""
        learnt = self.weight[1:-1]
        return self.map(self._read_text()) + learnt * self.known if hasattr(self, "map") else learnt

    def _read_text(self) -> Tensor:
        if self.tuned is None or not self.tuned.ready or not self.training or not torch.is_grad_enabled():
            return self.text
        text = self.text.index_copy(0, *self.tuned.some())
        self.text = text.detach()
        return text

    def forward(self, codes: Tensor, table: Tensor | None = None) -> Tensor:
        """Vectors (…, D) of codes (…): 0 for padding, n_items + 1 for the start; looked up in a `table` of others where one is given."""
        if table is None:
            if not hasattr(self, "map"):
                return super().forward(codes)
            table = self._table(self.sources(), lambda: self.table(self.vectors()))
        return functional.embedding(codes, table, padding_idx=PAD)

    def table(self, vectors: Tensor) -> Tensor:
        """(n_items + 2, D): vectors of items (n_items, D) between those of padding and the start, as codes look them up."""
        return torch.cat([self.weight[:1], vectors, self.weight[-1:]])

    def sources(self) -> list[Tensor]:
        """All that the vectors are made of."""
        return [*self.parameters(), *self.buffers()]
