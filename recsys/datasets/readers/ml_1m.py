"""MovieLens 1M as published (`::` between fields, latin-1), or only its order of events if the ratings file is not available."""

from pathlib import Path

import duckdb
import pandas as pd

from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.readers.movie_items import movie_items
from recsys.datasets.source import Source, quote_path, reading_errors

_AGES = {"1": "under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55", "56": "56 and over"}
_OCCUPATIONS = (
    "other, academic or educator, artist, clerical or admin, college or grad student, customer service, doctor or health care, "
    "executive or manager, farmer, homemaker, K-12 student, lawyer, programmer, retired, sales or marketing, scientist, self-employed, "
    "technician or engineer, tradesman or craftsman, unemployed, writer"
)


def read(con: duckdb.DuckDBPyConnection, folder: Path) -> Source:
    """Read `ratings.dat`, which has times and ratings, or `sequences.parquet` (user_id, movie_id, chron_pos), which has the order only."""
    if (folder / "ratings.dat").is_file():
        where, columns = "ratings.dat", ["user_id", "item_id", "rating", "timestamp"]
        rows = f"SELECT {', '.join(columns)} FROM {_dat(folder / where, columns)}"
    else:
        where, columns = "sequences.parquet", ["user_id", "item_id", "position"]
        rows = (
            "SELECT user_id::VARCHAR AS user_id, movie_id::VARCHAR AS item_id, chron_pos::VARCHAR AS position "
            f"FROM read_parquet({quote_path(folder / where)})"
        )
    with reading_errors(folder / where):
        con.execute(f"CREATE TABLE raw AS {rows}")
    users = None if not (folder / "users.dat").is_file() else _users(con, folder / "users.dat")
    return Source(where, {column: column for column in columns}, items=_items(con, folder), users=users)


def _dat(path: Path, columns: list[str]) -> str:
    return read_delimited(path, columns, "::", encoding="latin-1")


def _items(con: duckdb.DuckDBPyConnection, folder: Path) -> pd.DataFrame:
    path = folder / "movies.dat"
    with reading_errors(path):
        movies = con.sql(f"SELECT * FROM {_dat(path, ['item_id', 'title', 'genres'])}").df().set_index("item_id")
    genres = movies["genres"].str.split("|")
    return movie_items(movies["title"], genres, _plots(con, folder / "omdb.csv", movies["title"]))


def _plots(con: duckdb.DuckDBPyConnection, path: Path, titles: pd.Series) -> pd.Series | None:
    """Return plot and director by movie, without matches whose year differs by more than three: these are other films of that name."""
    if not path.is_file():
        return None
    columns = ["movie_id", "omdb_year", "omdb_plot", "omdb_director"]
    with reading_errors(path):
        matches = con.sql(f"SELECT {', '.join(columns)} FROM read_csv({quote_path(path)}, all_varchar = true, header = true)").df()
    matches = matches.set_index("movie_id")
    year = pd.to_numeric(titles.str.extract(r"\((\d{4})\)\s*$")[0].reindex(matches.index), errors="coerce")
    plausible = matches[(pd.to_numeric(matches["omdb_year"].str[:4], errors="coerce") - year).abs() <= 3]
    plot, director = plausible["omdb_plot"].fillna(""), plausible["omdb_director"].fillna("")
    by = director.where(director == "", "Directed by " + director + ".")
    return (plot + " " + by).str.strip()


def _users(con: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    with reading_errors(path):
        users = con.sql(f"SELECT * FROM {_dat(path, ['user_id', 'gender', 'age', 'occupation', 'zip_code'])}").df().set_index("user_id")
    users["age"] = users["age"].map(_AGES)
    users["occupation"] = pd.to_numeric(users["occupation"], errors="coerce").map(dict(enumerate(_OCCUPATIONS.split(", "))))
    return users
