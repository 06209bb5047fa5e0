"""Checkpoints opened by name or folder, for the commands that run a model."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.training.checkpoints import LoadedCheckpoint


def open_checkpoint(checkpoint: str, data: "Dataset", device: str) -> "LoadedCheckpoint":
    """Load a checkpoint by name or folder; a CheckpointError if it was trained on other data."""
    from recsys.training import checkpoints

    loaded = checkpoints.load_checkpoint(checkpoints.find_checkpoint(checkpoint, data.name), device)
    checkpoints.check_dataset_match(loaded.card, data)
    return loaded
