"""Checkpoints on disk: folders with model.safetensors, items.json and card.json; no pickles.

The user's checkpoints are in RECSYS_HOME/checkpoints/DATASET/NAME, the shipped ones in assets/checkpoints/DATASET/NAME.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset, Vocabulary
from recsys.core.devices import choose_device
from recsys.core.errors import CheckpointError, DataError, NotTrainedError, RecsysError, nearest_names, summarize_error
from recsys.core.formatting import join_words
from recsys.core.split import PROTOCOLS
from recsys.core.translation import _
from recsys.models import KNOWN_MODELS, MODELS, build_config
from recsys.storage.atomic_files import write_folder_atomically
from recsys.storage.json_cards import as_card, check_file, read_json
from recsys.storage.paths import ASSETS, check_name, home, own_homes
from recsys.storage.serialization import to_plain

WEIGHTS, CARD, ITEMS = "model.safetensors", "card.json", "items.json"

_DEPTH = re.compile(r"n(um)?_(hidden_)?(layers?|blocks?)$")
_TRAINING = {"batch_tokens", "epochs", "patience", "n_negatives"}  # the only whole numbers in a config that are not sizes of a model
_SMALL = 1_000_000


@dataclass(frozen=True)
class CheckpointCard:
    """Card of a checkpoint: what is needed to restore the model, and to refuse datasets that it does not match.

    `history` holds the loss and the validation ndcg@10 of every epoch; `cuts` the two times of a temporal split; `seal` a hash of
    weights, items, model and config, which detects damage; `parts` the models that a fusion combines; `source` where an imported model
    comes from and what of it matched the dataset, empty for models trained here. A version made by a refit has the name of its `parent`
    and says in `trained_on` which feedback it learnt from.
    """

    name: str
    model: str
    dataset: str
    dataset_fingerprint: str
    vocabulary: str
    protocol: str
    config: dict[str, Any]
    seed: int
    epochs: int
    seconds: float
    targets_per_second: float
    parameters: int
    validation: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    versions: dict[str, str]
    created: str
    device: str = "cpu"
    precision: str = "float32"
    cuts: tuple[float, float] | None = None
    history: list[dict[str, int | float]] = field(default_factory=list)
    seal: str = ""
    parts: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    parent: str = ""
    trained_on: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise a ValueError for values that no checkpoint has, which `read_card` finds in a damaged one."""
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol is '{self.protocol}', not one of {', '.join(PROTOCOLS)}")
        for name in ("epochs", "seconds", "targets_per_second", "parameters"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, below 0")
        datetime.fromisoformat(self.created)
        counts = {key: self.source[key] for key in ("depth", "listed_cases", "cases") if self.source.get(key) is not None}
        if not all(isinstance(each, int) and each >= 0 for each in counts.values()) or ("listed_cases" in counts) != ("cases" in counts):
            raise ValueError(f"source has {counts}, which do not count lists and cases")


@dataclass(frozen=True, eq=False)
class LoadedCheckpoint:
    """A checkpoint loaded into memory, ready to score. `fingerprint` changes with the weights: the key for everything cached from it."""

    model: Any
    card: CheckpointCard
    fingerprint: str
    folder: Path
    device: str


@dataclass(frozen=True)
class CheckpointEntry:
    """A checkpoint on disk with its card, not loaded yet."""

    name: str
    folder: Path
    card: CheckpointCard
    shipped: bool


def get_checkpoint_folder(dataset: str, name: str) -> Path:
    """Return the folder of the user's checkpoint of that name, which may be a version such as "association@2"."""
    return home(dataset) / "checkpoints" / check_name("dataset", dataset) / check_name("checkpoint", name)


def check_new_name(name: str) -> None:
    """Raise a DataError for the name of a version: only a refit makes those."""
    if "@" in name:
        raise DataError(
            _("'{name}' would be the name of a version, which only a refit makes; give a name without '@', for example my-model", name=name)
        )


def save_checkpoint(folder: Path, model: Any, card: CheckpointCard) -> None:
    """Write a checkpoint; one of the same name is replaced at the end, atomically."""
    with write_folder_atomically(folder) as work:
        save_arrays({name: np.ascontiguousarray(value) for name, value in model.arrays().items()}, work / WEIGHTS)
        (work / ITEMS).write_text(json.dumps(list(model.item_ids), ensure_ascii=False), encoding="utf-8")
        card = replace(card, seal=_seal(work, card))
        (work / CARD).write_text(json.dumps(to_plain(asdict(card)), indent=1, ensure_ascii=False), encoding="utf-8")


def save_arrays(arrays: dict[str, np.ndarray], file: Path) -> None:
    """Write arrays as safetensors; a full disk is an OSError, as for every other file."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(arrays, file)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load_checkpoint(folder: Path, device: str = "cpu") -> LoadedCheckpoint:
    """Load the model of a checkpoint folder onto a device. A damaged folder or one from elsewhere is a CheckpointError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as load_bytes

    card = read_card(folder)
    try:
        check_file(folder / WEIGHTS)
        item_ids = np.array(_read_items(folder / ITEMS), dtype=object)
        if card.seal != _seal(folder, card):
            raise CheckpointError(_("checkpoint {folder} is damaged: its files differ from those saved; train it again", folder=folder))
        if Vocabulary(item_ids).fingerprint != card.vocabulary:
            raise CheckpointError(_("checkpoint {folder} is damaged: its items are not those of its card; train it again", folder=folder))
        weights = (folder / WEIGHTS).read_bytes()
        arrays = load_bytes(weights)
        check_sizes(card.config, arrays)
        spec = KNOWN_MODELS[card.model]
        model = spec.load().restore(item_ids, build_config(spec.load().Config, card.config), arrays)
    except CheckpointError:
        raise
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
        MemoryError,
        SafetensorError,
        RecsysError,
    ) as error:
        raise CheckpointError(
            _("checkpoint {folder} is damaged ({reason}); train it again", folder=folder, reason=summarize_error(error))
        ) from error
    if hasattr(model, "to"):
        model.to(choose_device(device))
    return LoadedCheckpoint(model, card, hashlib.sha256(weights + (folder / CARD).read_bytes()).hexdigest()[:16], folder, device)


def read_card(folder: Path) -> CheckpointCard:
    """Read the card of a checkpoint folder, without loading the model."""
    if not folder.is_dir():
        files = {"card": CARD, "items": ITEMS, "weights": WEIGHTS}
        if folder.exists():
            message = _(
                "{folder} is a file; a checkpoint is a folder with {card}, {items} and {weights}, as `python -m recsys train` writes it",
                folder=folder,
                **files,
            )
        else:
            message = _(
                "{folder} does not exist; a checkpoint is a folder with {card}, {items} and {weights}, as `python -m recsys train` writes it",
                folder=folder,
                **files,
            )
        raise CheckpointError(message)
    try:
        card = as_card(_without_missing_metrics(read_json(folder / CARD)), CheckpointCard)
    except FileNotFoundError as error:
        raise CheckpointError(
            _("{folder} is not a checkpoint: it has no {card}; give a folder that `python -m recsys train` wrote", folder=folder, card=CARD)
        ) from error
    except (OSError, ValueError) as error:
        raise CheckpointError(
            _(
                "{file} cannot be read as the card of a checkpoint ({reason}); train it again",
                file=folder / CARD,
                reason=summarize_error(error),
            )
        ) from error
    if card.model not in KNOWN_MODELS:
        raise CheckpointError(
            _(
                "checkpoint {folder} holds a model '{model}' that this version does not have; update Recscope or choose another checkpoint",
                folder=folder,
                model=card.model,
            )
        )
    return card


def _without_missing_metrics(values: Any) -> Any:
    """Leave out the metrics that were NaN when the card was written, which JSON has as null."""
    for key in ("validation", "intervals") if isinstance(values, dict) else ():
        if isinstance(values.get(key), dict):
            values[key] = {name: each for name, each in values[key].items() if each is not None and each != [None, None]}
    return values


def _read_items(file: Path) -> list[str]:
    items = read_json(file, most_bytes=sys.maxsize)
    if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
        raise ValueError(f"{file.name} is not a list of item ids")
    return items


def check_sizes(config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Raise a ValueError for a config of a larger network than these arrays are from, before anything of its size is made.

    A layer has at least one array, and a size of layers is at most the number of all values.
    """
    values = sum(int(each.size) for each in arrays.values())
    for key, value in config.items():
        if isinstance(value, Mapping):
            check_sizes(value, arrays)
        elif isinstance(value, int) and key not in _TRAINING and value > (len(arrays) if _DEPTH.search(key) else max(values, _SMALL)):
            raise ValueError(f"its card says {key}={value}, more than its weights have")


@lru_cache(maxsize=512)
def _entry_at(folder: str, changed: int, size: int, shipped: bool) -> CheckpointEntry:
    """Read a card, cached by the file's time and size: pages list all checkpoints at every step, so not even a Path is made for each."""
    path = Path(folder)
    return CheckpointEntry(path.name, path, read_card(path), shipped)


def find_checkpoint(name: str, dataset: str, allows_path: bool = True) -> Path:
    """Return the folder of a checkpoint by name, the user's before the shipped one, or by path unless only names are allowed."""
    if not name:
        raise CheckpointError(_("the checkpoint has no name; give one that `python -m recsys train` saved, for example markov"))
    for folder in (*_possible_folders(dataset, name), *([Path(name).expanduser()] if allows_path else [])):
        if (folder / CARD).is_file():
            return folder
    if allows_path and ("/" in name or Path(name).exists()):
        read_card(Path(name))  # raises an error that says what is wrong
    if name in MODELS:
        raise NotTrainedError(
            _(
                "the model '{model}' has no checkpoint for '{dataset}'; train it with: python -m recsys train {model} {dataset}",
                model=name,
                dataset=dataset,
            )
        )
    known = [entry.name for entry in list_checkpoints(dataset)]
    if near := nearest_names(name, known):
        message = _(
            "there is no checkpoint '{name}' for '{dataset}'; did you mean {suggestions}?",
            name=name,
            dataset=dataset,
            suggestions=join_words(near, "or"),
        )
    elif known:
        message = _(
            "there is no checkpoint '{name}' for '{dataset}'; known: {known}; train one with: python -m recsys train MODEL {dataset}",
            name=name,
            dataset=dataset,
            known=", ".join(known),
        )
    else:
        message = _(
            "there is no checkpoint '{name}' for '{dataset}', and no other one yet; train one with: python -m recsys train MODEL {dataset}",
            name=name,
            dataset=dataset,
        )
    raise NotTrainedError(message)


def list_checkpoints(dataset: str) -> list[CheckpointEntry]:
    """Return all readable checkpoints of a dataset in the order of KNOWN_MODELS; the user's hides a shipped one of the same name."""
    entries: dict[str, CheckpointEntry] = {}
    for base in (*own_homes(dataset), ASSETS):
        folder = base / "checkpoints" / dataset
        for name in sorted(each.name for each in os.scandir(folder)) if folder.is_dir() else []:
            if name.startswith(".") or name in entries:
                continue
            try:
                stamp = os.stat(f"{folder}/{name}/{CARD}")  # noqa: PTH116
                entries[name] = _entry_at(f"{folder}/{name}", stamp.st_mtime_ns, stamp.st_size, base == ASSETS)
            except (CheckpointError, OSError):
                continue  # no checkpoint, or a damaged one, which must not hide the others; loading it by name reports the error
    order = {model: position for position, model in enumerate(KNOWN_MODELS)}
    return sorted(entries.values(), key=lambda each: (order[each.card.model], each.name))


def check_dataset_match(card: CheckpointCard, dataset: Dataset) -> None:
    """Raise a CheckpointError if a checkpoint was not trained on this dataset in its current state."""
    if card.dataset != dataset.name:
        raise CheckpointError(
            _(
                "checkpoint '{checkpoint}' was trained on '{trained}', not on '{dataset}'; choose a checkpoint of '{dataset}'",
                checkpoint=card.name,
                trained=card.dataset,
                dataset=dataset.name,
            )
        )
    if card.vocabulary != dataset.vocabulary.fingerprint:
        raise CheckpointError(
            _(
                "checkpoint '{checkpoint}' was trained on other items than '{dataset}' has now; train it again on this dataset",
                checkpoint=card.name,
                dataset=dataset.name,
            )
        )
    if card.dataset_fingerprint != dataset.fingerprint:
        raise CheckpointError(
            _(
                "'{dataset}' has changed since checkpoint '{checkpoint}' was trained on it; train it again on this dataset",
                dataset=dataset.name,
                checkpoint=card.name,
            )
        )


def _seal(folder: Path, card: CheckpointCard) -> str:
    digest = hashlib.sha256((folder / WEIGHTS).read_bytes())
    digest.update((folder / ITEMS).read_bytes())
    digest.update(json.dumps(to_plain([card.model, card.config]), sort_keys=True).encode())
    return digest.hexdigest()[:32]


def _possible_folders(dataset: str, name: str) -> list[Path]:
    if not name or "/" in name or name.startswith("."):
        return []
    return [base / "checkpoints" / dataset / name for base in (*own_homes(dataset), ASSETS)]
