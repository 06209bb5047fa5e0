"""Sequential models of RecBole rebuilt from a checkpoint."""

import math
from dataclasses import fields
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.dataset import Check
from recsys.core.errors import CheckpointError
from recsys.core.translation import N_, _
from recsys.model_import.matching import ItemMatch
from recsys.model_import.recbole_checkpoint import SEQUENTIAL, Checkpoint, check_memory
from recsys.model_import.recbole_tokens import NumberedTokens, Settings, field_name
from recsys.models import IMPORTED_MODELS

SHAPES = {
    "SASRec": {"hidden_size": "item_embedding.weight:1", "inner_size": "trm_encoder.layer.0.feed_forward.dense_1.weight:0", "n_layers": "trm_encoder.layer."},
    "GRU4Rec": {"embedding_size": "item_embedding.weight:1", "hidden_size": "gru_layers.weight_hh_l0:1", "num_layers": "gru_layers.weight_hh_l"},
    "NARM": {"embedding_size": "item_embedding.weight:1", "hidden_size": "gru.weight_hh_l0:1", "n_layers": "gru.weight_hh_l"},
}  # fmt: skip
SHAPES["BERT4Rec"] = SHAPES["SASRec"]
"""Settings that follow from parameters: "name:axis" is the length of an axis, "prefix" the number of layers with that prefix."""


def build_network(
    checkpoint: Checkpoint, dataset: Dataset, match: ItemMatch, numbers: NumberedTokens
) -> tuple[str, Any, tuple[Check, ...]]:
    """Return a sequential model whose tables of items are in the order of the dataset."""
    import torch

    kind = SEQUENTIAL[checkpoint.model]
    model_class = IMPORTED_MODELS[kind].load()
    config = model_class.Config(**_read_settings(checkpoint, model_class.Config))
    with torch.device("meta"):
        expected = {name: tuple(value.shape) for name, value in model_class(numbers.items, config).state_dict().items()}
    del expected["is_known"]
    if more := sorted(set(checkpoint.tensors) - set(expected)):
        raise CheckpointError(
            _(
                "{file} has the parameter {name}, which {model} of RecBole 1.2 does not have; save the model with that version",
                file=checkpoint.file.path.name,
                name=more[0],
                model=checkpoint.model,
            )
        )
    for name, shape in expected.items():
        if checkpoint.shape(name) != shape:
            raise CheckpointError(
                _(
                    "{file}: the parameter {name} has the shape {found} instead of {wanted}; save the model with RecBole 1.2",
                    file=checkpoint.file.path.name,
                    name=name,
                    found=str(checkpoint.shape(name)),
                    wanted=str(shape),
                )
            )
    check_memory(checkpoint, [math.prod(shape) for shape in expected.values()])
    arrays = {name: checkpoint.read(checkpoint.tensors[name]) for name in expected}
    for name in ("item_embedding.weight", "output_bias"):
        if name in arrays:
            arrays[name] = _arrange(arrays[name], match.columns, len(numbers.items))
    arrays["is_known"] = match.columns >= 0
    return kind, model_class.restore(dataset.item_ids, config, arrays), _count_reordered(numbers, checkpoint.settings)


def _read_settings(checkpoint: Checkpoint, config_class: type) -> dict[str, Any]:
    """Return the settings of a network: those that its parameters show, and the others as RecBole saved them."""
    settings, shapes = checkpoint.settings, SHAPES[checkpoint.model]
    values: dict[str, Any] = {}
    for each in fields(config_class):
        if each.name in shapes:
            name, is_length, axis = shapes[each.name].partition(":")
            layers = {key.removeprefix(name).split(".")[0] for key in checkpoint.tensors if key.startswith(name)}
            values[each.name] = checkpoint.shape(name)[int(axis)] if is_length else len(layers)
        else:
            saved = settings.get({"max_length": "MAX_ITEM_LIST_LENGTH"}.get(each.name, each.name))
            if not isinstance(saved, type(each.default)) and not (isinstance(each.default, float) and isinstance(saved, int)):
                raise CheckpointError(
                    _(
                        "{file}: the setting {name} of {model} is missing or not of the type {type}; save the model again with RecBole",
                        file=checkpoint.file.path.name,
                        name="MAX_ITEM_LIST_LENGTH" if each.name == "max_length" else each.name,
                        model=checkpoint.model,
                        type=type(each.default).__name__,
                    )
                )
            values[each.name] = saved
    return values


def _count_reordered(numbers: NumberedTokens, settings: Settings) -> tuple[Check, ...]:
    """Return a report line on events that RecBole reads in another order, since it keeps times in single precision."""
    if numbers.exact_times is None or numbers.interactions is None:
        return ()
    users, rounded = numbers.interactions["user"].to_numpy(), numbers.interactions["time"].to_numpy()
    moved = np.lexsort((rounded, users)) != np.lexsort((numbers.exact_times, users))
    line = N_("events that RecBole read in another order, since it rounds {column}; lists after them differ from RecBole’s own")
    return (Check(line, int(moved.sum()), "reordered", {"column": field_name(settings, "time")}),) if moved.any() else ()


def _arrange(table: np.ndarray, columns: np.ndarray, n_own: int) -> np.ndarray:
    """Return rows of padding, the items of the dataset and what follows them; items that the model does not know get zeros."""
    arranged = np.zeros((len(table) - n_own + len(columns), *table.shape[1:]), dtype=table.dtype)
    arranged[0], arranged[len(columns) + 1 :] = table[0], table[n_own + 1 :]
    known = columns >= 0
    arranged[1 : len(columns) + 1][known] = table[columns[known] + 1]
    return arranged
