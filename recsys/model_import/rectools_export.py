"""RecTools export: a folder with the state and the config of a SASRec or BERT4Rec model, and its item map (docs/own-models/rectools.md)."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import CheckpointError
from recsys.core.translation import _
from recsys.model_import.folders import ask_for_items, find_item_list, peek_config, read_config
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import match_items
from recsys.model_import.options import ImportOptions
from recsys.model_import.tensors import check_layers, check_tensors, find_weights, read_tensors

KINDS = {"SASRecModel": "rectools-sasrec", "BERT4RecModel": "rectools-bert4rec"}
EXTRA_TOKENS = {"rectools-sasrec": ("PAD",), "rectools-bert4rec": ("PAD", "MASK")}
LAYERS = {
    "SASRecTransformerLayers": {"layers": "sasrec", "width": 1, "activation": "relu", "has_bias": True},
    "PreLNTransformerLayers": {"layers": "pre-norm", "width": 4, "activation": "gelu", "has_bias": True},
    "LiGRLayers": {"layers": "ligr", "width": 4, "activation": "swiglu", "has_bias": False},
}
"""Settings of the blocks that are rebuilt here, unless the config says otherwise."""
LAYER_SETTINGS = {"ff_factors_multiplier": "width", "ff_activation": "activation", "bias_in_ff": "has_bias"}
SUPPORTED = {
    "pos_encoding_type": ("LearnableInversePositionalEncoding",),
    "item_net_constructor_type": ("SumOfEmbeddingsConstructor",),
    "similarity_module_type": ("DistanceSimilarityModule",),
    "backbone_type": ("TransformerTorchBackbone",),
    "data_preparator_type": ("SASRecDataPreparator", "BERT4RecDataPreparator"),
}
"""Parts of a model that are rebuilt here, by the setting that names them."""
NAMES = (
    ("transformer_layers.transformer_blocks.", "blocks."),
    ("transformer_layers.last_layernorm.", "last_norm."),
    ("pos_encoding_layer.pos_emb.weight", "positions"),
)
ITEM_NET = "item_model.item_net_blocks."


def recognizes(path: Path) -> bool:
    """Return whether a path is a folder with the config of a RecTools model."""
    return _short_name(peek_config(path).get("cls")) in KINDS


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Return the model of an export. Scores are those of RecTools; a model with parts that are not rebuilt here is a CheckpointError."""
    config = read_config(path)
    kind = _find_kind(path, config)
    settings = _read_settings(path, config)
    weights = find_weights(path)
    arrays = rename_tensors(read_tensors(weights), weights)
    found = match_items(_find_items(path, kind, len(arrays["items"]), options), dataset, options.least_overlap)
    codes = np.where(found.columns < 0, -1, found.columns + len(EXTRA_TOKENS[kind]))

    import torch

    from recsys.models import build_config, find_model_spec
    from recsys.models.imported.rectools_transformers import Network

    model_class = find_model_spec(kind).load()
    built = build_config(model_class.Config, settings)
    check_layers(path, settings, len(arrays))
    with torch.device("meta"):
        network = Network(arrays["items"].shape, built, "positions" in arrays)
    check_tensors(
        weights,
        kind,
        {name: value.shape for name, value in arrays.items()},
        {name: tuple(value.shape) for name, value in network.state_dict().items()},
    )
    model = model_class.restore(dataset.item_ids, built, {"codes": codes, **arrays})
    return [ImportedModel(kind, model, path.name, found.matches, {"format": "rectools", "file": path.name})]


def _find_kind(path: Path, config: dict[str, Any]) -> str:
    """Return the kind of model that a config names; another one, or one with parts that are not rebuilt here, is a CheckpointError."""
    kind = KINDS.get(_short_name(config.get("cls")), "")
    if not kind:
        raise CheckpointError(
            _(
                "{folder} holds a RecTools model '{model}'; only {known} can be imported",
                folder=path,
                model=config.get("cls"),
                known=", ".join(KINDS),
            )
        )
    for name, known in SUPPORTED.items():
        if name in config and _short_name(config[name]) not in known:
            raise CheckpointError(
                _(
                    "{folder} uses {value} as {name}, which is not rebuilt here; import its recommendations as a table instead",
                    folder=path,
                    name=name,
                    value=config[name],
                )
            )
    return kind


def _find_items(path: Path, kind: str, n_codes: int, options: ImportOptions) -> np.ndarray:
    """Return the item ids (n_own,) in the order of the model's codes, without its special tokens."""
    extra = EXTRA_TOKENS[kind]
    listed = find_item_list(path, options)
    if listed is None:
        raise ask_for_items(path.name, n_codes - len(extra))
    item_ids = listed[len(extra) :] if tuple(listed[: len(extra)]) == extra else listed
    if len(item_ids) != n_codes - len(extra):
        raise CheckpointError(
            _(
                "the list of {folder} has {listed} items, and its model has {items}; export both from the same model",
                folder=path,
                listed=len(item_ids),
                items=n_codes - len(extra),
            )
        )
    return item_ids


def rename_tensors(tensors: dict[str, np.ndarray], file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a `Network`: the vectors of ids and categories of an item are summed, other names replaced."""
    arrays: dict[str, np.ndarray] = {}
    items: list[np.ndarray] = []
    for name in tensors:
        if match := re.fullmatch(re.escape(ITEM_NET) + r"(\d+)\.(ids_emb|embedding_bag)\.weight", name):
            items.append(tensors[name] if match[2] == "ids_emb" else _sum_categories(tensors, f"{ITEM_NET}{match[1]}.", file))
        elif not name.startswith(ITEM_NET):
            new = name
            for old, short in NAMES:
                new = new.replace(old, short)
            arrays[new] = tensors[name]
    if not items or len({each.shape for each in items}) > 1 or items[0].ndim != 2:
        raise CheckpointError(
            _(
                "{file} has no vectors of items ({name}); export model.torch_model.state_dict()",
                file=file,
                name=f"{ITEM_NET}0.ids_emb.weight",
            )
        )
    return {"items": np.stack(items).sum(axis=0, dtype=np.float32), **arrays}


def _sum_categories(tensors: dict[str, np.ndarray], block: str, file: Path) -> np.ndarray:
    """Return the sum (n_codes, D) of the vectors of each item's categories."""
    try:
        values, numbers = tensors[f"{block}embedding_bag.weight"], tensors[f"{block}emb_bag_inputs"]
        lengths, starts = tensors[f"{block}input_lengths"], tensors[f"{block}offsets"]
        if (
            numbers.dtype.kind + lengths.dtype.kind + starts.dtype.kind != "iii"
            or min(each.min() for each in (numbers, lengths, starts)) < 0
        ):
            raise ValueError("they are not counts")
        if lengths.sum() > len(numbers):
            raise ValueError("there are fewer categories than their lengths say")
        sums = np.zeros((len(lengths), values.shape[1]), dtype=np.float32)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        np.add.at(sums, np.repeat(np.arange(len(lengths)), lengths), values[numbers[np.repeat(starts, lengths) + within]])
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise CheckpointError(
            _("the categories of items in {file} do not fit each other; export model.torch_model.state_dict()", file=file)
        ) from error
    return sums


def _read_settings(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a `RecToolsConfig` from those of RecTools, whose defaults differ between its two models."""
    is_masked = KINDS[_short_name(config["cls"])] == "rectools-bert4rec"
    layers = _short_name(config.get("transformer_layers_type")) or ("PreLNTransformerLayers" if is_masked else "SASRecTransformerLayers")
    if layers not in LAYERS:
        raise CheckpointError(
            _(
                "{folder} uses {value} as {name}, which is not rebuilt here; import its recommendations as a table instead",
                folder=folder,
                name="transformer_layers_type",
                value=layers,
            )
        )
    more = {name: config.get(f"{name}_kwargs") or {} for name in ("transformer_layers", "pos_encoding", "similarity_module")}
    for name, values in more.items():
        if not isinstance(values, dict):
            raise CheckpointError(
                _("{folder} has {value} as {name}; it is an object of settings", folder=folder, value=values, name=f"{name}_kwargs")
            )
    return {
        "n_blocks": config.get("n_blocks", 2),
        "n_heads": config.get("n_heads", 4),
        "max_length": config.get("session_max_len", 100),
        **LAYERS[layers],
        **{name: more["transformer_layers"][theirs] for theirs, name in LAYER_SETTINGS.items() if theirs in more["transformer_layers"]},
        "is_causal": config.get("use_causal_attn", not is_masked),
        "hides_padding": config.get("use_key_padding_mask", is_masked),
        "scales_items": more["pos_encoding"].get("use_scale_factor", False),
        "similarity": more["similarity_module"].get("distance", "dot"),
    }


def _short_name(path: object) -> str:
    """Return "SASRecModel" of "rectools.models.SASRecModel"."""
    return str(path or "").rpartition(".")[2]
