"""Tensors of a safetensors file, and the check that they are those of a model, name by name and shape by shape."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core.errors import CheckpointError, summarize_error
from recsys.core.formatting import format_number
from recsys.core.translation import _

WEIGHTS = "model.safetensors"
LAYERS = (
    *("num_hidden_layers", "n_layer", "num_layers", "n_layers", "n_blocks"),
    *("decoder_layers", "encoder_layers", "num_decoder_layers", "num_encoder_layers"),
)
"""Settings that are the number of layers, in the configs of all libraries."""
MANY_LAYERS = 200
"""Layers that are built at once, and of which the tensors then say what is wrong."""
LISTED = 5
"""Names of tensors listed in an error."""


def find_weights(folder: Path) -> Path:
    """Return the safetensors file of a folder. Pickles are refused: reading one runs what is written in it."""
    file = folder / WEIGHTS
    if file.is_file():
        return file
    if (folder / f"{WEIGHTS}.index.json").is_file():
        raise CheckpointError(
            _(
                "{folder} holds its weights in several files ({file}.index.json); save them in one, with for example save_pretrained(FOLDER, max_shard_size='100GB')",
                folder=folder,
                file=WEIGHTS,
            )
        )
    for pickle in sorted(each for each in folder.glob("*") if each.suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl")):
        raise CheckpointError(
            _(
                "{pickle} is a pickle, which can run any code when it is read, so that only safetensors are; load it where you trust it and save it with safetensors.torch.save_file(model.state_dict(), '{file}') or model.save_pretrained(FOLDER)",
                pickle=pickle,
                file=WEIGHTS,
            )
        )
    raise CheckpointError(_("{folder} has no {file}; save the weights of the model there as safetensors", folder=folder, file=WEIGHTS))


def read_tensors(file: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a safetensors file, those of floating point as float32. Weights that are not finite are a CheckpointError."""
    import torch

    arrays = {}
    for name, tensor in load_tensors(file).items():
        array = tensor.to(torch.float32).numpy() if tensor.is_floating_point() else tensor.numpy()
        if not np.isfinite(array).all():
            raise CheckpointError(
                _(
                    "the tensor {name} of {file} holds values that are not finite numbers; save the model before its training diverged",
                    name=name,
                    file=file.name,
                )
            )
        arrays[name] = array
    return arrays


def load_tensors(file: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file as they are. A damaged file, or one that declares more than it holds, is a CheckpointError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            _(
                "{file} cannot be read as safetensors ({reason}); save it again with safetensors.torch.save_file",
                file=file,
                reason=summarize_error(error),
            )
        ) from error


def check_layers(source: Path, settings: Mapping[str, Any], n_tensors: int) -> None:
    """Refuse a number of layers that the tensors cannot hold before any is built, since building billions of them would not end."""
    for name, value in settings.items():
        if isinstance(value, dict):
            check_layers(source, value, n_tensors)
        elif name in LAYERS and (not isinstance(value, int) or value > max(n_tensors, MANY_LAYERS)):
            raise CheckpointError(
                _(
                    "the config of {folder} has {name}={value}, and its file only {tensors} tensors; save both from the same model",
                    folder=source,
                    name=name,
                    value=value,
                    tensors=format_number(n_tensors),
                )
            )


def check_tensors(file: Path, kind: str, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Raise a CheckpointError unless the tensors found have the names and shapes that a model of this kind expects."""
    missing, extra = [name for name in expected if name not in found], [name for name in found if name not in expected]
    values = {"file": file.name, "kind": kind, "missing": _listed(missing), "extra": _listed(extra)}
    if missing and extra:
        raise CheckpointError(
            _("{file} does not hold a model {kind} of this config: it lacks {missing} and has {extra} instead; check the config", **values)
        )
    if missing:
        raise CheckpointError(
            _("{file} does not hold a model {kind} of this config: it lacks {missing}; save the whole state of the model", **values)
        )
    if extra:
        raise CheckpointError(
            _(
                "{file} does not hold a model {kind} of this config: it also has {extra}; check the config, for example the number of blocks",
                **values,
            )
        )
    for name, shape in expected.items():
        if tuple(found[name]) != tuple(shape):
            raise CheckpointError(
                _(
                    "the tensor {name} of {file} has the shape {found}, and a model {kind} of this config has {expected}; check the config",
                    name=name,
                    found=_shape(found[name]),
                    expected=_shape(shape),
                    **values,
                )
            )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" … ({len(names)})" if len(names) > LISTED else "")


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "()"
