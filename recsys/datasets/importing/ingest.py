"""From a Source to a prepared folder, by DuckDB on disk: memory does not grow with the data."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.datasets.build import NATURAL_ORDER_SQL
from recsys.datasets.importing.cleaning import Duplicates, Missing, Rules, clean_events
from recsys.datasets.importing.times import TimeReading, detect_times
from recsys.datasets.prepared import FORMAT, DatasetCard, card_of, read_prepared, write_card
from recsys.datasets.source import Source, connection, count, first_line, named, quoted, reading

Reader = Callable[[duckdb.DuckDBPyConnection], Source]

_IDS = (("people", "user_id", "person"), ("things", "item_id", "thing"))
_NO_ID = "('', 'nan', 'null', 'none', '\\n')"


@dataclass(frozen=True)
class Options:
    """What a person chose; part of the fingerprint. `dates` is day-first or month-first."""

    duplicates: Duplicates = "keep"
    missing: Missing = "keep"
    dates: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        Rules(self.duplicates, self.missing)


@dataclass(frozen=True)
class Label:
    """What the data will be called. `repeats` None means: look whether people return to items."""

    name: str
    title: str
    noun: str = "event"
    repeats: bool | None = None


def fingerprint_of(files: Iterable[Path], options: Options) -> str:
    """A hash of the content of the raw files, of the options and of the version of the format."""
    digest = hashlib.sha256(json.dumps([FORMAT, options.duplicates, options.missing, options.dates, sorted(options.mapping)]).encode())
    for path in files:
        with reading(path), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def ingest_source(reader: Reader, files: Sequence[Path], folder: Path, label: Label, options: Options) -> DatasetCard:
    """Read, clean, sort and write into `folder`, which exists and is empty; a DataError leaves it to the caller to remove."""
    work = folder / "ingest"
    work.mkdir()
    try:
        with connection(work) as con, reading(files[0]):
            source = reader(con)
            checks = _clean(con, source, options)
            repeats = _people_return(con) if label.repeats is None else label.repeats
            places_of_events = _settle_on_items(con) and (source.items is None or "latitude" not in source.items)
            _write_events(con, folder)
            _write_items(con, folder, source.items)
            _write_users(con, folder, source.users)
        fingerprint = fingerprint_of(files, options)
    except OSError as error:
        raise DataError(f"cannot write to {folder.parent}: {error.strerror or first_line(error)}; nothing was changed") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    card = DatasetCard(label.name, label.title, label.noun, repeats, fingerprint=fingerprint, checks=checks)
    write_card(folder, replace(card, places_of_events=places_of_events))
    card = card_of(read_prepared(folder))
    write_card(folder, card)
    return card


def _clean(con: duckdb.DuckDBPyConnection, source: Source, options: Options) -> tuple[Check, ...]:
    rows_in = count(con, "SELECT count(*) FROM raw")
    if not rows_in:
        raise DataError(f"{source.where} has no rows of data; nothing was prepared")
    times = None
    if "timestamp" in source.columns:
        times = detect_times(con, source.where, source.columns["timestamp"], options.dates)
    _typed(con, source, times)
    known = frozenset(source.columns) - ({"timestamp"} if times and times.position else set())
    checks = clean_events(con, Rules(options.duplicates, options.missing, known))
    if not count(con, "SELECT count(*) FROM events"):
        raise DataError(_nothing_left(con, source, rows_in, checks))
    notes = list(source.notes)
    commas = [_with_comma(f"trim({named(key)})") for key in ("rating", "latitude", "longitude") if key in source.columns]
    written = count(con, f"SELECT count(*) FROM raw WHERE {' OR '.join(commas)}") if commas else 0
    if written:
        notes.append(Check("decimal commas, read as points", written, "kept"))
    if times and times.label.startswith(("dates", "places", "years", "days")):
        notes.append(Check(f"times: {times.label}", count(con, "SELECT count(*) FROM events"), "kept"))
    return (*checks, *notes)


def _nothing_left(con: duckdb.DuckDBPyConnection, source: Source, rows_in: int, checks: tuple[Check, ...]) -> str:
    worst = max((check for check in checks if check.action == "dropped"), key=lambda check: check.rows)
    key = {"unparsable times": "timestamp", "future times": "timestamp", "missing times": "timestamp"}.get(worst.check, "user_id")
    column = source.columns.get(key, key)
    row = con.execute(f"SELECT min({named(key)}) FROM raw").fetchone()
    example = f", for example '{row[0]}'" if row and row[0] is not None else ""
    return (
        f"{source.where}: none of its {rows_in} rows is left after cleaning ({worst.rows} dropped for {worst.check}); "
        f"look at column '{column}'{example}, or map another one; nothing was prepared"
    )


def _with_comma(text: str) -> str:
    """Whether a number is written as in 4,5."""
    return f"contains({text}, ',') AND regexp_full_match({text}, '[-+]?\\d+,\\d+')"


def _typed(con: duckdb.DuckDBPyConnection, source: Source, times: TimeReading | None) -> None:
    """The table `events`: the text of `raw` as values, every column there, NULL where the file has none."""

    def text(key: str) -> str:
        return f"NULLIF(trim({named(key)}), '')" if key in source.columns else "NULL::VARCHAR"

    def number(key: str) -> str:
        return f"COALESCE(TRY_CAST({text(key)} AS DOUBLE), TRY_CAST(CASE WHEN {_with_comma(text(key))} THEN replace({text(key)}, ',', '.') END AS DOUBLE))"

    is_time = times is not None and not times.position
    position = "position" if "position" in source.columns else "timestamp" if times is not None and times.position else None
    offset = number("utc_offset") if "utc_offset" in source.columns else times.offset if times and is_time else "NULL::DOUBLE"
    for table, key, place in _IDS:
        con.execute(
            f"CREATE TABLE {table} AS SELECT {key}, (row_number() OVER (ORDER BY {NATURAL_ORDER_SQL.format(id=key)}))::INT AS {place} "
            f"FROM (SELECT DISTINCT trim({key}) AS {key} FROM raw) WHERE lower({key}) NOT IN {_NO_ID}"
        )
    con.execute(
        f"""
        CREATE TABLE events AS SELECT
            raw.rowid AS row, person, thing,
            {times.sql if times and is_time else "NULL::TIMESTAMP"} AS timestamp, {offset} AS utc_offset,
            {text("behaviour")} AS behaviour, {number("rating")} AS rating,
            {number("latitude")} AS latitude, {number("longitude")} AS longitude,
            {text("text")} AS text, {text("title")} AS title, {text("category")} AS category,
            {number(position) if position else "NULL::DOUBLE"} AS position,
            {text("timestamp")} IS NOT NULL AS time_text, {text("rating")} IS NOT NULL AS rating_text,
            {text("latitude")} IS NOT NULL OR {text("longitude")} IS NOT NULL AS place_text
        FROM raw LEFT JOIN people ON people.user_id = trim(raw.user_id) LEFT JOIN things ON things.item_id = trim(raw.item_id)
        """
    )
    # Offsets that are all zero only say that the file is in UTC, not that people live there.
    if "utc_offset" not in source.columns and not count(con, "SELECT count(*) FROM events WHERE utc_offset <> 0"):
        con.execute("UPDATE events SET utc_offset = NULL WHERE utc_offset IS NOT NULL")


def _people_return(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether anybody has the same item at two moments; the same moment twice is a duplicate and says nothing."""
    moment = "COALESCE(epoch_us(timestamp), position, row)"
    return bool(con.execute(f"SELECT 1 FROM events GROUP BY person, thing HAVING min({moment}) <> max({moment}) LIMIT 1").fetchone())


def _write_events(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for table, _, key in _IDS:
        # Whom or what no row is left of is not part of the data.
        con.execute(
            f"CREATE TABLE {table}_left AS SELECT *, (row_number() OVER (ORDER BY {key}) - 1)::INT AS place FROM {table} SEMI JOIN events USING ({key})"
        )
    filled = con.execute(f"SELECT {', '.join(f'count({column})' for column in _EVENT_COLUMNS)} FROM events").fetchone() or ()
    columns = [_EVENT_COLUMNS[column] for column, rows in zip(_EVENT_COLUMNS, filled, strict=True) if rows]
    con.execute(
        f"COPY (SELECT people_left.place AS user, things_left.place AS item{''.join(f', {column}' for column in columns)} FROM events "
        "JOIN people_left USING (person) JOIN things_left USING (thing) ORDER BY person, timestamp, position, row) "
        f"TO {quoted(folder / 'interactions.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


_EVENT_COLUMNS = {
    "timestamp": "timestamp::TIMESTAMPTZ AS timestamp",
    **{column: column for column in ("utc_offset", "behaviour", "rating", "latitude", "longitude", "text")},
}


def _settle_on_items(con: duckdb.DuckDBPyConnection) -> bool:
    """Make `goods`: what the rows say of items. Places and text that never differ within an item are the item's own.

    Returns whether places differ, so that an item's is the middle of its events'.
    """
    con.execute(
        """
        CREATE TABLE goods AS SELECT thing, arg_min(title, row) AS title, arg_min(category, row) AS category,
            arg_min(text, row) AS text, median(latitude) AS latitude, median(longitude) AS longitude,
            COALESCE(max(latitude) - min(latitude) + max(longitude) - min(longitude), 0) AS spread,
            count(DISTINCT text) AS texts
        FROM events GROUP BY thing
        """
    )
    moving = count(con, "SELECT count(*) FROM goods WHERE spread > 1e-9")
    if not moving:
        con.execute("UPDATE events SET latitude = NULL, longitude = NULL WHERE latitude IS NOT NULL")
    elif count(con, "SELECT count(*) FROM goods WHERE spread > 0.05") * 20 > count(con, "SELECT count(*) FROM goods"):
        # The place is where the person was, not where the item is.
        con.execute("UPDATE goods SET latitude = NULL, longitude = NULL")
    if count(con, "SELECT count(*) FROM goods WHERE texts > 1"):
        con.execute("UPDATE goods SET text = NULL")
    else:
        con.execute("UPDATE events SET text = NULL WHERE text IS NOT NULL")
    return moving > 0


def _write_items(con: duckdb.DuckDBPyConnection, folder: Path, items: pd.DataFrame | None) -> None:
    """One row an item with events, in natural order; what the reader knows of items goes before what the rows say."""
    con.register("known", _as_table(items, "item_id"))
    extra = [] if items is None else list(items.columns)
    columns = [column for column in ("title", "category", "text", "latitude", "longitude") if column not in extra]
    filled = con.execute(f"SELECT {', '.join(f'count({column})' for column in columns) or '0'} FROM goods").fetchone() or ()
    own = [column for column, rows in zip(columns, filled, strict=False) if rows]
    selected = [f"known.{named(column)}" for column in extra] + [f"goods.{column}" for column in own]
    con.execute(
        f"COPY (SELECT item_id{''.join(f', {column}' for column in selected)} FROM things_left JOIN goods USING (thing) "
        f"LEFT JOIN known USING (item_id) ORDER BY place) TO {quoted(folder / 'items.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def _write_users(con: duckdb.DuckDBPyConnection, folder: Path, users: pd.DataFrame | None) -> None:
    con.register("described", _as_table(users, "user_id"))
    columns = "" if users is None else "".join(f", described.{named(column)}" for column in users.columns)
    con.execute(
        f"COPY (SELECT user_id{columns} FROM people_left LEFT JOIN described USING (user_id) ORDER BY place) "
        f"TO {quoted(folder / 'users.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def _as_table(frame: pd.DataFrame | None, key: str) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({key: pd.Series([], dtype="str")})
    plain = frame.rename_axis(key).reset_index()
    return plain.astype({key: "str"}).drop_duplicates(key)
