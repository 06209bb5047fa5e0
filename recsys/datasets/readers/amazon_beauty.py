"""Amazon Beauty 5-core in the `user item item …` layout; item attributes are numbers without published names."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.importing.layouts.lines import read_lines
from recsys.datasets.source import Source


def read(con: duckdb.DuckDBPyConnection, folder: Path) -> Source:
    source = read_lines(con, folder / "Beauty.txt")
    ids = [row[0] for row in con.execute("SELECT DISTINCT item_id FROM raw").fetchall()]
    items = pd.DataFrame({"title": [f"Product {each}" for each in ids]}, index=pd.Index(ids, name="item_id", dtype="str"))
    path = folder / "Beauty_item2attributes.json"
    if path.is_file():
        items["attributes"] = pd.Series(_attributes(path)).reindex(items.index)
    return replace(source, items=items)


def _attributes(path: Path) -> dict[str, str]:
    try:
        return {item: " ".join(map(str, numbers)) for item, numbers in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(
            _("{file} cannot be read ({reason}); it should map item ids to lists of attributes", file=path.name, reason=error)
        ) from error
