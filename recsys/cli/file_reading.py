"""The reading of a file as text and as JSON: the columns with their roles, the reasons and the first rows."""

from typing import TYPE_CHECKING, Any

from recsys.cli.console import table

if TYPE_CHECKING:
    from recsys.datasets.importing.import_plan import ImportPlan

ROWS = 3
FORMATS = {
    "inter": "RecBole .inter",
    "json": "JSON",
    "lines": "text",
    "numpy": "NumPy",
    "parquet": "Parquet",
    "workbook": "workbook",
}
LAYOUTS = {
    "rows": "one event a row",
    "lines": "a user and their items on a line",
    "lists": "several items in a cell",
    "matrix": "a row per user, a column per item",
    "impressions": "lists of shown items with clicks",
}
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "spaces"}
_GIVEN = "given with --map"
_MOST_UNUSED = 30
_WIDTH = 24  # characters of a cell


def list_reading(plan: "ImportPlan") -> dict[str, Any]:
    """Return the layout, the column of every role, the columns without a role and the first rows.

    `sure` is false for a role that is known from --map only.
    """
    return {
        "format": plan.file_format.kind,
        "layout": plan.layout,
        "roles": {
            role: {"column": column, "reason": _reason(plan, role), "sure": _is_sure(plan, role)} for role, column in plan.mapping.items()
        },
        "unused": _unused(plan),
        "sample": [{column: row[column] or None for column in plan.columns} for row in _first_rows(plan)],
    }


def describe_reading(plan: "ImportPlan") -> tuple[str, ...]:
    """Return lines of text: the format, and a table with a line for every column."""
    rows = _first_rows(plan)
    unused = _unused(plan)
    lines = [
        *((role, column, *_cells(rows, column), _reason(plan, role)) for role, column in plan.mapping.items()),
        *(("unused", column, *_cells(rows, column), unused[column] or "") for column in list(unused)[:_MOST_UNUSED]),
    ]
    head = ("read as", "column", *(f"row {number}" for number in range(1, len(rows) + 1)), "reason")
    more = len(unused) - _MOST_UNUSED
    return (
        f"{plan.file}: {_describe_format(plan)}; {LAYOUTS[plan.layout]}",
        table(head, lines),
        *([f"and {more:,} further columns that are not used"] if more > 0 else []),
        "",
    )


def _describe_format(plan: "ImportPlan") -> str:
    found = plan.file_format
    if found.kind in FORMATS:
        return FORMATS[found.kind]
    separator = _SEPARATORS.get(found.delimiter, found.delimiter)
    return f"columns separated by {separator}, {found.encoding}, {'with' if found.has_header else 'without'} a line of names"


def _is_sure(plan: "ImportPlan", role: str) -> bool:
    return plan.guess.mapping.get(role) == plan.mapping[role] and role not in plan.guess.unsure


def _reason(plan: "ImportPlan", role: str) -> str:
    return plan.guess.reasons.get(role, "") if _is_sure(plan, role) else _GIVEN


def _unused(plan: "ImportPlan") -> dict[str, str | None]:
    """Return the columns without a role, each with its probable content or the kinds of rows that it tells, such as returns."""
    from recsys.datasets.importing.id_columns import list_used_columns

    used = list_used_columns(plan.mapping.values())
    kinds: dict[str, list[str]] = {}
    for kind in plan.kinds:
        if kind.key not in kinds.setdefault(kind.column, []):
            kinds[kind.column].append(kind.key)
    return {
        column: f"tells kinds of rows: {', '.join(kinds[column])}" if column in kinds else plan.guess.unused.get(column)
        for column in plan.columns
        if column not in used
    }


def _first_rows(plan: "ImportPlan") -> list[dict[str, str]]:
    return [
        {column: "" if value is None or value != value else str(value) for column, value in row.items()}
        for row in plan.sample.head(ROWS).to_dict("records")
    ]


def _cells(rows: list[dict[str, str]], column: str) -> list[str]:
    """Return the start of each row's value; columns joined with + give several values, and =me one for all rows."""
    names = [column] if any(column in row for row in rows) else column.split("+")
    return [
        _clip(column[1:] if column.startswith("=") and column not in row else " + ".join(row.get(name, "") for name in names))
        for row in rows
    ]


def _clip(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
