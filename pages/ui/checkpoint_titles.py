"""Titles of checkpoints, and the checkpoints that fit the cursor's dataset."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pages import cache
from pages.shell.cursor import Cursor
from recsys.core.translation import _
from recsys.feedback.version_names import split_version
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry


def find_promoted_version(found: "CheckpointEntry") -> int | None:
    """Return the number of the version that the plain name of a checkpoint means, None for the trained one and for a name with a number."""
    version = split_version(found.card.name)[1]
    return version if version > 1 and found.name != found.card.name else None


def mark_version(title: str, found: "CheckpointEntry") -> str:
    """Return a title with the number of the promoted version in front, if a version is promoted."""
    version = find_promoted_version(found)
    return title if version is None else _("v{version} · {title}", version=version, title=title)


def name_checkpoint(name: str, model: str) -> str:
    """Return the model's title; for a checkpoint with a name of its own, that name and the title."""
    return find_model_spec(model).title if name == model else _("{name} ({model})", name=name, model=find_model_spec(model).title)


def name_checkpoints(found: Mapping[str, "CheckpointEntry"]) -> dict[str, str]:
    """Return the title of every checkpoint by its name."""
    return {name: mark_version(name_checkpoint(name, each.card.model), each) for name, each in found.items()}


def matching_checkpoints(here: Cursor) -> dict[str, "CheckpointEntry"]:
    """Return the checkpoints trained on the current version of the cursor's dataset, best first."""
    return {
        name: each for name, each in cache.checkpoints(here.dataset).items() if each.card.dataset_fingerprint == here.dataset.fingerprint
    }
