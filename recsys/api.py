"""The functions of the public API that join several packages of the library; `import recsys` offers them by name."""

from pathlib import Path
from typing import TYPE_CHECKING

from recsys import core

if TYPE_CHECKING:
    from recsys.core import Dataset, Recommendation
    from recsys.evaluation.replay import Replay
    from recsys.training.checkpoints import LoadedCheckpoint


def load(checkpoint: str | Path, dataset: "str | Dataset", device: str = "cpu") -> "LoadedCheckpoint":
    """Load a checkpoint by its name, or from its folder, or code by module:name; a CheckpointError if it was trained on other data.

    A name means the version that was promoted last, NAME@1 the trained one.
    """
    from recsys.feedback.version_lookup import resolve_checkpoint
    from recsys.model_import.python_code import is_code, open_code
    from recsys.training.checkpoints import check_dataset_match, load_checkpoint

    data = _open(dataset)
    if is_code(str(checkpoint)):
        return open_code(str(checkpoint), data)
    loaded = load_checkpoint(resolve_checkpoint(str(checkpoint), data.name), device)
    check_dataset_match(loaded.card, data)
    return loaded


def recommend(
    model: "LoadedCheckpoint", dataset: "str | Dataset", user: str, step: int | None = None, k: int = 10
) -> "list[Recommendation]":
    """Return the k best items for a user after `step` events, by default after all of them."""
    data = _open(dataset)
    history = data.history(user)
    request = core.request_at(history, len(history) if step is None else step)
    return core.recommend(model.model, request, k, repeats=data.repeats)


def replay_history(model: "LoadedCheckpoint", dataset: "str | Dataset", user: str, k: int = 10) -> "Replay":
    """Replay a user's timeline: the top-k list at every step, and the exact rank of the item that came next."""
    from recsys.core.split import split_interactions
    from recsys.evaluation import replay

    data = _open(dataset)
    labels = split_interactions(data, model.card.protocol).labels[data.rows(user)]
    return replay.replay_history(model.model, data.history(user), data.repeats, k, labels=labels)


def _open(dataset: "str | Dataset") -> "Dataset":
    from recsys.datasets import open_dataset

    return open_dataset(dataset) if isinstance(dataset, str) else dataset
