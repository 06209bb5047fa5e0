"""Recommendations as a table: one row for each item of a list, with a score or a rank, of one model or several.

Read are tables in every dialect that the import of data reads, RecTools' reco tables and its folder of a visual app, Elliot's tables
without a header, LensKit's flat and nested lists, Evidently's tables, TREC runs and ranx's JSON.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.core.errors import DataError, summarize_error
from recsys.core.translation import N_, _
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.list_building import build_lists
from recsys.model_import.list_steps import find_steps
from recsys.model_import.matching import check_overlap, to_ids
from recsys.model_import.options import ImportOptions
from recsys.model_import.recommendation_rows import is_trec, read_rows
from recsys.model_import.table_parts import PARQUET, find_parts, join_parts
from recsys.model_import.vector_arrays import find_vector_column

_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".json", ".jsonl", ".ndjson", ".gz", ".zip", ".xlsx", ".run", ".trec", ".dat")
_FOUND = {"user": N_("users with lists that the dataset has"), "item": N_("recommended items that the dataset has")}
_NOT_FOUND = {"user": N_("users with lists that the dataset does not have"), "item": N_("recommended items that the dataset does not have")}


def recognizes(path: Path) -> bool:
    """Return whether this may be a table: by the suffix or the first line, or a folder with the lists of a visual app."""
    if path.is_dir():
        return _in_folder(path) is not None or _are_lists(find_parts(path))
    if path.suffix.lower() in (".parquet", ".pq"):
        return not find_vector_column(path)
    return path.suffix.lower() in _SUFFIXES or is_trec(path)


def _are_lists(parts: list[Path]) -> bool:
    """Return whether files are parts of a table without vectors."""
    return bool(parts) and not (parts[0].suffix.lower() in PARQUET and find_vector_column(parts[0]))


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read the lists of every model in a file.

    Raises:
        QuestionError: columns, or the step at which lists without a time were made, are not certain.
        DataError: the file is not such a table, or too few of its users or items are in the dataset.
    """
    file = _in_folder(path) if path.is_dir() else path
    if file is None:
        return _read_parts(path, dataset, options)
    rows, notes = read_rows(file, options)
    if path.is_dir():
        _name_requests(rows, path)
    checks = [*notes, *_match_ids(rows, dataset, options.least_overlap)]
    rows = rows[(rows["user"] >= 0) & (rows["item"] >= 0)].reset_index(drop=True)
    if not len(rows):
        raise DataError(
            _("{file}: no row has both a user and an item of '{dataset}'; choose another dataset", file=file.name, dataset=dataset.name)
        )
    rows["step"], note, protocol = find_steps(rows, dataset, options.made_before)
    checks.append(note)
    models = []
    for label, own in rows.groupby("model", sort=False) if "model" in rows else [("", rows)]:
        name = str(label) or file.name.split(".")[0]
        model, found = build_lists(own, dataset, name)
        source = {"format": "recommendations", "file": file.name, "depth": model.depth}
        models.append(ImportedModel("lists", model, name, (*checks, *found), source, protocol))
    return models


def _read_parts(folder: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read the lists of a folder whose files are parts of one table."""
    parts = find_parts(folder)
    if not parts:
        raise DataError(_("{folder} has no file of recommendations; give the file itself", folder=folder.name))
    with TemporaryDirectory() as work:
        models = read(join_parts(folder, parts, Path(work)), dataset, options)
    note = Check(N_("files of the folder, read as one table"), len(parts), "kept")
    return [replace(each, matches=(note, *each.matches)) for each in models]


def _in_folder(folder: Path) -> Path | None:
    """Return the file of lists in a folder such as that of RecTools' visual app."""
    return next((each for each in sorted(folder.glob("reco*")) if each.suffix.lower() in _SUFFIXES), None)


def _name_requests(rows: pd.DataFrame, folder: Path) -> None:
    """Replace names of requests by the ids of their users, where the folder of a visual app has both in `requests.csv`."""
    file = folder / "requests.csv"
    if not file.is_file():
        return
    try:
        requests = pd.read_csv(file, dtype=str)
    except (OSError, ValueError) as error:
        raise DataError(_("{file} cannot be read: {reason}; export it again", file=file.name, reason=summarize_error(error))) from error
    if len(requests.columns) == 2 and rows["user_id"].isin(requests.iloc[:, 0]).all():
        rows["user_id"] = rows["user_id"].map(dict(zip(requests.iloc[:, 0], requests.iloc[:, 1], strict=True)))


def _match_ids(rows: pd.DataFrame, dataset: Dataset, least_overlap: float) -> list[Check]:
    """Replace the ids by codes in the dataset, −1 where it does not have them, and return what was found."""
    checks = []
    for kind, known in (("user", dataset.user_ids), ("item", dataset.item_ids)):
        codes, texts = pd.factorize(rows.pop(f"{kind}_id"))
        ids = to_ids(texts)
        at = pd.Index(known).get_indexer(ids)
        check_overlap(N_("users") if kind == "user" else N_("items"), ids, at >= 0, dataset, known, least_overlap)
        rows[kind] = np.where(codes >= 0, at[codes], -1)
        checks.append(Check(_FOUND[kind], int((at >= 0).sum()), "kept"))
        if (at < 0).any():
            checks.append(Check(_NOT_FOUND[kind], int((at < 0).sum()), "dropped"))
    lost = int(((rows["user"] < 0) | (rows["item"] < 0)).sum())
    return [*checks, *([Check(N_("rows of users or items that the dataset does not have"), lost, "dropped")] if lost else [])]
