"""Files that describe items or users, joined to the events by id."""

import html
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb
import pandas as pd

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_share
from recsys.core.translation import N_, _
from recsys.datasets.importing.column_names import explain_name
from recsys.datasets.importing.file_format import open_file
from recsys.datasets.importing.layouts.unfolding import names_items, names_users, split_words
from recsys.datasets.source import quote_name, reading_errors
from recsys.item_images import is_image_name, is_web_address

SideKey = Literal["item_id", "user_id"]

# The words of names that tell a description, the surest first.
_DESCRIPTIONS = {
    "title": "title name label",
    "category": "category genre class department section topic",
    "text": "description abstract summary text overview plot",
    "latitude": "latitude lat",
    "longitude": "longitude lon lng long",
    "image": "image picture poster cover thumbnail img photo imurl",
    "url": "url link website homepage permalink",
}
# A name with one of these is not the item's own: author_name, image_title.
_OF_OTHERS = {"author", "publisher", "artist", "brand", "user", "sub", "subcategory", "image", "original", "id", "count", "code"}
_IS_VALUE: dict[str, Callable[[str], bool]] = {"image": is_image_name, "url": is_web_address}
_TEXTS = ("title", "category", "text")
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z]+\d*);")
_SEARCHED_COLUMNS = 100
_ENOUGH = 0.5
_SAMPLE = 1_000  # values that are looked at
_SHORT = 60  # characters of a title
_MESSAGES: dict[SideKey, dict[str, str]] = {
    "item_id": {
        "undescribed": N_("items without a row in the file of items"),
        "unused": N_("rows of the file of items without events"),
        "repeated": N_("rows of the file of items that repeat an id, the first is used"),
        "entities": N_("titles and texts of items with HTML characters such as &amp;, unescaped"),
        "places": N_("places of items that are out of range or not numbers"),
    },
    "user_id": {
        "undescribed": N_("users without a row in the file of users"),
        "unused": N_("rows of the file of users without events"),
        "repeated": N_("rows of the file of users that repeat an id, the first is used"),
        "entities": N_("titles and texts of users with HTML characters such as &amp;, unescaped"),
        "places": N_("places of users that are out of range or not numbers"),
    },
}


@dataclass(frozen=True, eq=False)
class SideTable:
    """A description of items or users.

    `frame` is indexed by those of the given ids that the file describes, with the columns title, category, text, latitude, longitude,
    image and url where it has them, and all other columns under their own names. `mapping` maps the id and these columns to the names in
    the file, `reasons` gives a reason for each in the current language.
    """

    frame: pd.DataFrame
    mapping: dict[str, str]
    reasons: dict[str, str]
    checks: tuple[Check, ...]


def read_side_table(path: Path | str, key: SideKey, ids: Collection[str], mapping: Mapping[str, str] | None = None) -> SideTable:
    """Read the rows of a file of items or users that belong to the ids; where no column holds most of the ids, it is asked for.

    `mapping` corrects what is guessed: a role (the key, title, category, …) to a column, or to "" to leave it out. Ids are compared
    without the ".0" of whole numbers; leading zeros count.
    """
    given = dict(mapping or {})
    with TemporaryDirectory() as work, duckdb.connect() as con:
        file = Path(path)
        found = open_file(file, Path(work))
        if found.kind == "lines":
            raise DataError(
                _("{file} is not a table with columns; give a file with a column of ids and columns that describe them", file=file.name)
            )
        _check_mapping(file.name, key, given, found.columns)
        con.register("ids", pd.DataFrame({"id": list(ids)}, dtype="str"))
        texts = ", ".join(f"CAST({quote_name(each)} AS VARCHAR) AS {quote_name(each)}" for each in found.columns)
        with reading_errors(file):
            con.execute(f"CREATE TABLE wanted AS SELECT id, {_key_sql('id')} AS __key FROM ids")
            con.execute(f"CREATE TABLE side AS SELECT row_number() OVER () AS __row, {texts} FROM {found.text_sql}")
        chosen: dict[str, str] = {key: given.get(key) or _find_key(con, file.name, key, found.columns)}
        rows, frame = _join(con, chosen[key])
    if frame.empty:
        raise DataError(
            _(
                "{file}: column '{column}' has none of the ids of the events, such as '{id}'",
                file=file.name,
                column=chosen[key],
                id=next(iter(ids), ""),
            )
        )
    reasons: dict[str, str] = {
        key: _(
            "{share} of the ids of the events are in column '{column}'", share=format_share(len(frame) / len(set(ids))), column=chosen[key]
        )
    }
    for role, (column, reason) in _find_descriptions(frame.drop(columns=chosen[key])).items():
        if role not in given and column not in given.values():
            chosen[role], reasons[role] = column, reason
    chosen.update({role: column for role, column in given.items() if column})
    described, counts = _describe(frame, chosen, key)
    counts |= {"undescribed": len(set(ids)) - len(frame), **rows}
    action = {"undescribed": "kept", "unused": "dropped", "repeated": "dropped", "entities": "kept", "places": "dropped"}
    checks = tuple(Check(_MESSAGES[key][name], counts[name], action[name]) for name in action if counts.get(name))
    return SideTable(described, chosen, reasons, checks)


def _check_mapping(file: str, key: SideKey, given: Mapping[str, str], columns: tuple[str, ...]) -> None:
    for role, column in given.items():
        if role not in (key, *_DESCRIPTIONS):
            raise DataError(_("'{key}' is not a key of this mapping; the keys are {keys}", key=role, keys=", ".join((key, *_DESCRIPTIONS))))
        if column and column not in columns:
            raise DataError(
                _(
                    "{file} has no column '{column}' for {key}; its columns are {columns}",
                    file=file,
                    column=column,
                    key=role,
                    columns=", ".join(columns[:20]),
                )
            )


def _key_sql(name: str) -> str:
    """Return SQL for an id as it is compared: 17.0 as 17, but 017 as it is."""
    return f"regexp_replace(trim({name}), '^(-?\\d+)\\.0+$', '\\1')"


def _find_key(con: duckdb.DuckDBPyConnection, file: str, key: SideKey, columns: tuple[str, ...]) -> str:
    """Return the column that holds most of the ids; names and then uniqueness decide between several that do."""
    searched = columns[:_SEARCHED_COLUMNS]
    wanted = con.execute("SELECT count(DISTINCT __key), min(id) FROM wanted").fetchone() or (0, "")
    shares, are_unique = {}, {}
    for column in searched:
        compared = _key_sql(quote_name(column))
        known, distinct, filled = con.execute(
            f"SELECT count(DISTINCT {compared}) FILTER ({compared} IN (SELECT __key FROM wanted)), count(DISTINCT {compared}), "
            f"count({quote_name(column)}) FROM side"
        ).fetchone() or (0, 0, 0)
        shares[column], are_unique[column] = known / max(1, wanted[0]), distinct == filled
    is_named = names_items if key == "item_id" else names_users
    possible = [column for column in searched if shares[column] >= _ENOUGH]
    named = [column for column in possible if is_named(column)]
    best = max(named or possible, key=lambda column: (are_unique[column], shares[column]), default=None)
    rivals = [column for column in possible if column != best and are_unique[column] and shares[column] > 0.9 * shares.get(best or "", 1)]
    if best is not None and (best in named or not rivals):
        return best
    if best is not None:
        raise QuestionError(
            _(
                "{file}: columns '{column}' and '{other}' both hold the ids of the events; which one is it?",
                file=file,
                column=best,
                other=rivals[0],
            )
        )
    nearest = max(searched, key=lambda column: shares[column])
    raise QuestionError(
        _(
            "{file}: no column holds most of the ids of the events, such as '{id}'; column '{column}' holds {share} of them. Is it the "
            "right file, and which column has the ids?",
            file=file,
            id=wanted[1],
            column=nearest,
            share=format_share(shares[nearest]),
        )
    )


def _join(con: duckdb.DuckDBPyConnection, column: str) -> tuple[dict[str, int], pd.DataFrame]:
    """Return the counts of rows that are left out, and the first row of each wanted id, as text."""
    con.execute(f"CREATE TABLE keyed AS SELECT *, {_key_sql(quote_name(column))} AS __key FROM side")
    kept, distinct, unused = con.execute(
        "SELECT count(*), count(DISTINCT __key), count(DISTINCT __key) FILTER (__key NOT IN (SELECT __key FROM wanted)) FROM keyed WHERE __key <> ''"
    ).fetchone() or (0, 0, 0)
    first = "SELECT * FROM keyed QUALIFY row_number() OVER (PARTITION BY __key ORDER BY __row) = 1"
    frame = con.execute(
        f"SELECT wanted.id AS __id, first.* EXCLUDE (__key, __row) FROM wanted JOIN ({first}) first USING (__key) ORDER BY __row"
    ).df()
    return {"repeated": kept - distinct, "unused": unused}, frame.set_index("__id").rename_axis(None)


def _find_descriptions(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return the columns of descriptions with reasons: by names, and by values in a file without names."""
    found: dict[str, tuple[str, str]] = {}
    for role, names in _DESCRIPTIONS.items():
        foreign = _OF_OTHERS - ({"image"} if role == "image" else set())
        for name in names.split():
            columns = [
                each
                for each in frame.columns
                if name in split_words(each) and not split_words(each) & foreign and _may_hold(frame[each], role)
            ]
            if columns and role not in found and columns[0] not in [column for column, _reason in found.values()]:
                found[role] = columns[0], explain_name(columns[0])
    if "title" not in found and "text" in found and frame[found["text"][0]].str.len().median() <= _SHORT:
        column, _reason = found.pop("text")
        found["title"] = column, _("the column is named '{column}' and holds short texts", column=column)
    if all(re.fullmatch(r"column \d+", column) for column in frame.columns):
        found.update(_find_by_values(frame))
    if ("latitude" in found) != ("longitude" in found):
        found = {role: value for role, value in found.items() if role not in ("latitude", "longitude")}
    return found


def _may_hold(values: pd.Series, role: str) -> bool:
    """Return whether most values, of the first, are those of a picture or a link, if it is one of these roles: a cover may be hard."""
    return role not in _IS_VALUE or bool(values.dropna().head(_SAMPLE).map(_IS_VALUE[role]).mean() > _ENOUGH)


def _find_by_values(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return the first column of few words that occur again as the category, those of different texts as title and text."""
    found: dict[str, tuple[str, str]] = {}
    for column in frame.columns:
        values = frame[column].dropna()
        if not values.str.contains(r"[^\W\d_]").mean() > 0.9 or values.str.contains(r"://").any():
            continue
        differ = values.nunique() / len(values)
        role = "category" if differ <= 0.2 else "title" if "title" not in found else "text"
        if role not in found and (differ <= 0.2 or differ > 0.8):
            found[role] = column, _("its values look so, for example {value}", value=values.iloc[0])
    return found


def _describe(frame: pd.DataFrame, chosen: Mapping[str, str], key: SideKey) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the columns under the names of their roles, with entities unescaped and places as numbers, and what was counted."""
    roles = {column: role for role, column in chosen.items() if role != key}
    described = frame.drop(columns=[] if chosen[key] in roles else chosen[key]).rename(columns=roles)
    described = described.loc[
        :, [column for column in described if column in roles.values() or column not in (*_DESCRIPTIONS, "item_id", "user_id")]
    ]
    described.index.name = key
    counts = {"entities": 0, "places": 0}
    for column in set(_TEXTS) & set(described.columns):
        has_entities = described[column].str.contains(_ENTITY, na=False)
        counts["entities"] += int(has_entities.sum())
        described[column] = described[column].where(~has_entities, described[column].map(html.unescape, na_action="ignore"))
    if {"latitude", "longitude"} <= set(described.columns):
        written = described[["latitude", "longitude"]]
        places = written.apply(lambda column: pd.to_numeric(column.str.replace(",", "."), errors="coerce")).astype("float64")
        inside = places["latitude"].between(-90, 90) & places["longitude"].between(-180, 180)
        counts["places"] = int((written.notna().any(axis=1) & ~inside).sum())
        described[["latitude", "longitude"]] = places.where(inside)
    return described, counts
