"""MovieLens latest-small: CSV files; the tags of users become text of the films."""

from pathlib import Path

import duckdb
import pandas as pd

from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.readers.movie_items import movie_items
from recsys.datasets.source import Source, reading_errors


def read(con: duckdb.DuckDBPyConnection, folder: Path) -> Source:
    columns = ["user_id", "item_id", "rating", "timestamp"]
    with reading_errors(folder / "ratings.csv"):
        con.execute(f"CREATE TABLE raw AS SELECT * FROM {_csv(folder / 'ratings.csv', columns)}")
    with reading_errors(folder / "movies.csv"):
        movies = con.sql(f"SELECT * FROM {_csv(folder / 'movies.csv', ['item_id', 'title', 'genres'])}").df().set_index("item_id")
    tags = _tags(con, folder / "tags.csv") if (folder / "tags.csv").is_file() else None
    items = movie_items(movies["title"], movies["genres"].fillna("").str.split("|"), tags)
    return Source("ratings.csv", dict(zip(columns, ("userId", "movieId", "rating", "timestamp"), strict=True)), items=items)


def _tags(con: duckdb.DuckDBPyConnection, path: Path) -> pd.Series:
    """Return the tags of each film, the most frequent first."""
    rows = _csv(path, ["user_id", "item_id", "tag", "timestamp"])
    with reading_errors(path):
        tags = con.sql(
            f"""
            SELECT item_id, 'Tagged ' || string_agg(tag, ', ' ORDER BY times DESC, tag) || '.' AS text
            FROM (SELECT item_id, lower(trim(tag)) AS tag, count(*) AS times FROM {rows} WHERE trim(tag) <> '' GROUP BY ALL)
            GROUP BY item_id
            """
        ).df()
    return tags.set_index("item_id")["text"]


def _csv(path: Path, columns: list[str]) -> str:
    return read_delimited(path, columns, ",", header=True, quote='"')
