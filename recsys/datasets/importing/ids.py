"""Ids of users and items as a file writes them: made of several columns, turned into fractions, shortened, missing or look-alike.

The functions on a connection read the VARCHAR columns user_id and item_id of the table `raw`; they change an id only where a whole
column shows that a program has turned whole numbers into fractions.
"""

from collections.abc import Mapping, Sequence

import duckdb

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.source import quote_literal, quote_name

MISSING_IDS = ("", "nan", "null", "none", "\\n")
"""What programs write for a missing value, in lower case; databases write a missing value as \\N."""

SCIENTIFIC = "scientific-ids"

_FLOAT = r"(-?[1-9]\d*|0)\.0"
_SCIENTIFIC = r"[-+]?\d([.,]\d+)?[eE]\+\d{1,3}"
_INVISIBLE = r"[\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}]+"
_SPACES = r"[\s\x{00A0}\x{2000}-\x{200A}\x{202F}\x{3000}]+"
_NOTES = {
    "user_id": (
        N_("users written as fractions, such as {value}, read as whole numbers"),
        N_("users written as {words}, read as missing"),
        N_("users shortened by a spreadsheet, such as {value}; different users may be taken for one"),
        N_("look-alike users: {groups} groups that differ only in capitals, accents, spaces or dots, such as '{first}' and '{second}'"),
    ),
    "item_id": (
        N_("items written as fractions, such as {value}, read as whole numbers"),
        N_("items written as {words}, read as missing"),
        N_("items shortened by a spreadsheet, such as {value}; different items may be taken for one"),
        N_("look-alike items: {groups} groups that differ only in capitals, accents, spaces or dots, such as '{first}' and '{second}'"),
    ),
}


def list_id_columns(text: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that an id is read from: `who`, `artist+track`, or none where `=me` names one user for all rows."""
    if text in columns:
        return (text,)
    if text.startswith("="):
        if not text[1:].strip():
            raise DataError(_("'{text}' names no user; write it like user_id==me", text=text))
        return ()
    names = tuple(name.strip() for name in text.split("+"))
    for name in names:
        if name not in columns:
            raise DataError(_("there is no column '{column}'; the columns are {columns}", column=name, columns=", ".join(columns[:20])))
    return names


def id_sql(text: str, columns: Sequence[str]) -> str:
    """Return the SQL of an id as it is mapped: a column, several with + between them, or one id for all rows after =."""
    names = list_id_columns(text, columns)
    return composite_sql(names) if names else quote_literal(text[1:].strip())


def composite_sql(columns: Sequence[str]) -> str:
    """Return SQL that joins columns to one readable id, different for different values: Artist – Track.

    NULL where the last column, the main one, is missing. Leading columns that are empty are left out, and an empty one in between
    keeps its place. A dash within a value is doubled, so that no value can be taken for two.
    """
    parts = [f"NULLIF(trim(CAST({quote_name(column)} AS VARCHAR)), '')" for column in columns]
    *leading, main = parts
    if not leading:
        return main
    pieces = [
        f"CASE WHEN COALESCE({', '.join(leading[: place + 1])}, NULL) IS NOT NULL THEN COALESCE({_doubled(part)}, '') || ' – ' ELSE '' END"
        for place, part in enumerate(leading)
    ]
    return f"{' || '.join(pieces)} || CASE WHEN NOT {is_missing(main)} THEN {_doubled(main)} END"


def _doubled(part: str) -> str:
    return f"replace({part}, '–', '––')"


def is_missing(column: str) -> str:
    """Return SQL that tells whether an id is empty or a word for a missing value."""
    words = ", ".join(map(quote_literal, MISSING_IDS))
    return f"({column} IS NULL OR lower(trim({column})) IN ({words}))"


def repair_ids(con: duckdb.DuckDBPyConnection, where: str, columns: Mapping[str, str], choices: Mapping[str, str]) -> tuple[Check, ...]:
    """Turn 17850.0 into 17850 in columns of such ids, and ask where a spreadsheet has cut off digits.

    `columns` maps user_id and item_id to their names in the file `where`; the choice `scientific-ids: keep` accepts shortened ids.
    """
    checks = []
    # One scan of both columns for the two marks spares most files the slower conditions.
    marks = [(key, mark) for key in _NOTES for mark in (".0", "+")]
    found = con.execute(
        f"SELECT {', '.join(f'bool_or(contains({key}, {quote_literal(mark)}))' for key, mark in marks)} FROM raw"
    ).fetchone()
    has_mark = dict(zip(marks, found or (), strict=True))
    for key, (as_fraction, as_word, shortened, _alike) in _NOTES.items():
        checks += _read_words(con, key, as_word)
        checks += _read_fractions(con, key, as_fraction) if has_mark[key, ".0"] else ()
        rows, example = _find_shortened(con, key) if has_mark[key, "+"] else (0, "")
        if rows and choices.get(SCIENTIFIC) != "keep":
            raise _question_of_digits(where, columns.get(key, key), rows, example)
        if rows:
            checks.append(Check(shortened, rows, "kept", {"value": example}))
    return tuple(checks)


def _read_words(con: duckdb.DuckDBPyConnection, key: str, note: str) -> list[Check]:
    """Count the words that are read as missing: a user may be called None, and an item Null."""
    longest = max(map(len, MISSING_IDS))
    # No such word begins with a digit, and comparing the first letters is much faster than lower and trim.
    short = f"({key} < '0' OR {key} >= ':') AND strlen({key}) BETWEEN 1 AND {longest} AND {is_missing(key)} AND trim({key}) <> ''"
    words = con.execute(f"SELECT trim({key}), count(*) AS rows FROM raw WHERE {short} GROUP BY 1 ORDER BY rows DESC, 1").fetchall()
    if not words:
        return []
    listed = ", ".join(f"{word} ({format_number(rows, locale='en')})" for word, rows in words[:5])
    return [Check(note, sum(rows for _word, rows in words), "kept", {"words": listed})]


def _read_fractions(con: duckdb.DuckDBPyConnection, key: str, note: str) -> list[Check]:
    fraction = f"(ends_with({key}, '.0') OR ends_with({key}, ' ') AND ends_with(trim({key}), '.0'))"
    rows, example = con.execute(f"SELECT count(*), min({key}) FROM raw WHERE {fraction}").fetchone() or (0, None)
    if not rows:
        return []
    whole = f"regexp_full_match(trim({key}), '({_FLOAT}|-?[1-9]\\d*|0)')"
    if con.execute(f"SELECT 1 FROM raw WHERE NOT {is_missing(key)} AND NOT {whole} LIMIT 1").fetchone():
        return []
    con.execute(f"UPDATE raw SET {key} = left(trim({key}), -2) WHERE {fraction}")
    return [Check(note, rows, "kept", {"value": example.strip()})]


def _find_shortened(con: duckdb.DuckDBPyConnection, key: str) -> tuple[int, str]:
    """Count ids in scientific notation with fewer digits than the number has; a letter E within a code has no plus after it."""
    digits = f"length(regexp_extract({key}, '[.,](\\d+)[eE]', 1))"
    power = f"TRY_CAST(regexp_extract({key}, '\\+(\\d+)', 1) AS INT)"
    lost = f"CASE WHEN contains({key}, '+') THEN regexp_full_match(trim({key}), '{_SCIENTIFIC}') AND {digits} < {power} END"
    rows, example = con.execute(f"SELECT count(*), min(trim({key})) FROM raw WHERE {lost}").fetchone() or (0, None)
    return rows, example or ""


def _question_of_digits(where: str, column: str, rows: int, example: str) -> QuestionError:
    message = _(
        "{file}: {count} values of column '{column}' are like {value}: a spreadsheet has cut off their last digits, so that different "
        "ones may look the same. Export the file again with this column as text, or are they to be kept as they are?",
        file=where,
        count=format_number(rows),
        column=column,
        value=example,
    )
    return QuestionError(message, "--rows", f"{SCIENTIFIC}=keep")


def count_look_alikes(con: duckdb.DuckDBPyConnection) -> tuple[Check, ...]:
    """Count the ids with events that a reader would take for one: Ann and ann, two spellings of Café. Nothing is merged.

    Reads the tables user_codes, item_codes and events.
    """
    checks = []
    for table, key, code in (("user_codes", "user_id", "user_code"), ("item_codes", "item_id", "item_code")):
        alike = f"SELECT {code}, {key} AS id, {_looks(key)} AS looks FROM {table} WHERE TRY_CAST({key} AS BIGINT) IS NULL"
        con.execute(f"CREATE OR REPLACE TEMP TABLE alike AS {alike}")
        con.execute("CREATE OR REPLACE TEMP TABLE groups AS SELECT looks FROM alike GROUP BY looks HAVING count(*) > 1")
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE twins AS SELECT looks, id, count(*) AS rows FROM events JOIN alike USING ({code}) "
            "SEMI JOIN groups USING (looks) GROUP BY looks, id"
        )
        groups, rows, pair = con.execute(
            "SELECT count(*), sum(rows), min([first, second]) FROM (SELECT min(id) AS first, max(id) AS second, sum(rows) AS rows "
            "FROM twins GROUP BY looks HAVING count(*) > 1)"
        ).fetchone() or (0, 0, None)
        con.execute("DROP TABLE twins; DROP TABLE groups; DROP TABLE alike")
        if groups:
            values = {"groups": format_number(groups, locale="en"), "first": pair[0], "second": pair[1]}
            checks.append(Check(_NOTES[key][3], int(rows), "kept", values))
    return tuple(checks)


def _looks(key: str) -> str:
    """Return SQL of an id as a reader sees it; what only other alphabets need is done only to ids that are not plain ASCII."""
    full = f"regexp_replace(regexp_replace(strip_accents(nfc_normalize({key})), '{_INVISIBLE}', '', 'g'), '{_SPACES}', ' ', 'g')"
    spaced = f"CASE WHEN strlen({key}) <> length({key}) THEN {full} WHEN regexp_matches({key}, '\\s\\s|[\\t\\r\\n]') THEN regexp_replace({key}, '\\s+', ' ', 'g') ELSE {key} END"
    return f"lower(rtrim(trim({spaced}), ' .'))"
