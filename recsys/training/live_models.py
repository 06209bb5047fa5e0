"""Models that live in this process only, such as code of the person who started the app. They are listed beside the checkpoints."""

from pathlib import Path

from recsys.training.checkpoints import CheckpointEntry, LoadedCheckpoint

_LIVE: dict[str, dict[str, LoadedCheckpoint]] = {}


def register_live_model(loaded: LoadedCheckpoint) -> None:
    """Make a model available under the name and dataset of its card; one of the same name is replaced."""
    _LIVE.setdefault(loaded.card.dataset, {})[loaded.card.name] = loaded


def find_live_model(dataset: str, name: str) -> LoadedCheckpoint | None:
    """Return the model of that name, None where there is none."""
    return _LIVE.get(dataset, {}).get(name)


def list_live_models(dataset: str) -> list[CheckpointEntry]:
    """Return the live models of a dataset in the order of their registration."""
    return [CheckpointEntry(name, Path(), loaded.card, shipped=False) for name, loaded in _LIVE.get(dataset, {}).items()]
