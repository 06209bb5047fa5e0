"""Readers of files that are not delimited text: each turns one into a Parquet file of text columns.

A format is recognized by its content; its name decides only where the content is damaged. Names in nested data are paths:
`location.placeId`.
"""

from collections.abc import Callable
from pathlib import Path

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.datasets.importing.formats import json_file, nested_parquet, numpy_file, workbook
from recsys.datasets.importing.formats.converted import Converted
from recsys.datasets.source import read_head, reading_errors

__all__ = ["Converted", "convert_special"]

_HEAD = 1 << 16

FORMATS: tuple[tuple[Callable[[Path, bytes], bool], Callable[[Path, Path, str | None], Converted | None]], ...] = (
    (workbook.is_workbook, workbook.convert),
    (numpy_file.is_numpy, numpy_file.convert),
    (nested_parquet.is_parquet, nested_parquet.convert),
    (json_file.is_json, json_file.convert),
)


def convert_special(path: Path, work: Path, table: str | None = None) -> Converted | None:
    """Convert a file into a Parquet file in the folder `work`; None for delimited text and for Parquet without nested columns.

    `table` names a sheet, a list in a JSON file, an array or a list column. A file that cannot be read is a DataError, one with several
    tables and no choice a QuestionError.
    """
    with reading_errors(path):
        head = read_head(path, _HEAD)
        if head[:512].lower().removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<!doctype html", b"<html")):
            raise DataError(
                _(
                    "{file} is a web page, not data; open it in a browser: a table in it can be saved from a spreadsheet program as .xlsx "
                    "or CSV, an error page means that the download failed",
                    file=path.name,
                )
            )
        convert = next((convert for recognize, convert in FORMATS if recognize(path, head)), None)
        return convert(path, work, table) if convert else None
