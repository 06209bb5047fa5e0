"""What has been found out about single recommendations, kept for all sessions: the latest few hundred answers."""

from collections import OrderedDict
from threading import Lock
from typing import Any

from pages.cache.decorator import cached
from recsys.core import Dataset
from recsys.training.checkpoints import Loaded

MOST = 256


class ExplanationStore:
    """Finished answers by key. An answer that takes long is put here when it is whole, so that half of one is never kept."""

    def __init__(self, most: int = MOST):
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._most, self._lock = most, Lock()

    def get(self, key: tuple[Any, ...]) -> Any:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: tuple[Any, ...], answer: Any) -> None:
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@cached(1)
def explanation_store() -> ExplanationStore:
    """The one shelf of this server."""
    return ExplanationStore()


def explanation_key(dataset: Dataset, found: Loaded, *rest: Any) -> tuple[Any, ...]:
    """A key of the shelf: data and model by fingerprint, and whatever else was asked."""
    return (dataset.name, dataset.fingerprint, found.fingerprint, found.device, *rest)
