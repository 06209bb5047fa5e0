"""Checkpoints: the list of them, loaded models, and their output over a timeline."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pages.cache.answer_store import AnswerStore
from pages.cache.datasets import count_user_events, labels, uploads
from pages.cache.decorator import cached
from pages.cache.explanations import explanation_key
from pages.cache.session_folder import session_folder
from recsys.analysis.embeddings import get_item_vectors
from recsys.analysis.model_summary import ModelPart, summarize_model
from recsys.core import Dataset
from recsys.core.errors import NotTrainedError
from recsys.core.split import split_interactions
from recsys.core.translation import N_, _
from recsys.evaluation.replay import Replay, StepAttention, compute_step_attention, replay_history
from recsys.feedback.version_lookup import apply_promotions, resolve_checkpoint
from recsys.feedback.version_names import SEPARATOR
from recsys.model_import.python_code import open_named_code
from recsys.models import KNOWN_MODELS
from recsys.training.checkpoints import CheckpointEntry, LoadedCheckpoint, check_dataset_match, list_checkpoints, load_checkpoint, read_card
from recsys.training.live_models import find_live_model, list_live_models

if TYPE_CHECKING:
    from recsys.analysis.knowledge_graph import KnowledgeGraph

REPLAYED_AT_ONCE = 10_000  # events of a timeline that is always replayed as a whole
PART = 2_000  # events of a part of a longer one
LONG_REPLAYS = 4  # whole replays of long timelines that are kept: one takes up to a hundred megabytes


def checkpoints(dataset: Dataset) -> dict[str, CheckpointEntry]:
    """Return the checkpoints of a dataset, best validation NDCG first; the user's own replace shipped ones of the same name.

    Each is under the name that people use: the version in use has the plain name of its checkpoint.

    Differences under .01 do not count: then the order of KNOWN_MODELS decides, where a model stands before its variants. Fusions stand
    last: they take the time of all their parts, and a visitor waits for the first model.
    """
    own = private_checkpoints(dataset)
    open_named_code(dataset)
    found = [
        *list_live_models(dataset.name),
        *(apply_promotions(dataset.name, list_checkpoints(dataset.name)) if own is None else _in_folder(own)),
    ]
    place = {model: at for at, model in enumerate(KNOWN_MODELS)}

    def best_first(each: CheckpointEntry) -> tuple[bool, float, int]:
        return bool(each.card.parts), -round(float(each.card.validation.get("ndcg@10") or 0), 2), place[each.card.model]

    return {each.name: each for each in sorted(found, key=best_first)}


def private_checkpoints(dataset: Dataset) -> Path | None:
    """Return the folder of models trained on this session's own upload; None for data that all sessions see."""
    return session_folder() / "checkpoints" / dataset.name if dataset.name in uploads() else None


def _in_folder(folder: Path) -> list[CheckpointEntry]:
    cards = sorted(folder.glob("[!.]*/card.json"))
    return [CheckpointEntry(card.parent.name, card.parent, read_card(card.parent), shipped=False) for card in cards]


def loaded(dataset: Dataset, checkpoint: str, device: str) -> LoadedCheckpoint:
    """Load a checkpoint, ready to score; NotTrainedError says how to train a model that has none."""
    known = checkpoints(dataset)
    found = known.get(checkpoint)
    if found is None:
        if f"{checkpoint}{SEPARATOR}1" in known:
            resolve_checkpoint(checkpoint, dataset.name)  # raises an error: the promoted version has lost its folder
        title = KNOWN_MODELS[checkpoint].title if checkpoint in KNOWN_MODELS else checkpoint
        if dataset.name in uploads():
            raise NotTrainedError(_("{model} is not trained on {dataset} yet.", model=title, dataset=dataset.title))
        command = f"python -m recsys train {checkpoint} {dataset.name}"
        raise NotTrainedError(
            _(
                "{model} is not trained on {dataset} yet. Train it here or run: {command}",
                model=title,
                dataset=dataset.title,
                command=command,
            )
        )
    check_dataset_match(found.card, dataset)
    live = find_live_model(dataset.name, checkpoint)
    if live is not None:
        return live
    return _loaded(str(found.folder), _stamp(found.folder), device)


def shared_checkpoint(folder: Path) -> LoadedCheckpoint:
    """Load the checkpoint of a folder that all sessions see, onto the device that sessions take by themselves."""
    return _loaded(str(folder), _stamp(folder), "auto")


@cached(32, N_("Loading the model …"))  # all checkpoints of one dataset: a page may ask every one
def _loaded(folder: str, stamp: str, device: str) -> LoadedCheckpoint:
    return load_checkpoint(Path(folder), device=device)


def _stamp(folder: Path) -> str:
    """Return a stamp that changes when a checkpoint is rewritten, without reading its weights."""
    files = sorted(each for each in folder.iterdir() if each.is_file())
    return " ".join(f"{each.name}:{each.stat().st_mtime_ns}:{each.stat().st_size}" for each in files)


def replay(dataset: Dataset, checkpoint: str, user: str, device: str, step: int) -> Replay:
    """Replay one user's timeline under one model, computed once; of a long one the part with `step`, unless the whole is known.

    Parts are counted from the end, so that the part shown first is the latest one.
    """
    return replay_loaded(dataset, loaded(dataset, checkpoint, device), user, step)


def replay_loaded(dataset: Dataset, found: LoadedCheckpoint, user: str, step: int) -> Replay:
    """Replay one user's timeline as `replay` does, under a model that is loaded already."""
    whole: Replay | None = _long_replays().get(explanation_key(dataset, found, user))
    return _replay_around(dataset, found, user, step) if whole is None else whole


def replay_part(dataset: Dataset, checkpoint: str, user: str, device: str, step: int) -> Replay:
    """Replay one user's timeline, of a long one only the part with `step`, even where the whole is known."""
    return _replay_around(dataset, loaded(dataset, checkpoint, device), user, step)


def _replay_around(dataset: Dataset, found: LoadedCheckpoint, user: str, step: int) -> Replay:
    length = count_user_events(dataset, user)
    if length <= REPLAYED_AT_ONCE:
        return _replay(dataset, found, user)
    later = (length - 1 - min(step, length - 1)) // PART * PART  # events after the part
    return _replay_part(dataset, found, user, max(length - later - PART, 0), length - later + (not later))


def replay_whole(dataset: Dataset, checkpoint: str, user: str, device: str, report: Callable[[int, int], None]) -> None:
    """Replay a whole long timeline, so that `replay` returns it from then on; an error raised by `report` ends the work."""
    found = loaded(dataset, checkpoint, device)
    split_labels = labels(dataset, found.card.protocol)[dataset.rows(user)]
    whole = replay_history(found.model, dataset.history(user), dataset.repeats, labels=split_labels, report=report)
    _long_replays().put(explanation_key(dataset, found, user), whole)


@cached(1)
def _long_replays() -> AnswerStore:
    """Return the store of complete replays of long timelines."""
    return AnswerStore(LONG_REPLAYS)


@cached(64, N_("Replaying the timeline …"))
def _replay(dataset: Dataset, found: LoadedCheckpoint, user: str) -> Replay:
    split_labels = labels(dataset, found.card.protocol)[dataset.rows(user)]
    return replay_history(found.model, dataset.history(user), dataset.repeats, labels=split_labels)


@cached(64, N_("Replaying a part of the timeline …"))
def _replay_part(dataset: Dataset, found: LoadedCheckpoint, user: str, first: int, stop: int) -> Replay:
    split_labels = labels(dataset, found.card.protocol)[dataset.rows(user)]
    return replay_history(found.model, dataset.history(user), dataset.repeats, labels=split_labels, steps=range(first, stop))


def attention(dataset: Dataset, checkpoint: str, user: str, step: int, device: str) -> StepAttention:
    """Return the attention of a model at one step."""
    return _attention(dataset, loaded(dataset, checkpoint, device), user, step)


@cached(64)
def _attention(dataset: Dataset, found: LoadedCheckpoint, user: str, step: int) -> StepAttention:
    return compute_step_attention(found.model, dataset.history(user), step)


def model_summary(dataset: Dataset, checkpoint: str, device: str) -> ModelPart:
    """Return the architecture of a checkpoint."""
    return _model_summary(loaded(dataset, checkpoint, device))


@cached(32)
def _model_summary(found: LoadedCheckpoint) -> ModelPart:
    return summarize_model(found.model)


def model_space(dataset: Dataset, checkpoint: str, device: str) -> np.ndarray | None:
    """Return a model's item embeddings (n_items, D) in the order of the dataset; None for a model without any."""
    return _model_space(loaded(dataset, checkpoint, device))


@cached(8)
def _model_space(found: LoadedCheckpoint) -> np.ndarray | None:
    return get_item_vectors(found.model)


@cached(4)
def knowledge_graph(dataset: Dataset, protocol: str) -> "KnowledgeGraph":
    """Return the knowledge graph of the training events of a protocol."""
    from recsys.analysis.knowledge_graph import KnowledgeGraph

    return KnowledgeGraph(dataset, split_interactions(dataset, protocol))
