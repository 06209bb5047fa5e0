"""The choices of an import: part of the fingerprint of the result, and of the recipe that repeats it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from recsys.core.errors import DataError
from recsys.core.moments import Ties
from recsys.core.translation import _
from recsys.datasets.importing.cleaning import Duplicates, Missing
from recsys.datasets.importing.layouts.unfolding import Layout

DateOrder = Literal["day-first", "month-first", "year-first"]

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Options:
    """Options of the import of a file; those left at their defaults are decided by the file, or asked.

    Attributes:
        mapping: column for each role (`source.KEYS`); "" leaves a role out, "=me" is a constant, "artist+track" joins columns.
        duplicates, missing: see `cleaning.Rules`.
        dates: the order of day and month in dates that can be read two ways.
        layout: whether rows are events, or a user's items on a line or in a cell, a matrix, or lists of impressions.
        table: the file of an archive, the sheet of a workbook, or the list of a JSON file.
        encoding: the encoding of text that is not UTF-8.
        rows: the treatment of kinds of rows, see `row_kinds`.
        behaviours: the meaning of behaviours: positive, impression or delete.
        items, users: files of items and of users, joined by their ids.
        ties: the order of events of one user at one moment, see `recsys.core.moments`.
    """

    duplicates: Duplicates = "keep"
    missing: Missing = "keep"
    dates: DateOrder | None = None
    mapping: Pairs = ()
    layout: Layout | None = None
    table: str | None = None
    encoding: str | None = None
    rows: Pairs = ()
    behaviours: Pairs = ()
    items: str | None = None
    users: str | None = None
    ties: Ties = "file"

    def __post_init__(self) -> None:
        choices = {
            "duplicates": get_args(Duplicates),
            "missing": get_args(Missing),
            "dates": get_args(DateOrder),
            "layout": get_args(Layout),
            "ties": get_args(Ties),
        }
        for setting, allowed in choices.items():
            value = getattr(self, setting)
            if value is not None and value not in allowed:
                raise DataError(
                    _("{setting} is '{value}'; choose one of {choices}", setting=setting, value=value, choices=", ".join(allowed))
                )


def make_options(**choices: Any) -> Options:
    """Return Options; mappings become pairs and None the default."""
    given: dict[str, Any] = {key: tuple(value.items()) if isinstance(value, Mapping) else value for key, value in choices.items()}
    return Options(**{key: value for key, value in given.items() if value is not None})
