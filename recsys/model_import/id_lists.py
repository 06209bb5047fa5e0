"""Ids of items or users in the order of a model, from a list or from a table or JSON object that numbers them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.importing.column_names import find_meaning
from recsys.model_import.matching import MOST_BYTES, to_ids

_NUMBER_NAMES = re.compile(r"(idx|index|code|codes|row|position|number|num|inner_?id|internal_?id|unnamed.*)$", re.IGNORECASE)
"""Names of columns with the place of an id in the model."""


def read_id_list(file: Path) -> np.ndarray:
    """Return ids (n,) from a file: one a line, a JSON list, a NumPy array, or a column of a CSV or Parquet file.

    Where a second column, or the other side of a JSON object, numbers the ids from 0 or 1, they are sorted by it. Two columns that can
    both be the ids are a DataError.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("more than 500 MB")
        if file.suffix == ".json":
            content = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return _arrange(pd.DataFrame({"key": list(content), "value": list(content.values())}), file, is_object=True)
            if isinstance(content, list) and content and all(isinstance(each, dict) for each in content):
                return _arrange(pd.DataFrame(content), file)
            return to_ids(content)
        if file.suffix == ".npy":
            return to_ids(np.load(file, allow_pickle=False))
        if file.suffix == ".parquet":
            return _arrange(pd.read_parquet(file), file)
        if file.suffix in (".csv", ".tsv"):
            separator = "\t" if file.suffix == ".tsv" else ","
            table = pd.read_csv(file, sep=separator, header=None, dtype=str, keep_default_na=False)
            return _arrange(_name_columns(table), file)
        return to_ids(file.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n"))
    except FileNotFoundError as error:
        raise DataError(_("{path} does not exist; check the name and the folder", path=file)) from error
    except (OSError, ValueError, TypeError, IndexError, RecursionError) as error:
        raise DataError(
            _("{file} cannot be read as a list of ids ({reason}); write one id a line", file=file.name, reason=str(error).split("\n")[0])
        ) from error


def drop_header(ids: np.ndarray) -> np.ndarray:
    """Return ids without a first one that is the name of their column, such as "movieId"."""
    return ids[1:] if len(ids) > 1 and _names_ids(ids[0]) and not any(_names_ids(each) for each in ids[1:6]) else ids


def _name_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the names of its first line, if that line is a header above a column of places."""
    rest = table.iloc[1:].reset_index(drop=True)
    if any(_is_numbering(rest[column]) and not _is_numbering(table[column]) for column in table):
        rest.columns = pd.Index(table.iloc[0].str.strip())
        return rest
    return table


def _arrange(table: pd.DataFrame, file: Path, is_object: bool = False) -> np.ndarray:
    """Return the ids of a table, sorted by the column with their places where it has one."""
    parts = [(str(name), table.iloc[:, at]) for at, name in enumerate(table.columns)]
    numberings = [at for at, (_name, values) in enumerate(parts) if _is_numbering(values)]
    if not is_object and (len(parts) == 1 or not numberings):
        return to_ids(parts[0][1])
    named = [at for at in numberings if _NUMBER_NAMES.search(parts[at][0]) or not parts[at][0]]
    ids = [at for at, (name, _values) in enumerate(parts) if at not in named and _names_ids(name)]
    places = named or [at for at in numberings if at not in ids and (is_object or _starts_at_zero(parts[at][1]))]
    if len(places) == 1:
        others = [at for at in ids if at != places[0]] or [at for at in range(len(parts)) if at != places[0]]
        return to_ids(parts[others[0]][1].iloc[np.argsort(pd.to_numeric(parts[places[0]][1]), kind="stable")])
    if not places and len(ids) == 1:
        return to_ids(parts[ids[0]][1])
    raise DataError(
        _(
            "{file} does not say which of its values are the ids and which their places in the model; write the ids alone, one a line",
            file=file.name,
        )
    )


def _is_numbering(values: "pd.Series[Any]") -> bool:
    """Return whether values are the whole numbers from 0 or 1, each once, in any order."""
    numbers = np.sort(pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64))
    return bool(len(numbers) and numbers[0] in (0, 1) and np.array_equal(numbers, numbers[0] + np.arange(len(numbers))))


def _starts_at_zero(values: "pd.Series[Any]") -> bool:
    return bool(pd.to_numeric(values).min() == 0)


def _names_ids(name: object) -> bool:
    meaning = find_meaning(str(name))
    return meaning is not None and meaning.kind in ("item", "user") and meaning.level == 3
