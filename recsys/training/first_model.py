"""The first model of a dataset, so that there is a timeline to see at once."""

from pathlib import Path

from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.training import loop
from recsys.training.checkpoints import list_checkpoints

FIRST_MODEL = "markov"
"""Counted in seconds, and hard to beat where users return to items."""


def train_first_model(dataset: Dataset, folder: Path | None = None) -> bool:
    """Train the first model of a dataset that has none, and return whether it did; data that is too small for a model gets none."""
    if any(entry.card.dataset_fingerprint == dataset.fingerprint for entry in list_checkpoints(dataset.name)):
        return False
    try:
        for _progress in loop.train_model(FIRST_MODEL, dataset, folder=folder):
            pass
    except RecsysError:
        return False
    return True
