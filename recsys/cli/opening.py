"""Checkpoints opened by name or folder, for the commands that run a model."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.training.checkpoints import LoadedCheckpoint


def open_checkpoint(checkpoint: str, data: "Dataset", device: str) -> "LoadedCheckpoint":
    """Load a checkpoint by name or folder, or code by package.module:factory; a CheckpointError if it was trained on other data."""
    from recsys.model_import.python_code import is_code, open_code
    from recsys.training import checkpoints

    if is_code(checkpoint):
        return open_code(checkpoint, data)
    loaded = checkpoints.load_checkpoint(checkpoints.find_checkpoint(checkpoint, data.name), device)
    checkpoints.check_dataset_match(loaded.card, data)
    return loaded
