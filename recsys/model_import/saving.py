"""Imported models saved as checkpoints."""

import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset, HoldsLists
from recsys.core.errors import CheckpointError, DataError
from recsys.core.split import VALIDATION, Split, default_protocol, split_interactions
from recsys.core.translation import _
from recsys.evaluation import Cases, Evaluation, evaluate_model
from recsys.model_import.imported_model import ImportedModel
from recsys.models import MODELS
from recsys.training.checkpoints import CARD, CheckpointCard, check_new_name, get_checkpoint_folder, read_card, save_checkpoint
from recsys.training.new_card import make_card


def save_imported_model(
    imported: ImportedModel, dataset: Dataset, name: str = "", protocol: str | None = None, folder: Path | None = None
) -> CheckpointCard:
    """Write an imported model as a checkpoint in `folder`, by default the user's checkpoint `name`, and return its card.

    The card has the validation metrics of the protocol, by default that of the model or the dataset, as if the model had been trained on
    the training events; which events it was really trained on is not known here.
    """
    model, name = imported.model, name or imported.name
    check_new_name(name)
    folder = folder or get_checkpoint_folder(dataset.name, name)
    if (folder / CARD).is_file() and not _is_import(folder):
        raise DataError(
            _("there is a checkpoint '{name}' that was trained here, and an import would replace it; give another name", name=name)
        )
    split = split_interactions(dataset, protocol or imported.protocol or default_protocol(dataset))
    measured = _evaluate(model, dataset, split)
    card = make_card(
        name,
        imported.kind,
        dataset,
        split,
        model.config,
        measured,
        parameters=sum(int(np.size(value)) for value in model.arrays().values()),
        source={
            **imported.source,
            "matches": [[each.text, each.rows, each.action] for each in imported.matches],
            **({"listed_cases": measured.listed_cases, "cases": measured.cases} if measured and measured.depth is not None else {}),
        },
    )
    save_checkpoint(folder, model, card)
    return card


def save_imported_models(
    found: Sequence[ImportedModel], dataset: Dataset, given: str = "", protocol: str | None = None, folder: Path | None = None
) -> list[CheckpointCard]:
    """Write the models of a file as checkpoints in folders of `folder`, by default the user's, and return their cards.

    Names are those of `choose_names`.
    """
    return [
        save_imported_model(each, dataset, name, protocol, None if folder is None else folder / name)
        for each, name in zip(found, choose_names(found, given), strict=True)
    ]


def suggest_name(text: str) -> str:
    """Return a name for a checkpoint made of a file's or model's name: letters, digits, '-', '_' and '.'."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-._")[:60] or "imported"


def choose_names(found: Sequence[ImportedModel], given: str = "") -> list[str]:
    """Return a name for the checkpoint of each model: all different, and by default none that a model trained here gets.

    `given` is the name for a single model, and the first part of the names of several.
    """
    names: list[str] = []
    for each in found:
        name = suggest_name(each.name if not given else f"{given}-{each.name}" if len(found) > 1 else given)
        if name in MODELS and not given:
            name = f"{name}-imported"
        numbered = (f"{name}-{number}" for number in count(2))
        names.append(name if name not in names else next(each for each in numbered if each not in names))
    return names


def _is_import(folder: Path) -> bool:
    try:
        return bool(read_card(folder).source)
    except CheckpointError:
        return True  # a damaged one is no loss


def _evaluate(model: Any, dataset: Dataset, split: Split) -> Evaluation | None:
    """Return the validation metrics; None where the split has no validation event, or the model has no list for any of them."""
    if not ((split.labels == VALIDATION) & dataset.is_target).any():
        return None
    if isinstance(model, HoldsLists):
        cases = Cases.from_split(dataset, split, "validation")
        if not model.has_lists(cases.requests(np.arange(len(cases.rows)))).any():
            return None
    return evaluate_model(model, dataset, split, "validation")
