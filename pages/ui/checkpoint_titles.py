"""The checkpoints that fit the cursor's dataset, and their titles."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pages import cache
from pages.shell.cursor import Cursor
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.training.checkpoints import Found


def checkpoint_titles(dataset_found: Mapping[str, "Found"]) -> dict[str, str]:
    """What each checkpoint is called."""
    named = {name: MODELS[each.card.model].title for name, each in dataset_found.items()}
    return {name: title if name == dataset_found[name].card.model else f"{name} ({title})" for name, title in named.items()}


def matching_checkpoints(here: Cursor) -> dict[str, "Found"]:
    """The checkpoints that were trained on this data as it is now, the best first."""
    return {
        name: each for name, each in cache.checkpoints(here.dataset).items() if each.card.dataset_fingerprint == here.dataset.fingerprint
    }
