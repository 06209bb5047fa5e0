"""Which column of a file is what: guessed from names and values, with a reason for every guess."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd

from recsys.datasets.importing.archives import unpack_archive
from recsys.datasets.importing.file_format import FileFormat, detect_format
from recsys.datasets.source import named, reading

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
_SAMPLE = 1000


@dataclass(frozen=True, eq=False)
class ColumnGuess:
    """What a file looks like and which column is probably what.

    `mapping` is key to column name, `reasons` why, by key; `columns` every column there is; `sample` the first rows as text.
    `two_ways` is a date of the sample that can be read day first or month first, or None. `first_line` says what was made of the
    first line where it is not clear that it holds names.
    """

    file: str
    layout: FileFormat
    mapping: dict[str, str]
    reasons: dict[str, str]
    sample: pd.DataFrame
    two_ways: str | None = None
    first_line: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.layout.columns


def guess_columns(path: Path | str) -> ColumnGuess:
    """Look at a file (or the one file in a zip): how it is built, its columns, and what they seem to be."""
    with TemporaryDirectory() as work:
        return guess_unpacked(unpack_archive(Path(path), Path(work)))


def guess_unpacked(path: Path, as_lines: bool | None = None) -> ColumnGuess:
    """The same for a file that is no zip; `as_lines` as for `layout`."""
    found = detect_format(path, as_lines)
    with reading(path):
        sample = _sample(found)
    if found.kind == "lines":
        mapping = {"user_id": found.columns[0], "item_id": found.columns[1]}
        reason = found.reading or "every line is a person followed by items, oldest first"
        return ColumnGuess(path.name, found, mapping, dict.fromkeys(mapping, reason), sample)
    mapping, reasons = _by_name(sample)
    for step in (_times, _ids, _ratings, _behaviours, _places):
        step(sample, mapping, reasons)
    first_line = _first_line(found)
    if "user_id" in reasons:
        reasons["user_id"] = "; ".join(filter(None, (reasons["user_id"], first_line, found.reading)))
    dates = sample[mapping["timestamp"]].dropna() if "timestamp" in mapping else pd.Series([], dtype="str")
    return ColumnGuess(path.name, found, mapping, reasons, sample, _two_ways(dates), first_line)


def _first_line(found: FileFormat) -> str:
    if found.kind != "separated" or any(_key_of(column, False) for column in found.columns):
        return ""
    return (
        f"first line taken as names of columns: {', '.join(found.columns[:3])}"
        if found.header
        else "first line read as a row, not as names"
    )


def _sample(found: FileFormat) -> pd.DataFrame:
    if found.kind == "lines":
        with found.path.open(encoding=found.encoding) as file:
            rows = [line.split(maxsplit=1) for line, _ in zip(file, range(_SAMPLE), strict=False)]
        return pd.DataFrame([row for row in rows if len(row) == 2], columns=list(found.columns), dtype="str")
    text = ", ".join(f"CAST({named(column)} AS VARCHAR) AS {named(column)}" for column in found.columns)
    with duckdb.connect() as con:
        return con.sql(f"SELECT {text} FROM {found.table} LIMIT {_SAMPLE}").df().astype("str")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _by_name(sample: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    mapping: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for exact in (True, False):
        for column in sample.columns:
            key = _key_of(column, exact)
            if key and key not in mapping and column not in mapping.values() and _fits(key, sample[column]):
                mapping[key], reasons[key] = column, f"the name '{column}' says so"
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
    """Whether the values allow what the name says; a column 'rating' of words is no rating."""
    if key in ("rating", "latitude", "longitude"):
        return bool(_numbers(values).notna().mean() > 0.5) if values.notna().any() else True
    return True


def _numbers(values: pd.Series) -> pd.Series:
    """Numbers, also those with a decimal comma."""
    return pd.to_numeric(values.dropna().str.replace(r"^([-+]?\d+),(\d+)$", r"\1.\2", regex=True), errors="coerce")


def _free(sample: pd.DataFrame, mapping: dict[str, str]) -> list[str]:
    """Columns whose values are looked at: among thousands of them the first hundred."""
    return [column for column in sample.columns[:100] if column not in mapping.values() and sample[column].notna().any()]


def _times(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    if "timestamp" in mapping:
        return
    for column in _free(sample, mapping):
        values = sample[column].dropna()
        numbers = pd.to_numeric(values, errors="coerce")
        seconds, millis = numbers.between(3e8, 4e9).mean(), numbers.between(3e11, 4e12).mean()
        dates = values.str.contains(r"^\d{4}-\d\d-\d\d|^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d\d:\d\d:\d\d").mean()
        if max(seconds, millis, dates) > 0.9:
            unit = "dates" if dates > 0.9 else "seconds since 1970" if seconds > 0.9 else "milliseconds since 1970"
            mapping["timestamp"], reasons["timestamp"] = column, f"its values look like {unit}, for example {values.iloc[0]}"
            return


def _ids(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    """People and items that no name gives away: the first columns that are no measurements, people before items."""
    for key in ("user_id", "item_id"):
        if key in mapping:
            continue
        for column in _free(sample, mapping):
            numbers = _numbers(sample[column])
            if not (numbers.notna().all() and (numbers % 1 != 0).any()):
                mapping[key], reasons[key] = column, "the first column of ids that is left"
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
            reasons["rating"] = f"its values lie between {numbers.min():g} and {numbers.max():g} in steps, as ratings do"
            return


def _behaviours(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    if "behaviour" in mapping:
        return
    for column in _free(sample, mapping):
        words = {_plain(value) for value in sample[column].dropna().unique()[:20]}
        if len(words & _BEHAVIOURS) >= max(1, len(words) / 2):
            mapping["behaviour"], reasons["behaviour"] = column, f"its values are actions, for example {sample[column].dropna().iloc[0]}"
            return


def _places(sample: pd.DataFrame, mapping: dict[str, str], reasons: dict[str, str]) -> None:
    """Two neighbouring columns of fractions within the range of degrees; and one of a pair is of no use."""
    if "latitude" not in mapping and "longitude" not in mapping:
        free = _free(sample, mapping)
        for first, second in pairwise(free):
            if _degrees(sample[first], 90) and _degrees(sample[second], 180):
                mapping.update(latitude=first, longitude=second)
                reasons.update(latitude="fractions between −90 and 90", longitude="fractions between −180 and 180, beside the latitude")
                return
    for key, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if key in mapping and other not in mapping:
            del mapping[key], reasons[key]


def _degrees(values: pd.Series, limit: float) -> bool:
    numbers = _numbers(values)
    return bool(numbers.notna().all() and numbers.abs().le(limit).all() and values.dropna().str.contains(r"\.\d{3,}$").mean() > 0.5)


def _two_ways(dates: pd.Series) -> str | None:
    parts = dates.str.extract(r"^\s*(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}").apply(pd.to_numeric).dropna()
    if parts.empty or (parts[0] > 12).any() != (parts[1] > 12).any():
        return None
    different = parts[parts[0] != parts[1]]
    return str(dates.loc[different.index[0]]) if len(different) else None
