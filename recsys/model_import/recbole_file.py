"""Checkpoints of RecBole: a `.pth` file with weights and settings, whose items are numbered by the file that the model was trained on."""

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from recsys.core import Dataset
from recsys.core.dataset import Check
from recsys.core.errors import CheckpointError, DataError, QuestionError
from recsys.core.formatting import format_number, join_words
from recsys.core.memory import check_fits
from recsys.core.translation import N_, _
from recsys.datasets import DATASETS
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import ItemMatch, match_items, read_id_list
from recsys.model_import.options import ImportOptions
from recsys.model_import.recbole_tokens import NumberedTokens, Settings, field_name, number_tokens, select_training_pairs, strip_padding
from recsys.model_import.safe_unpickler import Stub
from recsys.model_import.torch_file import StoredTensor, TorchFile, read_torch_file
from recsys.models import IMPORTED_MODELS
from recsys.models.base.count_based import hash_user_id

SEQUENTIAL = {"SASRec": "recbole-sasrec", "GRU4Rec": "recbole-gru4rec", "BERT4Rec": "recbole-bert4rec", "NARM": "recbole-narm"}
FACTORS = ("BPR", "LightGCN")
"""Models of RecBole: networks, and those whose scores are products of a vector for each user and item."""

SHAPES = {
    "SASRec": {"hidden_size": "item_embedding.weight:1", "inner_size": "trm_encoder.layer.0.feed_forward.dense_1.weight:0", "n_layers": "trm_encoder.layer.", "max_length": "position_embedding.weight:0"},
    "GRU4Rec": {"embedding_size": "item_embedding.weight:1", "hidden_size": "gru_layers.weight_hh_l0:1", "num_layers": "gru_layers.weight_hh_l"},
    "NARM": {"embedding_size": "item_embedding.weight:1", "hidden_size": "gru.weight_hh_l0:1", "n_layers": "gru.weight_hh_l"},
}  # fmt: skip
SHAPES["BERT4Rec"] = SHAPES["SASRec"]
"""Settings that follow from parameters: "name:axis" is the length of an axis, "prefix" the number of layers with that prefix."""


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


def recognizes(path: Path) -> bool:
    """Return whether a file is named like RecBole's checkpoints."""
    return path.is_file() and path.suffix == ".pth"


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read the model of a `.pth` file without executing its pickle, and arrange its items as in the dataset.

    Item ids come from `options.interactions`, from `options.items` and `options.users`, or from a file of interactions that is found
    beside the checkpoint or in the dataset's own raw folder and has as many items and users as the model.
    """
    checkpoint = _open(path)
    try:
        numbers, where = _find_tokens(checkpoint, dataset, options)
        match = match_items(numbers.items, dataset, options.least_overlap)
        build = _build_network if checkpoint.model in SEQUENTIAL else _build_vectors
        kind, model, lines = build(checkpoint, dataset, match, numbers)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError, ZeroDivisionError) as error:
        raise CheckpointError(
            _("the settings in {file} are not those of RecBole ({reason}); save the model again", file=path.name, reason=str(error)[:100])
        ) from error
    source = {"format": "recbole", "file": path.name, "model": checkpoint.model, "dataset": str(checkpoint.settings.get("dataset", "")), "ids": where}  # fmt: skip
    epoch = checkpoint.file.content.get("epoch")
    if isinstance(epoch, int):
        source["epoch"] = epoch
    return [ImportedModel(kind, model, f"recbole-{checkpoint.model.lower()}", (*match.matches, *lines), source)]


def _open(path: Path) -> Checkpoint:
    """Read the parts of a file; one that RecBole did not save, or of a model that is not known here, is a CheckpointError."""
    file = read_torch_file(path)
    content = file.content if isinstance(file.content, dict) else {}
    config, state = content.get("config"), content.get("state_dict")
    config = config.state if isinstance(config, Stub) else config
    settings = config.get("final_config_dict", config) if isinstance(config, dict) else None
    if not isinstance(settings, dict) or not isinstance(state, dict):
        raise CheckpointError(
            _(
                "{file} is a file of PyTorch but not a checkpoint of RecBole: it has no config or no state_dict; give the .pth file that RecBole’s trainer saved",
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


# -- tokens ------------------------------------------------------------------------------------------------------------


def _find_tokens(checkpoint: Checkpoint, dataset: Dataset, options: ImportOptions) -> tuple[NumberedTokens, str]:
    """Return the tokens of a checkpoint and the name of the file that they come from."""
    if options.interactions is not None:
        numbers = number_tokens(options.interactions, checkpoint.settings)
        _check_counts(checkpoint, numbers, options.interactions)
        return numbers, options.interactions.name
    if options.items is not None:
        users = None if options.users is None else strip_padding(read_id_list(options.users))
        numbers = NumberedTokens(strip_padding(read_id_list(options.items)), users)
        _check_counts(checkpoint, numbers, options.items)
        return numbers, options.items.name
    for candidate in _possible_files(checkpoint, dataset):
        try:
            numbers = number_tokens(candidate, checkpoint.settings)
            _check_counts(checkpoint, numbers, candidate)
        except DataError:
            continue
        return numbers, candidate.name
    raise QuestionError(
        _(
            "{file} does not hold the ids of its {count} items: RecBole numbers them by the file that it was trained on; which file is that? Give {name}.inter, or a list of the item tokens in RecBole’s order",
            file=checkpoint.file.path.name,
            count=format_number(checkpoint.rows("item_embedding.weight") - 1),
            name=str(checkpoint.settings.get("dataset") or "NAME"),
        ),
        option="--interactions",
    )


def _possible_files(checkpoint: Checkpoint, dataset: Dataset) -> Iterator[Path]:
    """Yield files that may be what the model was trained on: beside it, in RecBole's folders, and the raw file of a known dataset."""
    name, folder = str(checkpoint.settings.get("dataset")), checkpoint.file.path.parent
    if name and Path(name).name == name:
        for place in (folder, folder / name, folder.parent / name, folder.parent / "dataset" / name):
            if (place / f"{name}.inter").is_file():
                yield place / f"{name}.inter"
    spec = DATASETS.get(dataset.name)
    if spec is not None and spec.files:
        try:
            yield spec.files_in(spec.find_folder(dataset.name, None))[0]
        except DataError:
            return


def _check_counts(checkpoint: Checkpoint, numbers: NumberedTokens, file: Path) -> None:
    """Raise a DataError if a file gives other numbers of items or users than the model has."""
    items = checkpoint.rows("item_embedding.weight") - (2 if checkpoint.model == "BERT4Rec" else 1)  # padding and the mask token
    counted = [(_("items"), items, len(numbers.items))]
    if checkpoint.model in FACTORS:
        if numbers.users is None:
            raise QuestionError(
                _(
                    "{model} has a vector for each of {count} users, whose ids {file} does not give; which are they? Give a list of the user tokens in RecBole’s order, or the .inter file",
                    model=checkpoint.model,
                    count=format_number(checkpoint.rows("user_embedding.weight") - 1),
                    file=file.name,
                ),
                option="--users",
            )
        counted.append((_("users"), checkpoint.rows("user_embedding.weight") - 1, len(numbers.users)))
    for kind, wanted, found in counted:
        if wanted != found:
            raise DataError(
                _(
                    "{model} has {wanted} {kind}, but {file} gives {found} after the filters in the checkpoint’s settings; give the file that it was trained on, with all its rows in their order",
                    model=checkpoint.model,
                    wanted=format_number(wanted),
                    kind=kind,
                    file=file.name,
                    found=format_number(found),
                )
            )


# -- networks ----------------------------------------------------------------------------------------------------------


def _build_network(
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
    _check_memory(checkpoint, [math.prod(shape) for shape in expected.values()])
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


def _arrange(table: np.ndarray, columns: np.ndarray, n_own: int) -> np.ndarray:
    """Return rows of padding, the items of the dataset and what follows them; items that the model does not know get zeros."""
    arranged = np.zeros((len(table) - n_own + len(columns), *table.shape[1:]), dtype=table.dtype)
    arranged[0], arranged[len(columns) + 1 :] = table[0], table[n_own + 1 :]
    known = columns >= 0
    arranged[1 : len(columns) + 1][known] = table[columns[known] + 1]
    return arranged


def _count_reordered(numbers: NumberedTokens, settings: Settings) -> tuple[Check, ...]:
    """Return a report line on events that RecBole reads in another order, since it keeps times in single precision."""
    if numbers.exact_times is None or numbers.interactions is None:
        return ()
    users, rounded = numbers.interactions["user"].to_numpy(), numbers.interactions["time"].to_numpy()
    moved = np.lexsort((rounded, users)) != np.lexsort((numbers.exact_times, users))
    line = N_("events that RecBole read in another order, since it rounds {column}; lists after them differ from RecBole’s own")
    return (Check(line, int(moved.sum()), "reordered", {"column": field_name(settings, "time")}),) if moved.any() else ()


# -- vectors -----------------------------------------------------------------------------------------------------------


def _build_vectors(
    checkpoint: Checkpoint, dataset: Dataset, match: ItemMatch, numbers: NumberedTokens
) -> tuple[str, Any, tuple[Check, ...]]:
    """Return a model of a vector for each user and item, LightGCN's after its propagation."""
    shapes = [checkpoint.shape(f"{each}_embedding.weight") for each in ("user", "item")]
    if len({shape[1:] for shape in shapes}) > 1 or any(len(shape) != 2 for shape in shapes):
        raise ValueError(f"vectors of users and items have the shapes {shapes[0]} and {shapes[1]}")
    _check_memory(checkpoint, [math.prod(shape) for shape in shapes])
    users, items = (checkpoint.read(checkpoint.tensors[f"{each}_embedding.weight"]) for each in ("user", "item"))
    if checkpoint.model == "LightGCN":
        users, items = _propagate(checkpoint, numbers, users, items)
    tokens = np.asarray(numbers.users)
    known = np.isin(tokens, dataset.user_ids)
    arrays = {
        "item_vectors": _arrange(items, match.columns, len(numbers.items))[1:],
        "user_vectors": users[1:],
        "user_hashes": np.array([hash_user_id(token) for token in tokens], dtype=np.uint64),
    }
    model_class = IMPORTED_MODELS["vectors"].load()
    model = model_class(dataset.item_ids, model_class.Config(similarity="dot", user_rule="stored"), arrays)
    lines = [Check(N_("users of the model that the dataset has"), int(known.sum()), "kept")]
    if not known.all():
        lines.append(Check(N_("users of the model that the dataset does not have"), int((~known).sum()), "kept"))
    return "vectors", model, tuple(lines)


def _propagate(checkpoint: Checkpoint, numbers: NumberedTokens, users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return LightGCN's final vectors (arXiv 2002.02126): those that RecBole stored, or the mean of all layers over its training events."""
    stored = [checkpoint.other.get(f"restore_{each}_e") for each in ("user", "item")]
    if all(each is not None and each.shape == own.shape for each, own in zip(stored, (users, items), strict=True)):
        first, second = (checkpoint.read(each) for each in stored if each is not None)
        return first, second
    pairs = None if numbers.interactions is None else select_training_pairs(numbers.interactions, checkpoint.settings)
    if pairs is None:
        raise DataError(
            _(
                "{file} has no final vectors, since LightGCN was not evaluated before it was saved, and its training events are not known here; evaluate it once in RecBole and save it again, or give the .inter file of a split by time",
                file=checkpoint.file.path.name,
            )
        )
    links = sparse.coo_matrix((np.ones(len(pairs), dtype=np.float32), (pairs["user"], pairs["item"])), shape=(len(users), len(items)))
    links = (links.tocsr() > 0).astype(np.float32)
    scale = [np.power(np.asarray(links.sum(axis=axis)).ravel() + 1e-7, -0.5) for axis in (1, 0)]
    links = (sparse.diags(scale[0]) @ links @ sparse.diags(scale[1])).astype(np.float32).tocsr()
    layers = int(checkpoint.settings["n_layers"])
    if not 0 <= layers <= 100:
        raise ValueError(f"n_layers is {layers}")
    sums, parts = [users.copy(), items.copy()], (users, items)
    for _layer in range(layers):
        parts = (links @ parts[1], links.T @ parts[0])
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
    return sums[0] / (layers + 1), sums[1] / (layers + 1)


def _check_memory(checkpoint: Checkpoint, sizes: list[int]) -> None:
    check_fits(
        _("the import of {file}", file=checkpoint.file.path.name), 12.0 * sum(sizes), _("close other programs, or use a larger computer")
    )
