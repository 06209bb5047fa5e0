"""CI&T Deskdrop: interactions of a company's employees with shared articles; a CSV in a zip."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd

from recsys.datasets.delimited_text import read_delimited
from recsys.datasets.importing.archives import unpack_archive
from recsys.datasets.source import Source, quote_path, reading_errors

_COLUMNS = ("timestamp", "behaviour", "item_id", "user_id", "session", "agent", "region", "country")
_IN_FILE = {"timestamp": "timestamp", "behaviour": "eventType", "item_id": "contentId", "user_id": "personId"}


def read(con: duckdb.DuckDBPyConnection, folder: Path) -> Source:
    path = next(folder / name for name in ("users_interactions.csv.zip", "users_interactions.csv") if (folder / name).is_file())
    with TemporaryDirectory() as work, reading_errors(path):
        rows = read_delimited(unpack_archive(path, Path(work))[0], _COLUMNS, ",", header=True, quote='"')
        con.execute(f"CREATE TABLE raw AS SELECT * EXCLUDE (session, agent) FROM {rows}")
    return Source(path.name, _IN_FILE, items=_items(con, folder / "shared_articles.csv"), users=_users(con))


def _items(con: duckdb.DuckDBPyConnection, path: Path) -> pd.DataFrame:
    """Return titles and texts from the owner's `shared_articles.csv`; without it, titles made of parts of the ids."""
    ids = pd.Index([row[0] for row in con.execute("SELECT DISTINCT item_id FROM raw WHERE item_id IS NOT NULL").fetchall()], dtype="str")
    digits = ids.str.lstrip("-")
    items = pd.DataFrame({"title": "Article " + digits.str[:4] + "…" + digits.str[-4:]}, index=ids)
    if path.is_file():
        with reading_errors(path):
            rows = f"read_csv({quote_path(path)}, all_varchar = true, header = true, delim = ',', quote = '\"')"
            articles = con.sql(f"SELECT contentId, title, text FROM {rows}").df().drop_duplicates("contentId").set_index("contentId")
        items["title"] = articles["title"].reindex(ids).fillna(items["title"])
        items["text"] = articles["text"].reindex(ids)
    return items


def _users(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return each user's most frequent region and country; the data has their names only, no coordinates."""

    def usual(column: str) -> str:
        return (
            f"SELECT user_id, arg_max({column}, (times, {column})) AS {column} FROM (SELECT user_id, {column}, count(*) AS times FROM raw "
            f"WHERE {column} IS NOT NULL GROUP BY ALL) GROUP BY user_id"
        )

    users = con.sql(f"SELECT * FROM ({usual('region')}) FULL JOIN ({usual('country')}) USING (user_id) WHERE user_id IS NOT NULL").df()
    return users.set_index("user_id")
