"""Imported models saved as checkpoints."""

import platform
import re
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recsys import __version__
from recsys.core import Dataset, HoldsLists
from recsys.core.split import VALIDATION, Split, default_protocol, split_interactions
from recsys.evaluation import Cases, Evaluation, evaluate_model
from recsys.model_import.imported_model import ImportedModel
from recsys.training.checkpoints import CheckpointCard, CheckpointEntry, get_checkpoint_folder, save_checkpoint


def save_imported_model(
    imported: ImportedModel, dataset: Dataset, name: str = "", protocol: str | None = None, folder: Path | None = None
) -> CheckpointCard:
    """Write an imported model as a checkpoint in `folder`, by default the user's checkpoint `name`, and return its card.

    The card has the validation metrics of the protocol, by default that of the model or the dataset, as if the model had been trained on the training
    events; what it was really trained on is not known here.
    """
    began = time.monotonic()
    model, name = imported.model, name or imported.name
    split = split_interactions(dataset, protocol or imported.protocol or default_protocol(dataset))
    measured = _evaluate(model, dataset, split)
    card = CheckpointCard(
        name=name,
        model=imported.kind,
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        vocabulary=dataset.vocabulary.fingerprint,
        protocol=split.protocol,
        cuts=split.cuts,
        config=asdict(model.config),
        seed=0,
        epochs=0,
        seconds=time.monotonic() - began,
        targets_per_second=0.0,
        parameters=sum(int(np.size(value)) for value in model.arrays().values()),
        validation=measured.metrics if measured else {},
        intervals=measured.intervals if measured else {},
        versions={"recsys": __version__, "python": platform.python_version(), "numpy": np.__version__},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source={**imported.source, "matches": [[each.text, each.rows, each.action] for each in imported.matches]},
    )
    save_checkpoint(folder or get_checkpoint_folder(dataset.name, name), model, card)
    return card


def suggest_name(text: str, others: Iterable[CheckpointEntry] = ()) -> str:
    """Return a name for a checkpoint made of a file's or model's name: letters, digits, '-', '_' and '.'.

    A checkpoint of that name that was imported is replaced; the name of one that was trained gets "-imported", so that it stays.
    """
    name = re.sub(r"[^\w.-]+", "-", text).strip("-._")[:60] or "imported"
    return f"{name}-imported" if any(each.name == name and not each.card.source for each in others) else name


def _evaluate(model: Any, dataset: Dataset, split: Split) -> Evaluation | None:
    """Return the validation metrics; None where the split has no validation event, or the model has no list for any of them."""
    if not ((split.labels == VALIDATION) & dataset.is_target).any():
        return None
    if isinstance(model, HoldsLists):
        cases = Cases.from_split(dataset, split, "validation")
        if not model.has_lists(cases.requests(np.arange(len(cases.rows)))).any():
            return None
    return evaluate_model(model, dataset, split, "validation")
