"""Hugging Face folder: config.json and model.safetensors of a causal or masked language model whose tokens are items."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import CheckpointError, summarize_error
from recsys.core.translation import _
from recsys.model_import.folders import ask_for_items, peek_config, read_config
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.item_tokens import match_tokens, read_tokens
from recsys.model_import.options import ImportOptions
from recsys.model_import.tensors import check_layers, check_tensors, find_weights, read_tensors

HEADS = (("ForMaskedLM", "hf-masked"), ("ForCausalLM", "hf-causal"), ("LMHeadModel", "hf-causal"))
"""Ends of the names of architectures, and the kinds of models that they are."""
LONGEST = 1_024
"""Tokens of the longest history that is read, where a model would read more."""
NOT_SETTINGS = (
    *("architectures", "transformers_version", "torch_dtype", "dtype", "use_cache", "auto_map", "use_kernels"),
    *("return_dict", "use_return_dict", "output_attentions", "output_hidden_states", "torchscript"),
    *("num_labels", "id2label", "label2id"),
)
"""Entries of a config.json that do not change what the model computes in float32, that name code to fetch and run, or that are of
other tasks."""
CLOSE = 1e-4


def recognizes(path: Path) -> bool:
    """Return whether a path is a folder with the config of a model of transformers."""
    return "model_type" in peek_config(path)


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Return the model of a folder, built by transformers from its config alone. Code in the folder is never run."""
    config = read_config(path)
    kind = _find_kind(path, config)
    weights = find_weights(path)
    state = read_tensors(weights)
    settings = clean_settings(config)
    settings.pop("model_type")
    check_layers(path, settings, len(state))
    tokens = read_tokens(path, config, options)
    if kind == "hf-masked" and tokens is not None and tokens.mask is None:
        raise CheckpointError(
            _(
                '{folder} does not name its mask token; write for example {{"mask_token": "[MASK]"}} to {file}',
                folder=path,
                file="special_tokens_map.json",
            )
        )

    from recsys.models.imported.hugging_face import HuggingFaceCausal, HuggingFaceConfig, HuggingFaceMasked

    is_causal = kind == "hf-causal"
    built = HuggingFaceConfig(
        model_type=str(config["model_type"]),
        settings=settings,
        max_length=LONGEST,
        prefix=tokens.prefix if tokens else (),
        suffix=tokens.suffix if tokens and not is_causal else (),
        mask=-1 if is_causal or tokens is None else int(tokens.mask or 0),
    )
    state, n_tokens, limit = _check_state(path, weights, kind, built, state)
    if tokens is None:
        raise ask_for_items(path.name, n_tokens)
    codes, matches = match_tokens(tokens, n_tokens, dataset, options)
    built = HuggingFaceConfig(built.model_type, settings, min(limit, LONGEST), built.prefix, built.suffix, built.mask)
    model_class = HuggingFaceCausal if is_causal else HuggingFaceMasked
    model = model_class.restore(dataset.item_ids, built, {"codes": codes, **{f"model.{name}": value for name, value in state.items()}})
    check_runs(path, model)
    return [ImportedModel(kind, model, path.name, matches, {"format": "hugging-face", "file": path.name, "model_type": built.model_type})]


def clean_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a config and of the configs in it, without private ones and those that name code, such as kernels of attention."""
    return {
        name: clean_settings(value) if isinstance(value, dict) else value
        for name, value in config.items()
        if name not in NOT_SETTINGS and not name.startswith("_") and not name.endswith("_implementation")
    }


def check_runs(path: Path, model: Any) -> None:
    """Run a model on the longest window; one whose scores cannot be computed as here is a CheckpointError."""
    import torch

    from recsys.models.imported.hugging_face import HuggingFaceCausal

    rng = np.random.default_rng(0)
    windows = rng.choice(model.codes[model.known_columns], (2, model.window))
    try:
        scores = model.score_windows(windows)
    except (IndexError, RuntimeError, ValueError, TypeError) as error:
        raise CheckpointError(
            _(
                "{folder} cannot score a history of {length} events ({reason}); check max_position_embeddings in its config.json",
                folder=path,
                length=model.window,
                reason=summarize_error(error),
            )
        ) from error
    is_right = bool(np.isfinite(scores).all())
    if is_right and isinstance(model, HuggingFaceCausal):
        with torch.inference_mode():
            logits = model.network(model.tokens(windows), use_cache=False).logits.numpy()
        is_right = np.allclose(scores, logits[:, -1], rtol=CLOSE, atol=CLOSE)
        if model.window > 1:
            is_right &= np.allclose(model.score_windows(windows[:, :-1]), logits[:, -2], rtol=CLOSE, atol=CLOSE)
    if not is_right:
        raise CheckpointError(
            _(
                "{folder} holds a model of type {type} whose scores do not follow from the state of the last token alone; only causal models with a plain output layer, such as gpt2 and llama, and masked ones such as bert can be imported",
                folder=path,
                type=model.config.model_type,
            )
        )


def _find_kind(path: Path, config: dict[str, Any]) -> str:
    architectures = config.get("architectures")
    architecture = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    kind = next((kind for end, kind in HEADS if architecture.endswith(end)), "")
    if not kind:
        raise CheckpointError(
            _(
                "{folder} holds a {architecture}, not a language model with an output layer; save for example a GPT2LMHeadModel or a BertForMaskedLM",
                folder=path,
                architecture=architecture or str(config.get("model_type")),
            )
        )
    if config.get("quantization_config"):
        raise CheckpointError(_("the weights of {folder} are quantized; save the model in float32, float16 or bfloat16", folder=path))
    return kind


def _check_state(path: Path, weights: Path, kind: str, config: Any, state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], int, int]:
    """Return the state without the twins of tied parameters, the number of tokens and the most tokens of a history.

    The model is built without memory for its parameters, so that a config cannot ask for more than the file holds.
    """
    import torch

    from recsys.models.imported.hugging_face import build_network

    try:
        with torch.device("meta"):
            network = build_network(config)
        expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    except Exception as error:  # each type of config checks its settings with errors of its own
        raise CheckpointError(
            _(
                "{folder} holds a model of type '{type}' that transformers cannot build from its config ({reason}); code that comes with a model is never run",
                folder=path,
                type=config.model_type,
                reason=summarize_error(error),
            )
        ) from error
    found = dict(state)
    for twin, source in dict(getattr(network, "all_tied_weights_keys", {})).items():
        expected.pop(twin, None)
        if twin in found:
            found.setdefault(source, found.pop(twin))
    ignored = [*(getattr(network, "_keys_to_ignore_on_load_unexpected", None) or ())]
    found = {name: value for name, value in found.items() if name in expected or not any(re.search(each, name) for each in ignored)}
    check_tensors(weights, kind, {name: value.shape for name, value in found.items()}, expected)
    limit = getattr(network.config, "max_position_embeddings", None) or LONGEST
    positions = next((module for name, module in network.named_modules() if name.endswith("position_embeddings")), None)
    offset = getattr(positions, "padding_idx", None)  # RoBERTa counts positions from the one after that of padding
    return found, int(network.get_output_embeddings().weight.shape[0]), int(limit) - (0 if offset is None else offset + 1)
