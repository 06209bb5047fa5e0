"""Import of a Source into a prepared folder by DuckDB on disk, so that memory does not grow with the data."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.moments import Ties
from recsys.core.translation import N_, _
from recsys.datasets.build import NATURAL_ORDER_SQL
from recsys.datasets.importing.cleaning import Rules, clean_events
from recsys.datasets.importing.column_values import WRITTEN_RATING
from recsys.datasets.importing.ids import count_look_alikes, is_missing
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.row_choices import ODD_TIMES, UNREADABLE_TIMES, remove_deleted
from recsys.datasets.importing.times import TimeReading, detect_times
from recsys.datasets.prepared import FORMAT, DatasetCard, make_card, read_prepared, write_card
from recsys.datasets.source import Source, describe_duckdb_error, open_duckdb, query_count, quote_literal, quote_name, reading_errors

Reader = Callable[[duckdb.DuckDBPyConnection], Source]

_NEWER = {each.name for each in fields(Options)} - {"duplicates", "missing", "dates", "mapping"}
_ID_TABLES = (("user_codes", "user_id", "user_code"), ("item_codes", "item_id", "item_code"))


@dataclass(frozen=True)
class Label:
    """Names of the prepared dataset. `repeats` None: detect from the events whether users return to items."""

    name: str
    title: str
    noun: str = "event"
    repeats: bool | None = None


def fingerprint_of(files: Iterable[Path], options: Options) -> str:
    """Return a hash of the content of the raw files, the options and the version of the format."""
    settings: list[Any] = [FORMAT, options.duplicates, options.missing, options.dates, sorted(options.mapping)]
    # Only those that differ from the default, so that fingerprints stay when an option is added.
    settings += [[key, value] for key, value in asdict(options).items() if key in _NEWER and value != getattr(Options(), key)]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for path in files:
        with reading_errors(path), path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def ingest_source(reader: Reader, files: Sequence[Path], folder: Path, label: Label, options: Options) -> DatasetCard:
    """Read, clean and sort a source and write it into the empty `folder`; after a DataError the caller removes the folder."""
    work = folder / "ingest"
    work.mkdir()
    try:
        with open_duckdb(work) as con, reading_errors(files[0]):
            source = reader(con)
            checks = _clean(con, source, options)
            places_of_events = _collect_item_facts(con) and (source.items is None or "latitude" not in source.items)
            _write_events(con, folder, source, options.ties)
            _write_items(con, folder, source.items)
            _write_users(con, folder, source.users)
        fingerprint = fingerprint_of(files, options)
    except OSError as error:
        reason = error.strerror or describe_duckdb_error(error)
        raise DataError(_("cannot write to {folder}: {reason}; nothing was changed", folder=folder.parent, reason=reason)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    card = DatasetCard(label.name, label.title, label.noun, bool(label.repeats), fingerprint=fingerprint, checks=checks, ties=options.ties)
    write_card(folder, replace(card, places_of_events=places_of_events))
    dataset = read_prepared(folder)
    card = make_card(dataset if label.repeats is not None else replace(dataset, repeats=dataset.has_returns))
    write_card(folder, card)
    return card


def _clean(con: duckdb.DuckDBPyConnection, source: Source, options: Options) -> tuple[Check, ...]:
    choices = dict(options.rows)
    rows_in = query_count(con, "SELECT count(*) FROM raw")
    if not rows_in:
        raise DataError(_("{file} has no rows of data; nothing was prepared", file=source.where))
    grouped = _remove_thousands(con) if "weight" in source.columns else 0
    times = None
    if "timestamp" in source.columns:
        are_dropped = choices.get(UNREADABLE_TIMES) == "drop"
        times = detect_times(con, source.where, source.columns["timestamp"], options.dates, are_dropped)
    _create_events(con, source, times)
    known = frozenset(source.columns) - ({"timestamp"} if times and times.position else set())
    odd: Any = choices.get(ODD_TIMES)
    rules = Rules(options.duplicates, options.missing, known, odd_times=odd, unreadable=times.unreadable if times else ())
    checks = (*remove_deleted(con), *clean_events(con, rules), *count_look_alikes(con))
    if not query_count(con, "SELECT count(*) FROM events"):
        raise DataError(_describe_empty_result(con, source, rows_in, checks))
    notes = list(source.notes)
    if grouped:
        notes.append(Check(N_("thousands separators in weights, removed"), grouped, "kept"))
    commas = [
        _has_decimal_comma(f"trim({quote_name(key)})") for key in ("rating", "weight", "latitude", "longitude") if key in source.columns
    ]
    written = query_count(con, f"SELECT count(*) FROM raw WHERE {' OR '.join(commas)}") if commas else 0
    if written:
        notes.append(Check(N_("decimal commas, read as points"), written, "kept"))
    if times and times.note:
        notes.append(Check(times.note, query_count(con, "SELECT count(*) FROM events"), "kept"))
    return (*checks, *notes)


def _describe_empty_result(con: duckdb.DuckDBPyConnection, source: Source, rows_in: int, checks: tuple[Check, ...]) -> str:
    worst = max((check for check in checks if check.action == "dropped"), key=lambda check: check.rows)
    key = {"unparsable times": "timestamp", "future times": "timestamp", "missing times": "timestamp"}.get(
        worst.check.split(",")[0], "user_id"
    )
    column = source.columns.get(key, key)
    row = con.execute(f"SELECT min({quote_name(key)}) FROM raw").fetchone()
    values = dict(
        file=source.where,
        count=format_number(rows_in),
        dropped=format_number(worst.rows),
        check=_(worst.check, **(worst.values or {})),
        column=column,
    )
    if row and row[0] is not None:
        return _(
            "{file}: none of its {count} rows is left after cleaning ({dropped} dropped for {check}); check column '{column}', for example "
            "'{value}', or map another one; nothing was prepared",
            value=str(row[0])[:60],
            **values,
        )
    return _(
        "{file}: none of its {count} rows is left after cleaning ({dropped} dropped for {check}); check column '{column}' or map another "
        "one; nothing was prepared",
        **values,
    )


def _remove_thousands(con: duckdb.DuckDBPyConnection) -> int:
    """Read weights such as 1,103 as whole numbers if all with a comma look so: counts have no three decimals each; return their number."""
    found, alike = con.execute(
        "SELECT count(*), count(*) FILTER (regexp_full_match(trim(weight), '[-+]?[1-9]\\d{0,2}(,\\d{3})+(\\.\\d+)?')) "
        "FROM raw WHERE contains(weight, ',')"
    ).fetchone() or (0, 0)
    if not found or alike < found:
        return 0
    con.execute("UPDATE raw SET weight = replace(weight, ',', '') WHERE contains(weight, ',')")
    return int(found)


def _has_decimal_comma(text: str) -> str:
    """Return SQL that tells whether a number is written with a decimal comma, as in 4,5."""
    return f"contains({text}, ',') AND regexp_full_match({text}, '[-+]?\\d+,\\d+')"


def _create_events(con: duckdb.DuckDBPyConnection, source: Source, times: TimeReading | None) -> None:
    """Create the table `events`: the text of `raw` as typed values, with every column, NULL where the file has none."""

    def text(key: str) -> str:
        return f"NULLIF(trim({quote_name(key)}), '')" if key in source.columns else "NULL::VARCHAR"

    def number(key: str) -> str:
        return f"COALESCE(TRY_CAST({text(key)} AS DOUBLE), TRY_CAST(CASE WHEN {_has_decimal_comma(text(key))} THEN replace({text(key)}, ',', '.') END AS DOUBLE))"

    rating = f"CASE WHEN starts_with({text('rating')}, '★') THEN length(rtrim({text('rating')}, '☆'))::DOUBLE ELSE {number('rating')} END"
    if "rating" in source.columns:
        written = quote_literal(f"^{WRITTEN_RATING}$")
        # Comparing characters is much faster than matching, and most ratings are plain numbers.
        is_longer = "(rating[-1] > '9' OR contains(rating, '/') OR contains(rating, ' '))"
        con.execute(
            f"UPDATE raw SET rating = regexp_extract(trim(rating), {written}, 1) WHERE {is_longer} AND regexp_matches(trim(rating), {written})"
        )
    is_time = times is not None and not times.position
    position = "position" if "position" in source.columns else "timestamp" if times is not None and times.position else None
    offset = number("utc_offset") if "utc_offset" in source.columns else times.offset if times and is_time else "NULL::DOUBLE"
    for table, key, code in _ID_TABLES:
        con.execute(
            f"CREATE TABLE {table} AS SELECT {key}, (row_number() OVER (ORDER BY {NATURAL_ORDER_SQL.format(id=key)}))::INT AS {code} "
            f"FROM (SELECT DISTINCT trim({key}) AS {key} FROM raw) WHERE NOT {is_missing(key)}"
        )
    con.execute(
        f"""
        CREATE TABLE events AS SELECT
            raw.rowid AS row, user_code, item_code,
            {times.sql if times and is_time else "NULL::TIMESTAMP"} AS timestamp, {offset} AS utc_offset,
            {text("behaviour")} AS behaviour, {rating} AS rating, {number("weight")} AS weight,
            {number("latitude")} AS latitude, {number("longitude")} AS longitude,
            {text("text")} AS text, {text("title")} AS title, {text("category")} AS category,
            {number(position) if position else "NULL::DOUBLE"} AS position,
            {text("timestamp")} IS NOT NULL AS time_text, {text("rating")} IS NOT NULL AS rating_text,
            {text("latitude")} IS NOT NULL OR {text("longitude")} IS NOT NULL AS place_text
        FROM raw LEFT JOIN user_codes ON user_codes.user_id = trim(raw.user_id)
        LEFT JOIN item_codes ON item_codes.item_id = trim(raw.item_id)
        """
    )
    # Offsets that are all zero only mean that the file is in UTC, not that its users live in that zone.
    if "utc_offset" not in source.columns and not query_count(con, "SELECT count(*) FROM events WHERE utc_offset <> 0"):
        con.execute("UPDATE events SET utc_offset = NULL WHERE utc_offset IS NOT NULL")


def _write_events(con: duckdb.DuckDBPyConnection, folder: Path, source: Source, ties: Ties) -> None:
    for table, _id, code in _ID_TABLES:
        # Users and items without a remaining row are not part of the dataset.
        con.execute(
            f"CREATE TABLE remaining_{table} AS SELECT *, (row_number() OVER (ORDER BY {code}) - 1)::INT AS number "
            f"FROM {table} SEMI JOIN events USING ({code})"
        )
    has_times, has_positions = con.execute("SELECT count(timestamp) > 0, count(position) > 0 FROM events").fetchone() or (False, False)
    if ties != "file" and not has_times and not has_positions:
        raise DataError(
            _("{file} has no times, so no events share a moment and there are no ties to treat; leave ties out", file=source.where)
        )
    filled = con.execute(f"SELECT {', '.join(f'count({column})' for column in _EVENT_COLUMNS)} FROM events").fetchone() or ()
    columns = [_EVENT_COLUMNS[column] for column, rows in zip(_EVENT_COLUMNS, filled, strict=True) if rows]
    shared = "SELECT 1 FROM events WHERE position IS NOT NULL GROUP BY user_code, position HAVING count(*) > 1 LIMIT 1"
    if not has_times and con.execute(shared).fetchone():
        columns.append("position")
    con.execute(
        f"COPY (SELECT remaining_user_codes.number AS user, remaining_item_codes.number AS item{''.join(f', {column}' for column in columns)} FROM events "
        "JOIN remaining_user_codes USING (user_code) JOIN remaining_item_codes USING (item_code) "
        f"ORDER BY user_code, timestamp, position{'' if ties == 'file' else f', {_RANDOM_ORDER}'}, row) "
        f"TO {quote_literal(folder / 'interactions.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


# Made of the event alone, so that the same events in another order in the file become the same dataset.
_RANDOM_ORDER = "md5(concat_ws('/', user_code, item_code, epoch_us(timestamp), position)), behaviour, rating"

_EVENT_COLUMNS = {
    "timestamp": "timestamp::TIMESTAMPTZ AS timestamp",
    **{column: column for column in ("utc_offset", "behaviour", "rating", "weight", "latitude", "longitude", "text")},
}


def _collect_item_facts(con: duckdb.DuckDBPyConnection) -> bool:
    """Create the table `item_facts` from the rows: places and texts that never differ within an item become attributes of the item.

    Returns whether places differ within items, so that the place of an item is the median of those of its events.
    """
    con.execute(
        """
        CREATE TABLE item_facts AS SELECT item_code, arg_min(title, row) AS title, arg_min(category, row) AS category,
            arg_min(text, row) AS text, median(latitude) AS latitude, median(longitude) AS longitude,
            COALESCE(max(latitude) - min(latitude) + max(longitude) - min(longitude), 0) AS spread,
            count(DISTINCT text) AS texts
        FROM events GROUP BY item_code
        """
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


def _write_items(con: duckdb.DuckDBPyConnection, folder: Path, items: pd.DataFrame | None) -> None:
    """Write one row for each item with events, in natural order; columns from the reader take precedence over those from the rows."""
    con.register("known", _as_table(items, "item_id"))
    extra = [] if items is None else list(items.columns)
    columns = [column for column in ("title", "category", "text", "latitude", "longitude") if column not in extra]
    filled = con.execute(f"SELECT {', '.join(f'count({column})' for column in columns) or '0'} FROM item_facts").fetchone() or ()
    own = [column for column, rows in zip(columns, filled, strict=False) if rows]
    selected = [f"known.{quote_name(column)}" for column in extra] + [f"item_facts.{column}" for column in own]
    con.execute(
        f"COPY (SELECT item_id{''.join(f', {column}' for column in selected)} FROM remaining_item_codes JOIN item_facts USING (item_code) "
        f"LEFT JOIN known USING (item_id) ORDER BY number) TO {quote_literal(folder / 'items.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def _write_users(con: duckdb.DuckDBPyConnection, folder: Path, users: pd.DataFrame | None) -> None:
    con.register("described", _as_table(users, "user_id"))
    columns = "" if users is None else "".join(f", described.{quote_name(column)}" for column in users.columns)
    con.execute(
        f"COPY (SELECT user_id{columns} FROM remaining_user_codes LEFT JOIN described USING (user_id) ORDER BY number) "
        f"TO {quote_literal(folder / 'users.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def _as_table(frame: pd.DataFrame | None, key: str) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({key: pd.Series([], dtype="str")})
    plain = frame.rename_axis(key).reset_index()
    return plain.astype({key: "str"}).drop_duplicates(key)
