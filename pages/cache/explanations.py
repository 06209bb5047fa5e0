"""Explanations of single recommendations and of whole models, shared by all sessions: the latest few hundred.

They hold numbers and names from the data. Pages compose the text, so that answers are the same in every language.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any

from pages.cache.decorator import cached
from recsys.core import Dataset
from recsys.training.checkpoints import LoadedCheckpoint

CAPACITY = 256


class ExplanationStore:
    """Finished answers by key, the least recently used dropped first; an answer that takes long is put here only when it is complete."""

    def __init__(self, capacity: int = CAPACITY):
        self._answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._capacity, self._lock = capacity, Lock()

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return the answer with this key; None where there is none."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: tuple[Any, ...], answer: Any) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > self._capacity:
                self._answers.popitem(last=False)


@cached(1)
def explanation_store() -> ExplanationStore:
    """Return the one store of this server."""
    return ExplanationStore()


def explanation_key(dataset: Dataset, loaded: LoadedCheckpoint, *rest: Any) -> tuple[Any, ...]:
    """Return a key of the store: dataset and model by fingerprint, and what else was asked."""
    return (dataset.name, dataset.fingerprint, loaded.fingerprint, loaded.device, *rest)
