"""Trained models: which there are, loaded, and what they say of a timeline."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pages.cache.datasets import labels, uploads, workspace
from pages.cache.decorator import cached
from recsys.analysis.embeddings import model_vectors
from recsys.analysis.model_summary import ModelPart, summarize_model
from recsys.core import Dataset
from recsys.core.errors import NotTrainedError
from recsys.core.split import split_interactions
from recsys.evaluation.replay import Attention, Replay, attention_at_step, replay_history
from recsys.models import MODELS
from recsys.training.checkpoints import Found, Loaded, check_match, list_checkpoints, load, read_card

if TYPE_CHECKING:
    from recsys.analysis.knowledge_graph import Graph


def checkpoints(dataset: Dataset) -> dict[str, Found]:
    """The trained models of a dataset, one's own before the shipped ones of the same name, best validation NDCG first.

    Less than a hundredth is no difference: then the order of MODELS counts, where a model stands before its variants. What is made
    of other models stands behind them all: it takes the time of each, and the first one is what a visitor waits for.
    """
    own = private_checkpoints(dataset)
    found = list_checkpoints(dataset.name) if own is None else _in_folder(own)
    place = {model: at for at, model in enumerate(MODELS)}

    def best_first(each: Found) -> tuple[bool, float, int]:
        return bool(each.card.parts), -round(float(each.card.validation.get("ndcg@10") or 0), 2), place[each.card.model]

    return {each.name: each for each in sorted((each for each in found if each.card.model in MODELS), key=best_first)}


def private_checkpoints(dataset: Dataset) -> Path | None:
    """Where this session keeps models trained on its own upload, gone with the session; None for data that everybody sees."""
    return workspace() / "checkpoints" / dataset.name if dataset.name in uploads() else None


def _in_folder(folder: Path) -> list[Found]:
    cards = sorted(folder.glob("[!.]*/card.json"))
    return [Found(card.parent.name, card.parent, read_card(card.parent), shipped=False) for card in cards]


def loaded(dataset: Dataset, checkpoint: str, device: str) -> Loaded:
    """A trained model, ready to score; NotTrainedError says how to train one that has no checkpoint."""
    found = checkpoints(dataset).get(checkpoint)
    if found is None:
        command = "" if dataset.name in uploads() else f", or run: python -m recsys train {checkpoint} {dataset.name}"
        title = MODELS[checkpoint].title if checkpoint in MODELS else checkpoint
        raise NotTrainedError(f"“{title}” is not trained on {dataset.title} yet; train it on the page Evaluate, Checkpoints{command}")
    check_match(found.card, dataset)
    return _loaded(str(found.folder), _stamp(found.folder), device)


@cached(32, "Loading the model …")  # as many as one dataset has: a page may ask all of them
def _loaded(folder: str, stamp: str, device: str) -> Loaded:
    return load(Path(folder), device=device)


def _stamp(folder: Path) -> str:
    """Tells a rewritten checkpoint from the one loaded before, without reading its weights."""
    files = sorted(each for each in folder.iterdir() if each.is_file())
    return " ".join(f"{each.name}:{each.stat().st_mtime_ns}:{each.stat().st_size}" for each in files)


def replay(dataset: Dataset, checkpoint: str, user: str, device: str) -> Replay:
    """Every step of one person under one model, computed once; moving the cursor only redraws."""
    return _replay(dataset, loaded(dataset, checkpoint, device), user)


@cached(64, "Replaying this timeline …")
def _replay(dataset: Dataset, found: Loaded, user: str) -> Replay:
    split_labels = labels(dataset, found.card.protocol)[dataset.rows(user)]
    return replay_history(found.model, dataset.history(user), dataset.repeats, labels=split_labels)


def attention(dataset: Dataset, checkpoint: str, user: str, step: int, device: str) -> Attention:
    """Where a model that traces looks at one step."""
    return _attention(dataset, loaded(dataset, checkpoint, device), user, step)


@cached(64)
def _attention(dataset: Dataset, found: Loaded, user: str, step: int) -> Attention:
    return attention_at_step(found.model, dataset.history(user), step)


def model_summary(dataset: Dataset, checkpoint: str, device: str) -> ModelPart:
    """How a trained model is built."""
    return _anatomy(loaded(dataset, checkpoint, device))


@cached(32)
def _anatomy(found: Loaded) -> ModelPart:
    return summarize_model(found.model)


def model_space(dataset: Dataset, checkpoint: str, device: str) -> np.ndarray | None:
    """(n_items, D) the vectors a model has learnt of the items, in the order of the dataset; None for a model that has none."""
    return _model_space(loaded(dataset, checkpoint, device))


@cached(8)
def _model_space(found: Loaded) -> np.ndarray | None:
    return model_vectors(found.model)


@cached(4)
def knowledge_graph(dataset: Dataset, protocol: str) -> "Graph":
    """What the training events of a protocol connect."""
    from recsys.analysis.knowledge_graph import Graph

    return Graph(dataset, split_interactions(dataset, protocol))
