"""The tables of a prepared folder: interactions, items and users, written from the table `events` of an import."""

from pathlib import Path

import duckdb
import pandas as pd

from recsys.core.errors import DataError
from recsys.core.moments import Ties
from recsys.core.translation import _
from recsys.datasets.importing.cleaning import filled_columns
from recsys.datasets.source import Source, query_count, quote_literal, quote_name

ID_TABLES = (("user_codes", "user_id", "user_code"), ("item_codes", "item_id", "item_code"))
"""The tables that number users and items: their names, and those of their columns of ids and of numbers."""

# Computed from the event alone, so that the same events in another order of the file become the same dataset.
_RANDOM_ORDER = "md5(concat_ws('/', user_code, item_code, epoch_us(timestamp), position)), behaviour, rating"

# The SQL of each column of an interaction. Those without any value are left out.
_EVENT_COLUMNS = {
    "timestamp": "timestamp::TIMESTAMPTZ AS timestamp",
    **{column: column for column in ("utc_offset", "behaviour", "rating", "weight", "latitude", "longitude", "text")},
}


_ITEM_TEXTS = ("title", "category", "text", "image", "url")


def collect_item_facts(con: duckdb.DuckDBPyConnection) -> bool:
    """Create the table `item_facts` from the rows: places and texts that never differ within an item become attributes of the item.

    Returns whether places differ within items, so that the place of an item is the median of those of its events.
    """
    filled = filled_columns(con, (*_ITEM_TEXTS, "latitude", "longitude"))
    facts = {
        **{column: f"arg_min({column}, row)" if column in filled else "NULL::VARCHAR" for column in _ITEM_TEXTS},
        **{column: f"median({column})" if column in filled else "NULL::DOUBLE" for column in ("latitude", "longitude")},
        "spread": "COALESCE(max(latitude) - min(latitude) + max(longitude) - min(longitude), 0)" if "latitude" in filled else "0::DOUBLE",
        "texts": "count(DISTINCT text)" if "text" in filled else "0",
    }
    con.execute(
        f"CREATE TABLE item_facts AS SELECT item_code, {', '.join(f'{sql} AS {name}' for name, sql in facts.items())} "
        "FROM events GROUP BY item_code"
    )
    moving = query_count(con, "SELECT count(*) FROM item_facts WHERE spread > 1e-9")
    if not moving:
        con.execute("UPDATE events SET latitude = NULL, longitude = NULL WHERE latitude IS NOT NULL")
    elif query_count(con, "SELECT count(*) FROM item_facts WHERE spread > 0.05") * 20 > query_count(con, "SELECT count(*) FROM item_facts"):
        # The places are those of the users, not of the items.
        con.execute("UPDATE item_facts SET latitude = NULL, longitude = NULL")
    if query_count(con, "SELECT count(*) FROM item_facts WHERE texts > 1"):
        con.execute("UPDATE item_facts SET text = NULL")
    else:
        con.execute("UPDATE events SET text = NULL WHERE text IS NOT NULL")
    return moving > 0


def write_events(con: duckdb.DuckDBPyConnection, folder: Path, source: Source, ties: Ties) -> None:
    """Write one row for each event, sorted by user and time, with the columns that are filled; number the remaining users and items."""
    for table, _id, code in ID_TABLES:
        # Users and items without a remaining row are not part of the dataset.
        con.execute(
            f"CREATE TABLE remaining_{table} AS SELECT *, (row_number() OVER (ORDER BY {code}) - 1)::INT AS number "
            f"FROM {table} SEMI JOIN events USING ({code})"
        )
    filled = filled_columns(con, (*_EVENT_COLUMNS, "position"))
    moments = [column for column in ("timestamp", "position") if column in filled]
    if ties != "file" and not moments:
        raise DataError(
            _("{file} has no times, so no events share a moment and there are no ties to treat; leave ties out", file=source.where)
        )
    columns = [_EVENT_COLUMNS[column] for column in filled if column in _EVENT_COLUMNS]
    shared = "SELECT 1 FROM events WHERE position IS NOT NULL GROUP BY user_code, position HAVING count(*) > 1 LIMIT 1"
    if moments == ["position"] and con.execute(shared).fetchone():
        columns.append("position")
    order = ["user_code", *moments, *([] if ties == "file" else [_RANDOM_ORDER]), "row"]
    con.execute(
        f"COPY (SELECT remaining_user_codes.number AS user, remaining_item_codes.number AS item{''.join(f', {column}' for column in columns)} FROM events "
        "JOIN remaining_user_codes USING (user_code) JOIN remaining_item_codes USING (item_code) "
        f"ORDER BY {', '.join(order)}) "
        f"TO {quote_literal(folder / 'interactions.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def write_items(con: duckdb.DuckDBPyConnection, folder: Path, items: pd.DataFrame | None) -> None:
    """Write one row for each item with events, in natural order; columns from the reader take precedence over those from the rows."""
    con.register("known", _as_table(items, "item_id"))
    extra = [] if items is None else list(items.columns)
    columns = [column for column in (*_ITEM_TEXTS, "latitude", "longitude") if column not in extra]
    filled = con.execute(f"SELECT {', '.join(f'count({column})' for column in columns) or '0'} FROM item_facts").fetchone() or ()
    own = [column for column, rows in zip(columns, filled, strict=False) if rows]
    selected = [f"known.{quote_name(column)}" for column in extra] + [f"item_facts.{column}" for column in own]
    con.execute(
        f"COPY (SELECT item_id{''.join(f', {column}' for column in selected)} FROM remaining_item_codes JOIN item_facts USING (item_code) "
        f"LEFT JOIN known USING (item_id) ORDER BY number) TO {quote_literal(folder / 'items.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def write_users(con: duckdb.DuckDBPyConnection, folder: Path, users: pd.DataFrame | None) -> None:
    """Write one row for each user with events, in natural order, with the columns from the reader."""
    con.register("described", _as_table(users, "user_id"))
    columns = "" if users is None else "".join(f", described.{quote_name(column)}" for column in users.columns)
    con.execute(
        f"COPY (SELECT user_id{columns} FROM remaining_user_codes LEFT JOIN described USING (user_id) ORDER BY number) "
        f"TO {quote_literal(folder / 'users.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def _as_table(frame: pd.DataFrame | None, key: str) -> pd.DataFrame:
    """Return a table indexed by id with its ids as a column of text, each once; an empty one for None."""
    if frame is None:
        return pd.DataFrame({key: pd.Series([], dtype="str")})
    plain = frame.rename_axis(key).reset_index()
    return plain.astype({key: "str"}).drop_duplicates(key)
