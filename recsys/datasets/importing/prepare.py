"""The ways into the ingest: a known data set, a file of one's own, a folder that is prepared already."""

import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.datasets.importing import own_file
from recsys.datasets.importing.ingest import Label, Options, ingest_source
from recsys.datasets.prepared import DatasetCard, read_card, read_prepared, write_card
from recsys.datasets.source import Source
from recsys.datasets.spec import DatasetSpec
from recsys.storage.files import ASSETS, check_name, folder_at_once, home

__all__ = ["Options", "prepare_known", "prepare_own", "read_own"]


def prepare_known(name: str, spec: DatasetSpec, root: Path | str | None, keep_as: str | None, options: Options) -> DatasetCard:
    """Prepare one of DATASETS from its raw files."""
    if spec.module is None:
        if options != Options():
            raise DataError(f"'{name}' comes prepared, so no rule changes it; leave the mapping and the rules out")
        shipped = ASSETS / "data" / name
        if not (shipped / "card.json").is_file():
            raise DataError(
                f"'{name}' should ship with the program but is not in {shipped}; make it with: python -m recsys simulate --out {shipped}"
            )
        if keep_as is None or keep_as == name:
            return read_card(shipped)
        with folder_at_once(_target(check_name("dataset", keep_as))) as work:
            return _copy(shipped, work, keep_as)
    if options.mapping:
        raise DataError(f"the columns of '{name}' are known; leave the mapping out")
    folder = spec.find(name, Path(root) if root else None)
    label = Label(check_name("dataset", name if keep_as is None else keep_as), spec.title, spec.noun, spec.repeats)
    target = _target(label.name)
    with folder_at_once(target) as work:
        return ingest_source(lambda con: spec.reader(con, folder), spec.here(folder), work, label, options)


def prepare_own(path: Path, name: str | None, options: Options, known: Collection[str]) -> DatasetCard:
    """Prepare a file, or keep a prepared folder under a name."""
    if not path.exists():
        if path.suffix or len(path.parts) > 1:
            raise DataError(f"{path} does not exist; give a file, or one of {', '.join(known)}")
        raise unknown("dataset or file", path, known)
    is_folder = (path / "card.json").is_file()
    if path.is_dir() and not is_folder:
        raise DataError(f"{path} is a folder; name the file in it, or a known dataset with --root {path}")
    keep_as = check_name("dataset", name if name is not None else read_card(path).name if is_folder else _name_of(path))
    if keep_as in known:
        raise DataError(f"'{keep_as}' is the name of a known dataset; give your data another one with --name")
    with folder_at_once(_target(keep_as)) as work:
        return _copy(path, work, keep_as) if is_folder else _ingest_own(path, work, Label(keep_as, _title_of(path)), options)


def read_own(path: Path, name: str, options: Options) -> Dataset:
    """A file of one's own in memory; what is written meanwhile goes to a temporary folder."""
    with TemporaryDirectory() as work:
        _ingest_own(path, Path(work), Label(name, _title_of(path)), options)
        return read_prepared(Path(work))


def _ingest_own(path: Path, folder: Path, label: Label, options: Options) -> DatasetCard:
    def reader(con: duckdb.DuckDBPyConnection) -> Source:
        return own_file.read(con, path, dict(options.mapping))

    return ingest_source(reader, [path], folder, label, options)


def _copy(path: Path, folder: Path, name: str) -> DatasetCard:
    """A prepared folder under another name; its tables stay as they are."""
    read_prepared(path)
    for table in path.glob("*.parquet"):
        shutil.copy(table, folder / table.name)
    card = replace(read_card(path), name=name)
    write_card(folder, card)
    return card


def _target(name: str) -> Path:
    return home() / "datasets" / name


def _name_of(path: Path) -> str:
    stem = path.name.split(".")[0] if path.suffix.lower() in (".zip", ".gz") else path.stem
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-._") or "my-data"


def _title_of(path: Path) -> str:
    return re.sub(r"[-_]+", " ", path.name.split(".")[0]).strip().capitalize() or "My data"
