"""The role of each column of a file, guessed from names and values, with a reason for every guess."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd

from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.importing.file_format import FileFormat, open_file
from recsys.datasets.source import quote_name, reading_errors

_NAMES = {
    "user_id": "user userid uid person personid customer customerid member memberid visitor visitorid account accountid reviewer "
    "reviewerid author authorid profile client clientid consumer buyer listener viewer",
    "item_id": "item itemid iid movie movieid film product productid asin article articleid content contentid venue venueid place "
    "placeid poi poiid location locationid song songid track trackid artist artistid book bookid isbn business businessid sku "
    "listing listingid game gameid show recipe recipeid video videoid news newsid target parentasin",
    "timestamp": "timestamp time datetime date ts createdat created unixtime unixreviewtime eventtime eventtimestamp when ratedat "
    "visitedat utctime timestampms reviewdate day purchasedate orderdate playedat watchedat checkintime localtime",
    "behaviour": "behaviour behavior event eventtype eventname action actiontype type interaction interactiontype activity verb",
    "rating": "rating score stars overall rate grade ratings preference userrating reviewscore",
    "latitude": "latitude lat ycoord geolat venuelat placelat",
    "longitude": "longitude lon lng long xcoord geolon geolng venuelon venuelng placelon",
    "title": "title name itemname itemtitle productname producttitle movietitle moviename venuename placename songname trackname "
    "articletitle label",
    "category": "category categories genre genres cat venuecategory venuecategoryname placecategory itemcategory productcategory "
    "kind section topic department",
    "text": "text description reviewtext review summary plot query comment body abstract content_text search searched searchquery "
    "searchterm searchtext tags",
}
_KNOWN = {name: key for key, names in _NAMES.items() for name in names.split()}
_BEHAVIOURS = {
    "view",
    "click",
    "like",
    "buy",
    "purchase",
    "cart",
    "addtocart",
    "transaction",
    "visit",
    "save",
    "follow",
    "share",
    "play",
    "pv",
    "fav",
}
_SAMPLE_ROWS = 1000
_SEARCHED_COLUMNS = 100

_READ_AS_NAMES = N_("first line taken as names of columns: {names}")
_READ_AS_ROW = N_("first line read as a row, not as names")


@dataclass(frozen=True, eq=False)
class ColumnGuess:
    """The format of a file and the probable role of its columns.

    `mapping` maps a role (`source.KEYS`) to a column name, `reasons` a role to the reason for the guess, in the current language;
    `columns` are all columns, `sample` the first rows as text. `ambiguous_date` is a date of the sample that can be read day first or
    month first, or None. `header_note` is the line of the cleaning report, in English, that says how the first line was read, where
    that is not certain.
    """

    file: str
    file_format: FileFormat
    mapping: dict[str, str]
    reasons: dict[str, str]
    sample: pd.DataFrame
    ambiguous_date: str | None = None
    header_note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.file_format.columns


def guess_columns(path: Path | str) -> ColumnGuess:
    """Guess the format of a file (or of the one file in a zip) and the roles of its columns."""
    with TemporaryDirectory() as work:
        return guess_opened(Path(path), open_file(Path(path), Path(work)))


def guess_opened(path: Path, found: FileFormat) -> ColumnGuess:
    """Guess the roles of the columns of a file whose format is known."""
    with reading_errors(path):
        sample = _sample(found)
    if found.kind == "lines":
        mapping = {"user_id": found.columns[0], "item_id": found.columns[1]}
        reason = _(found.reading) if found.reading else _("every line is a user followed by items, oldest first")
        return ColumnGuess(path.name, found, mapping, dict.fromkeys(mapping, reason), sample)
    mapping, reasons = _by_name(sample)
    for step in (_times, _ids, _ratings, _behaviours, _places):
        step(sample, mapping, reasons)
    template, values = _header_note(found)
    if "user_id" in reasons:
        notes = (_(template, **values) if template else "", _(found.reading) if found.reading else "")
        reasons["user_id"] = "; ".join(filter(None, (reasons["user_id"], *notes)))
    dates = sample[mapping["timestamp"]].dropna() if "timestamp" in mapping else pd.Series([], dtype="str")
    return ColumnGuess(path.name, found, mapping, reasons, sample, _ambiguous_date(dates), template.format(**values))


def _header_note(found: FileFormat) -> tuple[str, dict[str, str]]:
    """Return the template, and its values, that says how the first line was read; empty where column names leave no doubt."""
    if found.kind != "separated" or any(_key_of(column, False) for column in found.columns):
        return "", {}
    return (_READ_AS_NAMES, {"names": ", ".join(found.columns[:3])}) if found.header else (_READ_AS_ROW, {})


def _sample(found: FileFormat) -> pd.DataFrame:
    if found.kind == "lines":
        with found.path.open(encoding="utf-8-sig") as file:
            rows = [line.split(maxsplit=1) for line, _ in zip(file, range(_SAMPLE_ROWS), strict=False)]
        return pd.DataFrame([row for row in rows if len(row) == 2], columns=list(found.columns), dtype="str")
    text = ", ".join(f"CAST({quote_name(column)} AS VARCHAR) AS {quote_name(column)}" for column in found.columns)
    with duckdb.connect() as con:
        return con.sql(f"SELECT {text} FROM {found.sql} LIMIT {_SAMPLE_ROWS}").df().astype("str")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _by_name(sample: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    mapping: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for exact in (True, False):
        for column in sample.columns:
            key = _key_of(column, exact)
            if key and key not in mapping and column not in mapping.values() and _fits(key, sample[column]):
                mapping[key], reasons[key] = column, _("the column is named '{column}'", column=column)
    return mapping, reasons


def _key_of(column: str, exact: bool) -> str | None:
    plain = _plain(column)
    if plain in _KEYS:
        return _KEYS[plain]
    if exact:
        return None
    if plain in _KNOWN:
        return _KNOWN[plain]
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column).lower().replace("_", " ").replace("-", " ").split()
    if len(words) > 1 and words[-1] in ("id", "key", "code", "no", "number", "hash"):
        key = _KNOWN.get(words[0])
        return key if key in ("user_id", "item_id") else None
    return None


_KEYS = {_plain(key): key for key in _NAMES}


def _fits(key: str, values: pd.Series) -> bool:
    """Return whether the values allow the role that the name suggests; a column 'rating' of words is not a rating."""
    if key in ("rating", "latitude", "longitude"):
        return bool(_numbers(values).notna().mean() > 0.5) if values.notna().any() else True
    return True


def _numbers(values: pd.Series) -> pd.Series:
    """Return the values as numbers, also those with a decimal comma."""
    return pd.to_numeric(values.dropna().str.replace(r"^([-+]?\d+),(\d+)$", r"\1.\2", regex=True), errors="coerce")


def _free(sample: pd.DataFrame, mapping: dict[str, str]) -> list[str]:
    """Return the columns without a role whose values are searched, at most a hundred, as some files have thousands."""
    return [column for column in sample.columns[:_SEARCHED_COLUMNS] if column not in mapping.values() and sample[column].notna().any()]


def _times(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    if "timestamp" in mapping:
        return
    for column in _free(sample, mapping):
        values = sample[column].dropna()
        numbers = pd.to_numeric(values, errors="coerce")
        seconds, millis = numbers.between(3e8, 4e9).mean(), numbers.between(3e11, 4e12).mean()
        dates = values.str.contains(r"^\d{4}-\d\d-\d\d|^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d\d:\d\d:\d\d").mean()
        if max(seconds, millis, dates) > 0.9:
            mapping["timestamp"] = column
            if dates > 0.9:
                reasons["timestamp"] = _("its values look like dates, for example {value}", value=values.iloc[0])
            elif seconds > 0.9:
                reasons["timestamp"] = _("its values look like seconds since 1970, for example {value}", value=values.iloc[0])
            else:
                reasons["timestamp"] = _("its values look like milliseconds since 1970, for example {value}", value=values.iloc[0])
            return


def _ids(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    """Take the first columns that are not measurements as users and then items, where no name tells them."""
    for key in ("user_id", "item_id"):
        if key in mapping:
            continue
        for column in _free(sample, mapping):
            numbers = _numbers(sample[column])
            if not (numbers.notna().all() and (numbers % 1 != 0).any()):
                mapping[key], reasons[key] = column, _("the first remaining column of ids")
                break


def _ratings(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    if "rating" in mapping:
        return
    for column in _free(sample, mapping):
        numbers = _numbers(sample[column])
        few = 1 < numbers.nunique() <= 21 and numbers.between(0, 10).all() and ((numbers * 2) % 1 == 0).all()
        counts_rows = numbers.diff().iloc[1:].eq(1).all()
        if numbers.notna().all() and few and not counts_rows and not _key_of(column, False):
            mapping["rating"] = column
            reasons["rating"] = _(
                "its values lie between {lowest} and {highest} in steps, as ratings do",
                lowest=format_number(numbers.min(), 1),
                highest=format_number(numbers.max(), 1),
            )
            return


def _behaviours(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    if "behaviour" in mapping:
        return
    for column in _free(sample, mapping):
        words = {_plain(value) for value in sample[column].dropna().unique()[:20]}
        if len(words & _BEHAVIOURS) >= max(1, len(words) / 2):
            mapping["behaviour"] = column
            reasons["behaviour"] = _("its values are actions, for example {value}", value=sample[column].dropna().iloc[0])
            return


def _places(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    """Take two neighbouring columns of fractions in the range of degrees; drop a latitude without a longitude, and the reverse."""
    if "latitude" not in mapping and "longitude" not in mapping:
        free = _free(sample, mapping)
        for first, second in pairwise(free):
            if _degrees(sample[first], 90) and _degrees(sample[second], 180):
                mapping.update(latitude=first, longitude=second)
                reasons.update(
                    latitude=_("its values are fractions between −90 and 90"),
                    longitude=_("its values are fractions between −180 and 180, next to the latitude"),
                )
                return
    for key, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if key in mapping and other not in mapping:
            del mapping[key], reasons[key]


def _degrees(values: pd.Series, limit: float) -> bool:
    numbers = _numbers(values)
    return bool(numbers.notna().all() and numbers.abs().le(limit).all() and values.dropna().str.contains(r"\.\d{3,}$").mean() > 0.5)


def _ambiguous_date(dates: pd.Series) -> str | None:
    parts = dates.str.extract(r"^\s*(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}").apply(pd.to_numeric).dropna()
    if parts.empty or (parts[0] > 12).any() != (parts[1] > 12).any():
        return None
    different = parts[parts[0] != parts[1]]
    return str(dates.loc[different.index[0]]) if len(different) else None
