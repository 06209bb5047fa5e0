"""Detection of a header: whether the first line of a table contains names or is a row of values."""

import re

_NUMBER = re.compile(r"^\s*[-+]?[\d.,]+(e[-+]?\d+)?\s*$", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}")
_NAMES = re.compile(r"user|item|time|rating|movie|_id$|Id$", re.IGNORECASE)
_COMPARED_ROWS = 200


def has_header(rows: list[list[str]]) -> bool:
    """Return whether the first line contains names: no numbers or dates, no ids like those below, no value that occurs again below.

    One name may be missing: spreadsheets and data frames leave out the name of a column of row numbers.
    """
    first = rows[0]
    below = [[row[place] for row in rows[1:] if place < len(row) and row[place].strip()] for place in range(len(first))]
    if any(_NUMBER.match(cell) or has_date(cell) for cell in first):
        return False
    ids = [_is_like(cell, column[:_COMPARED_ROWS]) for cell, column in zip(first, below, strict=True)]
    if names_things([cell for cell, is_id in zip(first, ids, strict=True) if not is_id]):
        return True
    over_numbers = sum(bool(column) and all(map(_NUMBER.match, column[:_COMPARED_ROWS])) for column in below)
    again = any(cell and cell in column for cell, column in zip(first, below, strict=True))
    return over_numbers > sum(ids) or not (any(ids) or again or sum(not cell.strip() for cell in first) > 1)


def names_things(row: list[str]) -> bool:
    """Return whether a line contains a word such as user, item or time, and no number."""
    return any(map(_NAMES.search, row)) and not any(map(_NUMBER.match, row))


def has_date(text: str) -> bool:
    """Return whether a text contains a date or a time of day written in digits."""
    return bool(_DATE.search(text))


def is_moment(cell: str) -> bool:
    """Return whether a word is a date, or as long as a number of seconds since 1970."""
    return bool(re.match(r"^\d{9,13}(\.\d+)?$", cell) or has_date(cell))


def _is_like(cell: str, below: list[str]) -> bool:
    """Return whether a cell with a digit resembles most values below it: u1 above u2 and u17, or the code 3f9a20 above 77b0c1."""
    if not re.search(r"\d", cell) or not below:
        return bool(re.search(r"\d", cell))
    parts = sum(_parts(each) == _parts(cell) for each in below)
    places = sum(_places(each) == _places(cell) for each in below)
    return parts > len(below) * 0.5 or (len(cell) >= 6 and places > len(below) * 0.9)


def _parts(text: str) -> str:
    """Replace every run of letters by a and every run of digits by 0: u17 becomes a0."""
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", text))


def _places(text: str) -> str:
    """Replace every letter and digit by x: 3f-9a becomes xx-xx."""
    return re.sub(r"[^\W_]", "x", text)
