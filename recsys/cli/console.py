"""What commands share: options, one JSON object or a table on standard output, progress on standard error."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output instead of a table.")]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where the model runs; auto is CUDA where there is one.")]
CheckpointName = Annotated[str, typer.Argument(metavar="CHECKPOINT", help="A checkpoint's name, or its folder.")]
DatasetName = Annotated[str, typer.Argument(metavar="DATASET", help="A name that `datasets` lists.")]
UserId = Annotated[str, typer.Option("--user", help="The id of a user of the dataset.")]


def show(result: dict[str, Any], as_json: bool, *lines: str) -> None:
    """Print a result: as JSON, or as the lines that a person would rather read."""
    # Imported here so that --help needs no pandas.
    from recsys.storage.serialization import to_json

    print(to_json(result) if as_json else "\n".join(lines))


def say(line: str) -> None:
    """A line of progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as aligned text; numbers to the right, missing values as a dash."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    numeric = [all(isinstance(row[i], (int, float, type(None))) for row in rows) and bool(rows) for i in range(len(head))]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        padded = [text.rjust(width) if right else text.ljust(width) for text, width, right in zip(row, widths, numeric, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
