"""Folder with model.safetensors and a config.json that names a model of Recscope: {"model": "sasrec", "config": {"n_blocks": 2}}."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset, request_at
from recsys.core.errors import CheckpointError, RecsysError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.model_import.folders import CONFIG, ask_for_items, find_item_list, peek_config, read_config
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import match_items
from recsys.model_import.options import ImportOptions
from recsys.model_import.tensors import check_layers, check_tensors, find_weights, load_tensors

MOST_GROWTH = 4
"""A model may take so many times the values that its file holds before its names and shapes are checked."""
NOT_READ = ("code", "onnx", "hf-causal", "hf-masked")
"""Kinds that are not read from such a folder: the config of "code" names what is imported and run, and the others have doors of their
own, which check more."""


def recognizes(path: Path) -> bool:
    """Return whether a path is a folder whose config names a model."""
    return isinstance(peek_config(path).get("model"), str)


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Return the model of a folder, whose items must be those of the dataset in the same order: its arrays have a row an item."""
    from recsys.models import build_config, find_model_spec

    config = read_config(path)
    settings = config.get("config", {})
    if not isinstance(config.get("model"), str) or not isinstance(settings, dict):
        raise CheckpointError(
            _('{file} does not name a model; write for example {{"model": "sasrec", "config": {{"n_blocks": 2}}}}', file=path / CONFIG)
        )
    kind = config["model"]
    if kind in NOT_READ:
        raise CheckpointError(_("{folder} names a model of kind '{kind}', which cannot be read from a folder", folder=path, kind=kind))
    spec = find_model_spec(kind)
    built = build_config(spec.load().Config, settings)
    weights = find_weights(path)
    arrays = {name: tensor.numpy() for name, tensor in load_tensors(weights).items()}
    item_ids = find_item_list(path, options)
    if item_ids is None:
        raise ask_for_items(path.name, len(dataset.item_ids))
    found = match_items(item_ids, dataset, options.least_overlap)
    if list(item_ids) != list(dataset.item_ids):
        raise CheckpointError(
            _(
                "the {listed} items of {folder} are not the {items} items of '{dataset}' in its order, and the arrays of a model '{model}' have a row for each; save it for the items of the dataset",
                listed=format_number(len(item_ids)),
                folder=path,
                items=format_number(len(dataset.item_ids)),
                dataset=dataset.name,
                model=kind,
            )
        )
    model = restore(spec.load(), kind, dataset, built, arrays, weights)
    return [ImportedModel(kind, model, path.name, found.matches, {"format": "folder", "file": path.name})]


def restore(model_class: Any, kind: str, dataset: Dataset, config: Any, arrays: dict[str, np.ndarray], weights: Path) -> Any:
    """Return the model of these arrays, after checking that they are those of a model with this config, and that it scores."""
    shapes = {name: value.shape for name, value in arrays.items()}
    check_layers(weights.parent, vars(config), len(arrays))
    try:
        expected = _expected_shapes(model_class, dataset.item_ids, config)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise CheckpointError(
            _(
                "no model {kind} can be built from the config beside {file} ({reason}); check its settings",
                kind=kind,
                file=weights.name,
                reason=" ".join(str(error).split())[:300],
            )
        ) from error
    if sum(map(math.prod, expected.values())) > MOST_GROWTH * sum(map(math.prod, shapes.values())):
        check_tensors(weights, kind, shapes, expected)  # before memory is taken for what the file does not hold
    try:
        model = model_class.restore(dataset.item_ids, config, arrays)
        check_tensors(weights, kind, shapes, {name: np.shape(value) for name, value in model.arrays().items()})
        history = dataset.history(dataset.user_ids[0])
        scores = model.score([request_at(history, len(history))])
    except CheckpointError:
        raise
    except (KeyError, ValueError, RuntimeError, TypeError, IndexError, AttributeError, RecsysError) as error:
        missing = {str(name): () for name in error.args if name not in shapes} if isinstance(error, KeyError) else {}
        check_tensors(weights, kind, shapes, (expected or shapes) | missing)
        raise CheckpointError(
            _(
                "{file} does not hold a model {kind} of this config ({reason}); check the shapes of its tensors",
                file=weights.name,
                kind=kind,
                reason=" ".join(str(error).split())[:300],
            )
        ) from error
    if np.isnan(scores).any():
        raise CheckpointError(
            _(
                "the model {kind} in {file} gives scores that are not numbers; save it before its training diverged",
                kind=kind,
                file=weights.name,
            )
        )
    return model


def _expected_shapes(model_class: Any, item_ids: np.ndarray, config: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters of a network, empty for another model. Some networks adapt theirs to the arrays that they restore."""
    import torch

    if not issubclass(model_class, torch.nn.Module):
        return {}
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in model_class(item_ids, config).state_dict().items()}
