"""Workbooks of Excel and LibreOffice (.xlsx, .xlsm, .xlsb, .xls, .ods): the cells of a sheet as text."""

import datetime as dt
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.importing.formats.converted import ABOVE, Converted, Row, Table, check_columns, choose_table, write_rows
from recsys.datasets.importing.header import has_header
from recsys.datasets.zip_errors import ZIP_ERRORS

NO_HEADER = N_("the first row was read as data, because it does not look like names of columns")

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_MEMBERS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_MOST_CELLS = 50_000_000
_MOST_BYTES = 1 << 31
_COMPARED_ROWS = 200
_BATCH = 20_000

Cells = list[Any]


def is_workbook(path: Path, head: bytes) -> bool:
    """Return whether a file is a workbook, by its content; a damaged one is recognized by its name."""
    if head.startswith(_OLD_EXCEL):
        return True
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not _MEMBERS.isdisjoint(archive.namelist())
    except ZIP_ERRORS:
        return path.suffix.lower() in _SUFFIXES


def convert(path: Path, work: Path, table: str | None) -> Converted:
    """Convert a sheet: whole numbers lose the ".0" of a spreadsheet, dates become ISO 8601, errors and merged cells are empty."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    if zipfile.is_zipfile(path):
        _check_size(path)
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            names = [
                each.name
                for each in book.sheets_metadata
                if each.typ == SheetTypeEnum.WorkSheet and (each.visible == SheetVisibleEnum.Visible or each.name == table)
            ]
            sheets = {name: book.get_sheet_by_name(name) for name in names}
    except PasswordError as error:
        raise DataError(_("{file} is protected by a password; save a copy without one", file=path.name)) from error
    except (CalamineError, OSError, ValueError) as error:
        if path.stat().st_size and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise DataError(_("{file} is protected by a password; save a copy without one", file=path.name)) from error
        raise DataError(
            _(
                "{file} is not a readable workbook ({reason}); open it in a spreadsheet program and save it again as .xlsx",
                file=path.name,
                reason=" ".join(str(error).split())[:200],
            )
        ) from error
    tables = [Table(name, sheet.height, sheet.width) for name, sheet in sheets.items() if sheet.height > 1 and sheet.width > 1]
    if not tables:
        raise DataError(_("{file} has no sheet with a table of at least two rows and two columns", file=path.name))
    sheet = sheets[choose_table(path, tables, table).name]
    return _convert_rows(path, work, sheet)


def _convert_rows(path: Path, work: Path, sheet: Any) -> Converted:
    first = list(islice(_filled_rows(sheet), _COMPARED_ROWS))
    start, has_names = _find_header(path, first)
    filled: Counter[int] = Counter()
    moments: set[int] = set()
    for cells in islice(_filled_rows(sheet), start + has_names, None):
        for place, cell in enumerate(cells):
            if cell != "":
                filled[place] += 1
                if type(cell) is dt.datetime:
                    moments.add(place)
    if not filled:
        raise DataError(_("{file} has the names of columns and no rows below them", file=path.name))
    names = {place: _text(cell) for place, cell in enumerate(first[start]) if cell != ""} if has_names else {}
    places = sorted(filled.keys() | names.keys())
    columns = check_columns(path, [(names.get(place) or "").strip() or f"column {place + 1}" for place in places])

    def batches() -> Iterator[list[Row]]:
        rows = islice(_filled_rows(sheet), start + has_names, None)
        while batch := list(islice(rows, _BATCH)):
            yield [
                {name: _text(cells[place], place in moments) if place < len(cells) else None for name, place in zip(columns, places)}
                for cells in batch
            ]

    written = write_rows(batches(), path, work)
    notes = (Check(ABOVE, start, "dropped"), Check(NO_HEADER, 0 if has_names else 1, "kept"))
    return Converted(written.parts[0], "workbook", columns, notes=tuple(note for note in notes if note.rows))


def _filled_rows(sheet: Any) -> Iterator[Cells]:
    return (cells for cells in sheet.iter_rows() if any(cell != "" for cell in cells))


def _find_header(path: Path, rows: list[Cells]) -> tuple[int, bool]:
    """Return the number of rows above the table, and whether its first row has names.

    The table begins with the first row of as many filled cells as the widest; what is above is a title and fills at most half of them.
    The name of the first column may be missing, as data frames leave it out above row numbers.
    """
    sizes = [sum(cell != "" for cell in cells) for cells in rows]
    width = max(sizes)
    start = sizes.index(width)
    if start and sizes[start - 1] == width - 1 and rows[start - 1][0] == "" and all(type(cell) is str for cell in rows[start - 1]):
        start -= 1
    if any(size > max(width // 2, 1) for size in sizes[:start]):
        raise QuestionError(
            _(
                "{file}: the widest row '{row}' has rows of almost the same width above it, such as '{above}'; which row has the names of "
                "the columns? Delete the rows above it and the notes beside the table",
                file=path.name,
                row=_excerpt(rows[start]),
                above=_excerpt(max(rows[:start], key=lambda cells: sum(cell != "" for cell in cells))),
            )
        )
    table = rows[start:]
    over_values = any(
        type(cell) is str and cell and _are_values([row[place] for row in table[1:] if place < len(row) and row[place] != ""])
        for place, cell in enumerate(table[0])
    )
    return start, over_values or has_header([[_text(cell) or "" for cell in cells] for cells in table])


def _are_values(cells: Cells) -> bool:
    """Return whether the cells are numbers, dates or times and not text."""
    return bool(cells) and not any(type(cell) is str for cell in cells)


def _excerpt(cells: Cells) -> str:
    return ", ".join(_text(cell) or "" for cell in cells)[:60]


def _text(cell: Any, with_time: bool = False) -> str | None:
    """Return a cell as text, None if it is empty; with `with_time` a date is written with its time, as others in the column have one."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, dt.date):
        return f"{cell.isoformat()} 00:00:00" if with_time else cell.isoformat()
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(cell)


def _check_size(path: Path) -> None:
    """Refuse a workbook that would fill the memory: the reader makes a cell for every place between the filled ones."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > _MOST_BYTES:
                raise DataError(
                    _(
                        "{file} unpacks to more than {size} GB; save its data as CSV",
                        file=path.name,
                        size=format_number(_MOST_BYTES / 2**30),
                    )
                )
            cells = max((_count_cells(archive, member) for member in members if _SHEET.fullmatch(member.filename)), default=0)
    except (*ZIP_ERRORS, OSError) as error:
        raise DataError(_("{file} is a damaged workbook ({reason}); download or save it again", file=path.name, reason=error)) from error
    if cells > _MOST_CELLS:
        raise DataError(
            _(
                "{file} has a sheet of {count} cells, most of them empty; delete what stands far from the table, or save its data as CSV",
                file=path.name,
                count=format_number(cells),
            )
        )


def _count_cells(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return the rows times the columns up to the last cells of a sheet."""
    letters: set[bytes] = set()
    last, tail = 0, b""
    with archive.open(member) as file:
        while piece := file.read(1 << 20):
            found = _CELL.findall(tail + piece)
            letters.update(column for column, _row in found)
            last = max(last, max((int(row) for _column, row in found[-1:]), default=0))
            tail = piece[-16:]
    widest = max(letters, key=lambda column: (len(column), column), default=b"")
    return last * sum((each - 64) * 26**power for power, each in enumerate(reversed(widest)))
