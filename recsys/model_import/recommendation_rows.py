"""Rows of a table of recommendations, in every format that such tables have."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.translation import _
from recsys.datasets.importing.column_names import find_meaning, split_name
from recsys.datasets.importing.file_format import open_file
from recsys.datasets.importing.times import detect_times
from recsys.datasets.source import open_duckdb, quote_name, reading_errors
from recsys.model_import.options import ImportOptions

ROLES = ("user_id", "item_id", "score", "rank", "model", "time")
"""The roles of columns, as `--map` names them."""
ROW_ORDER = "=rows"
"""Given as the column of the rank: the order of the rows is the order of the lists."""

_WORDS = {
    "user_id": {"qid", "q", "query", "queryid", "request", "requestid"},
    "item_id": {"doc", "docid", "document", "documentid", "recommendation", "recommended", "recommendeditem", "reco", "candidate"},
    "score": {
        "score",
        "scores",
        "prediction",
        "predictions",
        "pred",
        "predicted",
        "relevance",
        "similarity",
        "probability",
        "ypred",
        "weight",
    },
    "rank": {"rank", "ranking", "position", "pos", "place"},
    "model": {"model", "modelname", "algo", "algorithm", "tag", "run", "runid", "recommender", "method", "variant", "system"},
    "time": {"time", "timestamp", "datetime", "date", "asof", "requesttime", "generatedat", "createdat"},
}
_TREC = re.compile(r"\S+\s+Q0\s+\S+\s+\d+\s+[-+.\deE]+\s+\S+\s*$")


def read_rows(file: Path, options: ImportOptions) -> tuple[pd.DataFrame, list[Check]]:
    """Return the rows with the ids as text, `score` and `rank` as numbers and `time` in seconds, where the file has them, and notes."""
    with TemporaryDirectory() as work, open_duckdb(Path(work)) as con:
        notes: list[Check] = []
        nested = _read_nested_json(file)
        if nested is not None:
            con.register("lists", nested)
            columns, sql = list(nested.columns), "lists"
        elif _is_trec(file):
            columns = ["qid", "Q0", "docid", "rank", "score", "tag"]
            table = pd.read_csv(file, sep=r"\s+", names=columns, dtype=str, quoting=3)
            con.register("lists", table)
            sql = "lists"
        else:
            found = open_file(file, Path(work), layout="rows")
            columns, sql, notes = list(found.columns), found.text_sql, list(found.notes)
            if found.types:
                columns, sql = _unnest(found.columns, found.types, found.sql, sql)
            elif not found.has_header:
                columns, sql = _name_headerless(file, con, columns, sql)
        mapping = _find_columns(file, columns, options)
        selected = ", ".join(
            f"{quote_name(column)} AS {quote_name(_raw_name(role))}" for role, column in mapping.items() if column != ROW_ORDER
        )
        with reading_errors(file):
            con.execute(f"CREATE TABLE raw AS SELECT {selected} FROM {sql}")
        return _fetch(con, file, mapping), notes


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
    if mapping.get("rank") == ROW_ORDER:
        rows["rank"] = np.arange(1, len(rows) + 1, dtype=np.float64)
    if not len(rows):
        raise DataError(_("{file} has no rows; it should have one for each recommended item", file=file.name))
    return rows


def _read_nested_json(file: Path) -> pd.DataFrame | None:
    """Return the rows of ranx's JSON, {user: {item: score}} or the same by the model's name; None for any other file."""
    if file.suffix.lower() != ".json":
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None  # the reader of tables says what is wrong
    if not _is_nested(content):
        return None
    inner = next(iter(content.values()))
    by_model = content if _is_nested(inner) else {"": content}
    rows = [
        (model, user, item, score) for model, users in by_model.items() for user, items in users.items() for item, score in items.items()
    ]
    table = pd.DataFrame(rows, columns=["model", "user_id", "item_id", "score"]).astype(str)
    return table.drop(columns="model") if by_model is not content else table


def _is_nested(content: object) -> bool:
    return isinstance(content, dict) and bool(content) and all(isinstance(each, dict) for each in content.values())


def _is_trec(file: Path) -> bool:
    if file.suffix.lower() not in (".txt", ".run", ".trec"):
        return False
    with file.open(encoding="utf-8", errors="replace") as lines:
        return bool(_TREC.match(lines.readline(10_000)))


def _unnest(columns: Iterable[str], types: Iterable[str], sql: str, text_sql: str) -> tuple[list[str], str]:
    """Return the columns and SQL of a Parquet file; a column of lists of structs, as LensKit writes it, becomes rows."""
    nested = [name for name, kind in zip(columns, types, strict=True) if kind.startswith(("list<", "large_list<")) and "struct<" in kind]
    if len(nested) != 1:
        return list(columns), text_sql
    others = [name for name in columns if name != nested[0]]
    fields = duckdb.execute(f"SELECT unnest({quote_name(nested[0])}, recursive := true) FROM {sql} LIMIT 0").df().columns.tolist()
    named = ", ".join(f"CAST({quote_name(each)} AS VARCHAR) AS {quote_name(each)}" for each in (*others, *fields))
    kept = ", ".join(map(quote_name, others))
    return [*others, *fields], f"(SELECT {named} FROM (SELECT {kept}, unnest({quote_name(nested[0])}, recursive := true) FROM {sql}))"


def _name_headerless(file: Path, con: duckdb.DuckDBPyConnection, columns: list[str], sql: str) -> tuple[list[str], str]:
    """Return names for the columns of a table without a header: Elliot writes user, item and score."""
    if len(columns) != 3:
        return columns, sql
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
        if column not in columns and column != ROW_ORDER:
            raise DataError(
                _("{file} has no column '{column}'; it has {columns}", file=file.name, column=column, columns=", ".join(columns[:20]))
            )
    guessed: dict[str, str] = {}
    for column in columns:  # the first one counts: user_id, user_name
        guess = _guess_role(column)
        if guess and column not in options.columns.values():
            guessed.setdefault(guess, column)
    mapping = {**guessed, **options.columns}
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


def _guess_role(column: str) -> str | None:
    plain = "".join(split_name(column))
    for role, words in _WORDS.items():
        if plain in words:
            return role
    meaning = find_meaning(column)
    if meaning is not None and meaning.kind in ("user", "item") and meaning.level >= 2:
        return f"{meaning.kind}_id"
    return "time" if meaning is not None and meaning.kind == "timestamp" and meaning.level == 3 else None
