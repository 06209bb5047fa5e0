"""Titles of checkpoints, and the checkpoints that fit the cursor's dataset."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pages import cache
from pages.shell.cursor import Cursor
from recsys.core.translation import _
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry


def name_checkpoint(name: str, model: str) -> str:
    """Return the model's title; for a checkpoint with a name of its own, that name and the title."""
    return find_model_spec(model).title if name == model else _("{name} ({model})", name=name, model=find_model_spec(model).title)


def name_checkpoints(found: Mapping[str, "CheckpointEntry"]) -> dict[str, str]:
    """Return the title of every checkpoint by its name."""
    return {name: name_checkpoint(name, each.card.model) for name, each in found.items()}


def matching_checkpoints(here: Cursor) -> dict[str, "CheckpointEntry"]:
    """Return the checkpoints trained on the current version of the cursor's dataset, best first."""
    return {
        name: each for name, each in cache.checkpoints(here.dataset).items() if each.card.dataset_fingerprint == here.dataset.fingerprint
    }
