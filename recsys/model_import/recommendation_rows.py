"""Rows of a table of recommendations, in every format that such tables have."""

import csv
import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError, summarize_error
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.importing.archives import unpack_archive
from recsys.datasets.importing.column_names import find_meaning, split_name
from recsys.datasets.importing.file_format import open_file
from recsys.datasets.importing.times import detect_times
from recsys.datasets.source import open_duckdb, query_count, quote_name, reading_errors
from recsys.model_import.nested_lists import read_nested_json
from recsys.model_import.options import ImportOptions

ROLES = ("user_id", "item_id", "score", "rank", "model", "time")
"""The roles of columns, as `--map` names them."""
ROW_ORDER = "=rows"
"""Given as the column of the rank: the order of the rows is the order of the lists."""

_WORDS = {
    "user_id": "qid query queryid q request requestid requestname",
    "item_id": "doc docid document documentid recommendation recommended recommendeditem reco candidate",
    "score": "score scores prediction predictions pred predicted ypred relevance probability similarity weight",
    "rank": "rank ranking position pos place",
    "model": "model modelname algorithm algo recommender system method variant run runid tag",
    "time": "time timestamp datetime date requesttime asof generatedat createdat",
}
"""Names of columns by role, in lower case without other signs. Of two columns for one role, the one that is named first here counts."""
_FORMS = ("id", "entity", "name")
_UNCLEAR = 100
MOST_MODELS = 50
"""Values up to which a column is taken for the names of models because of its own name."""
MOST_NAMED = 1_000
"""Models up to which one file is read: each becomes a checkpoint."""
_TREC = re.compile(r"\S+\s+[Qq]0\s+\S+\s+\d+\s+[-+.\deE]+\s+\S+\s*$")


def read_rows(file: Path, options: ImportOptions) -> tuple[pd.DataFrame, list[Check]]:
    """Return the rows with the ids as text, `score` and `rank` as numbers and `time` in seconds, where the file has them, and notes."""
    with TemporaryDirectory() as folder, open_duckdb(Path(folder)) as con:
        work = Path(folder)
        columns, sql, notes = _open_rows(file, con, work, options.table or None)
        mapping = _find_columns(file, columns, options)
        selected = ", ".join(
            f"{quote_name(column)} AS {quote_name(_raw_name(role))}" for role, column in mapping.items() if column != ROW_ORDER
        )
        with reading_errors(file):
            con.execute(f"CREATE TABLE raw AS SELECT {selected} FROM {sql}")
        if "model" in mapping:
            _check_models(con, file, mapping["model"], "model" in options.columns)
        return _fetch(con, file, mapping), notes


def is_trec(file: Path) -> bool:
    """Return whether a text file is a TREC run, by its first line: "user Q0 item rank score model"."""
    with suppress(OSError), file.open(encoding="utf-8", errors="replace") as lines:
        return bool(_TREC.match(lines.readline(10_000)))
    return False


def _open_rows(file: Path, con: duckdb.DuckDBPyConnection, work: Path, table_name: str | None) -> tuple[list[str], str, list[Check]]:
    """Return the columns, the SQL that reads their texts, and notes, of a file in any format."""
    unpacked = unpack_archive(file, work, table_name)
    table = (read_nested_json(unpacked[0], lambda name: _guess_role(name)[0]) or _read_trec(unpacked[0])) if len(unpacked) == 1 else None
    if table is not None:
        con.register("lists", table)
        return list(table.column_names), "lists", []
    found = open_file(file, work, table_name, layout="rows")
    columns, sql, notes = list(found.columns), found.text_sql, list(found.notes)
    if not found.types and not found.has_header and len(columns) == 3:
        named, sql = _name_headerless(con, columns, sql)
        if named != columns:
            columns, notes = named, [*notes, Check(N_("columns without names, read as user, item and score"), 3, "kept")]
    return columns, sql, notes


def _raw_name(role: str) -> str:
    return "timestamp" if role == "time" else role


def _fetch(con: duckdb.DuckDBPyConnection, file: Path, mapping: dict[str, str]) -> pd.DataFrame:
    parts = ["user_id", "item_id", *(["model"] if "model" in mapping else [])]
    parts += [
        f"TRY_CAST(replace({role}, ',', '.') AS DOUBLE) AS {role}"
        for role in ("score", "rank")
        if mapping.get(role, ROW_ORDER) != ROW_ORDER
    ]
    if "time" in mapping:
        reading = detect_times(con, file.name, mapping["time"])
        if reading.position:
            raise DataError(
                _("{file}: column '{column}' holds positions and not times; leave it out", file=file.name, column=mapping["time"])
            )
        parts.append(f"epoch({reading.sql}) AS time")
    rows = con.execute(f"SELECT {', '.join(parts)} FROM raw").df()
    if "model" in rows:
        rows["model"] = rows["model"].fillna("")
    if mapping.get("rank") == ROW_ORDER:
        rows["rank"] = np.arange(1, len(rows) + 1, dtype=np.float64)
    if not len(rows):
        raise DataError(_("{file} has no rows; it should have one for each recommended item", file=file.name))
    return rows


def _read_trec(file: Path) -> pa.Table | None:
    if not is_trec(file):
        return None
    names = ["qid", "Q0", "docid", "rank", "score", "tag"]
    try:
        table = pd.read_csv(file, sep=r"\s+", names=names, usecols=range(6), dtype=str, quoting=csv.QUOTE_NONE, keep_default_na=False)
    except ValueError as error:
        raise DataError(_("{file} cannot be read as a TREC run: {reason}", file=file.name, reason=summarize_error(error))) from error
    return pa.table({name: pa.array(table[name], pa.string()) for name in names})


def _check_models(con: duckdb.DuckDBPyConnection, file: Path, column: str, is_certain: bool) -> None:
    """Raise a question where a column that is called like a model has too many values to be one, and an error where it cannot be."""
    count = query_count(con, "SELECT count(DISTINCT model) FROM raw")
    if count > MOST_NAMED:
        raise DataError(
            _(
                "{file}: column '{column}' has {count} values, and up to {most} models are read from one file; map another column, or split the file",
                file=file.name,
                column=column,
                count=format_number(count),
                most=format_number(MOST_NAMED),
            )
        )
    if is_certain:
        return
    if count > MOST_MODELS:
        raise QuestionError(
            _(
                "{file}: column '{column}' has {count} values; are these the names of as many models? If not, leave the column out of the file",
                file=file.name,
                column=column,
                count=format_number(count),
            ),
            "--map",
            f"model={column}",
        )


def _name_headerless(con: duckdb.DuckDBPyConnection, columns: list[str], sql: str) -> tuple[list[str], str]:
    """Return names for the three columns of a table without a header: Elliot writes user, item and score."""
    third = quote_name(columns[2])
    numbers, repeats = con.execute(
        f"SELECT count(TRY_CAST({third} AS DOUBLE)) = count(*), count(DISTINCT {quote_name(columns[0])}) < count(*) FROM {sql}"
    ).fetchone() or (False, False)
    if not (numbers and repeats):
        return columns, sql
    names = ["user_id", "item_id", "score"]
    return names, f"(SELECT {', '.join(f'{quote_name(old)} AS {new}' for old, new in zip(columns, names, strict=True))} FROM {sql})"


def _find_columns(file: Path, columns: list[str], options: ImportOptions) -> dict[str, str]:
    """Return the column of each role: those given, and those whose names tell; what is missing is a question."""
    for role, column in options.columns.items():
        if role not in ROLES:
            raise DataError(_("'{role}' is not a part of a recommendation; map one of {roles}", role=role, roles=", ".join(ROLES)))
        if column not in columns and (role, column) != ("rank", ROW_ORDER):
            raise DataError(
                _("{file} has no column '{column}'; it has {columns}", file=file.name, column=column, columns=", ".join(columns[:20]))
            )
    guessed: dict[str, tuple[int, str]] = {}
    for column in columns:
        role, place = _guess_role(column)
        if role and column not in options.columns.values() and place < guessed.get(role, (2 * _UNCLEAR, ""))[0]:
            guessed[role] = (place, column)
    mapping = {**{role: column for role, (_place, column) in guessed.items()}, **options.columns}
    for needed in ("user_id", "item_id"):
        if needed not in mapping:
            free = [each for each in columns if each not in mapping.values()]
            raise QuestionError(
                _("{file}: which column holds the {role}? It has {columns}", file=file.name, role=needed, columns=", ".join(columns[:20])),
                "--map",
                f"{needed}={free[0] if free else columns[0]}",
                choices=[f"{needed}={each}" for each in free],
            )
    if "score" not in mapping and "rank" not in mapping:
        raise QuestionError(
            _("{file} has neither a score nor a rank; is the order of its rows the order of the lists?", file=file.name),
            "--map",
            f"rank={ROW_ORDER}",
        )
    return {role: mapping[role] for role in ROLES if role in mapping}


def _guess_role(column: str) -> tuple[str, int]:
    """Return the role of a column by its name, "" for none, and a number that is lower the clearer the name is.

    The last part of a path counts, as in `items.score`.
    """
    plain = "".join(split_name(column.rpartition(".")[2]))
    for role, words in _WORDS.items():
        if plain in words.split():
            return role, words.split().index(plain) + (_UNCLEAR if role in ("user_id", "item_id") else 0)
    if plain == "rating" and "." in column:  # Spark's recommendations.rating is the prediction; a rating beside the item may be the truth
        return "score", _UNCLEAR
    meaning = find_meaning(column)
    if meaning is not None and meaning.kind in ("user", "item") and meaning.level >= 2:
        return f"{meaning.kind}_id", 3 * _FORMS.index(meaning.form) - meaning.level
    return ("time", _UNCLEAR) if meaning is not None and meaning.kind == "timestamp" and meaning.level == 3 else ("", 0)
