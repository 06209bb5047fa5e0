"""Explanations of single recommendations and of whole models, shared by all sessions: the latest few hundred.

They hold numbers and names from the data. Pages compose the text, so that answers are the same in every language.
"""

from typing import Any

from pages.cache.answer_store import AnswerStore
from pages.cache.decorator import cached
from recsys.core import Dataset
from recsys.training.checkpoints import LoadedCheckpoint


@cached(1)
def explanation_store() -> AnswerStore:
    """Return the one store of this server."""
    return AnswerStore()


def explanation_key(dataset: Dataset, loaded: LoadedCheckpoint, *rest: Any) -> tuple[Any, ...]:
    """Return a key of the store: dataset and model by fingerprint, and what else was asked."""
    return (dataset.name, dataset.fingerprint, loaded.fingerprint, loaded.device, *rest)
