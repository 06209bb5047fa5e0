"""Import of a Source into a prepared folder by DuckDB on disk, so that memory does not grow with the data."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.build import NATURAL_ORDER_SQL
from recsys.datasets.importing.cleaning import Rules, clean_events
from recsys.datasets.importing.column_values import WRITTEN_RATING
from recsys.datasets.importing.ids import count_look_alikes, is_missing
from recsys.datasets.importing.images import write_item_images
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.prepared_tables import ID_TABLES, collect_item_facts, write_events, write_items, write_users
from recsys.datasets.importing.row_choices import ODD_TIMES, UNREADABLE_TIMES, remove_deleted
from recsys.datasets.importing.times import TimeReading, detect_times
from recsys.datasets.prepared import FORMAT, DatasetCard, make_card, read_prepared, write_card
from recsys.datasets.source import Source, describe_duckdb_error, open_duckdb, query_count, quote_literal, quote_name, reading_errors

Reader = Callable[[duckdb.DuckDBPyConnection], Source]

_LATER_ROLES = {"image", "url"}
_LATER_OPTIONS = {each.name for each in fields(Options)} - {"duplicates", "missing", "dates", "mapping"}


@dataclass(frozen=True)
class Label:
    """Names of the prepared dataset. With `repeats` None, the events decide whether users return to items."""

    name: str
    title: str
    noun: str = "event"
    repeats: bool | None = None


def fingerprint_of(files: Iterable[Path], options: Options) -> str:
    """Return a hash of the content of the raw files, the options and the version of the format."""
    # Of roles and options that were added later, only those that differ from the default, so that earlier fingerprints stay valid.
    mapping = sorted((role, column) for role, column in options.mapping if column or role not in _LATER_ROLES)
    settings: list[Any] = [FORMAT, options.duplicates, options.missing, options.dates, mapping]
    chosen = {
        **asdict(options),
        "items": options.items and "file",
        "users": options.users and "file",
    }  # their content counts, not their place
    settings += [[key, value] for key, value in chosen.items() if key in _LATER_OPTIONS and value != getattr(Options(), key)]
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
            places_of_events = collect_item_facts(con) and (source.items is None or "latitude" not in source.items)
            write_events(con, folder, source, options.ties)
            write_items(con, folder, source.items)
            write_users(con, folder, source.users)
            checks += write_item_images(con, folder, source.image_folder)
        fingerprint = fingerprint_of(files, options)
    except OSError as error:
        reason = error.strerror or describe_duckdb_error(error)
        raise DataError(_("cannot write to {folder}: {reason}; nothing was changed", folder=folder.parent, reason=reason)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    card = DatasetCard(label.name, label.title, label.noun, bool(label.repeats), fingerprint=fingerprint, checks=checks, ties=options.ties)
    write_card(folder, replace(card, places_of_events=places_of_events))
    dataset = read_prepared(folder)
    card = replace(make_card(dataset), repeats=dataset.has_returns if label.repeats is None else label.repeats)
    write_card(folder, card)
    return card


def _clean(con: duckdb.DuckDBPyConnection, source: Source, options: Options) -> tuple[Check, ...]:
    """Create the cleaned table `events` from `raw`, and return the report: the checks, then the notes on how the file was read."""
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
    """Return the error for a file whose rows were all dropped, with the check that dropped most of them and a value of its column."""
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
    for table, key, code in ID_TABLES:
        con.execute(
            f"CREATE TABLE {table} AS SELECT {key}, (row_number() OVER (ORDER BY {NATURAL_ORDER_SQL.format(id=key)}))::INT AS {code} "
            f"FROM (SELECT DISTINCT trim({key}) AS {key} FROM (SELECT DISTINCT {key} FROM raw)) WHERE NOT {is_missing(key)}"
        )
    con.execute(
        f"""
        CREATE TABLE events AS SELECT
            raw.rowid AS row, user_code, item_code,
            {times.sql if times and is_time else "NULL::TIMESTAMP"} AS timestamp, {offset} AS utc_offset,
            {text("behaviour")} AS behaviour, {rating} AS rating, {number("weight")} AS weight,
            {number("latitude")} AS latitude, {number("longitude")} AS longitude,
            {text("text")} AS text, {text("title")} AS title, {text("category")} AS category, {text("image")} AS image, {text("url")} AS url,
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
