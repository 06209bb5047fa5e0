"""Checkpoints of RecBole: a `.pth` file with weights and settings, whose items are numbered by the file that the model was trained on."""

from collections.abc import Iterator
from pathlib import Path

from recsys.core import Dataset
from recsys.core.errors import CheckpointError, DataError, QuestionError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.datasets import DATASETS
from recsys.model_import.id_lists import read_id_list
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import match_items
from recsys.model_import.options import ImportOptions
from recsys.model_import.recbole_checkpoint import FACTORS, SEQUENTIAL, Checkpoint, open_checkpoint
from recsys.model_import.recbole_network import build_network
from recsys.model_import.recbole_tokens import NumberedTokens, number_tokens, strip_padding
from recsys.model_import.recbole_vectors import build_vectors


def recognizes(path: Path) -> bool:
    """Return whether a file is named like RecBole's checkpoints."""
    return path.is_file() and path.suffix == ".pth"


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read the model of a `.pth` file without executing its pickle, and arrange its items as in the dataset.

    Item ids come from `options.interactions`, from `options.items` and `options.users`, or from a file of interactions that is found
    beside the checkpoint or in the dataset's own raw folder and has as many items and users as the model.
    """
    checkpoint = open_checkpoint(path)
    try:
        numbers, where = _find_tokens(checkpoint, dataset, options)
        match = match_items(numbers.items, dataset, options.least_overlap)
        build = build_network if checkpoint.model in SEQUENTIAL else build_vectors
        kind, model, lines = build(checkpoint, dataset, match, numbers)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError, ZeroDivisionError) as error:
        raise CheckpointError(
            _("the settings in {file} are not those of RecBole ({reason}); save the model again", file=path.name, reason=str(error)[:100])
        ) from error
    source = {"format": "recbole", "file": path.name, "model": checkpoint.model, "ids": where}
    return [ImportedModel(kind, model, f"recbole-{checkpoint.model.lower()}", (*match.matches, *lines), source)]


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
