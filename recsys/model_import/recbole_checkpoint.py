"""The parts of a checkpoint of RecBole: settings, parameters and stored vectors."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recsys.core.errors import CheckpointError
from recsys.core.formatting import join_words
from recsys.core.memory import check_fits
from recsys.core.translation import _
from recsys.model_import.recbole_tokens import Settings
from recsys.model_import.safe_unpickler import Stub
from recsys.model_import.torch_file import StoredTensor, TorchFile, read_torch_file

SEQUENTIAL = {"SASRec": "recbole-sasrec", "GRU4Rec": "recbole-gru4rec", "BERT4Rec": "recbole-bert4rec", "NARM": "recbole-narm"}
FACTORS = ("BPR", "LightGCN")
"""Models of RecBole: networks, and those whose scores are products of a vector for each user and item."""


class Checkpoint(NamedTuple):
    """The parts of a file of RecBole: its settings, its parameters by name, and vectors that some models store beside them."""

    file: TorchFile
    settings: Settings
    tensors: dict[str, StoredTensor]
    other: dict[str, StoredTensor]

    @property
    def model(self) -> str:
        return str(self.settings.get("model"))

    def rows(self, name: str) -> int:
        """Return the length of a parameter; a missing one is a CheckpointError."""
        return self.shape(name)[0]

    def shape(self, name: str) -> tuple[int, ...]:
        if name not in self.tensors or not self.tensors[name].shape:
            raise CheckpointError(
                _(
                    "{file} has no parameter {name}, which {model} has in RecBole 1.2; save the model with that version",
                    file=self.file.path.name,
                    name=name,
                    model=self.model,
                )
            )
        return self.tensors[name].shape

    def read(self, tensor: StoredTensor) -> np.ndarray:
        """Read a parameter as float32; values that are not finite are a CheckpointError."""
        values = self.file.read_tensor(tensor).astype(np.float32)
        if not np.isfinite(values).all():
            raise CheckpointError(
                _(
                    "{file} has parameters that are not finite numbers, so that training has failed; import a checkpoint of an earlier epoch",
                    file=self.file.path.name,
                )
            )
        return values


def open_checkpoint(path: Path) -> Checkpoint:
    """Read the parts of a file; one that RecBole did not save, or of a model that is not known here, is a CheckpointError."""
    file = read_torch_file(path)
    content = file.content if isinstance(file.content, dict) else {}
    config, state = content.get("config"), content.get("state_dict")
    config = config.state if isinstance(config, Stub) else config
    settings = config.get("final_config_dict", config) if isinstance(config, dict) else None
    if not isinstance(settings, dict) or not isinstance(state, dict):
        raise CheckpointError(
            _(
                "{file} is a file of PyTorch but not a checkpoint of RecBole: it has no config or no state_dict; give the .pth file that RecBole’s trainer saved, or export a network of another library to ONNX",
                file=path.name,
            )
        )
    model = settings.get("model")
    if model not in (*SEQUENTIAL, *FACTORS):
        raise CheckpointError(
            _(
                "{file} holds the model {model}, which is not known here; known: {names}. Import its recommendations as a table instead",
                file=path.name,
                model=repr(model)[:60],
                names=join_words((*SEQUENTIAL, *FACTORS)),
            )
        )
    return Checkpoint(file, settings, _tensors(state), _tensors(content.get("other_parameter")))


def _tensors(values: Any) -> dict[str, StoredTensor]:
    """Return the tensors among values by name, without the prefix that training on several devices adds."""
    named = values.items() if isinstance(values, dict) else ()
    return {str(name).removeprefix("module."): value for name, value in named if isinstance(value, StoredTensor)}


def check_memory(checkpoint: Checkpoint, sizes: list[int]) -> None:
    """Raise a DataError where parameters with these numbers of values, and the copies made of them, would not fit into memory."""
    check_fits(
        _("the import of {file}", file=checkpoint.file.path.name), 12.0 * sum(sizes), _("close other programs, or use a larger computer")
    )
