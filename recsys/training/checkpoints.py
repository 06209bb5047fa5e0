"""Trained models on disk: a folder with model.safetensors, items.json and card.json. Never a pickle.

One's own stand in RECSYS_HOME/checkpoints/DATASET/NAME, the shipped ones in assets/checkpoints/DATASET/NAME.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.devices import choose_device
from recsys.core.errors import CheckpointError, NotTrainedError, RecsysError, did_you_mean
from recsys.models import MODELS, configured
from recsys.storage.files import ASSETS, check_name, folder_at_once, home
from recsys.storage.serialization import to_plain

WEIGHTS, CARD, ITEMS = "model.safetensors", "card.json", "items.json"


@dataclass(frozen=True)
class Card:
    """What a checkpoint is: enough to make the model again, and to refuse data it does not fit.

    `history` holds, for every epoch, its loss and its validation ndcg@10; `cuts` the two times of a temporal split; `seal` is a
    hash of weights, items, model and config, by which damage shows; `parts` the models that a fusion is made of.
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
    history: list[dict[str, float]] = field(default_factory=list)
    seal: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model ready to score. `fingerprint` changes whenever the weights do: the key for everything cached from it."""

    model: Any
    card: Card
    fingerprint: str
    folder: Path
    device: str


@dataclass(frozen=True)
class Found:
    """A checkpoint that could be loaded."""

    name: str
    folder: Path
    card: Card
    shipped: bool


def folder_of(dataset: str, name: str) -> Path:
    """Where one's own checkpoint of that name belongs."""
    return home() / "checkpoints" / check_name("dataset", dataset) / check_name("checkpoint", name)


def save(folder: Path, model: Any, card: Card) -> None:
    """Write a checkpoint; one of the same name is replaced at the end, in one move."""
    with folder_at_once(folder) as work:
        save_arrays({name: np.ascontiguousarray(value) for name, value in model.arrays().items()}, work / WEIGHTS)
        (work / ITEMS).write_text(json.dumps(list(model.item_ids), ensure_ascii=False), encoding="utf-8")
        card = replace(card, seal=_seal(work, card))
        (work / CARD).write_text(json.dumps(to_plain(asdict(card)), indent=1, ensure_ascii=False), encoding="utf-8")


def save_arrays(arrays: dict[str, np.ndarray], file: Path) -> None:
    """Write arrays as safetensors; a full disk is an OSError, as it is for every other file."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(arrays, file)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def load(folder: Path, device: str = "cpu") -> Loaded:
    """The model of a checkpoint folder, in eval mode on the device. Anything damaged or foreign is a CheckpointError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as load_bytes

    card = read_card(folder)
    try:
        if card.seal != _seal(folder, card):
            raise CheckpointError(f"checkpoint {folder} is damaged: its files are not those it was saved with; train it again")
        item_ids = np.array(json.loads((folder / ITEMS).read_text(encoding="utf-8")), dtype=object)
        weights = (folder / WEIGHTS).read_bytes()
        arrays = load_bytes(weights)
        spec = MODELS[card.model]
        model = spec.load().restore(item_ids, configured(spec.load().Config, card.config), arrays)
    except CheckpointError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, RecsysError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"checkpoint {folder} is damaged ({reason}); train it again") from error
    if hasattr(model, "to"):
        model.to(choose_device(device))
    return Loaded(model, card, hashlib.sha256(weights + (folder / CARD).read_bytes()).hexdigest()[:16], folder, device)


def read_card(folder: Path) -> Card:
    """The card of a checkpoint folder, without loading the model."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise CheckpointError(
            f"{folder} {what}; a checkpoint is a folder with {CARD}, {ITEMS} and {WEIGHTS}, as `python -m recsys train` writes"
        )
    try:
        values = json.loads((folder / CARD).read_text(encoding="utf-8"))
        known = {each.name for each in fields(Card)}
        card = Card(**{name: value for name, value in values.items() if name in known})
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder} is no checkpoint: it has no {CARD}") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder / CARD} cannot be read as a checkpoint's card; train it again") from error
    if not isinstance(card.model, str) or not isinstance(card.config, dict):
        raise CheckpointError(f"{folder / CARD} cannot be read as a checkpoint's card; train it again")
    if card.model not in MODELS:
        raise CheckpointError(f"checkpoint {folder} holds a model '{card.model}' that this version does not know")
    return card


@lru_cache(maxsize=512)
def _card_at(folder: Path, changed: int, size: int) -> Card:
    """The card as it was at that time: a page asks for all of them at every step."""
    return read_card(folder)


def find(name: str, dataset: str) -> Path:
    """The folder of a checkpoint by bare name, one's own before the shipped, or by path."""
    if not name:
        raise CheckpointError("the checkpoint has no name; give one that `python -m recsys train` saved, for example markov")
    for folder in (*_own_and_shipped(dataset, name), Path(name).expanduser()):
        if (folder / CARD).exists():
            return folder
    if "/" in name or Path(name).exists():
        read_card(Path(name))  # says what is wrong with it
    if name in MODELS:
        raise NotTrainedError(f"the model '{name}' has no checkpoint for '{dataset}'; make one: python -m recsys train {name} {dataset}")
    known = [found.name for found in list_checkpoints(dataset)]
    offer = did_you_mean(name, known) or f"there: {', '.join(known) or 'none yet'}; make one: python -m recsys train MODEL {dataset}"
    raise NotTrainedError(f"there is no checkpoint '{name}' for '{dataset}'; {offer}")


def list_checkpoints(dataset: str) -> list[Found]:
    """All readable checkpoints of a dataset, one's own before a shipped one of the same name, in the order of MODELS."""
    found: dict[str, Found] = {}
    for shipped, base in ((False, home()), (True, ASSETS)):
        folder = base / "checkpoints" / dataset
        for each in sorted(folder.iterdir()) if folder.is_dir() else []:
            if each.name.startswith(".") or each.name in found or not (each / CARD).exists():
                continue
            try:
                stamp = (each / CARD).stat()
                found[each.name] = Found(each.name, each, _card_at(each, stamp.st_mtime_ns, stamp.st_size), shipped)
            except (CheckpointError, OSError):
                continue  # one damaged folder must not hide the others; loading it by name says what is wrong
    order = {model: position for position, model in enumerate(MODELS)}
    return sorted(found.values(), key=lambda each: (order[each.card.model], each.name))


def check_match(card: Card, dataset: Dataset) -> None:
    """Refuse data that a checkpoint was not trained on."""
    if card.dataset != dataset.name:
        raise CheckpointError(f"checkpoint '{card.name}' was trained on '{card.dataset}', not on '{dataset.name}'")
    if card.vocabulary != dataset.vocabulary.fingerprint:
        raise CheckpointError(f"checkpoint '{card.name}' knows other items than '{dataset.name}' has now; train it again on this data")
    if card.dataset_fingerprint != dataset.fingerprint:
        raise CheckpointError(f"'{dataset.name}' has changed since checkpoint '{card.name}' was trained on it; train it again on this data")


def _seal(folder: Path, card: Card) -> str:
    digest = hashlib.sha256((folder / WEIGHTS).read_bytes())
    digest.update((folder / ITEMS).read_bytes())
    digest.update(json.dumps(to_plain([card.model, card.config]), sort_keys=True).encode())
    return digest.hexdigest()[:32]


def _own_and_shipped(dataset: str, name: str) -> list[Path]:
    if not name or "/" in name or name.startswith("."):
        return []
    return [base / "checkpoints" / dataset / name for base in (home(), ASSETS)]
