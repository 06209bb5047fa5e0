"""MovieLens 100K: ratings separated by tabs, films and users by `|`, films in latin-1."""

from pathlib import Path

import duckdb
import pandas as pd

from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.readers.movie_items import movie_items
from recsys.datasets.source import Source, reading_errors

GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


def read(con: duckdb.DuckDBPyConnection, folder: Path) -> Source:
    columns = ["user_id", "item_id", "rating", "timestamp"]
    with reading_errors(folder / "u.data"):
        con.execute(f"CREATE TABLE raw AS SELECT * FROM {read_delimited(folder / 'u.data', columns, chr(9))}")
    users = _users(con, folder / "u.user") if (folder / "u.user").is_file() else None
    return Source("u.data", {column: column for column in columns}, items=_items(con, folder / "u.item"), users=users)


def _items(con: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    columns = ["item_id", "title", "released", "released_on_video", "url", *GENRES]
    with reading_errors(path):
        films = con.sql(f"SELECT * FROM {read_delimited(path, columns, '|', encoding='latin-1')}").df().set_index("item_id")
    genres = [[name for name, flag in zip(GENRES[1:], flags, strict=True) if flag == "1"] for flags in films[list(GENRES[1:])].to_numpy()]
    return movie_items(films["title"], pd.Series(genres, index=films.index, dtype=object)).assign(url=films["url"])


def _users(con: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    with reading_errors(path):
        return (
            con.sql(f"SELECT * FROM {read_delimited(path, ['user_id', 'age', 'gender', 'occupation', 'zip_code'], '|')}")
            .df()
            .set_index("user_id")
        )
