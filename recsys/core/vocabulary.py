"""Item ids and the integer codes that stand for them inside models."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from recsys.core.errors import DataError, unknown
from recsys.core.history import Request
from recsys.core.translation import _

PAD = 0
"""The code of padding and of items that a model does not know. Item codes start at 1."""


class Vocabulary:
    """Item ids and their codes: code = position in `item_ids` + 1, 0 for padding and unknown items."""

    def __init__(self, item_ids: Sequence[str] | np.ndarray):
        self.item_ids = np.asarray(item_ids, dtype=object)
        self._codes = {item_id: code for code, item_id in enumerate(self.item_ids, start=PAD + 1)}
        if len(self._codes) < len(self.item_ids):
            twice = pd.Index(self.item_ids).duplicated()
            raise DataError(
                _("item id '{item}' is in the vocabulary twice; give every item an id of its own", item=self.item_ids[twice][0])
            )

    def __len__(self) -> int:
        return len(self.item_ids)

    def encode(self, item_ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return the codes (n,) int64 of item ids; 0 where the item is unknown."""
        code_of = self._codes.get  # for one short history a dict takes microseconds, a pandas index 0.3 ms
        return np.fromiter((code_of(item_id, PAD) for item_id in item_ids), dtype=np.int64, count=len(item_ids))

    def mask(self, scores: np.ndarray, requests: Sequence[Request]) -> np.ndarray:
        """Set the scores (len(requests), n_items) of items that are not candidates of their request to −inf, in place, and return them."""
        for row, request in zip(scores, requests, strict=True):
            if request.candidates is not None:
                codes = self.encode(request.candidates)
                if not codes.all():
                    names = ", ".join(np.asarray(request.candidates, dtype=object)[codes == PAD][:5])
                    raise unknown("item", names, self.item_ids)
                outside = np.ones(len(row), dtype=bool)
                outside[codes - 1] = False
                row[outside] = -np.inf
        return scores

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the ids and their order: equal for equal vocabularies only."""
        return hashlib.sha256("\x1f".join(self.item_ids).encode()).hexdigest()[:16]
