"""The checkpoints that a case names."""

from collections.abc import Callable
from pathlib import Path

from recsys.core import Dataset
from recsys.feedback.version_lookup import resolve_checkpoint
from recsys.storage.paths import check_name
from recsys.training.checkpoints import LoadedCheckpoint, check_dataset_match
from recsys.training.live_models import find_live_model


def load_named(dataset: Dataset, name: str, load: Callable[[Path], LoadedCheckpoint]) -> LoadedCheckpoint:
    """Return the model of this name: one of this process, or a checkpoint, whose folder `load` is given.

    Anyone can write a name into a case, so that it is never a path or code, as it may be on a command line.
    """
    loaded = find_live_model(dataset.name, name)
    if loaded is None:
        loaded = load(resolve_checkpoint(check_name("checkpoint", name), dataset.name, allows_path=False))
    check_dataset_match(loaded.card, dataset)
    return loaded
