"""Check-ins in the TSMC2014 layout (Yang et al. 2015): eight columns separated by tabs, latin-1, no header.

The times are in UTC; the seventh column is the offset of the place in minutes.
"""

from pathlib import Path

import duckdb
import pandas as pd

from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.source import Source, quote_path, reading_errors

_COLUMNS = ("user_id", "item_id", "category_id", "category", "latitude", "longitude", "utc_offset", "timestamp")


def read(con: duckdb.DuckDBPyConnection, folder: Path) -> Source:
    path = next(folder / name for name in ("dataset_TSMC2014_NYC.txt", "dataset_TSMC2014_TKY.txt") if (folder / name).is_file())
    with reading_errors(path):
        con.execute(f"CREATE TABLE raw AS SELECT * EXCLUDE category_id FROM {read_delimited(path, _COLUMNS, chr(9), encoding='latin-1')}")
    columns = {column: column for column in _COLUMNS if column != "category_id"}
    return Source(path.name, columns, items=_items(con, folder / "venues.csv"))


def _items(con: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    """Return names from `venues.csv`; the titles of other venues are made of their category and the end of their id."""
    venues = con.sql("SELECT item_id, arg_min(category, rowid) AS category FROM raw WHERE item_id IS NOT NULL GROUP BY item_id").df()
    items = venues.set_index("item_id")
    nameless = items["category"].fillna("Place") + " · " + items.index.str[-4:]
    if not path.is_file():
        return pd.DataFrame({"title": nameless, "text": items["category"]})
    with reading_errors(path):
        known = con.sql(f"SELECT * FROM read_csv({quote_path(path)}, all_varchar = true, header = true, delim = ',', quote = '\"')").df()
    known = known.drop_duplicates("venue_id").set_index("venue_id").reindex(items.index)
    area = known["locality"].fillna("").str.cat(known["region"].fillna(""), sep=", ").str.strip(", ")
    parts = pd.DataFrame({"kind": items["category"], "within": known["fsq_os_category"], "area": area}).fillna("")
    text = parts.apply(lambda row: ". ".join(part for part in row if part), axis=1)
    return pd.DataFrame({"title": known["name"].fillna(nameless), "text": text.replace("", None)})
