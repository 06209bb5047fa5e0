"""Datasets and models of this process for the app that it opens, in a temporary home that is removed when the process ends."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.core.translation import _
from recsys.datasets import DATASETS, open_dataset, prepared_folder, read_file
from recsys.datasets.importing.preparation import name_of_file
from recsys.datasets.prepared import read_card, write_prepared
from recsys.model_import.formats import read_models
from recsys.model_import.options import ImportOptions
from recsys.model_import.python_code import is_code, open_code, wrap_model
from recsys.model_import.saving import save_imported_models, suggest_name
from recsys.storage.atomic_files import write_folder_atomically
from recsys.storage.paths import check_name, temporary_home
from recsys.training.checkpoints import CARD, LoadedCheckpoint, check_dataset_match, find_checkpoint, list_checkpoints
from recsys.training.checkpoints import read_card as read_checkpoint_card
from recsys.training.first_model import FIRST_MODEL, train_first_model

Table: TypeAlias = pd.DataFrame | str | Path


def keep_dataset(interactions: Dataset | Table, items: Table | None = None, users: Table | None = None, name: str | None = None) -> Dataset:
    """Return a dataset that the app of this process finds by its name: a prepared one as it is, any other in the temporary home."""
    if name is not None and not isinstance(name, str):
        raise DataError(_("the name of a dataset is text, not {value}", value=name))
    if isinstance(interactions, str) and (interactions in DATASETS or prepared_folder(interactions) is not None):
        interactions = open_dataset(interactions)
    for table in (interactions, items, users):
        if not (table is None and table is not interactions) and not isinstance(table, (Dataset, pd.DataFrame, str, Path)):
            raise DataError(_("interactions, items and users are DataFrames or files, not {type}", type=type(table).__name__))
    if not isinstance(interactions, Dataset):
        dataset = _read_tables(interactions, items, users)
        dataset = replace(dataset, name=name or _free_name(dataset), title=name or dataset.title)
    elif items is None and users is None:
        dataset = interactions if name is None else replace(interactions, name=name, title=name)
    else:
        raise DataError(_("the dataset '{name}' has its items and users already; leave items and users out", name=interactions.name))
    if not _is_prepared(dataset):
        if dataset.name in DATASETS:
            raise DataError(_("'{name}' is the name of a known dataset; give your data another name", name=dataset.name))
        write_prepared(temporary_home() / "datasets" / check_name("dataset", dataset.name), dataset)
    return dataset


def keep_model(model: Any, dataset: Dataset, answers: Mapping[str, Any] | None = None) -> str | None:
    """Return the name of a checkpoint that the app of this process finds; None for the one that it takes by default."""
    if model is None:
        train_first_model(dataset, temporary_home() / "checkpoints" / dataset.name / FIRST_MODEL)
        return None
    if isinstance(model, LoadedCheckpoint):
        folder = model.folder
    elif isinstance(model, pd.DataFrame):
        with TemporaryDirectory() as work:
            return _import(_write_table(model, Path(work) / "recommendations.parquet"), dataset, answers or {})
    elif isinstance(model, str) and is_code(model):
        return open_code(model, dataset).card.name
    elif isinstance(model, (str, Path)):
        if Path(model).exists() and not (Path(model) / CARD).exists():
            return _import(Path(model), dataset, answers or {})
        folder = find_checkpoint(str(model), dataset.name)
    else:
        return wrap_model(model, dataset, suggest_name(getattr(model, "__name__", type(model).__name__))).card.name
    check_dataset_match(read_checkpoint_card(folder), dataset)
    if folder.resolve() not in [entry.folder.resolve() for entry in list_checkpoints(dataset.name)]:
        with write_folder_atomically(temporary_home() / "checkpoints" / dataset.name / check_name("checkpoint", folder.name)) as work:
            shutil.copytree(folder, work, dirs_exist_ok=True)
    return folder.name


_NAMES_OF_FILES = {"item_ids": "items", "user_ids": "users", "interactions_file": "interactions"}
"""Answers that are files, whose names in `import` are those of tables in `show`, and those names."""


def _import(path: Path, dataset: Dataset, answers: Mapping[str, Any]) -> str:
    """Import a file that `recsys.model_import` reads, and return the name of the first model in it."""
    named: dict[str, Any] = {
        _NAMES_OF_FILES.get(key, key): Path(value) if key in _NAMES_OF_FILES else value for key, value in answers.items()
    }
    known = ImportOptions.__dataclass_fields__
    for name in named:
        if name not in known:
            raise unknown("option of an import", name, known)
    found = read_models(path, dataset, ImportOptions(**named))
    cards = save_imported_models(found, dataset, folder=temporary_home() / "checkpoints" / dataset.name)
    return cards[0].name


def _is_prepared(dataset: Dataset) -> bool:
    found = prepared_folder(dataset.name)
    return found is not None and read_card(found).fingerprint == dataset.fingerprint


def _free_name(dataset: Dataset) -> str:
    """Return the name of a dataset, with a number where another one has it, so that views of both can be open."""
    names = (dataset.name if number == 1 else f"{dataset.name}-{number}" for number in count(1))
    return next(name for name in names if prepared_folder(name) is None or _is_prepared(replace(dataset, name=name)))


def _read_tables(interactions: Table, items: Table | None, users: Table | None) -> Dataset:
    with TemporaryDirectory() as folder:
        given = {"my-data": interactions, "items": items, "users": users}
        paths = {key: _write_table(table, Path(folder) / f"{key}.parquet") for key, table in given.items() if table is not None}
        source, choices = paths.pop("my-data"), {key: str(path) for key, path in paths.items()}
        # A table in memory has no folder: its pictures are in that of the script or notebook.
        named_in = interactions if items is None else items
        image_folder = Path.cwd() if isinstance(named_in, pd.DataFrame) else None
        return read_file(source, None, name_of_file(source), image_folder, **choices)


def _write_table(table: Table, path: Path) -> Path:
    """Return the file of a table; a DataFrame is written to `path`, with its index where that has a name."""
    if not isinstance(table, pd.DataFrame):
        return Path(table)
    try:
        (table.reset_index() if any(table.index.names) else table).rename(columns=str).to_parquet(path, index=False)
    except (pa.ArrowException, ValueError) as error:
        raise DataError(
            _("the table {what} cannot be written as Parquet: {reason}; give every column one type", what=path.stem, reason=error.args[0])
        ) from error
    return path
