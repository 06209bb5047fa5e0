"""Preparation of a dataset from raw files of a known one, from a file of the user's own, or from a folder that is prepared already."""

import re
import shutil
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.core.formatting import join_words
from recsys.core.translation import _
from recsys.datasets.download import is_address, open_source
from recsys.datasets.importing import own_file
from recsys.datasets.importing.import_plan import ImportPlan
from recsys.datasets.importing.ingest import Label, fingerprint_of, ingest_source
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.recipe import FILE_NAME, complete_mapping, find_source, format_recipe, make_recipe, read_recipe
from recsys.datasets.prepared import DatasetCard, read_card, read_prepared, write_card, write_prepared
from recsys.datasets.source import Source
from recsys.datasets.spec import DatasetSpec
from recsys.storage.atomic_files import write_folder_atomically
from recsys.storage.paths import ASSETS, check_name, home

__all__ = ["name_of_file", "prepare_file", "prepare_known", "prepare_source", "read_into_memory", "repeat_recipe", "save_import"]

Observe = Callable[[ImportPlan], None]
Progress = Callable[[str], None]


def prepare_known(name: str, spec: DatasetSpec, root: Path | str | None, new_name: str | None, options: Options) -> DatasetCard:
    """Prepare a known dataset from its raw files."""
    if spec.module is None:
        if options != Options():
            raise DataError(_("'{name}' ships prepared and cannot be cleaned differently; leave the mapping and the rules out", name=name))
        shipped = ASSETS / "data" / name
        if not (shipped / "card.json").is_file():
            raise DataError(
                _(
                    "'{name}' should ship with Recscope but is not in {folder}; create it with: python -m recsys simulate --out {folder}",
                    name=name,
                    folder=shipped,
                )
            )
        if new_name is None or new_name == name:
            return read_card(shipped)
        with write_folder_atomically(_target(check_name("dataset", new_name))) as work:
            return _copy(shipped, work, new_name)
    if options.mapping:
        raise DataError(_("the columns of '{name}' are known; leave the mapping out", name=name))
    folder = spec.find_folder(name, Path(root) if root else None)
    label = Label(check_name("dataset", name if new_name is None else new_name), spec.title, spec.noun, spec.repeats)
    target = _target(label.name)
    with write_folder_atomically(target) as work:
        return ingest_source(lambda con: spec.reader(con, folder), spec.files_in(folder), work, label, options)


def prepare_source(
    source: str | Path,
    name: str | None,
    options: Options,
    known: Collection[str],
    observe: Observe | None = None,
    progress: Progress | None = None,
) -> DatasetCard:
    """Prepare a file, or the file at an address, which the recipe then names; see `prepare_file`."""
    with open_source(source, progress) as path:
        return prepare_file(path, name, options, known, source=str(source) if is_address(source) else None, observe=observe)


def prepare_file(
    path: Path,
    name: str | None,
    options: Options,
    known: Collection[str],
    *,
    title: str | None = None,
    source: str | None = None,
    observe: Observe | None = None,
) -> DatasetCard:
    """Prepare a file, or store a copy of a prepared folder, under a name.

    `title` is by default made of the file's name, and `source`, which the recipe names, is the file. `observe` receives the plan of
    the import.
    """
    if not path.exists():
        if path.suffix or len(path.parts) > 1:
            raise DataError(_("{path} does not exist; give a file, or one of {names}", path=path, names=join_words(known, "or")))
        raise unknown("dataset or file", path, known)
    is_folder = (path / "card.json").is_file()
    if path.is_dir() and not is_folder:
        raise DataError(_("{path} is a folder; name the file in it, or a known dataset with --root {path}", path=path))
    new_name = check_name("dataset", name if name is not None else read_card(path).name if is_folder else name_of_file(path))
    if new_name in known:
        raise DataError(_("'{name}' is the name of a known dataset; give your data another name with --name", name=new_name))
    with write_folder_atomically(_target(new_name)) as work:
        if is_folder:
            return _copy(path, work, new_name)
        title = title or _title_of(path)
        card, completed = _ingest_file(path, work, Label(new_name, title), options, observe)
        (work / FILE_NAME).write_text(format_recipe(make_recipe(new_name, title, path, completed, source)), encoding="utf-8")
        return card


def repeat_recipe(
    path: Path,
    source: str | Path | None,
    name: str | None,
    known: Collection[str],
    observe: Observe | None = None,
    progress: Progress | None = None,
) -> DatasetCard:
    """Prepare the file of a recipe again under the same name, or another file by its choices under the other file's name."""
    recipe = read_recipe(path)
    if source is not None:
        return prepare_source(source, name, recipe.options, known, observe, progress)
    with open_source(recipe.source if is_address(recipe.source) else find_source(recipe, path), progress) as file:
        return prepare_file(file, name or recipe.name, recipe.options, known, title=recipe.title, source=recipe.source, observe=observe)


def save_import(dataset: Dataset, name: str, path: Path, options: Options) -> DatasetCard:
    """Keep a dataset that was read from a file under RECSYS_HOME, with its recipe; an existing one of that name is replaced."""
    recipe = make_recipe(name, dataset.title, path, options, source=path.name)
    return write_prepared(_target(check_name("dataset", name)), replace(dataset, name=name), texts={FILE_NAME: format_recipe(recipe)})


def read_into_memory(path: Path, name: str, options: Options, image_folder: Path | None = None) -> Dataset:
    """Read a file by way of a temporary prepared folder, which is removed afterwards; `image_folder` as for `own_file.read`."""
    with TemporaryDirectory() as work:
        _ingest_file(path, Path(work), Label(name, _title_of(path)), options, image_folder=image_folder)
        return read_prepared(Path(work))


def _ingest_file(
    path: Path, folder: Path, label: Label, options: Options, observe: Observe | None = None, image_folder: Path | None = None
) -> tuple[DatasetCard, Options]:
    """Import a file and return its card and the options with every choice that was read from the file."""
    completed = options

    def reader(con: duckdb.DuckDBPyConnection) -> Source:
        nonlocal completed
        source = own_file.read(con, path, options, image_folder)
        completed = replace(options, mapping=complete_mapping(options, source))
        if observe is not None:
            observe(source.reading)
        return source

    files = [path, *own_file.side_files(path, options)]
    card = ingest_source(reader, files, folder, label, options)
    if completed != options:  # a guessed column and the same column given make the same dataset
        card = replace(card, fingerprint=fingerprint_of(files, completed))
        write_card(folder, card)
    return card, completed


def _copy(path: Path, folder: Path, name: str) -> DatasetCard:
    """Copy a prepared folder under another name; its tables stay unchanged."""
    dataset = read_prepared(path)
    for table in (*path.glob("*.parquet"), *path.glob(FILE_NAME)):
        shutil.copy(table, folder / table.name)
    card = replace(read_card(path), name=name, tied_events=dataset.tied_events)
    write_card(folder, card)
    return card


def _target(name: str) -> Path:
    return home() / "datasets" / name


def name_of_file(path: Path) -> str:
    """Return the name that a file's dataset has by default."""
    stem = path.name.split(".")[0] if path.suffix.lower() in (".zip", ".gz") else path.stem
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-._") or "my-data"


def _title_of(path: Path) -> str:
    return re.sub(r"[-_]+", " ", path.name.split(".")[0]).strip().capitalize() or "My data"
